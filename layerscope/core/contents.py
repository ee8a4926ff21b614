"""What directories held: a count that rolling up waste needs, over all versions in one sweep."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from mypy_extensions import i64

from layerscope.core.tar import FILE
from layerscope.core.tree import ImageTree


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
        self._counts: array[int] = array("i", bytes(4 * tree.node_count))
        self._next_version: int = 0
        self._layer: int = 0
        self._ending: list[list[int]] = [[] for _ in wanted]
        self._next_ending: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when it is done."""
        if self._next_ending < self._tree.version_count:
            self._sort_endings()
        elif self._layer < len(self._wanted):
            self._sweep()
        else:
            return False
        return True

    def _sort_endings(self) -> None:
        """Put the versions that ended to the layers that ended them."""
        tree = self._tree
        first = self._next_ending
        stop = min(first + 65_536, tree.version_count)
        version: i64 = first
        for layer in tree.endings[first:stop].tolist():
            if layer >= 0 and tree.kinds[version] == FILE and tree.stored_size(version):
                self._ending[layer].append(version)
            version += 1
        self._next_ending = stop

    def _sweep(self) -> None:
        """Add what a layer brings; when that is done, answer for the layer after it."""
        tree = self._tree
        layer = self._layer
        first = self._next_version
        if first == 0 or tree.version_layers[first - 1] != layer:
            counts = self._counts
            held = self.held[layer]
            for node in self._wanted[layer]:
                held[node] = counts[node]
        # Versions are numbered as they were merged: those of one layer stand together.
        stop = bisect_right(tree.version_layers, layer, first)
        after = min(first + 32_768, stop)
        self._add(first, after)
        self._next_version = after
        if after < stop:
            return
        for ended in self._ending[layer]:
            self._climb(tree.nodes[ended], -1)
        self._ending[layer] = []
        self._layer += 1

    def _add(self, first: int, after: int) -> None:
        """Count the files with bytes among versions of one layer."""
        tree = self._tree
        sizes = tree.layers[self._layer].sizes
        nodes: list[int] = tree.nodes[first:after].tolist()
        entries: list[int] = tree.entries[first:after].tolist()
        kinds = bytes(tree.kinds[first:after])
        i: i64 = 0
        while i < len(nodes):
            if kinds[i] == FILE and sizes[entries[i]]:
                self._climb(nodes[i], 1)
            i += 1

    def _climb(self, node: i64, change: i64) -> None:
        """Count one child more or less, upwards as long as a directory fills or empties by it."""
        counts = self._counts
        parents = self._tree.parents
        turn: i64 = 1 if change > 0 else 0
        node = parents[node]
        while node >= 0:
            now: i64 = counts[node]
            now += change
            counts[node] = now
            if now != turn:
                return
            node = parents[node]


def count_contents(tree: ImageTree, wanted: list[set[int]]) -> list[dict[int, int]]:
    """The whole count; nothing is swept where nothing is asked."""
    count = ContentCount(tree, wanted)
    while any(wanted) and count.step():
        pass
    return count.held
