"""Wasted versions made into bundles: one per path and cause, before they are rolled up."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64, mypyc_attr

from layerscope.core.layer import LayerIndex
from layerscope.core.tar import FILE
from layerscope.core.tree import NONE, OVERWRITTEN, ImageTree

#: Overwritten with the very same bytes: known only once contents were compared.
REWRITTEN: Final = 6

# What a rewriting changed, as bits.
OWNER: Final = 1
MODE: Final = 2
TIME: Final = 4
XATTRS: Final = 8

_STEP: Final = 4096


@mypyc_attr(acyclic=True)
class Bundle:
    """Wasted bytes that share a cause: of one path at first, of a subtree once merged.

    ``stored_in`` has a bit for each layer, ``attributes`` the bits of what a rewriting changed.
    ``counted`` tells whether the path was visible, with bytes of its own, just before the layer that
    wasted it; ``whole`` whether ``node`` is a directory that stands for all below it.
    """

    __slots__ = ("attributes", "bytes", "copies", "counted", "files", "node", "stored_in", "whole")

    def __init__(self, node: i64, copies: i64) -> None:
        self.node: i64 = node
        self.bytes: i64 = 0
        self.files: i64 = 1
        self.copies: i64 = copies
        self.attributes: i64 = 0
        self.stored_in: int = 0
        self.counted: bool = False
        self.whole: bool = False


class WastedVersions:
    """The wasted versions of a tree in the order of their paths, each with what took its place.

    Built in steps, complete when ``step`` says False. ``candidates`` are the numbers of those that
    the wasting layer stored again with the same size: whether the bytes are equal is for others to
    find out, and to tell by ``same``.
    """

    def __init__(self, tree: ImageTree) -> None:
        count = len(tree.wasted_versions)
        self.tree = tree
        # Unsigned columns: of what Python's arrays have these take a number in the fewest steps.
        self.versions: array[int] = array("I")
        self.successors: array[int] = array("I", bytes(4 * count))  # 0 where nothing took the place
        self.copies: array[int] = array("I", [1]) * count
        self.candidates: list[int] = []
        self.same: bytearray = bytearray(count)
        self.causes: dict[tuple[int, int], list[Bundle]] = {}
        self._keys: list[int] = []  # node and version in one number, what they are sorted by
        self._next: int = 0
        self._bundled: int = 0
        self._moves: bool = tree.has_moved_waste()
        self._by_path: dict[tuple[int, int, int], Bundle] = {}
        self._layer_bits: list[int] = []
        for layer in range(len(tree.layers)):
            self._layer_bits.append(1 << layer)
        # Of the version before: neighbours mostly share their cause.
        self._last_layer: i64 = -1
        self._last_reason: i64 = NONE
        self._last_bundles: list[Bundle] = []

    def __len__(self) -> int:
        return len(self.same)

    def step(self) -> bool:
        """Find what took the place of some thousand versions; False when all are done."""
        if len(self._keys) < len(self.same):
            self._gather()
            return True
        first: i64 = self._next
        stop: i64 = min(first + _STEP, len(self._keys))
        # Versions of one path are walked together: those of the last one may go beyond the step.
        while first < stop < len(self._keys) and self._keys[stop] >> 32 == self._keys[stop - 1] >> 32:
            stop += 1
        keys = self._keys[first:stop]
        self.versions.extend(array("I", [key & 0xFFFFFFFF for key in keys]))
        node: i64 = -1
        i: i64 = first
        for key in keys:
            next_node: i64 = key >> 32
            if next_node != node:
                self._walk(node, first, i)
                node = next_node
                first = i
            i += 1
        self._walk(node, first, stop)
        self._next = stop
        return stop < len(self._keys)

    def _gather(self) -> None:
        """Take in some thousand wasted versions; once all are there they are put in order."""
        tree = self.tree
        first = len(self._keys)
        for version in tree.wasted_versions[first : first + _STEP].tolist():
            self._keys.append((tree.nodes[version] << 32) + version)
        if len(self._keys) == len(self.same):
            self._keys.sort()

    def _walk(self, node: i64, first: i64, after: i64) -> None:
        """One walk over the versions of a path, the newest first, for all of them that are wasted."""
        tree = self.tree
        version: i64 = tree.newest_versions[node] if first < after else -1
        if version < 0 or tree.olders[version] < 0:
            return  # the path's one version: nothing took its place, and it is the one copy
        copies: i64 = 0
        newer: i64 = 0
        i: i64 = after - 1
        next_wasted: i64 = self.versions[i]
        while version >= 0:
            if tree.kinds[version] == FILE:
                copies += 1
            if version == next_wasted:
                self.successors[i] = newer
                i -= 1
                next_wasted = self.versions[i] if i >= first else -1
            newer = version
            version = tree.olders[version]
        for i in range(first, after):
            self.copies[i] = copies
            successor: i64 = self.successors[i]
            if successor and self._may_be_same(self.versions[i], successor):
                self.candidates.append(i)

    def _may_be_same(self, version: i64, successor: i64) -> bool:
        """Did the wasting layer store the path again as a file of the same size?"""
        tree = self.tree
        data: i64 = tree.datas[successor]
        stored: i64 = tree.stored_size(version)
        if data < 0 or stored == 0:
            return False
        layer, reason = tree.waster(version)
        return (
            reason == OVERWRITTEN
            and tree.version_layers[successor] == layer
            and tree.size(version) == tree.size(successor)
            and stored == tree.stored_size(data)
        )

    def pair(self, number: int) -> tuple[int, int]:
        """The two versions that store the bytes to compare, of a candidate."""
        return self.versions[number], self.tree.datas[self.successors[number]]

    def bundle(self) -> bool:
        """Put some thousand versions to their causes; False when all are done."""
        first = self._bundled
        stop = min(first + _STEP, len(self.versions))
        same = bytes(self.same[first:stop])
        copies: list[int] = self.copies[first:stop].tolist()
        for i, version in enumerate(self.versions[first:stop].tolist()):
            bundle = self._bundle(version, same[i] != 0, copies[i])
            if same[i]:
                bundle.attributes |= self._changes(version, self.successors[first + i])
        self._bundled = stop
        self._keys = []  # all steps are done: the most memory that this takes
        return stop < len(self.versions)

    def _bundle(self, version: i64, same: bool, copies: i64) -> Bundle:
        """Put a version to the bundle of its path and cause; that bundle."""
        tree = self.tree
        # Bytes that outlived their own path are shown under the last name they had.
        last: i64 = tree.last_name(version) if self._moves else version
        layer: i64 = tree.endings[last]
        reason: i64 = REWRITTEN if same else tree.reasons[last]
        born: i64 = tree.version_layers[version]
        ended: bool = last == version or tree.endings[version] == layer
        bundle = self._bundle_of(tree.nodes[version if ended else last], layer, reason, copies)
        bundle.bytes += tree.layers[born].stored(tree.entries[version])
        bundle.stored_in |= self._layer_bits[born]
        if ended and born < layer:
            bundle.counted = True
        return bundle

    def _bundle_of(self, node: i64, layer: i64, reason: i64, copies: i64) -> Bundle:
        """The bundle of a path and a cause."""
        bundles = self._last_bundles
        if layer != self._last_layer or reason != self._last_reason:
            bundles = self.causes.setdefault((int(layer), int(reason)), [])
            self._last_bundles = bundles
            self._last_layer = layer
            self._last_reason = reason
        # Versions of one path come one after the other, but for those that a last name moved.
        if bundles and bundles[-1].node == node:
            return bundles[-1]
        moved = self._by_path.get((int(layer), int(reason), int(node))) if self._moves else None
        if moved is not None:
            return moved
        bundle = Bundle(node, copies)
        bundles.append(bundle)
        if self._moves:
            self._by_path[(int(layer), int(reason), int(node))] = bundle
        return bundle

    def _changes(self, version: i64, successor: i64) -> i64:
        """What tells two versions with the same bytes apart."""
        tree = self.tree
        below: LayerIndex = tree.layers[tree.version_layers[version]]
        above: LayerIndex = tree.layers[tree.version_layers[successor]]
        old: i64 = tree.entries[version]
        new: i64 = tree.entries[successor]
        changes: i64 = 0
        if below.uid(old) != above.uid(new) or below.gid(old) != above.gid(new):
            changes |= OWNER
        if below.mode(old) != above.mode(new):
            changes |= MODE
        if below.mtime(old) != above.mtime(new):
            changes |= TIME
        if below.xattrs(old) != above.xattrs(new):
            changes |= XATTRS
        return changes
