"""What directories held: a count that rolling up waste needs, over all layers in one sweep."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from layerscope.core.tree import ImageTree

#: Versions or directories per step.
_STEP: Final = 16_384


class ContentCount:
    """For given layers and directories: how many children with bytes each held just before the layer.

    A directory counts in its parent while it holds anything itself, so a change climbs only where a
    directory fills or empties. ``wanted`` has a set of nodes for each layer; ``held`` gets a
    dictionary for each. The sweep goes layer by layer in bounded steps.
    """

    def __init__(self, tree: ImageTree, wanted: list[set[int]]) -> None:
        self.held: list[dict[int, int]] = [{} for _ in wanted]
        self._tree = tree
        self._wanted = wanted
        self._counts: list[int] = [0] * tree.node_count
        self._layer: int = 0
        self._last: int = -1  # what comes with this layer or later matters to none
        for layer in range(len(wanted)):
            if wanted[layer]:
                self._last = layer
        self._nodes: list[int] = []  # of the layer's directories, as far as they were counted
        self._ending: list[list[int]] = [[] for _ in wanted]
        self._next_ending: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when it is done."""
        if self._layer > self._last:
            return False
        if self._next_ending < self._tree.version_count:
            self._sort_endings()
        else:
            self._sweep()
        return True

    def _sort_endings(self) -> None:
        """Put the versions that ended to the layers that ended them."""
        tree = self._tree
        first = self._next_ending
        stop = min(first + _STEP, tree.version_count)
        last: i64 = self._last
        version: i64 = first
        for layer in tree.endings[first:stop].tolist():
            if 0 <= layer < last and tree.stored_size(version):
                self._ending[layer].append(version)
            version += 1
        self._next_ending = stop

    def _sweep(self) -> None:
        """Answer for a layer, then count what it brings, and at last what it ended."""
        layer = self._layer
        if not self._nodes:
            counts = self._counts
            held = self.held[layer]
            for node in self._wanted[layer]:
                held[node] = counts[node]
        if layer < self._last and self._add():
            return
        self._take(self._ending[layer])
        self._ending[layer] = []
        self._nodes = []
        self._layer += 1

    def _add(self) -> bool:
        """Count the files of some thousand directories of the layer; False when all are counted."""
        tree = self._tree
        index = tree.layers[self._layer]
        first = len(self._nodes)
        stop = min(first + _STEP, len(index.directory_names))
        for directory in range(first, stop):
            node = 0
            if directory:
                node = self._nodes[index.directory_parents[directory]]
                node = tree.child(node, index.directory_names[directory]) if node >= 0 else -1
            self._nodes.append(node)
            found = index.directory_files[directory]
            if found:
                self._climb(node, found)
        return stop < len(index.directory_names)

    def _take(self, ended: list[int]) -> None:
        """Uncount what the layer ended, together what neighbours in a directory are."""
        nodes, parents = self._tree.nodes, self._tree.parents
        last: i64 = 0
        found: i64 = 0
        for version in ended:
            parent: i64 = parents[nodes[version]]
            if parent != last:
                self._climb(last, -found)
                last = parent
                found = 0
            found += 1
        self._climb(last, -found)

    def _climb(self, directory: i64, change: i64) -> None:
        """Count children more or less, upwards as long as a directory fills or empties by it."""
        counts = self._counts
        parents = self._tree.parents
        while change and directory >= 0:
            before: i64 = counts[directory]
            now: i64 = before + change
            counts[directory] = now
            if before and now:
                return
            change = 1 if now else -1
            directory = parents[directory]


def count_contents(tree: ImageTree, wanted: list[set[int]]) -> list[dict[int, int]]:
    """The whole count; nothing is swept where nothing is asked."""
    count = ContentCount(tree, wanted)
    while count.step():
        pass
    return count.held
