"""The state of Files without a screen: folds, filter, order, what is shown; gives visible rows."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from enum import Enum
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from layerscope.core.rows import (
    RowList,
    change_ranks,
    find_names,
    find_parents,
    keep_ancestors,
    keep_matches,
    only_child,
    rows_by_name,
    rows_sorted,
    size_ranks,
)
from layerscope.core.tar import DIRECTORY
from layerscope.core.view import ADDED, MODIFIED, REMOVED, UNCHANGED
from layerscope.tui.filters import Filter

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree
    from layerscope.core.view import Outline

#: The marks that can be shown or hidden, by the names that keys use.
MARKS: Final = {"added": ADDED, "modified": MODIFIED, "removed": REMOVED, "unchanged": UNCHANGED}

#: With more matches than this, a filter leaves folders folded: nobody reads that many rows.
OPEN_MATCHES: Final = 5_000

_ALL: Final = frozenset(MARKS.values())


class Order(Enum):
    """How the files of a folder are sorted."""

    NAME = "name"
    SIZE = "size"
    CHANGES = "changes"


class FileTree:
    """Positions of an outline, of which some are visible rows.

    ``files`` counts the paths of the comparison that never are folders, ``hits`` are the matches of the
    filter. After a change ``rows`` is right again; each method that changes something costs at most one
    pass over the positions.
    """

    def __init__(self, tree: ImageTree, outline: Outline) -> None:
        self.tree = tree
        self.nodes: array[int] = outline.nodes
        self.ends: array[int] = outline.ends
        self.parents: array[int] = find_parents(outline.ends)
        # Deeper than 255 counts as 255: a byte each is looked up in one go.
        self._depths = bytes([min(depth, 255) for depth in outline.depths])
        self.rows = RowList()
        self.order = Order.NAME
        self.backwards = False
        self.shown = _ALL
        self.filter: Filter | None = None
        self.hits: list[int] = []
        self.files = 0
        self._outline = outline
        #: Positions that are a folder in some layers and something else in others.
        self.mixed = [place for place in outline.many if outline.is_directory[place] and self._was_file(place)]
        self._marks: bytes = bytes(len(self.ends))
        self._sizes: array[int] = array("q", bytes(8 * len(self.ends)))
        self._keep = bytearray(len(self.ends))
        self._folded = bytearray(b"\x01" * len(self.ends))
        self._filter_folded: bytearray | None = None
        # What the user folded (1) or unfolded (2) himself; 0 leaves it to ``open_changes``.
        self._choices = bytearray(len(self.ends))
        self._joined_names: dict[bool, bytes] = {}
        self._ranks: array[int] | None = None

    def show(self, marks: bytes, sizes: array[int], height: int = 0) -> None:
        """Another comparison: a mark (core/view.py) and a size (bytes) for each position.

        Folders that changed most are unfolded as long as all rows fit in ``height``.
        """
        self._marks = marks
        self._sizes = sizes
        self._ranks = None
        # Both are bytes of 0 and 1; numbers of that length are compared in one go.
        there = marks.translate(b"\x00" + b"\x01" * 255)
        folders = int.from_bytes(self._outline.is_directory, "big")
        self.files = (int.from_bytes(there, "big") & ~folders).bit_count()
        self._keep_shown()
        self._open_changes(height)
        self._rebuild()

    def _was_file(self, position: int) -> bool:
        version = self.tree.newest(self.nodes[position])
        while version >= 0 and self.tree.kind(version) == DIRECTORY:
            version = self.tree.older(version)
        return version >= 0

    # What a row shows.

    def mark(self, position: int) -> int:
        """The change, as core/view.py has it."""
        return self._marks[position]

    def size(self, position: int) -> int:
        """Bytes of a file, or of all files of a folder."""
        return self._sizes[position]

    @property
    def total(self) -> int:
        """Bytes of all that is compared."""
        total = position = 0
        while position < len(self.ends):
            total += self._sizes[position] if self._marks[position] else 0
            position = self.ends[position]
        return total

    def is_open(self, position: int) -> bool:
        """Whether what lies in the folder is visible."""
        return not self._folds[position]

    def has_children(self, position: int) -> bool:
        """Whether a visible folder has anything in it that may be shown."""
        return self.ends[position] > position + 1 and self._keep.find(1, position + 1, self.ends[position]) >= 0

    def is_hit(self, position: int) -> bool:
        """Whether the filter found this position itself."""
        place = bisect_left(self.hits, position)
        return place < len(self.hits) and self.hits[place] == position

    def label(self, row: int) -> bytes:
        """The name, after those of the folders that share its row."""
        position, head = self.rows.positions[row], self.rows.heads[row]
        parts = [self._name(position)]
        while position != head:
            position = self.parents[position]
            parts.append(self._name(position))
        return b"/".join(reversed(parts))

    def _name(self, position: int) -> bytes:
        return self.tree.names[self.nodes[position]]

    # Folding.

    @property
    def _folds(self) -> bytearray:
        return self._folded if self._filter_folded is None else self._filter_folded

    def toggle(self, row: int) -> None:
        """Fold or unfold the folder in a row."""
        position = self.rows.positions[row]
        if self.ends[position] == position + 1:
            return
        folds = self._folds
        folds[position] ^= 1
        if self._filter_folded is None:
            self._choices[position] = 2 - folds[position]
        if folds[position]:
            self.rows.replace(row + 1, self.rows.block_end(row), RowList())
            return
        under = self._collect(position + 1, self.ends[position], self.rows.indents[row] + 1)
        self.rows.replace(row + 1, row + 1, under)

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every folder."""
        folds = self._folds
        folds[:] = (b"\x01" if folded else b"\x00") * len(folds)
        if self._filter_folded is None:
            self._choices[:] = (b"\x01" if folded else b"\x02") * len(folds)
        self._collect_all()

    def fold_level(self, level: int) -> None:
        """Unfold ``level`` levels of folders (up to 255) and fold all below."""
        folds = self._folds
        folds[:] = self._depths.translate(bytes(depth >= level for depth in range(256)))
        if self._filter_folded is None:
            self._choices[:] = folds.translate(b"\x02\x01" + bytes(254))
        self._collect_all()

    def _open_changes(self, height: int) -> None:
        """Unfold the folders with the largest changes first, while there is room for their rows."""
        self._folded[:] = self._choices.translate(b"\x01\x01\x00" + bytes(253))
        waiting: list[tuple[int, int]] = []
        room = height - self._children(0, len(self.ends), height, waiting)
        while waiting and room > 0:
            _size, position = heappop(waiting)
            while (child := only_child(self.ends, self._keep, position)) >= 0:
                position = child
            if self._choices[position] == 1:
                continue
            below: list[tuple[int, int]] = []
            count = self._children(position + 1, self.ends[position], room, below)
            if count <= room:
                self._folded[position] = 0
                room -= count
                for folder in below:
                    heappush(waiting, folder)

    def _children(self, start: int, stop: int, limit: int, folders: list[tuple[int, int]]) -> int:
        """How many rows siblings take, counted to just over the limit; changed folders go on the heap."""
        count = 0
        while start < stop and count <= limit:
            end = self.ends[start]
            if self._keep[start]:
                count += 1
                if end > start + 1 and self._marks[start] != UNCHANGED:
                    heappush(folders, (-self._sizes[start], start))
            start = end
        return count

    def reveal(self, position: int) -> int:
        """Unfold what lies above a position; its row, -1 where it is not among those shown."""
        if not self._keep[position]:
            return -1
        folds = self._folds
        changed = False
        parent = self.parents[position]
        while parent >= 0:
            changed = changed or bool(folds[parent])
            folds[parent] = 0
            parent = self.parents[parent]
        if changed:
            self._collect_all()
        return self.row_of(position)

    def row_of(self, position: int) -> int:
        """The row of a position, or of the nearest visible folder above it; -1 if none."""
        rows = self.rows.positions
        ascending = self.order is Order.NAME and not self.backwards
        while position >= 0:
            if ascending:
                place = bisect_left(rows, position)
                if place < len(rows) and (rows[place] == position or self.rows.heads[place] <= position):
                    return place
            elif position in rows:
                return rows.index(position)
            position = self.parents[position]
        return -1

    def find(self, path: bytes) -> int:
        """The position of a path; -1 where there is none."""
        node = self.tree.find(path)
        return self._outline.positions[node] if node > 0 else -1

    # What is shown.

    def toggle_mark(self, mark: int) -> None:
        """Show or hide the files with a mark."""
        self.shown = self.shown ^ {mark}
        self._rebuild()

    def set_order(self, order: Order, backwards: bool) -> None:
        """Sort by something else."""
        self.order, self.backwards = order, backwards
        self._ranks = None
        self._collect_all()

    def set_filter(self, wanted: Filter | None) -> None:
        """Show only what a filter finds, and the folders above; None shows all again."""
        self.filter = wanted
        self._filter_folded = None
        self.hits = []
        self._rebuild()

    @property
    def count(self) -> int:
        """How many positions are kept, folders and folded ones included."""
        return self._keep.count(1)

    def matches(self, wanted: Filter) -> list[int]:
        """The positions that a filter would find, whatever is filtered or hidden now."""
        return self._matches(wanted, bytearray(self._marks.translate(b"\x00" + b"\x01" * 255)))

    def path(self, position: int) -> bytes:
        """The path of a position, without a leading slash."""
        return self.tree.path(self.nodes[position])

    def next_hit(self, position: int, step: int) -> int:
        """The position of the match after (or before) a position, around the end; -1 if none."""
        if not self.hits:
            return -1
        if step > 0:
            return self.hits[bisect_right(self.hits, position) % len(self.hits)]
        return self.hits[bisect_left(self.hits, position) - 1]

    def _keep_shown(self) -> None:
        table = bytes(1 if mark in self.shown else 0 for mark in range(256))
        self._keep = bytearray(self._marks.translate(table))
        if self.shown != _ALL:
            # A folder counts as modified when anything below is: without it, what matters is below.
            keep_ancestors(self.parents, self._keep)

    def _rebuild(self) -> None:
        self._keep_shown()
        if self.filter is not None:
            self._apply_filter(self.filter)
        self._collect_all()

    def _apply_filter(self, wanted: Filter) -> None:
        allowed = self._keep
        self.hits = self._matches(wanted, allowed)
        self._keep = keep_matches(self.hits, self.ends, self.parents, allowed)
        folds = bytearray(b"\x01" * len(allowed))
        if len(self.hits) <= OPEN_MATCHES:
            for position in self.hits:
                parent = self.parents[position]
                while parent >= 0 and folds[parent]:
                    folds[parent] = 0
                    parent = self.parents[parent]
        self._filter_folded = folds

    def _matches(self, wanted: Filter, allowed: bytearray) -> list[int]:
        if wanted.test is not None:
            test, names = wanted.test, self.tree.names
            found = [place for place, node in enumerate(self.nodes) if allowed[place] and test(names[node])]
        else:
            found = find_names(self._joined(wanted.fold_case), wanted.needle, allowed)
        if wanted.folders:
            found = [position for position in found if self._lies_in(position, wanted)]
        if wanted.marks:
            marks = wanted.marks
            found = [place for place in found if self._marks[place] in marks and self.ends[place] == place + 1]
        if wanted.at_least >= 0 or wanted.at_most >= 0:
            low, high = wanted.at_least, wanted.at_most if wanted.at_most >= 0 else 1 << 62
            sizes, ends = self._sizes, self.ends
            found = [place for place in found if low <= sizes[place] <= high and ends[place] == place + 1]
        return found

    def prepare_search(self) -> None:
        """Do now what the first keystroke of a filter would otherwise wait for."""
        self._joined(True)

    def _joined(self, fold_case: bool) -> bytes:
        """All names in the order of positions, with slashes between, small letters only if asked for."""
        found = self._joined_names.get(fold_case)
        if found is None:
            names = self.tree.names
            found = b"/".join([names[node] for node in self.nodes])
            found = self._joined_names[fold_case] = found.lower() if fold_case else found
        return found

    def _lies_in(self, position: int, wanted: Filter) -> bool:
        """Whether the name begins with the last part of the filter, and the folders above end so."""
        name = self._name(position)
        if not (name.lower() if wanted.fold_case else name).startswith(wanted.needle):
            return False
        for number, folder in enumerate(reversed(wanted.folders)):
            position = self.parents[position]
            outermost = number + 1 == len(wanted.folders)
            if position < 0:
                return outermost and not folder
            name = self._name(position)
            name = name.lower() if wanted.fold_case else name
            if outermost and not folder:
                return False  # a leading slash asks for the top
            if not (name.endswith(folder) if outermost else name == folder):
                return False
        return True

    # Rows.

    def _collect_all(self) -> None:
        self.rows = self._collect(0, len(self.ends), 0)

    def _collect(self, start: int, stop: int, indent: int) -> RowList:
        if self.order is Order.NAME and not self.backwards:
            return rows_by_name(self.ends, self._keep, self._folds, start, stop, indent)
        if self._ranks is None:
            self._ranks = self._rank()
        return rows_sorted(self.ends, self._keep, self._folds, start, stop, indent, self._ranks, self.backwards)

    def _rank(self) -> array[int]:
        if self.order is Order.SIZE:
            return size_ranks(self._sizes)
        if self.order is Order.CHANGES:
            return change_ranks(self._marks, self._sizes)
        return array("q", bytes(8 * len(self.ends)))
