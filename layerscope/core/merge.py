"""Merging: one layer put on top of an image tree, entry by entry, by the union rules."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import OPAQUE, WHITEOUT, LayerIndex, normalise
from layerscope.core.tar import DIRECTORY, HARDLINK
from layerscope.core.tree import DUPLICATE, HIDDEN, NONE, OVERWRITTEN, REMOVED, REPLACED, ImageTree

#: Layers are numbered in 16 bits; no engine mounts more than some hundred.
MAX_LAYERS: Final = 32_000
#: Entries or removed paths per step: some milliseconds.
_STEP: Final = 4096


class LayerMerge:
    """Puts one layer on top of an image tree, in steps of some milliseconds."""

    def __init__(self, tree: ImageTree, index: LayerIndex) -> None:
        if len(tree.layers) >= MAX_LAYERS:
            raise ValueError(f"an image of more than {MAX_LAYERS} layers")
        self._tree = tree
        self._index = index
        self._layer: int = len(tree.layers)
        self._next: int = 0
        self._dying: list[int] = []
        self._dying_reason: int = NONE
        self._unlinked: list[int] = []
        self._directories: dict[int, int] = {0: 0}
        self._phase: int = 0
        self._last: int = -1
        self._last_node: int = 0
        tree.layers.append(index)
        tree.image_bytes += index.stored_bytes
        tree.stored.append(index.stored_bytes)
        for sums in (tree.wasted_in, tree.wasted_by, tree.added, tree.modified, tree.removed):
            sums.append(0)

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the layer is merged."""
        goes_on = self._advance()
        self._tree.trim()
        return goes_on

    def _advance(self) -> bool:
        budget: i64 = _STEP
        count: i64 = len(self._index)
        while budget > 0:
            budget -= 1
            if self._dying:
                self._end_node(self._dying.pop())
            elif self._next >= count:
                self._phase += 1
                self._next = 0
                self._last = -1
                if self._phase > 1:
                    self._link_late()
                    return False
            elif self._phase == 0:
                self._hide(self._next)
                self._next += 1
            else:
                self._place(self._next)
                self._next += 1
        return True

    def _hide(self, entry: i64) -> None:
        """First come the layer's whiteouts: they act on what lies below, wherever they stand."""
        index = self._index
        kind: i64 = index.kinds[entry]
        if kind != WHITEOUT and kind != OPAQUE:
            return
        directory = self._find_live(index.directories[entry])
        if directory < 0:
            return
        if kind == OPAQUE:
            self._dying = self._tree.bury_children(directory)
            self._dying_reason = HIDDEN
            self._last = -1
            return
        node = self._tree.bury(directory, index.names[entry][4:])
        if node >= 0:
            self._dying_reason = REMOVED
            self._end_node(node)
            if self._dying:
                self._last = -1

    def _find_live(self, directory: int) -> int:
        """The node of a directory of this layer, -1 where the layers below have none there.

        The last one found is still there unless children of any directory were buried since.
        """
        if directory == self._last:
            return self._last_node
        self._last = directory
        self._last_node = self._walk_live(directory)
        return self._last_node

    def _walk_live(self, directory: int) -> int:
        parts: list[bytes] = []
        index = self._index
        while directory > 0:
            parts.append(index.directory_names[directory])
            directory = index.directory_parents[directory]
        node = 0
        while parts:
            there = self._tree.live.get(node)
            if there is None:
                return -1
            node = there.get(parts.pop(), -1)
            if node < 0:
                return -1
        return node

    def _end_node(self, node: int) -> None:
        """End the path's version, and leave its children to the steps that follow."""
        tree = self._tree
        version: i64 = tree.newest_versions[node]
        if version >= 0 and tree.endings[version] < 0:
            tree.end_version(version, self._layer, self._dying_reason)
        if node in tree.live:
            self._dying.extend(tree.bury_children(node))

    def _place(self, entry: i64) -> None:
        """Then its entries, in tar order: the last of one path wins."""
        index = self._index
        kind: i64 = index.kinds[entry]
        if kind >= WHITEOUT:
            return
        tree = self._tree
        tree.files += 1
        directory = index.directories[entry]
        name = index.names[entry]
        if directory != self._last:
            self._last_node = self._directory(directory)
            self._last = directory
        node: i64 = tree.revive(self._last_node, name) if name else 0
        old: i64 = tree.newest_versions[node]
        shared: i64 = -1
        if kind == HARDLINK:
            shared = self._target(index.link(entry))
            if shared >= 0:
                shared = tree.datas[shared]
        if old >= 0:
            if shared >= 0:
                # Bytes that only this path reached must not count as gone in between.
                self._replace_linked(node, old, entry, kind, shared)
                return
            self._supersede(old, kind)
        version = tree.begin_version(node, entry, kind, self._layer)
        if shared >= 0:
            tree.share_data(version, shared)
        elif kind == HARDLINK:
            self._unlinked.append(version)

    def _replace_linked(self, node: i64, old: i64, entry: i64, kind: i64, shared: i64) -> None:
        """A hard link takes the place of an older version of its path, perhaps of its own target."""
        tree = self._tree
        if tree.datas[old] == shared and tree.endings[old] < 0:
            tree.share_data(old, shared)  # hold the bytes while the names change
            self._supersede(old, kind)
            version = tree.begin_version(node, entry, kind, self._layer)
            tree.datas[version] = shared
        else:
            self._supersede(old, kind)
            version = tree.begin_version(node, entry, kind, self._layer)
            tree.share_data(version, shared)

    def _supersede(self, old: i64, kind: i64) -> None:
        """What becomes of the path's last version now that the layer writes the path."""
        tree = self._tree
        layer: i64 = self._layer
        old_kind: i64 = tree.kinds[old]
        ended: i64 = tree.endings[old]
        if ended >= 0 and ended != layer:
            return
        reason: i64 = REPLACED
        if old_kind == DIRECTORY and kind == DIRECTORY:
            reason = NONE
        elif old_kind == kind or (old_kind <= HARDLINK and kind <= HARDLINK):
            reason = OVERWRITTEN
        if ended == layer:
            # Removed and written again in one layer: the writing is what counts.
            if tree.version_layers[old] != layer:
                tree.reasons[old] = reason if reason != NONE else tree.reasons[old]
            return
        if tree.version_layers[old] == layer and reason != NONE:
            reason = DUPLICATE
        tree.end_version(old, layer, reason)
        if old_kind == DIRECTORY and kind != DIRECTORY:
            self._dying = tree.bury_children(tree.nodes[old])
            self._dying_reason = REPLACED

    def _directory(self, directory: int) -> int:
        """The node of a directory of this layer; missing parents are implied."""
        known = self._directories.get(directory, -1)
        if known >= 0 and self._is_directory(known):
            return known
        index = self._index
        path: list[int] = []
        node = 0
        while directory > 0:
            known = self._directories.get(directory, -1)
            if known >= 0 and self._is_directory(known):
                node = known  # and so are all above it: what ends a directory ends all that lies below
                break
            path.append(directory)
            directory = index.directory_parents[directory]
        while path:
            directory = path.pop()
            node = self._tree.revive(node, index.directory_names[directory])
            if not self._is_directory(node):
                old: i64 = self._tree.newest_versions[node]
                if old >= 0:
                    self._supersede(old, DIRECTORY)
                self._tree.begin_version(node, -1, DIRECTORY, self._layer)
            self._directories[directory] = node
        return node

    def _is_directory(self, node: i64) -> bool:
        """Is the path there, and a directory? (An untouched root is.)"""
        if node == 0:
            return True
        tree = self._tree
        version: i64 = tree.newest_versions[node]
        return version >= 0 and tree.endings[version] < 0 and tree.kinds[version] == DIRECTORY

    def _target(self, link: bytes) -> int:
        """The living version that a hard link names; -1 where there is none."""
        node = 0
        for part in normalise(link).split(b"/"):
            there = self._tree.live.get(node)
            if there is None:
                return -1
            node = there.get(part, -1)
            if node < 0:
                return -1
        version: i64 = self._tree.newest_versions[node]
        return version if version >= 0 and self._tree.endings[version] < 0 else -1

    def _link_late(self) -> None:
        """Hard links that stood in front of their targets in the tar, or of links to them."""
        tree = self._tree
        waiting = set(self._unlinked)
        for first in self._unlinked:
            chain: list[int] = []
            version = first
            while version in waiting:  # each is followed once, so a ring of links ends as well
                waiting.discard(version)
                if tree.endings[version] < 0:
                    chain.append(version)
                version = self._target(self._index.link(tree.entries[version]))
            data = tree.datas[version] if version >= 0 else -1
            for link in chain:
                if data >= 0:
                    tree.share_data(link, data)
                else:
                    tree.broken_links.append(link)
        self._unlinked = []
