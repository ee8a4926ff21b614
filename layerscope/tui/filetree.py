"""The state of Files without a screen: folds, filter, order, what is shown; tells which rows are visible."""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from layerscope.core.order import BY_CHANGES, BY_NAME, BY_SIZE, BY_WASTE, SortedRows
from layerscope.core.rows import RowMap, both, keep_hits, without
from layerscope.core.view import ADDED, MODIFIED, REMOVED, UNCHANGED, View
from layerscope.tui.filters import Filter
from layerscope.tui.folds import Folds
from layerscope.tui.lookups import Lookups
from layerscope.tui.searches import Found, SearchError, add_up, find, find_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layerscope.core.outline import Outline
    from layerscope.core.tree import ImageTree

#: The marks that can be shown or hidden, by the names that keys use.
MARKS: Final = {"added": ADDED, "modified": MODIFIED, "removed": REMOVED, "unchanged": UNCHANGED}

_T = TypeVar("_T")

_ALL: Final = frozenset(MARKS.values())


class Order(Enum):
    """How the files of a folder are sorted."""

    NAME = "name"
    SIZE = "size"
    CHANGES = "changes"
    WASTE = "waste"


_ORDERS: Final = {Order.NAME: BY_NAME, Order.SIZE: BY_SIZE, Order.CHANGES: BY_CHANGES, Order.WASTE: BY_WASTE}


class FileTree:
    """Positions of an outline, of which some are visible rows; one byte per path for each property.

    ``hits`` masks the matches of the filter, ``hit_count`` counts them, ``hit_bytes`` are the stored
    bytes of those that are files; where none of them may be shown, ``hidden`` counts them by the marks
    that are not. Where there are none, ``elsewhere`` counts those of each other layer that has any, by
    what it changed. ``alone`` tells that the tree
    is a layer on deleted paths of which only the names are known. After a change the rows are right again;
    work that may take long is a generator that yields every few milliseconds, and changes nothing before
    its end.
    """

    def __init__(self, tree: ImageTree, outline: Outline, *, alone: bool = False) -> None:
        self.tree = tree
        self.outline = outline
        self.alone = alone
        self.rows = RowMap(outline)
        self.lookups = Lookups(outline)
        self.view: View = View(outline, -1, -1)
        self.order = Order.NAME
        self.backwards = False
        #: What it will be sorted by once the work for that is done.
        self.wanted_order = Order.NAME, False
        self.shown = _ALL
        self.filter: Filter | None = None
        self.hits = bytearray()
        self.hit_count = self.hit_bytes = 0
        self.hidden: dict[str, int] = {}
        self.elsewhere: dict[int, int] = {}
        self.total = 0
        self._sorted: SortedRows | None = None
        self.folds = Folds(outline)
        self._found = Found()
        self._wanted: tuple[Filter | None, View] = None, self.view
        self._shown_for: tuple[Filter | None, View] = self._wanted

    def follow(self, other: FileTree) -> None:
        """Show what another tree showed: the same marks, order, and folders that the user folded or unfolded."""
        self.shown, self.wanted_order = other.shown, other.wanted_order
        same = other.tree is self.tree
        places = self.outline.positions

        def place(position: int) -> int:
            if not same:
                return self.find(other.path(position))
            node = other.outline.nodes[position]
            return places[node] if node < len(places) else -1

        self.folds.follow(other.folds, place)

    def show(self, view: View, height: int = 0) -> Generator[None]:
        """Another comparison, which need not be complete yet.

        Folders that changed most are unfolded as long as all rows fit in ``height``.
        """
        return self._turn(self._wanted[0], view, height)

    def expect(self, wanted: Filter | None) -> None:
        """What the next comparison shows is filtered by this."""
        self._wanted = wanted, self._wanted[1]

    def set_filter(self, wanted: Filter | None) -> Generator[None]:
        """Show only what a filter finds, and the folders above; None shows all again."""
        return self._turn(wanted, self._wanted[1])

    def _turn(self, wanted: Filter | None, view: View, height: int = 0) -> Generator[None]:
        """Work that newer work may take the place of: that has to know what this was about."""
        self._wanted = asked = wanted, view
        while view.step():
            yield
        wanted, view, found = yield from self._find(wanted, view)
        allowed = self._shown(view)
        yield
        hits = bytearray() if found is None else both(found, allowed)
        hidden = {} if found is None or hits.find(1) >= 0 else self._hidden(found, view)
        elsewhere = {} if found is None or found.find(1) >= 0 else (yield from self._find_elsewhere(wanted))
        bytes_ = yield from add_up(view, hits)
        keep = allowed if found is None else keep_hits(self.outline, hits, allowed)
        yield
        rows = RowMap(self.outline)
        rows.show(keep)
        yield
        ordered = yield from self._arranged(rows, view)
        self.filter, self.view, self.rows = wanted, view, rows
        self.hits, self.hit_count, self.hit_bytes = hits, hits.count(1), bytes_
        self.hidden, self.elsewhere = hidden, elsewhere
        self.total = view.total()
        self.folds.drop_filter()
        if height:
            self.folds.open_changes(view, rows, height)
        if found is not None:
            self.folds.open_hits(hits, self.hit_count)
        self._shown_for = asked
        self._put_in_order(ordered)
        self._fold()

    def _find(
        self, wanted: Filter | None, view: View
    ) -> Generator[None, None, tuple[Filter | None, View, bytearray | None]]:
        """What a filter finds, and the view that shows it; the filter with a fault where it finds nothing for that."""
        if wanted is None:
            return None, view, None
        try:
            if self.alone and (wanted.layers or wanted.everywhere):
                raise SearchError("this layer is alone until those below it are read")
            return wanted, *(yield from find(self.lookups, wanted, view, self._found))
        except SearchError as error:
            return wanted._replace(fault=str(error)), view, bytearray(len(self.outline))

    def _find_elsewhere(self, wanted: Filter | None) -> Generator[None, None, dict[int, int]]:
        """How many matches of a filter that has none here the changes of each layer have, where they have any."""
        if wanted is None or wanted.fault or wanted.layers or wanted.everywhere or self.alone:
            return {}
        search = yield from find_versions(self.lookups, wanted, self._found)
        return {layer: count for layer, count in enumerate(search.counts) if count}

    def _hidden(self, found: bytearray, view: View) -> dict[str, int]:
        """How many matches have each of the marks that are not shown."""
        counts = {
            name: both(found, view.marks.translate(bytes(each == mark for each in range(256)))).count(1)
            for name, mark in MARKS.items()
            if mark not in self.shown
        }
        return {name: count for name, count in counts.items() if count}

    def _shown(self, view: View) -> bytearray:
        """What the marks that are shown allow, and the folders above."""
        marks = view.marks
        wanted = bytearray(marks.translate(bytes(mark in self.shown for mark in range(256))))
        if self.shown == _ALL:
            return wanted
        # A folder that did not change itself is there for the sake of what lies in it.
        same = both(marks.translate(bytes(mark == UNCHANGED for mark in range(256))), self.outline.folder_mask)
        wanted = without(wanted, same)
        return keep_hits(self.outline, wanted, wanted)

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
        return not self.folds.mask[position]

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

    def toggle(self, position: int) -> None:
        """Fold or unfold the folder whose row this is."""
        if not self.outline.folder_mask[position]:
            return
        self.folds.toggle(position)
        self.rows.refold(position, self.folds.mask)
        self._forget_rows()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every folder."""
        self.folds.fold_all(folded)
        self._fold()

    def fold_level(self, level: int) -> None:
        """Unfold ``level`` levels of folders (up to 255) and fold all below."""
        self.folds.fold_level(level)
        self._fold()

    def _fold(self) -> None:
        self.rows.fold(self.folds.mask)
        self._forget_rows()

    def _forget_rows(self) -> None:
        if self._sorted is not None:
            self._sorted.forget_rows()

    def reveal(self, position: int) -> int:
        """Unfold what lies above a position; its row, -1 where it is not among those shown."""
        if not self.rows.keep[position]:
            return -1
        if self.folds.unfold_above(position):
            self.rows.fold(self.folds.mask)
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
        return self.outline.positions[node] if 0 < node < len(self.outline.positions) else -1

    # What is shown.

    def hide(self, names: Iterable[str]) -> None:
        """Do not show the files with these marks, before anything is shown."""
        self.shown = self.shown - {MARKS[name] for name in names}

    def toggle_mark(self, mark: int) -> Generator[None]:
        """Show or hide the files with a mark."""
        self.shown = self.shown ^ {mark}
        return self.set_filter(self._wanted[0])

    def set_order(self, order: Order, backwards: bool) -> Generator[None]:
        """Sort by something else."""
        self.wanted_order = order, backwards
        return self._reorder() if self._shown_for is self._wanted else self._turn(*self._wanted)

    def _reorder(self) -> Generator[None]:
        self._put_in_order((yield from self._arranged(self.rows, self.view)))

    def _arranged(self, rows: RowMap, view: View) -> Generator[None, None, SortedRows | None]:
        """Rows in the wanted order, with what would take long when it is looked at done; None where names sort them."""
        order, backwards = self.wanted_order
        if order is Order.NAME and not backwards:
            return None
        found = SortedRows(rows, view, self.lookups.waste, _ORDERS[order], backwards)
        while found.step():
            yield
        return found

    def _put_in_order(self, found: SortedRows | None) -> None:
        self._sorted = found
        self.order, self.backwards = self.wanted_order

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


def finish(work: Generator[None, None, _T]) -> _T:
    """Do work to its end in one go."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: _T = done.value
            return result
