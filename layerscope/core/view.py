"""What a range of layers changed, position by position: marks at once, sums of folders when asked.

A view of another range costs a translation of one byte per path and a sum over blocks of paths;
what a folder holds is added up when somebody looks at it.
"""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.outline import BLOCK, MANY, Outline, same_directory
from layerscope.core.tar import DIRECTORY

# How a path stands after a range of layers, compared with before it.
ABSENT: Final = 0
UNCHANGED: Final = 1
ADDED: Final = 2
MODIFIED: Final = 3
REMOVED: Final = 4

_STEP: Final = 2_048
_BLOCK_STEP: Final = 65_536
_CHANGED: Final = bytes([0, 0, 1, 1, 1]) + bytes(251)


class View:
    """How each position stands after layer ``after``, compared with after layer ``before``.

    ``before`` is -1 to compare with nothing. Built in steps, complete when ``step`` says False.
    ``marks[p]`` is ABSENT, UNCHANGED, ADDED, MODIFIED or REMOVED, of a folder as such; ``mark`` also
    takes what lies below into account. ``sizes[p]`` are the stored bytes of what has nothing below it.
    ``added``, ``modified`` and ``removed`` count paths that are no directories, ``files`` all such
    paths that are there or were removed.

    With ``chosen`` it is a view of all that any layer up to ``after`` holds, compared with nothing:
    what came and went is REMOVED, the rest UNCHANGED; a position in ``chosen`` shows the version that
    stands there, which is MODIFIED where another one is there in the end.
    """

    def __init__(self, outline: Outline, before: int, after: int, chosen: dict[int, int] | None = None) -> None:
        self._outline = outline
        self.before: int = before
        self.after: int = after
        #: Whether this is a view of all layers.
        self.everywhere: bool = chosen is not None
        self._chosen: dict[int, int] = chosen if chosen is not None else {}
        self.added: int = 0
        self.modified: int = 0
        self.removed: int = 0
        self.files: int = 0
        self._table: bytes = self._mark_histories()
        self.marks: bytearray = bytearray(bytes(outline.numbers).translate(self._table))
        for position in self._chosen:
            if self.marks[position] == UNCHANGED:
                self.marks[position] = MODIFIED
        # Sizes differ from the outline's only where versions have to be looked at one by one.
        self.sizes: array[int] = array("q", outline.sizes) if outline.many else outline.sizes
        self._changed: bytes = b""
        # Bytes written, there and removed in front of each block.
        self._written: list[int] = [0]
        self._total: list[int] = [0]
        self._removed: list[int] = [0]
        self._next_many: int = 0
        self._many_sums: dict[int, tuple[int, int, int]] = {}
        self._next_block: int = 0
        self._next_sum: int = 0
        self._complete: bool = False

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the view is complete."""
        if self._complete:
            return False
        if self._next_many < len(self._outline.many):
            self._mark_many()
            return True
        if self._next_block < len(self._outline.block_ends):
            self._sum_blocks()
            return True
        self._changed = bytes(self.marks).translate(_CHANGED)
        self._complete = True
        return False

    # Questions, answered when the view is complete.

    def mark(self, position: int) -> int:
        """The mark; a directory that stayed is MODIFIED when anything below it changed."""
        found = self.marks[position]
        if found == UNCHANGED and self._changed.find(1, position + 1, self._outline.ends[position]) >= 0:
            return MODIFIED
        return found

    def size(self, position: int) -> int:
        """Stored bytes, of which links have none, so that those of hard links count once.

        Of a file after the range (of a removed one, before it); of a directory that changed, what the
        range wrote below it; of one that did not, all that is below it; of a removed one, what was. In
        a view of all layers, of a directory what is and was below it.
        """
        end = self._outline.ends[position]
        if end == position + 1 or self._stands_as_file(position):
            return self.sizes[position]
        written, total, removed = self.sums(position + 1, end)
        if self.everywhere:
            return total + removed
        mark = self.mark(position)
        return removed if mark == REMOVED else total if mark == UNCHANGED else written

    def sums(self, start: int, stop: int) -> tuple[int, int, int]:
        """Stored bytes that the range wrote between two positions, that are there, that it removed."""
        first = -(-start // BLOCK)
        last = stop // BLOCK
        if first >= last:
            return self._add(start, stop)
        head = self._add(start, first * BLOCK)
        tail = self._add(last * BLOCK, stop)
        return (
            head[0] + tail[0] + self._written[last] - self._written[first],
            head[1] + tail[1] + self._total[last] - self._total[first],
            head[2] + tail[2] + self._removed[last] - self._removed[first],
        )

    def total(self) -> int:
        """The sizes of all paths at the top together; what has nothing below it stretch by stretch."""
        outline = self._outline
        found = 0
        start = 0
        while start < len(outline):
            folder = outline.folder_mask.find(1, start)
            stop = folder if folder >= 0 else len(outline)
            _written, there, removed = self.sums(start, stop)
            found += there + removed
            start = stop
            if folder >= 0:
                found += self.size(folder) if self.marks[folder] else 0
                start = outline.ends[folder]
        return found

    def version(self, position: int) -> int:
        """The version that a row shows: the one that is there, or the one that was removed; -1 if none."""
        tree = self._outline.tree
        node = self._outline.nodes[position]
        if self.everywhere:
            return self._chosen.get(position, tree.newest(node))
        found = tree.version_at(node, self.after)
        return found if found >= 0 else tree.version_at(node, self.before)

    def _add(self, start: i64, stop: i64) -> tuple[int, int, int]:
        """The sums, one by one."""
        marks, sizes = self.marks, self.sizes
        if stop > start and marks.count(marks[start], start, stop) == stop - start:
            return self._add_alike(start, stop)
        written: i64 = 0
        total: i64 = 0
        removed: i64 = 0
        position: i64 = start
        while position < stop:
            mark: i64 = marks[position]
            if mark != ABSENT:
                size: i64 = sizes[position]
                if mark == REMOVED:
                    removed += size
                else:
                    total += size
                    if mark != UNCHANGED:
                        written += size
            position += 1
        return written, total, removed

    def _add_alike(self, start: i64, stop: i64) -> tuple[int, int, int]:
        """The sums where all marks are the same, as they are in most folders: without a loop."""
        mark: i64 = self.marks[start]
        if mark == ABSENT:
            return 0, 0, 0
        total = sum(self.sizes[start:stop])
        if mark == REMOVED:
            return 0, 0, total
        return total if mark != UNCHANGED else 0, total, 0

    def _stands_as_file(self, position: int) -> bool:
        """Is a path that was a directory at one time something else in this view?"""
        if self._outline.numbers[position] != MANY:
            return not self._outline.is_directory[position]
        version = self.version(position)
        return version >= 0 and self._outline.tree.kinds[version] != DIRECTORY

    # Marks.

    def _mark_histories(self) -> bytes:
        """The mark of each history; counts the paths that have it."""
        table = bytearray(256)
        for number, history in enumerate(self._outline.histories):
            old = self._standing(history, self.before)
            new = self._standing(history, self.after)
            mark = ABSENT
            if new >= 0:
                mark = ADDED if old < 0 else UNCHANGED if old == new or history[0] else MODIFIED
                mark = UNCHANGED if self.everywhere else mark
            elif old >= 0 or self.everywhere:
                mark = REMOVED
            table[number] = mark
            self._count(mark, self._outline.paths_of[number])
        return bytes(table)

    def _standing(self, history: tuple[int, ...], layer: int) -> int:
        """Which version of a history is there after a layer; -1 if none."""
        place = 1
        while place < len(history):
            if history[place] <= layer:
                ended = history[place + 1]
                return -1 if 0 <= ended <= layer else place
            place += 2
        return -1

    def _count(self, mark: int, paths: int) -> None:
        if mark != ABSENT:
            self.files += paths
        if mark == ADDED:
            self.added += paths
        elif mark == MODIFIED:
            self.modified += paths
        elif mark == REMOVED:
            self.removed += paths

    def _mark_many(self) -> None:
        """Positions whose versions differ, one by one."""
        many = self._outline.many
        stop: i64 = min(self._next_many + _STEP, len(many))
        i: i64 = self._next_many
        while i < stop:
            self._mark_one(many[i])
            i += 1
        self._next_many = stop

    def _mark_one(self, position: int) -> None:
        tree = self._outline.tree
        node = self._outline.nodes[position]
        old: i64 = tree.version_at(node, self.before)
        new: i64 = tree.version_at(node, self.after)
        mark = ABSENT
        size = 0
        if self.everywhere:
            old = self.version(position)
            mark = REMOVED if new < 0 <= old else MODIFIED if new != old else UNCHANGED
            size = tree.stored_size(old) if old >= 0 else 0
        elif new >= 0:
            mark = ADDED if old < 0 else UNCHANGED
            if old >= 0 and old != new and not same_directory(tree, old, new):
                mark = MODIFIED
            size = tree.stored_size(new)
        elif old >= 0:
            mark = REMOVED
            size = tree.stored_size(old)
        self.marks[position] = mark
        self.sizes[position] = size
        if self._outline.is_directory[position]:
            self._count_other(old, new, mark)
        else:
            self._count(mark, 1)
        if size:
            self._note_sum(position // BLOCK, mark, size)

    def _note_sum(self, block: int, mark: int, size: int) -> None:
        """Bytes of a position that the block's sums do not have."""
        written, total, removed = self._many_sums.get(block, (0, 0, 0))
        if mark == REMOVED:
            removed += size
        else:
            total += size
            written += size if mark != UNCHANGED else 0
        self._many_sums[block] = (written, total, removed)

    def _count_other(self, old: i64, new: i64, mark: int) -> None:
        """Count a path that was a directory at one time if it is, or was, something else here."""
        kinds = self._outline.tree.kinds
        was_file = old >= 0 and kinds[old] != DIRECTORY
        is_file = new >= 0 and kinds[new] != DIRECTORY
        if is_file or (was_file and new < 0):
            self.files += 1
        if was_file and is_file:
            self.modified += 1 if mark == MODIFIED else 0
        elif is_file:
            self.added += 1
        elif was_file:
            self.removed += 1

    # Sums.

    def _sum_blocks(self) -> None:
        """Carry on the sums in front of each block, a stretch of blocks at a time."""
        outline, table = self._outline, self._table
        numbers, sums, block_ends = outline.block_numbers, outline.block_bytes, outline.block_ends
        written: i64 = self._written[-1]
        total: i64 = self._total[-1]
        removed: i64 = self._removed[-1]
        at: i64 = self._next_sum
        limit: i64 = at + _BLOCK_STEP
        block: i64 = self._next_block
        count: i64 = len(block_ends)
        while block < count and at < limit:
            end: i64 = block_ends[block]
            while at < end:
                mark: i64 = table[numbers[at]]
                if mark == REMOVED:
                    removed += sums[at]
                elif mark != ABSENT:
                    size: i64 = sums[at]
                    total += size
                    if mark != UNCHANGED:
                        written += size
                at += 1
            if self._many_sums:
                more = self._many_sums.get(block, (0, 0, 0))
                written += more[0]
                total += more[1]
                removed += more[2]
            self._written.append(written)
            self._total.append(total)
            self._removed.append(removed)
            block += 1
        self._next_sum = at
        self._next_block = block


def view_of(outline: Outline, before: int, after: int) -> View:
    """A complete view, in one go: for tests and small trees."""
    view = View(outline, before, after)
    while view.step():
        pass
    return view
