"""Files: the image's tree after a layer, with what the chosen layers changed in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual.binding import BindingType
from textual.message import Message

from layerscope.core.tar import DIRECTORY
from layerscope.core.view import ADDED, MODIFIED, REMOVED
from layerscope.text import decode, printable
from layerscope.tui.cells import cut
from layerscope.tui.columns import TARGET, Columns
from layerscope.tui.entrywords import note, target
from layerscope.tui.filetree import MARKS, FileTree, Order
from layerscope.tui.filewords import counted, nothing_found
from layerscope.tui.filters import Filter, parse_filter
from layerscope.tui.keys import bindings, keys_of
from layerscope.tui.rows import Pieces
from layerscope.tui.working import WorkingRows

if TYPE_CHECKING:
    from layerscope.core.view import View

_GLYPHS: Final = {ADDED: ("+", "added"), MODIFIED: ("~", "modified"), REMOVED: ("-", "removed")}


class FilesPane(WorkingRows):
    """The visible rows of a file tree."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("files")]

    @dataclass
    class Opened(Message):
        """A file was asked for."""

        position: int

    @dataclass
    class LayerAsked(Message):
        """A layer was asked for, as so many of what is looked for are there."""

        layer: int
        count: int

    def __init__(self) -> None:
        super().__init__("files", classes="inner")
        self.model: FileTree | None = None
        self.columns = Columns()
        self._fault = ""
        #: Why the layer that is looked at was not read whole; empty where it was.
        self.layer_fault = ""
        #: What stands there while there are no files.
        self.waiting = "reading"
        #: What is looked for; it may still be at work, or wait for files to be read.
        self.wanted: Filter | None = None
        self._level = 0
        self._left = b""
        self._followed: FileTree | None = None

    # What is there.

    @property
    def item_count(self) -> int:
        """How many rows are visible."""
        return self.model.row_count if self.model else 0

    @property
    def empty_sentence(self) -> str:
        """Why there is nothing."""
        if self.model is None:
            return self.waiting
        if self.model.filter is None and self.model.shown == frozenset(MARKS.values()):
            return printable(self.layer_fault) or "no files"
        return nothing_found(self.model, keys_of(self))

    def show_tree(self, tree: FileTree) -> None:
        """The files are known, or other files are shown in their place; the comparison follows."""
        self._leave()
        if self._followed is not None:
            tree.follow(self._followed)
        self.model = self._followed = tree
        tree.expect(self.wanted)

    def wait(self, sentence: str) -> None:
        """Show nothing but why there is nothing yet."""
        self._leave()
        self.stop_work()
        self.model, self.waiting = None, sentence
        self.refresh_rows()
        self.post_message(self.Changed())

    def _leave(self) -> None:
        """Remember the path under the cursor: what comes next may have it, too."""
        self._left = self.path or self._left

    def show_view(self, view: View) -> None:
        """Another comparison; the cursor stays on its path, or goes to the nearest folder above."""
        if self.model is None:
            return
        model = self.model
        position = self.position if self.item_count else model.find(self._left)

        def settle() -> None:
            if position >= 0:
                model.reveal(position)
            if model.row_of(position) < 0 or model.position_at(model.row_of(position)) != position:
                self._settle_on_hit(position)
            else:
                self._settle(position)

        self.work(model.show(view, self.scrollable_content_region.height), settle)

    def _settle(self, position: int) -> None:
        """The rows changed: find the cursor's position again."""
        scrolls, before = self.show_vertical_scrollbar, self.cursor - self.scroll_offset.y
        self.busy = False
        self.refresh_rows()
        if self.model is not None and position >= 0:
            row = max(0, self.model.row_of(position))
            self.set_reactive(FilesPane.cursor, row)
            if scrolls:  # the row stays where the eye is; else the first rows do, where there is room
                self.scroll_to(y=max(0, row - before), animate=False)
            self.show_cursor()
        self.post_message(self.Moved(self, self.cursor))
        self.post_message(self.Changed())

    @property
    def position(self) -> int:
        """The position under the cursor; -1 where there is none."""
        return self.model.position_at(self.cursor) if self.model and self.item_count else -1

    @property
    def node(self) -> int:
        """The tree's node under the cursor; -1 where there is none."""
        return self.model.outline.nodes[self.position] if self.model and self.item_count else -1

    @property
    def path(self) -> bytes:
        """The path under the cursor, without a leading slash; empty where there is none."""
        return self.model.path(self.position) if self.model and self.item_count else b""

    def version(self, position: int) -> int:
        """The version that a row shows: the one that is there, or the one that was removed; -1 if none."""
        return self.model.view.version(position) if self.model is not None and position >= 0 else -1

    @property
    def fault(self) -> str:
        """What is wrong with the filter that was typed."""
        found = self.model.filter if self.model is not None else None
        return self._fault or (found.fault if found is not None else "")

    @property
    def counted(self) -> str:
        """How many there are, for the border."""
        if self.model is None:
            return ""
        return "searching" if self.busy else counted(self.model)

    # Painting.

    def pieces(self, row: int, width: int) -> Pieces:
        """Change, columns, bar, fold, name, note."""
        tree = self.model
        assert tree is not None
        position = tree.position_at(row)
        glyph, tone = _GLYPHS.get(tree.mark(position), (" ", ""))
        version = self.version(position)
        yield (glyph + " ", tone.replace("removed", "wasted"))
        yield from self.columns.pieces(tree, position, version, width, tone)
        left = width - 2 - self.columns.width(width)
        indent = min(tree.rows.depth(position) * 2, max(0, left // 2))
        fold = ("▾ " if tree.is_open(position) else "▸ ") if tree.has_children(position) else "  "
        yield (" " * indent + fold, "dim")
        yield from self._name_pieces(position, version, left - indent - 2, tone)

    def _name_pieces(self, position: int, version: int, left: int, tone: str) -> Pieces:
        assert self.model is not None
        name = printable(decode(self.model.label(position)))
        if version >= 0 and self.model.tree.kind(version) == DIRECTORY and not self.model.has_children(position):
            name += "/"
        remark = note(self.model.tree, version) if version >= 0 and self.model.mark(position) != REMOVED else ""
        room = left - len(remark) - 3 if remark and left >= len(remark) + 12 else left
        shown = cut(name, room)
        yield (shown, tone + " match" if self.model.is_hit(position) else tone)
        used = cell_len(shown)
        wants_link = version >= 0 and TARGET in self.columns.shown(self.size.width)
        link = target(self.model.tree, version) if wants_link else ""
        if link and room - used > 5:
            arrow = cut(f" → {link}", room - used)
            yield (arrow, "dim")
            used += cell_len(arrow)
        if remark and room < left:
            yield (" " * (room - used + 1), "")
            yield (f"! {remark}", "note")
        elif remark and left - used > 6:
            yield (cut(f" ! {remark}", left - used), "note")

    # Folding.

    def action_fold(self) -> None:
        """Fold or unfold the folder under the cursor."""
        if self.model is None or not self.item_count:
            return
        self.model.toggle(self.position)
        self.refresh_rows()
        self.post_message(self.Changed())

    def action_into(self) -> None:
        """Unfold the folder, or go to its first child."""
        if self.model is None or not self.item_count:
            return
        if not self.model.is_open(self.position):
            self.action_fold()
        elif self.model.rows.has_rows_below(self.position):
            self.cursor += 1

    def action_out(self) -> None:
        """Fold the folder, or go to the one above."""
        if self.model is None or not self.item_count:
            return
        rows = self.model.rows
        if self.model.is_open(self.position) and rows.has_rows_below(self.position):
            self.action_fold()
            return
        parent = rows.parent(self.position)
        if parent >= 0:
            self.cursor = max(0, self.model.row_of(parent))

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold everything."""
        self._level = 0 if folded else self._level
        self._change(lambda tree: tree.fold_all(folded))

    def fold_level(self, step: int) -> None:
        """Show one level of folders more or less."""
        self._level = max(0, self._level + step)
        self._change(lambda tree: tree.fold_level(self._level))

    # What is shown.

    def toggle_mark(self, name: str) -> None:
        """Show or hide added, modified, removed or unchanged files."""
        if self.model is not None:
            position = self.position
            self.work(self.model.toggle_mark(MARKS[name]), lambda: self._settle(position))

    def sort(self) -> None:
        """By name, by size, by changes, by waste."""
        if self.model is not None:
            orders, (order, backwards) = list(Order), self.model.wanted_order
            self._reorder(orders[(orders.index(order) + 1) % len(orders)], backwards)

    def reverse(self) -> None:
        """The other way round."""
        if self.model is not None:
            order, backwards = self.model.wanted_order
            self._reorder(order, not backwards)

    def _reorder(self, order: Order, backwards: bool) -> None:
        if self.model is not None:
            position = self.position
            self.work(self.model.set_order(order, backwards), lambda: self._settle(position))

    def toggle_columns(self) -> None:
        """Show or hide the columns beside the names."""
        self.columns.toggle(self.size.width)
        self.refresh()

    def choose_columns(self, names: frozenset[str]) -> None:
        """Show these columns."""
        self.columns.choose(names)
        self.refresh()

    def search(self, text: str) -> None:
        """Show only what a text asks for; all when it is empty; of a text with a fault what was understood."""
        wanted = parse_filter(text) if text.strip() else None
        self._fault = wanted.fault if wanted else ""
        if wanted is not None and self._fault:
            # What was understood so far still holds.
            wanted = wanted._replace(fault="") if wanted.asks else None
        before, self.wanted = self.wanted, wanted
        if self.model is None or (wanted is None and before is None):
            self.post_message(self.Changed())  # nothing is there yet, or all is shown already
            return
        position = self.position

        self.work(self.model.set_filter(wanted), lambda: self._settle_on_hit(position))

    def _settle_on_hit(self, position: int) -> None:
        """Other rows are filtered: what lies above the first hit unfolds before anything is measured."""
        if self.model is not None:
            hit = self.model.first_hit()
            row = self.model.reveal(hit) if hit >= 0 else -1
            self._settle(position)
            self._put_cursor(row)

    def next_match(self, step: int) -> None:
        """To the next or previous match of the filter."""
        if self.model is not None:
            self._go(self.model.next_hit(self.position, step))

    def go_to(self, path: bytes) -> bool:
        """Put the cursor on a path, unfolding what lies above; False where it is not shown."""
        return self.model is not None and self._go(self.model.find(path))

    def _go(self, position: int) -> bool:
        if self.model is None or position < 0:
            return False
        row = self.model.reveal(position)
        self.refresh_rows()
        return self._put_cursor(row)

    def _put_cursor(self, row: int) -> bool:
        """Put the cursor on a row with a few rows around it; False where there is none."""
        if row >= 0:
            self.cursor = row
            self.show_around()
        return row >= 0

    def _change(self, change: Callable[[FileTree], None]) -> None:
        if self.model is None:
            return
        position = self.position
        change(self.model)
        self._settle(position)

    # Opening.

    def action_select(self) -> None:
        """A folder folds, a file opens; where a filter finds nothing here, to the layer where it does."""
        if self.model is None or not self.item_count:
            if self.model is not None and self.model.elsewhere:
                self.post_message(self.LayerAsked(*next(iter(self.model.elsewhere.items()))))
            return
        if self.model.has_children(self.position):
            self.action_fold()
        else:
            self.post_message(self.Opened(self.position))

    def clicked(self, row: int, column: int) -> bool:
        """A click on the triangle folds."""
        if self.model is None:
            return False
        width = self.scrollable_content_region.width
        left = width - 2 - self.columns.width(width)
        start = width - left + min(2 * self.model.rows.depth(self.position), max(0, left // 2))
        if start <= column < start + 2 and self.model.has_children(self.position):
            self.action_fold()
            return True
        return False
