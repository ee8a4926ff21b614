"""The state of Files without a screen: folds, filter, order, what is shown; tells which rows are visible."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from enum import Enum
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, TypeVar

from layerscope.core.order import BY_CHANGES, BY_NAME, BY_SIZE, BY_WASTE, SortedRows
from layerscope.core.rows import RowMap, both, keep_hits, without
from layerscope.core.search import NameJoin, RareMarks
from layerscope.core.view import ADDED, MODIFIED, REMOVED, UNCHANGED, View
from layerscope.core.wastemap import WasteMap
from layerscope.tui.filters import Filter
from layerscope.tui.searches import Found, SearchError, find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layerscope.core.outline import Outline
    from layerscope.core.tree import ImageTree

#: The marks that can be shown or hidden, by the names that keys use.
MARKS: Final = {"added": ADDED, "modified": MODIFIED, "removed": REMOVED, "unchanged": UNCHANGED}

#: With more matches than this, a filter leaves folders folded: nobody reads that many rows.
OPEN_MATCHES: Final = 5_000

_T = TypeVar("_T")

_ALL: Final = frozenset(MARKS.values())
#: What the user did to a folder: nothing, folded it, unfolded it.
_FOLDED, _UNFOLDED = 1, 2


class Order(Enum):
    """How the files of a folder are sorted."""

    NAME = "name"
    SIZE = "size"
    CHANGES = "changes"
    WASTE = "waste"


_ORDERS: Final = {Order.NAME: BY_NAME, Order.SIZE: BY_SIZE, Order.CHANGES: BY_CHANGES, Order.WASTE: BY_WASTE}


class FileTree:
    """Positions of an outline, of which some are visible rows; one byte per path for each property.

    ``hits`` masks the matches of the filter, ``hit_count`` counts them; ``elsewhere`` is how many
    paths of other layers a name finds of which these have none, and the first of them, or -1. After a
    change the rows are right again; work that may take long is a generator that yields every few
    milliseconds, and changes nothing before its end.
    """

    def __init__(self, tree: ImageTree, outline: Outline) -> None:
        self.tree = tree
        self.outline = outline
        self.rows = RowMap(outline)
        self.waste = WasteMap(outline)
        self.view: View = View(outline, -1, -1)
        self.order = Order.NAME
        self.backwards = False
        self.shown = _ALL
        self.filter: Filter | None = None
        self.hits = bytearray()
        self.hit_count = 0
        self.elsewhere = 0, -1
        self.total = 0
        self._sorted: SortedRows | None = None
        self._folded = bytearray(outline.folder_mask)
        self._filter_folded: bytearray | None = None
        self._choices = bytearray(len(outline))
        self._names: dict[bool, bytes] = {}
        self._found = Found()
        self._rare: bytearray | None = None
        self._wanted: tuple[Filter | None, View] = None, self.view

    def prepare(self) -> Generator[None]:
        """What the first filter and the first order by waste would otherwise wait for."""
        while self.waste.step():
            yield
        yield from self.names(True)
        yield from self.rare()

    def show(self, view: View, height: int = 0) -> Generator[None]:
        """Another comparison.

        Folders that changed most are unfolded as long as all rows fit in ``height``.
        """
        return self._turn(self._wanted[0], view, height)

    def set_filter(self, wanted: Filter | None) -> Generator[None]:
        """Show only what a filter finds, and the folders above; None shows all again."""
        return self._turn(wanted, self._wanted[1])

    def _turn(self, wanted: Filter | None, view: View, height: int = 0) -> Generator[None]:
        """Work that newer work may take the place of: that has to know what this was about."""
        self._wanted = wanted, view
        wanted, found = yield from self._find(wanted, view)
        self.filter, self.view = wanted, view
        self.total = self._total()
        self._apply(found, height)
        self.elsewhere = 0, -1
        if wanted is not None and wanted.is_name and not wanted.fault and not self.hit_count:
            there = without(bytearray(self._found.hits), view.marks.translate(b"\x00" + b"\x01" * 255))
            self.elsewhere = there.count(1), there.find(1)

    def _find(self, wanted: Filter | None, view: View) -> Generator[None, None, tuple[Filter | None, bytearray | None]]:
        """What a filter finds; the filter with a fault where it finds nothing for that."""
        if wanted is None:
            return None, None
        try:
            return wanted, (yield from find(self, wanted, view, self._found))
        except SearchError as error:
            return replace(wanted, fault=str(error)), bytearray(len(self.outline))

    def _apply(self, found: bytearray | None, height: int = 0) -> None:
        """Show what may be shown, and of that only what was found."""
        allowed = self._shown()
        self._filter_folded = None
        if found is None:
            self.hits, self.hit_count = bytearray(), 0
            self.rows.show(allowed)
        else:
            self.hits = both(found, allowed)
            self.hit_count = self.hits.count(1)
            self.rows.show(keep_hits(self.outline, self.hits, allowed))
        if height:
            self._open_changes(height)
        if found is not None:
            self._filter_folded = self._open_hits()
        self._fold()

    def _shown(self) -> bytearray:
        """What the marks that are shown allow, and the folders above."""
        marks = self.view.marks
        wanted = bytearray(marks.translate(bytes(mark in self.shown for mark in range(256))))
        if self.shown == _ALL:
            return wanted
        # A folder that did not change itself is there for the sake of what lies in it.
        same = both(marks.translate(bytes(mark == UNCHANGED for mark in range(256))), self.outline.folder_mask)
        wanted = without(wanted, same)
        return keep_hits(self.outline, wanted, wanted)

    def _total(self) -> int:
        """Bytes of all that is compared."""
        total = position = 0
        while position < len(self.outline):
            total += self.view.size(position) if self.view.marks[position] else 0
            position = self.outline.ends[position]
        return total

    # What a row shows.

    @property
    def row_count(self) -> int:
        """How many rows are visible."""
        return len(self.rows)

    def position_at(self, row: int) -> int:
        """The position that a row shows: the innermost of the folders that share it."""
        return self._sorted.position_at(row) if self._sorted else self.rows.position_at(row)

    def mark(self, position: int) -> int:
        """The change, as core/view.py has it."""
        return self.view.mark(position)

    def size(self, position: int) -> int:
        """Bytes of a file, or of all files of a folder."""
        return self.view.size(position)

    def is_open(self, position: int) -> bool:
        """Whether what lies in the folder is visible."""
        return not self._folds[position]

    def has_children(self, position: int) -> bool:
        """Whether a visible folder has anything in it that may be shown."""
        return self.rows.keep.find(1, position + 1, self.outline.ends[position]) >= 0

    def is_hit(self, position: int) -> bool:
        """Whether the filter found what a row shows: a position, or a folder that shares its row."""
        return self.hits.find(1, self.rows.outermost(position), position + 1) >= 0

    def label(self, position: int) -> bytes:
        """The name, after those of the folders that share its row."""
        head = self.rows.outermost(position)
        parts = [self._name(position)]
        while position != head:
            position = self.outline.parent(position)
            parts.append(self._name(position))
        return b"/".join(reversed(parts))

    def _name(self, position: int) -> bytes:
        return self.tree.names[self.outline.nodes[position]]

    # Folding.

    @property
    def _folds(self) -> bytearray:
        return self._folded if self._filter_folded is None else self._filter_folded

    def toggle(self, position: int) -> None:
        """Fold or unfold the folder whose row this is."""
        folds = self._folds
        if not self.outline.folder_mask[position]:
            return
        folds[position] ^= 1
        if self._filter_folded is None:
            self._choices[position] = _FOLDED if folds[position] else _UNFOLDED
        self.rows.refold(position, folds)
        self._forget_rows()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every folder."""
        self._fold_to(bytearray(self.outline.folder_mask) if folded else bytearray(len(self.outline)))

    def fold_level(self, level: int) -> None:
        """Unfold ``level`` levels of folders (up to 255) and fold all below."""
        deep = self.outline.depths.translate(bytes(depth >= level for depth in range(256)))
        self._fold_to(both(deep, self.outline.folder_mask))

    def _fold_to(self, folds: bytearray) -> None:
        if self._filter_folded is None:
            self._folded = folds
            self._choices = folds.translate(bytes([_UNFOLDED, _FOLDED]) + bytes(254))
        else:
            self._filter_folded = folds
        self._fold()

    def _fold(self) -> None:
        self.rows.fold(self._folds)
        self._sort()

    def _forget_rows(self) -> None:
        if self._sorted is not None:
            self._sorted.forget_rows()

    def _open_changes(self, height: int) -> None:
        """Unfold the folders with the largest changes first, while there is room for their rows."""
        chosen = self._choices.translate(bytes(choice == _UNFOLDED for choice in range(256)))
        self._folded = without(self.outline.folder_mask, chosen)
        waiting: list[tuple[int, int]] = []
        room = height - self._children(0, len(self.outline), height, waiting)
        while waiting and room > 0:
            _size, head = heappop(waiting)
            position = self.rows.innermost(head)
            if self._choices[position] == _FOLDED:
                continue
            below: list[tuple[int, int]] = []
            count = self._children(position + 1, self.outline.ends[position], room, below)
            if count <= room:
                self._folded[position] = 0
                room -= count
                for folder in below:
                    heappush(waiting, folder)

    def _children(self, start: int, stop: int, limit: int, folders: list[tuple[int, int]]) -> int:
        """How many rows siblings take, counted to just over the limit; changed folders go on the heap."""
        count = 0
        start = self.rows.keep.find(1, start, stop)
        while start >= 0 and count <= limit:
            end = self.outline.ends[start]
            count += 1
            if self.outline.folder_mask[start] and self.view.mark(start) != UNCHANGED:
                heappush(folders, (-self.view.size(start), start))
            start = self.rows.keep.find(1, end, stop)
        return count

    def _open_hits(self) -> bytearray:
        """The folds of a filter: what lies above its matches is open."""
        folds = bytearray(self.outline.folder_mask)
        if self.hit_count > OPEN_MATCHES:
            return folds
        hit = self.hits.find(1)
        while hit >= 0:
            parent = self.outline.parent(hit)
            while parent >= 0 and folds[parent]:
                folds[parent] = 0
                parent = self.outline.parent(parent)
            hit = self.hits.find(1, hit + 1)
        return folds

    def reveal(self, position: int) -> int:
        """Unfold what lies above a position; its row, -1 where it is not among those shown."""
        if not self.rows.keep[position]:
            return -1
        folds = self._folds
        changed = False
        parent = self.outline.parent(position)
        while parent >= 0:
            changed = changed or bool(folds[parent])
            folds[parent] = 0
            parent = self.outline.parent(parent)
        if changed:
            self.rows.fold(folds)
            self._forget_rows()
        return self.row_of(position)

    def row_of(self, position: int) -> int:
        """The row of a position, or of the nearest visible folder above it; -1 if none."""
        while position >= 0:
            if self.rows.keep[position]:
                row = self.rows.innermost(position)
                if self.rows.is_visible(row):
                    return self._sorted.row_of(row) if self._sorted else self.rows.rows_before(row)
            position = self.outline.parent(position)
        return -1

    def find(self, path: bytes) -> int:
        """The position of a path; -1 where there is none."""
        node = self.tree.find(path)
        return self.outline.positions[node] if node > 0 else -1

    # What is shown.

    def hide(self, names: Iterable[str]) -> None:
        """Do not show the files with these marks, before anything is shown."""
        self.shown = self.shown - {MARKS[name] for name in names}

    def toggle_mark(self, mark: int) -> Generator[None]:
        """Show or hide the files with a mark."""
        self.shown = self.shown ^ {mark}
        return self.set_filter(self._wanted[0])

    def set_order(self, order: Order, backwards: bool) -> None:
        """Sort by something else."""
        self.order, self.backwards = order, backwards
        self._sort()

    def _sort(self) -> None:
        self._sorted = None
        if self.order is not Order.NAME or self.backwards:
            self._sorted = SortedRows(self.rows, self.view, self.waste, _ORDERS[self.order], self.backwards)

    def path(self, position: int) -> bytes:
        """The path of a position, without a leading slash."""
        return self.tree.path(self.outline.nodes[position])

    def first_hit(self) -> int:
        """The position of the match whose row comes first; -1 if none."""
        if not self.hit_count:
            return -1
        for row in range(self.row_count):
            position = self.position_at(row)
            if self.is_hit(position):
                return position
            if not self.is_open(position):
                break  # with very many matches folders are folded over them
        return self.next_hit(-1, 1)

    def next_hit(self, position: int, step: int) -> int:
        """The position of the match after (or before) a position, around the end; -1 if none."""
        if not self.hit_count:
            return -1
        # Folders that share a row are one place to go to.
        start = self.rows.outermost(position) if position >= 0 else 0
        found = self.hits.find(1, position + 1) if step > 0 else self.hits.rfind(1, 0, start)
        if found < 0:
            found = self.hits.find(1) if step > 0 else self.hits.rfind(1)
        return found

    def names(self, fold_case: bool) -> Generator[None, None, bytes]:
        """All names as core/search.py wants them, small letters only if asked for; made once."""
        if fold_case not in self._names:
            join = NameJoin(self.outline, fold_case)
            while join.step():
                yield
            self._names[fold_case] = join.joined
        return self._names[fold_case]

    @property
    def names_kept(self) -> list[bytes]:
        """The texts that names are looked for in."""
        return list(self._names.values())

    def rare(self) -> Generator[None, None, bytearray]:
        """Where the kinds and modes lie that are rare; made once."""
        if self._rare is None:
            marks = RareMarks(self.outline)
            while marks.step():
                yield
            self._rare = marks.mask
        return self._rare


def finish(work: Generator[None, None, _T]) -> _T:
    """Do work to its end in one go."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: _T = done.value
            return result
