"""Rows in another order than by name: the children of a folder are sorted when somebody looks at them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from mypy_extensions import i64

from layerscope.core.rows import RowMap
from layerscope.core.sorting import StepSort
from layerscope.core.view import View
from layerscope.core.wastemap import WasteMap

BY_NAME: Final = 0
BY_SIZE: Final = 1
BY_CHANGES: Final = 2
BY_WASTE: Final = 3

#: Children per step.
_STEP: Final = 4_096

#: Marks of core/view.py in the order of interest: removed, modified, added, unchanged, absent.
_INTEREST: Final = b"\x04\x03\x02\x01\x00"
_LARGEST: Final = 1_000_000_000_000_000_000


class SortedRows:
    """The rows of a map with the children of each folder by rank, then by name.

    ``order`` is BY_NAME, BY_SIZE, BY_CHANGES or BY_WASTE, the largest first; ``backwards`` the other
    way round. Made anew for another view; ``forget_rows`` where only folds changed. Folders with very many
    children would take their time when somebody looks at them: ``step`` sorts them beforehand.
    """

    def __init__(self, rows: RowMap, view: View, waste: WasteMap, order: int, backwards: bool) -> None:
        self._rows = rows
        self._view = view
        self._waste = waste
        self._order = order
        self._backwards = backwards
        self._children: dict[int, list[int]] = {}
        # By folder the places of those among its children that have something below them themselves,
        # their first rows and the rows behind them: all others have one row each.
        self._inner: dict[int, list[int]] = {}
        self._starts: dict[int, list[int]] = {}
        self._stops: dict[int, list[int]] = {}
        self._large: list[int] = list(rows.outline.large)
        self._ranked: list[int] = []
        self._child: int = -1
        self._sort: StepSort | None = None
        self._sorted: list[int] = []

    def step(self) -> bool:
        """Do a bounded piece of the sorting of large folders; False when it is done."""
        if not self._large:
            return False
        folder = self._large[-1]
        if self._sort is None:
            first = self._child if self._child >= 0 else folder + 1
            self._child = self._rank_children(folder, first, _STEP, self._ranked)
            if self._child < 0:
                self._sort = StepSort(self._ranked)
                self._ranked = []
        elif self._sort.step():
            pass
        elif len(self._sorted) < len(self._sort.items):
            self._take_positions()
        else:
            self._children[folder] = self._sorted
            self._sorted = []
            self._sort = None
            self._large.pop()
        return True

    def _take_positions(self) -> None:
        """Of ranks in order the positions."""
        assert self._sort is not None
        done = len(self._sorted)
        items = self._sort.items
        if not done:
            self._inner[self._large[-1]] = []
            if self._backwards:
                items.reverse()
        self._add_positions(items[done : done + _STEP], self._sorted, self._inner[self._large[-1]])

    def _add_positions(self, ranked: list[int], children: list[int], inner: list[int]) -> None:
        """Put the next of a folder's children behind the others, and the places of those with something below."""
        ends = self._rows.outline.ends
        count = len(self._rows.keep)
        for number in ranked:
            child: i64 = number % count
            if ends[child] > child + 1:
                inner.append(len(children))
            children.append(child)

    def forget_rows(self) -> None:
        """Folds changed: the order stays, the rows do not."""
        self._starts = {}
        self._stops = {}

    def position_at(self, row: int) -> int:
        """The position that is a row."""
        folder = -1
        left = row
        while True:
            place, start = self._place_at(folder, left)
            position = self._rows.innermost(self._children[folder][place])
            left -= start
            if left == 0:
                return position
            left -= 1
            folder = position

    def row_of(self, position: int) -> int:
        """The row of a visible position."""
        row = -1
        while position >= 0:
            head = self._rows.outermost(position)
            folder = self._rows.outline.parent(head)
            row += self._start_of(folder, self._sorted_children(folder).index(head)) + 1
            position = folder
        return row

    def _place_at(self, folder: int, row: int) -> tuple[int, int]:
        """The child that a row of an open folder belongs to, by its place, and the child's first row."""
        starts = self._starts_of(folder)
        number = bisect_right(starts, row) - 1
        if number < 0:
            return row, row
        place = self._inner[folder][number]
        stop = self._stops[folder][number]
        if row < stop:
            return place, starts[number]
        return place + 1 + row - stop, row

    def _start_of(self, folder: int, place: int) -> int:
        """The first row of a child of an open folder, by its place."""
        self._starts_of(folder)
        inner = self._inner[folder]
        number = bisect_left(inner, place) - 1
        return place if number < 0 else self._stops[folder][number] + place - inner[number] - 1

    def _starts_of(self, folder: int) -> list[int]:
        """The first rows of the children that have something below them, counted from the first child's."""
        known = self._starts.get(folder)
        if known is not None:
            return known
        rows, ends = self._rows, self._rows.outline.ends
        children = self._sorted_children(folder)
        starts: list[int] = []
        stops: list[int] = []
        below = 0
        for place in self._inner[folder]:
            child = children[place]
            starts.append(place + below)
            below += rows.rows_before(ends[child]) - rows.rows_before(child) - 1
            stops.append(place + below + 1)
        self._starts[folder] = starts
        self._stops[folder] = stops
        return starts

    def _sorted_children(self, folder: int) -> list[int]:
        known = self._children.get(folder)
        if known is not None:
            return known
        ranked: list[int] = []
        self._rank_children(folder, folder + 1, len(self._rows.keep), ranked)
        ranked.sort()
        if self._backwards:
            ranked.reverse()
        children: list[int] = []
        inner: list[int] = []
        self._add_positions(ranked, children, inner)
        self._children[folder] = children
        self._inner[folder] = inner
        return children

    def _rank_children(self, folder: int, first: int, most: int, ranked: list[int]) -> int:
        """Rank the children of a folder that may be shown, from one on, so many; where to go on, -1 at the end.

        Rank and position in one number: numbers sort twice as fast as pairs do.
        """
        ends, keep = self._rows.outline.ends, self._rows.keep
        count = len(keep)
        child: i64 = first
        stop: i64 = ends[folder] if folder >= 0 else len(keep)
        left: i64 = most
        while child < stop and left > 0:
            if keep[child]:
                position: int = child  # not of 64 bits: the ranks are larger
                ranked.append(self._rank(position) * count + position)
            child = ends[child]
            left -= 1
        return child if child < stop else -1

    def _rank(self, position: int) -> int:
        """The lowest comes first."""
        if self._order == BY_SIZE:
            return -self._view.size(position)
        if self._order == BY_WASTE:
            return -self._waste.below(position)
        if self._order == BY_CHANGES:
            size = min(self._view.size(position), _LARGEST)
            return _INTEREST[self._view.mark(position)] * (_LARGEST + 1) - size
        return 0
