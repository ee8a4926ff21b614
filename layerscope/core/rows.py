"""Which positions of an outline are rows: masks of one byte per path instead of a list of rows.

A mask holds 1 for each position that has the property. Rows are found by counting ones, and counts
are kept for each block of positions, so neither needs a list.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from mypy_extensions import i64

from layerscope.core.outline import Outline

_BLOCK: Final = 1_024
#: With more places than this to look at, masks tell which of them matter.
_FEW: Final = 2_000


class RowMap:
    """Positions that are rows, from top to bottom by name.

    ``keep`` masks what may be shown, with all that lies above it. A folder whose one kept child is a
    folder with something in it shares the child's row: the child is the row, the folder a head of it.
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.keep: bytearray = bytearray(len(outline))
        #: What would be a row if nothing were folded.
        self._unfolded: bytearray = bytearray(len(outline))
        self._visible: bytearray = bytearray(len(outline))
        #: Rows in front of each block, then all of them.
        self._before: list[int] = [0]

    def __len__(self) -> int:
        return self._before[-1]

    def show(self, keep: bytearray) -> None:
        """Other positions may be shown; rows are right again after ``fold``."""
        self.keep = keep
        self._unfolded = bytearray(keep)
        self._join()

    def fold(self, folds: bytearray) -> None:
        """Other folders are folded: those that ``folds`` masks."""
        self._visible = bytearray(self._unfolded)
        self._hide(folds, 0, len(self._visible))
        self._before = [0]
        self._count(0)

    def refold(self, position: int, folds: bytearray) -> None:
        """One folder, whose row is visible, was folded or unfolded."""
        end = self.outline.ends[position]
        if folds[position]:
            self._visible[position + 1 : end] = bytes(end - position - 1)
        else:
            self._visible[position + 1 : end] = self._unfolded[position + 1 : end]
            self._hide(folds, position + 1, end)
        self._count(position // _BLOCK)

    def _join(self) -> None:
        """Let folders with one child that is a folder be no rows of their own."""
        keep, outline = self.keep, self.outline
        # Where the first child is kept, it has to be a folder: most are files.
        for folder in outline.over_folders:
            if keep[folder]:
                self._join_one(folder)
        # Elsewhere something hidden follows a folder that is kept.
        mask = outline.folder_mask
        limit: i64 = _FEW
        hidden: i64 = keep.find(0, max(0, keep.find(1)))
        while hidden > 0 and limit > 0:
            if mask[hidden - 1]:
                self._join_one(hidden - 1)
            shown: i64 = keep.find(1, hidden)
            hidden = keep.find(0, shown) if shown >= 0 else -1
            limit -= 1
        if hidden > 0:
            kept = int.from_bytes(keep, "little")
            # Kept, and what follows is not: without a complement, which takes Python twice as long.
            ends = kept ^ (kept & (kept >> 8))
            candidates = (ends & outline.folder_number()).to_bytes(len(keep), "little")
            folder = candidates.find(1, hidden - 1)
            while folder >= 0:
                self._join_one(folder)
                folder = candidates.find(1, folder + 1)

    def _join_one(self, folder: i64) -> None:
        keep, ends = self.keep, self.outline.ends
        end: i64 = ends[folder]
        child: i64 = keep.find(1, folder + 1, end)
        if child >= 0:
            after: i64 = ends[child]
            if after > child + 1 and (after >= end or keep.find(1, after, end) < 0):
                self._unfolded[folder] = 0

    def _hide(self, folds: bytearray, start: int, stop: int) -> None:
        """Take away what lies in folded folders between two positions."""
        visible, ends = self._visible, self.outline.ends
        position: i64 = folds.find(1, start, stop)
        while position >= 0:
            after: i64 = 0
            if visible[position]:
                after = ends[position]
                visible[position + 1 : after] = bytes(after - position - 1)
            else:
                after = visible.find(1, position + 1, stop)
                if after < 0:
                    return
            position = folds.find(1, after, stop)

    def _count(self, block: int) -> None:
        """Count rows anew from a block on."""
        visible = self._visible
        before = self._before[: block + 1]
        rows = before[-1]
        start: i64 = block * _BLOCK
        size: i64 = len(visible)
        while start < size:
            rows += visible.count(1, start, start + _BLOCK)
            before.append(rows)
            start += _BLOCK
        self._before = before

    # Questions.

    def is_visible(self, position: int) -> bool:
        """Is this position a row?"""
        return self._visible[position] != 0

    def is_head(self, position: int) -> bool:
        """Does this kept folder share the row of the one below it?"""
        return self.keep[position] != 0 and self._unfolded[position] == 0

    def has_rows_below(self, position: int) -> bool:
        """Is anything visible that lies in this folder?"""
        return self._visible.find(1, position + 1, self.outline.ends[position]) >= 0

    def rows_before(self, position: int) -> int:
        """How many rows lie in front of a position."""
        block = position // _BLOCK
        return self._before[block] + self._visible.count(1, block * _BLOCK, position)

    def position_at(self, row: int) -> int:
        """The position that is a row."""
        block = bisect_right(self._before, row) - 1
        left: i64 = row - self._before[block]
        position: i64 = self._visible.find(1, block * _BLOCK)
        while left > 0:
            position = self._visible.find(1, position + 1)
            left -= 1
        return position

    def innermost(self, head: int) -> int:
        """The position whose row a kept position shares; itself, where it is no head."""
        position: i64 = head
        while self._unfolded[position] == 0:
            position = self.keep.find(1, position + 1)
        return position

    def outermost(self, position: int) -> int:
        """The first of the folders that share a row."""
        outline = self.outline
        parent: i64 = outline.parent(position)
        while parent >= 0 and self._unfolded[parent] == 0:
            position = parent
            parent = outline.parent(position)
        return position

    def parent(self, position: int) -> int:
        """The position of the row that a row lies under; -1 at the top."""
        return self.outline.parent(self.outermost(position))

    def depth(self, position: int) -> int:
        """How many rows a row lies under."""
        found: i64 = 0
        outline = self.outline
        parent: i64 = outline.parent(position)
        while parent >= 0:
            found += self._unfolded[parent]
            parent = outline.parent(parent)
        return found


def both(mask: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """What is in two masks of one length."""
    found = int.from_bytes(mask, "little") & int.from_bytes(other, "little")
    return bytearray(found.to_bytes(len(mask), "little"))


def keep_hits(outline: Outline, hits: bytearray, allowed: bytearray) -> bytearray:
    """What a filter keeps: its hits, which are allowed, and all folders above them.

    A folder that is a hit without anything below it being one can be opened: all of it is kept.
    """
    keep = bytearray(hits)
    ends = outline.ends
    count: i64 = len(hits)
    following: i64 = -1
    skip: i64 = 0
    for folder in outline.folders:
        if folder < skip:
            continue
        if hits[folder + 1]:
            keep[folder] = 1
            continue
        if following <= folder:
            following = hits.find(1, folder + 1)
            if following < 0:
                following = count
        end: i64 = ends[folder]
        if following < end:
            keep[folder] = 1
        else:
            skip = end
            if hits[folder]:
                keep[folder:end] = allowed[folder:end]
    return keep


def either(mask: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """What is in one of two masks of one length, or in both."""
    found = int.from_bytes(mask, "little") | int.from_bytes(other, "little")
    return bytearray(found.to_bytes(len(mask), "little"))


def without(mask: bytes | bytearray, unwanted: bytes | bytearray) -> bytearray:
    """What is in the first of two masks of one length, and not in the second."""
    if unwanted.find(1) < 0:
        return bytearray(mask)
    number = int.from_bytes(mask, "little")
    left = number ^ (number & int.from_bytes(unwanted, "little"))
    return bytearray(left.to_bytes(len(mask), "little"))
