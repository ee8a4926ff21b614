"""Which rows of the outline are visible: folds, filters, sorting; typed loops for the explorer.

Positions are those of the outline: preorder, siblings by name; ``ends[p]`` is the position after the
last descendant of ``p``. ``keep`` holds 1 for each position that may be shown, ancestors included;
``folded`` 1 for each folded folder.
"""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

#: Marks of core/view.py in the order of interest: removed, modified, added, unchanged, absent.
_INTEREST: Final = b"\x04\x03\x02\x01\x00"


class RowList:
    """Visible rows from top to bottom, in columns of 10 bytes per row.

    A folder whose one visible child is a folder shares its row: ``positions`` has the innermost,
    ``heads`` the outermost; ``indents`` counts the rows it lies under.
    """

    def __init__(self) -> None:
        self.positions: array[int] = array("i")
        self.heads: array[int] = array("i")
        self.indents: array[int] = array("H")

    def __len__(self) -> int:
        return len(self.positions)

    def block_end(self, row: int) -> int:
        """The row after the last one that lies under a row."""
        indents = self.indents
        indent: i64 = indents[row]
        end: i64 = row + 1
        count: i64 = len(indents)
        while end < count and indents[end] > indent:
            end += 1
        return end

    def replace(self, start: int, end: int, rows: RowList) -> None:
        """Put rows in the place of those from ``start`` to ``end``."""
        self.positions[start:end] = rows.positions
        self.heads[start:end] = rows.heads
        self.indents[start:end] = rows.indents


def only_child(ends: array[int], keep: bytearray, position: i64) -> int:
    """The one visible child of a folder when it is itself a folder with something in it; else -1."""
    stop: i64 = ends[position]
    child: i64 = position + 1
    found: i64 = -1
    while child < stop:
        after: i64 = ends[child]
        if keep[child]:
            if found >= 0 or after == child + 1:
                return -1
            found = child
        child = after
    return found


def rows_by_name(ends: array[int], keep: bytearray, folded: bytearray, start: int, stop: int, indent: int) -> RowList:
    """The visible rows from position ``start`` up to ``stop``, which lie under ``indent`` rows."""
    positions: list[int] = []
    heads: list[int] = []
    indents: list[int] = []
    open_ends: list[int] = []
    position: i64 = start
    last: i64 = stop
    depth: i64 = indent
    while position < last:
        while open_ends and position >= open_ends[-1]:
            open_ends.pop()
            depth -= 1
        end: i64 = ends[position]
        if not keep[position]:
            position = end
            continue
        head: i64 = position
        if end > position + 1:
            child: i64 = only_child(ends, keep, position)
            while child >= 0:
                position = child
                child = only_child(ends, keep, position)
            end = ends[position]
        positions.append(position)
        heads.append(head)
        indents.append(depth)
        if end > position + 1 and not folded[position]:
            open_ends.append(end)
            depth += 1
            position += 1
        else:
            position = end
    return _row_list(positions, heads, indents)


def rows_sorted(
    ends: array[int],
    keep: bytearray,
    folded: bytearray,
    start: int,
    stop: int,
    indent: int,
    ranks: array[int],
    backwards: bool,
) -> RowList:
    """As ``rows_by_name``, the children of each folder by rank, lowest first, then by name."""
    positions: list[int] = []
    heads: list[int] = []
    indents: list[int] = []
    waiting: list[tuple[int, int]] = []
    _push_children(ends, keep, start, stop, indent, ranks, backwards, waiting)
    while waiting:
        position, depth = waiting.pop()
        head = position
        if ends[position] > position + 1:
            child = only_child(ends, keep, position)
            while child >= 0:
                position = child
                child = only_child(ends, keep, position)
        positions.append(position)
        heads.append(head)
        indents.append(depth)
        if ends[position] > position + 1 and not folded[position]:
            _push_children(ends, keep, position + 1, ends[position], depth + 1, ranks, backwards, waiting)
    return _row_list(positions, heads, indents)


def _push_children(
    ends: array[int],
    keep: bytearray,
    start: i64,
    stop: i64,
    depth: i64,
    ranks: array[int],
    backwards: bool,
    waiting: list[tuple[int, int]],
) -> None:
    """Put siblings on the stack, the first to show on top."""
    ranked: list[tuple[int, int]] = []
    position: i64 = start
    while position < stop:
        if keep[position]:
            ranked.append((ranks[position], position))
        position = ends[position]
    ranked.sort()
    if not backwards:
        ranked.reverse()
    for pair in ranked:
        waiting.append((pair[1], depth))


def _row_list(positions: list[int], heads: list[int], indents: list[int]) -> RowList:
    rows = RowList()
    rows.positions = array("i", positions)
    rows.heads = array("i", heads)
    rows.indents = array("H", indents)
    return rows


def keep_ancestors(parents: array[int], keep: bytearray) -> None:
    """Also keep every folder above a kept position; ``parents`` is -1 at the top."""
    position: i64 = keep.rfind(1)
    while position >= 0:
        parent: i64 = parents[position]
        while parent >= 0 and not keep[parent]:
            keep[parent] = 1
            parent = parents[parent]
        position = keep.rfind(1, 0, position)


def keep_matches(hits: list[int], ends: array[int], parents: array[int], allowed: bytearray) -> bytearray:
    """What a filter keeps: its matches (ascending) and all above them.

    A folder that matches without anything below it doing so can be opened: all of it is kept.
    """
    keep = bytearray(len(allowed))
    number: i64 = len(hits) - 1
    following: i64 = len(allowed)
    while number >= 0:
        hit: i64 = hits[number]
        end: i64 = ends[hit]
        keep[hit] = 1
        if end > hit + 1 and following >= end:
            keep[hit:end] = allowed[hit:end]
        parent: i64 = parents[hit]
        while parent >= 0 and not keep[parent]:
            keep[parent] = 1
            parent = parents[parent]
        following = hit
        number -= 1
    return keep


def find_parents(ends: array[int]) -> array[int]:
    """The position of each position's folder; -1 at the top."""
    parents: list[int] = []
    open_ends: list[int] = []
    open_folders: list[int] = []
    position: i64 = 0
    count: i64 = len(ends)
    while position < count:
        while open_ends and position >= open_ends[-1]:
            open_ends.pop()
            open_folders.pop()
        parents.append(open_folders[-1] if open_folders else -1)
        if ends[position] > position + 1:
            open_ends.append(ends[position])
            open_folders.append(position)
        position += 1
    return array("i", parents)


def find_names(joined: bytes, needle: bytes, allowed: bytearray) -> list[int]:
    """The allowed positions whose name contains ``needle``; ``joined`` has all names with slashes between."""
    found: list[int] = []
    position: i64 = 0
    start: i64 = 0
    count: i64 = len(allowed)
    if not count:
        return found
    if joined.count(needle) * 8 > count:
        # Many matches: looking into each name is faster than finding the names of the matches.
        for name in joined.split(b"/"):
            if allowed[position] and needle in name:
                found.append(position)
            position += 1
        return found
    while position < count:
        place: i64 = joined.find(needle, start)
        if place < 0:
            break
        position += joined.count(b"/", start, place)
        if allowed[position]:
            found.append(position)
        slash: i64 = joined.find(b"/", place)
        if slash < 0:
            break
        start = slash + 1
        position += 1
    return found


def change_ranks(marks: bytes, sizes: array[int]) -> array[int]:
    """Ranks that put removed first, then modified, added, unchanged; the larger first in each."""
    ranks: list[int] = []
    position: i64 = 0
    count: i64 = len(marks)
    while position < count:
        interest: i64 = _INTEREST[marks[position]]
        ranks.append(interest * 1_152_921_504_606_846_976 - min(sizes[position], 1_000_000_000_000_000_000))
        position += 1
    return array("q", ranks)


def size_ranks(sizes: array[int]) -> array[int]:
    """Ranks that put the larger first."""
    ranks: list[int] = []
    for size in sizes:
        ranks.append(-size)
    return array("q", ranks)
