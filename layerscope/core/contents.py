"""What directories held: a count that rolling up waste needs, over all layers in one sweep."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.tree import ImageTree

#: Versions or directories per step.
_STEP: Final = 16_384


class ContentCount:
    """For given layers and directories: how many children with bytes each held just before the layer.

    A directory counts in its parent while it holds anything itself, so a change climbs only where a
    directory fills or empties. ``wanted`` has a set of nodes for each layer; ``held`` gets a
    dictionary for each, complete when ``step`` says False. It goes layer by layer in bounded steps.
    """

    def __init__(self, tree: ImageTree, wanted: list[set[int]]) -> None:
        self.held: list[dict[int, int]] = [{} for _ in wanted]
        self._tree = tree
        self._wanted = wanted
        self._counts: array[int] = array("I", bytes(4 * tree.node_count))
        self._layer: int = 0
        self._last: int = -1  # what comes with this layer or later matters to none
        for layer in range(len(wanted)):
            if wanted[layer]:
                self._last = layer
        self._asked: list[int] = list(wanted[0]) if wanted else []  # in front of the layer, as yet unanswered
        self._nodes: list[int] = []  # of the layer's directories, as far as they were counted
        self._ending: list[list[int]] = [[] for _ in wanted]
        self._next_ending: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when it is done."""
        if self._next_ending < self._tree.version_count and self._last > 0:
            self._sort_endings()
        elif self._asked:
            self._answer()
        elif self._layer >= self._last:
            return False
        elif len(self._nodes) < len(self._tree.layers[self._layer].directory_names):
            self._add()
        elif self._ending[self._layer]:
            self._take()
        else:
            self._layer += 1
            self._nodes = []
            self._asked = list(self._wanted[self._layer])
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

    def _answer(self) -> None:
        """Tell what directories hold in front of the layer."""
        counts = self._counts
        held = self.held[self._layer]
        for node in self._asked[-_STEP:]:
            held[node] = counts[node]
        del self._asked[-_STEP:]

    def _add(self) -> None:
        """Count the files of some thousand directories of the layer."""
        tree = self._tree
        index = tree.layers[self._layer]
        first = len(self._nodes)
        for directory in range(first, min(first + _STEP, len(index.directory_names))):
            node = 0
            if directory:
                node = self._nodes[index.directory_parents[directory]]
                node = tree.child(node, index.directory_names[directory]) if node >= 0 else -1
            self._nodes.append(node)
            found = index.directory_files[directory]
            if found:
                self._climb(node, found)

    def _take(self) -> None:
        """Uncount what the layer ended, together what neighbours in a directory are."""
        nodes, parents = self._tree.nodes, self._tree.parents
        ended = self._ending[self._layer]
        last: i64 = 0
        found: i64 = 0
        for version in ended[-_STEP:]:
            parent: i64 = parents[nodes[version]]
            if parent != last:
                self._climb(last, -found)
                last = parent
                found = 0
            found += 1
        self._climb(last, -found)
        del ended[-_STEP:]

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
