"""Rows in another order than by name: the children of a folder are sorted when somebody looks at them."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from mypy_extensions import i64

from layerscope.core.rows import RowMap
from layerscope.core.view import View
from layerscope.core.wastemap import WasteMap

BY_NAME: Final = 0
BY_SIZE: Final = 1
BY_CHANGES: Final = 2
BY_WASTE: Final = 3

#: Marks of core/view.py in the order of interest: removed, modified, added, unchanged, absent.
_INTEREST: Final = b"\x04\x03\x02\x01\x00"
_LARGEST: Final = 1_000_000_000_000_000_000


class SortedRows:
    """The rows of a map with the children of each folder by rank, then by name.

    ``order`` is BY_NAME, BY_SIZE, BY_CHANGES or BY_WASTE, the largest first; ``backwards`` the other
    way round. Made anew for another view; ``forget_rows`` where only folds changed.
    """

    def __init__(self, rows: RowMap, view: View, waste: WasteMap, order: int, backwards: bool) -> None:
        self._rows = rows
        self._view = view
        self._waste = waste
        self._order = order
        self._backwards = backwards
        self._children: dict[int, list[int]] = {}
        self._starts: dict[int, list[int]] = {}

    def forget_rows(self) -> None:
        """Folds changed: the order stays, the rows do not."""
        self._starts = {}

    def position_at(self, row: int) -> int:
        """The position that is a row."""
        folder = -1
        left = row
        while True:
            starts = self._starts_of(folder)
            place = bisect_right(starts, left) - 1
            position = self._rows.innermost(self._children[folder][place])
            left -= starts[place]
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
            starts = self._starts_of(folder)
            row += starts[self._children[folder].index(head)] + 1
            position = folder
        return row

    def _starts_of(self, folder: int) -> list[int]:
        """The row of each child, counted from the first one."""
        known = self._starts.get(folder)
        if known is not None:
            return known
        rows, ends = self._rows, self._rows.outline.ends
        starts: list[int] = []
        row = 0
        for child in self._sorted_children(folder):
            starts.append(row)
            if ends[child] == child + 1:
                row += 1 if rows.is_visible(child) else 0
            else:
                row += rows.rows_before(ends[child]) - rows.rows_before(child)
        self._starts[folder] = starts
        return starts

    def _sorted_children(self, folder: int) -> list[int]:
        known = self._children.get(folder)
        if known is not None:
            return known
        ends, keep = self._rows.outline.ends, self._rows.keep
        # Rank and position in one number: numbers sort twice as fast as pairs do.
        ranked: list[int] = []
        count = len(keep)
        child: i64 = folder + 1
        stop: i64 = ends[folder] if folder >= 0 else len(keep)
        while child < stop:
            if keep[child]:
                position: int = child  # not of 64 bits: the ranks are larger
                ranked.append(self._rank(position) * count + position)
            child = ends[child]
        ranked.sort()
        if self._backwards:
            ranked.reverse()
        children: list[int] = []
        for number in ranked:
            children.append(number % count)
        self._children[folder] = children
        return children

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
