"""Wasted versions made into bundles: one per path and cause, before they are rolled up."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64, mypyc_attr

from layerscope.core.layer import LayerIndex
from layerscope.core.tar import FILE
from layerscope.core.tree import OVERWRITTEN, ImageTree

#: Overwritten with the very same bytes: known only once contents were compared.
REWRITTEN: Final = 6

# What a rewriting changed, as bits.
OWNER: Final = 1
MODE: Final = 2
TIME: Final = 4
XATTRS: Final = 8

_STEP: Final = 8192


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
        self.tree = tree
        keys: list[int] = []
        for version in tree.wasted_versions:
            keys.append((tree.nodes[version] << 32) + version)
        keys.sort()
        self.versions: array[int] = array("i")
        for key in keys:
            self.versions.append(key & 0xFFFFFFFF)
        self.successors: array[int] = array("i", bytes(4 * len(keys)))
        self.copies: array[int] = array("i", bytes(4 * len(keys)))
        self.candidates: list[int] = []
        self.same: bytearray = bytearray(len(keys))
        self.causes: dict[tuple[int, int], list[Bundle]] = {}
        self._next: int = 0
        self._bundled: int = 0
        self._moves: bool = tree.has_moved_waste()
        self._by_path: dict[tuple[int, int, int], Bundle] = {}
        self._layer_bits: list[int] = []
        for layer in range(len(tree.layers)):
            self._layer_bits.append(1 << layer)

    def __len__(self) -> int:
        return len(self.versions)

    def step(self) -> bool:
        """Find what took the place of some thousand versions; False when all are done."""
        count: i64 = len(self.versions)
        budget: i64 = _STEP
        while budget > 0 and self._next < count:
            first: i64 = self._next
            node: i64 = self.tree.nodes[self.versions[first]]
            last: i64 = first
            while last + 1 < count and self.tree.nodes[self.versions[last + 1]] == node:
                last += 1
            self._walk(node, first, last)
            self._next = last + 1
            budget -= last + 1 - first
        return self._next < count

    def _walk(self, node: i64, first: i64, last: i64) -> None:
        """One walk over the versions of a path, the newest first, for all of them that are wasted."""
        tree = self.tree
        copies: i64 = 0
        newer: i64 = -1
        i: i64 = last
        version: i64 = tree.newest_versions[node]
        while version >= 0:
            if tree.kinds[version] == FILE:
                copies += 1
            if i >= first and version == self.versions[i]:
                self.successors[i] = newer
                i -= 1
            newer = version
            version = tree.olders[version]
        i = first
        while i <= last:
            self.copies[i] = copies
            if self._may_be_same(self.versions[i], self.successors[i]):
                self.candidates.append(i)
            i += 1

    def _may_be_same(self, version: i64, successor: i64) -> bool:
        """Did the wasting layer store the path again as a file of the same size?"""
        tree = self.tree
        if successor < 0:
            return False
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
        count: i64 = len(self.versions)
        i: i64 = self._bundled
        stop: i64 = min(i + _STEP, count)
        while i < stop:
            self._bundle(i)
            i += 1
        self._bundled = i
        return i < count

    def _bundle(self, number: i64) -> None:
        tree = self.tree
        version: i64 = self.versions[number]
        layer, reason = tree.waster(version)
        if self.same[number]:
            reason = REWRITTEN
        ended: bool = tree.endings[version] == layer
        # Bytes that outlived their own path are shown under the last name they had.
        node: i64 = tree.nodes[version if ended else tree.last_name(version)]
        born: i64 = tree.version_layers[version]
        bundle = self._bundle_of(node, layer, reason, self.copies[number])
        bundle.bytes += tree.stored_size(version)
        bundle.stored_in |= self._layer_bits[born]
        if ended and born < layer:
            bundle.counted = True
        if self.same[number]:
            bundle.attributes |= self._changes(version, self.successors[number])

    def _bundle_of(self, node: i64, layer: int, reason: int, copies: i64) -> Bundle:
        """The bundle of a path and a cause."""
        cause = (layer, reason)
        bundles = self.causes.get(cause)
        if bundles is None:
            bundles = []
            self.causes[cause] = bundles
        # Versions of one path come one after the other, but for those that a last name moved.
        if bundles and bundles[-1].node == node:
            return bundles[-1]
        key = (layer, reason, int(node))
        if self._moves:
            moved = self._by_path.get(key)
            if moved is not None:
                return moved
        bundle = Bundle(node, copies)
        bundles.append(bundle)
        if self._moves:
            self._by_path[key] = bundle
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
        if below.modes[old] != above.modes[new]:
            changes |= MODE
        if below.mtimes[old] != above.mtimes[new]:
            changes |= TIME
        if below.xattrs(old) != above.xattrs(new):
            changes |= XATTRS
        return changes
