"""Waste: what is shipped and unreachable, largest first or in groups, with its cause and its cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from layerscope.analysis.model import DUPLICATE, HIDDEN, OVERWRITTEN, REMOVED, REPLACED, REWRITTEN, WasteItem
from layerscope.analysis.remedies import find_remedy
from layerscope.text import one_line, printable, size
from layerscope.tui.cells import bar, cut, cut_middle, fit
from layerscope.tui.chrome import percent, tabs
from layerscope.tui.keys import bindings
from layerscope.tui.rows import Pieces, Rows, marked
from layerscope.tui.wastegroups import Group, Grouping, WasteRows

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis, LayerFigures

_GLYPHS: Final = {OVERWRITTEN: "~", REWRITTEN: "=", REMOVED: "-", HIDDEN: "-", REPLACED: "~", DUPLICATE: "+"}
#: The reasons as README tells them.
_REASONS: Final = {
    OVERWRITTEN: "a later layer stores the path again with other bytes",
    REWRITTEN: "a later layer stores the same bytes again: only owner, mode, time or attributes changed",
    REMOVED: "a later layer deleted it",
    HIDDEN: "a later layer made the directory opaque",
    REPLACED: "the path became something else: a directory a file, a file a link",
    DUPLICATE: "the same path twice in one layer",
}
#: From this width on the reason is written out and the number of files is shown.
_WIDE: Final = 78
#: From this width on the command that made the waste stands beside its path.
_HUGE: Final = 100
#: Cells of the bar that stands for all waste, beside the headings.
_BAR: Final = 8
#: With less height than this there is no line to choose the grouping in.
_TALL: Final = 14


def _layers(item: WasteItem) -> str:
    """Where the bytes lie, and by whom they became waste: ``5 → 8``."""
    stored = " ".join(str(layer + 1) for layer in item.stored_in[:3])
    more = "…" if len(item.stored_in) > 3 else ""
    return f"{stored}{more} → {item.wasted_by + 1}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


class WastePane(Rows):
    """The items, one row each, and the headings of their groups."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("waste")]

    def __init__(self) -> None:
        super().__init__("waste-rows")
        self.model = WasteRows()
        self.figures: list[LayerFigures] = []
        self.known = False
        #: What stands there while nothing is known.
        self.waiting = "causes of waste are told when all layers are read"
        self.fault = ""

    @property
    def item_count(self) -> int:
        """How many rows there are, headings included."""
        return len(self.model.rows)

    @property
    def empty_sentence(self) -> str:
        """Not yet, or the best there can be."""
        if self.fault:
            return printable(self.fault)
        if self.needle:
            return f"no waste matches '{printable(self.needle)}' - esc clears"
        return "nothing is wasted: every byte can be read" if self.known else self.waiting

    @property
    def needle(self) -> str:
        """What was looked for; empty where all is shown."""
        return self.model.needle

    def search(self, text: str) -> None:
        """Show only the items that a text asks for; the cursor keeps its item, or goes to the top."""
        number = self.model.rows[self.cursor] if self.item is not None else -1
        self.model.search(text)
        self.refresh_rows()
        self.cursor = self.model.row_of(number)
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def next_match(self, step: int) -> None:
        """To the next item, past headings, around the end: all that are shown match."""
        if self.needle and len(self.model.numbers):
            row = (self.cursor + step) % self.item_count
            while self.model.item_at(row) is None:
                row = (row + step) % self.item_count
            self.cursor = row

    @property
    def counted(self) -> str:
        """How many items are shown, for the line that a text is typed into."""
        if not self.needle:
            return ""
        found = sum(self.model.items[number].bytes for number in self.model.numbers)
        return f"{len(self.model.numbers):,} of {len(self.model.items):,} · {size(found)}"

    @property
    def item(self) -> WasteItem | None:
        """The item under the cursor."""
        return self.model.item_at(self.cursor)

    @property
    def group(self) -> Group | None:
        """The group whose heading is under the cursor."""
        place = self.model.group_at(self.cursor) if self.item_count else -1
        return self.model.groups[place] if place >= 0 else None

    def pieces(self, row: int, width: int) -> Pieces:
        """Bytes, layers, reason, path."""
        place = self.model.group_at(row)
        if place >= 0:
            yield from self._heading(place, width)
            return
        item = self.model.items[self.model.rows[row]]
        wide = width >= _WIDE
        yield (f"{size(item.bytes):>9}  ", "")
        if wide:
            yield (f"{item.files:>6,}  ", "dim")
        yield (fit(_layers(item), 9 if wide else 8) + " ", "bar")
        yield (_GLYPHS[item.reason] + " ", "removed" if item.reason == REMOVED else "modified")
        left = width - 22
        if wide:
            yield (f"{item.reason:<12}", "dim")
            left = width - 43
        path = "/" + printable(item.path)
        if width >= _HUGE:
            room = left * 3 // 5
            yield from marked(fit(cut_middle(path, room - 2), room), printable(self.model.marked), "")
            yield (cut(self._command(item.wasted_by), left - room), "dim")
        else:
            yield from marked(cut_middle(path, left), printable(self.model.marked), "")

    def _heading(self, place: int, width: int) -> Pieces:
        """Triangle, bytes, a bar of all waste, the name, how many items."""
        group = self.model.groups[place]
        yield (f"{size(group.bytes):>9} ", "title")
        yield ("▸ " if self.model.is_folded(place) else "▾ ", "dim")
        used, left = 12, width - 12
        if left > 40:
            _full, part = bar(0, group.bytes, self.model.total, _BAR)
            yield (part.ljust(_BAR + 1), "wasted")
            used, left = used + _BAR + 1, left - _BAR - 1
        count = f" {_counted(len(group.items), 'item')}"
        name = group.name
        if isinstance(group.key, int):
            name += f"  {self._command(group.key)}"
        elif group.key in _REASONS and left > 40:
            name += f"  {_REASONS[group.key]}"
        yield (fit(name, left - len(count)), "title")
        yield (count, "dim")

    def _command(self, layer: int) -> str:
        return one_line(self.figures[layer].command) if layer < len(self.figures) else ""

    def action_fold(self) -> None:
        """Fold or unfold the group that the cursor is in."""
        row = self.model.heading_of(self.cursor)
        if row >= 0:
            self.model.toggle(self.model.group_at(row))
            self.set_reactive(WastePane.cursor, row)
            self.refresh_rows()
            self.show_cursor()
            self.post_message(self.Moved(self, row))

    def action_into(self) -> None:
        """Unfold the group, or go to its first item."""
        place = self.model.group_at(self.cursor) if self.item_count else -1
        if place >= 0 and self.model.is_folded(place):
            self.action_fold()
        elif place >= 0:
            self.cursor += 1

    def action_out(self) -> None:
        """Fold the group, or go to its heading."""
        row = self.model.heading_of(self.cursor)
        if row >= 0 and row != self.cursor:
            self.cursor = row
        elif row >= 0 and not self.model.is_folded(self.model.group_at(row)):
            self.action_fold()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold all groups."""
        row = self.model.heading_of(self.cursor)
        place = self.model.group_at(row) if row >= 0 else -1
        self.model.fold_all(folded)
        self.refresh_rows()
        if place >= 0:
            self.cursor = self.model.rows.index(-1 - place)

    def group_by(self, grouping: Grouping, *, backwards: bool) -> None:
        """Other groups, with the cursor at the top; or another order, with the cursor where it was."""
        number = self.model.rows[self.cursor] if self.item_count else -1
        other = grouping is not self.model.grouping
        self.model.group_by(grouping, backwards=backwards)
        self.refresh_rows()
        self.cursor = 0 if other else self.model.row_of(number)
        self.post_message(self.Moved(self, self.cursor))

    def action_select(self) -> None:
        """A group folds, an item is opened."""
        if self.group is not None:
            self.action_fold()
        else:
            super().action_select()

    def clicked(self, row: int, column: int) -> bool:
        """A click on the triangle folds."""
        if self.model.group_at(row) < 0 or not 10 <= column < 12:
            return False
        self.action_fold()
        return True


class _Head(Widget):
    """How the items are grouped, to be clicked, and the names of the columns."""

    DEFAULT_CSS = """
    _Head { height: 2; color: $foreground 60%; &:ansi { color: $foreground; } }
    """

    def __init__(self, rows: WastePane) -> None:
        super().__init__()
        self._rows = rows

    def render(self) -> Content:
        """The same widths as the rows below."""
        wide = self.size.width - 1 >= _WIDE
        text = "   wasted   files  layers      why         path" if wide else "   wasted  layers     path"
        columns = Content(cut(text, self.size.width))
        if self.size.height < 2:
            return columns
        grouping = self._rows.model.grouping
        words = [(each.value, f"screen.group('{each.name}')", each is grouping) for each in Grouping]
        return Content("\n").join([Content("by ") + tabs(words), columns])


class _Remedy(Widget):
    """Cause and cure of what is under the cursor."""

    DEFAULT_CSS = """
    _Remedy { height: auto; max-height: 60%; border-top: solid $foreground 30%; }
    """

    def __init__(self) -> None:
        super().__init__(id="remedy")
        self._content = Content("")

    def say(self, content: Content) -> None:
        """Show this text, wrapped."""
        self._content = content
        self.refresh(layout=True)

    def render(self) -> Content:
        """The text."""
        return self._content


class WasteView(Vertical):
    """The list and, below it, why and what to do."""

    DEFAULT_CSS = """
    WasteView WastePane { height: 1fr; min-height: 3; }
    """

    def __init__(self) -> None:
        super().__init__(id="waste", classes="inner")
        self.rows = WastePane()
        self._head = _Head(self.rows)
        self._remedy = _Remedy()
        self._analysis: Analysis | None = None

    def compose(self) -> ComposeResult:
        """Head, list, remedy."""
        yield self._head
        yield self.rows
        yield self._remedy

    def on_resize(self) -> None:
        """Where there is little height, the list has it."""
        self._head.styles.height = 2 if self.size.height >= _TALL else 1
        self._explain()

    def wait(self, sentence: str) -> None:
        """The waste is not known yet, and why."""
        self.rows.waiting = sentence
        self.rows.refresh()

    def show_waste(self, analysis: Analysis, rows: WasteRows, fault: str) -> None:
        """The waste is known, or why it is not."""
        self._analysis = analysis
        self.rows.figures = analysis.layers
        self.rows.model = rows
        self.rows.known = True
        self.rows.fault = fault
        self.rows.refresh_rows()
        self._explain()

    @property
    def total(self) -> str:
        """All items in a few words, for the border."""
        model = self.rows.model
        if not model.items:
            return ""
        order = "" if model.grouping is Grouping.BYTES else f"by {model.grouping.value} · "
        back = "backwards · " if model.backwards else ""
        return f"{order}{back}{size(model.total)} in {_counted(len(model.items), 'item')}"

    def group(self, grouping: Grouping | None = None) -> None:
        """By bytes, by the layer that made the waste, by directory, by reason; the next of them unless told."""
        model = self.rows.model
        names = list(Grouping)
        wanted = grouping or names[(names.index(model.grouping) + 1) % len(names)]
        self.rows.group_by(wanted, backwards=model.backwards)
        self._head.refresh()

    def reverse(self) -> None:
        """The smallest first, or the largest."""
        model = self.rows.model
        self.rows.group_by(model.grouping, backwards=not model.backwards)

    @property
    def item(self) -> WasteItem | None:
        """The item under the cursor."""
        return self.rows.item

    def on_rows_moved(self) -> None:
        """Another item: another cause."""
        self._explain()

    def _explain(self) -> None:
        known = self._analysis is not None and bool(self.rows.item_count)
        self._remedy.display = known
        if self._analysis is None or not known:
            return
        if self.item is not None:
            self._remedy.say(_item_words(self.item, self._analysis, self.size.height))
        elif self.rows.group is not None:
            self._remedy.say(_group_words(self.rows.group, self._analysis))


def _item_words(item: WasteItem, analysis: Analysis, height: int) -> Content:
    """What happened and what to do; below it the layers and their commands, where there is room."""
    remedy = find_remedy(item, analysis.layers)
    parts: list[tuple[str, str]] = [(printable(remedy.cause) + " ", ""), (printable(remedy.cure), "bold")]
    if height >= _TALL:
        for layer in item.stored_in[:3]:
            parts += [("\nstored in ", "$text-muted"), *_maker(analysis, layer)]
        if item.wasted_by not in item.stored_in:
            parts += [("\nwasted by ", "$text-muted"), *_maker(analysis, item.wasted_by)]
    return Content.assemble(*parts)


def _maker(analysis: Analysis, layer: int) -> list[tuple[str, str]]:
    found = analysis.layers[layer]
    base = "  (base image)" if found.base else ""
    command = one_line(found.command) or "(the history does not say)"
    return [(f"{layer + 1:<2} ", "bold"), (cut(command, 300) + base, "")]


def _group_words(group: Group, analysis: Analysis) -> Content:
    """What the items of a group have in common."""
    total = analysis.figures.wasted_bytes
    share = f" ({percent(group.bytes / total)} of all waste)" if total else ""
    figures = f"{size(group.bytes)}{share} in {_counted(group.files, 'file')}"
    parts: list[tuple[str, str]]
    if isinstance(group.key, int):
        parts = [("wasted by ", "$text-muted"), *_maker(analysis, group.key), (f"\n{figures}", "")]
    elif group.key in _REASONS:
        parts = [(group.name, "bold"), (f": {_REASONS[group.key]}.\n{figures}", "")]
    else:
        parts = [(group.name, "bold"), (f"\n{figures}", "")]
    return Content.assemble(*parts)
