"""Where in the outline the wasted bytes lie: which paths stored them, and how many each folder has."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final

from mypy_extensions import i64

from layerscope.core.outline import Outline
from layerscope.core.sorting import StepSort

_STEP: Final = 16_384


class WasteMap:
    """Wasted bytes by position, of all layers of the image, under the names that stored them.

    Built in steps, complete when ``step`` says False. ``positions`` are those that have any, ascending.
    """

    def __init__(self, outline: Outline) -> None:
        self.positions: array[int] = array("i")
        self._outline = outline
        self._by_position: dict[int, int] = {}
        self._next: int = 0
        self._sort: StepSort | None = None
        #: Wasted bytes in front of each of the positions, then all of them.
        self._before: array[int] = array("q", [0])

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the map is complete."""
        if self._sort is None:
            self._collect()
        elif self._sort.step():
            pass
        elif len(self._before) <= len(self._sort.items):
            self._sum()
        else:
            self.positions = array("i", self._sort.items)  # last: another thread may already ask
            self._by_position = {}
            return False
        return True

    def _collect(self) -> None:
        """Wasted bytes of some versions, by position."""
        tree, places, found = self._outline.tree, self._outline.positions, self._by_position
        stop: i64 = min(self._next + _STEP, len(tree.wasted_versions))
        number: i64 = self._next
        while number < stop:
            version = tree.wasted_versions[number]
            node = tree.nodes[version]
            # The tree may have grown since its outline was made.
            size = tree.stored_size(version) if node < len(places) else 0
            if size:
                position = places[node]
                found[position] = found.get(position, 0) + size
            number += 1
        self._next = stop
        if stop >= len(tree.wasted_versions):
            self._sort = StepSort(list(found))

    def _sum(self) -> None:
        """Carry on the sums in front of positions."""
        assert self._sort is not None
        done = len(self._before) - 1
        total = self._before[done]
        for position in self._sort.items[done : done + _STEP]:
            total += self._by_position[position]
            self._before.append(total)

    def below(self, position: int) -> int:
        """Wasted bytes of a path and all below it."""
        first = bisect_left(self.positions, position)
        last = bisect_left(self.positions, self._outline.ends[position])
        return self._before[last] - self._before[first]
