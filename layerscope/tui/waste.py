"""Waste: what is shipped and unreachable, largest first, with its cause and its cure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from layerscope.analysis.model import DUPLICATE, HIDDEN, OVERWRITTEN, REMOVED, REPLACED, REWRITTEN, WasteItem
from layerscope.analysis.remedies import find_remedy
from layerscope.text import printable, size
from layerscope.tui.cells import cut, cut_middle, fit
from layerscope.tui.rows import Pieces, Rows

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis

_GLYPHS: Final = {OVERWRITTEN: "~", REWRITTEN: "=", REMOVED: "-", HIDDEN: "-", REPLACED: "~", DUPLICATE: "+"}
#: From this width on the reason is written out and the number of files is shown.
_WIDE: Final = 58


def _layers(item: WasteItem) -> str:
    """Where the bytes lie, and by whom they became waste: ``5 → 8``."""
    stored = " ".join(str(layer + 1) for layer in item.stored_in[:3])
    more = "…" if len(item.stored_in) > 3 else ""
    return f"{stored}{more} → {item.wasted_by + 1}"


#: How the items can be sorted; within each, the largest first.
ORDERS: Final[dict[str, Callable[[WasteItem], tuple[object, ...]]]] = {
    "bytes": lambda item: (),
    "layer": lambda item: (item.wasted_by,),
    "path": lambda item: (item.path,),
    "reason": lambda item: (item.reason,),
}


class WasteRows(Rows):
    """The items, one row each."""

    def __init__(self) -> None:
        super().__init__("waste-rows")
        self.items: list[WasteItem] = []
        self.known = False
        self.fault = ""

    @property
    def item_count(self) -> int:
        """How many items there are."""
        return len(self.items)

    @property
    def empty_sentence(self) -> str:
        """Not yet, or the best there can be."""
        if self.fault:
            return printable(self.fault)
        return "nothing is wasted: every byte can be read" if self.known else "looking for waste"

    def pieces(self, row: int, width: int) -> Pieces:
        """Bytes, layers, reason, path."""
        item = self.items[row]
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
        yield (cut_middle("/" + printable(item.path), left), "")


class _Head(Widget):
    """The names of the columns."""

    DEFAULT_CSS = "_Head { height: 1; color: $foreground 60%; }"

    def render(self) -> Content:
        """The same widths as the rows below."""
        wide = self.size.width - 1 >= _WIDE
        text = "   wasted   files  layers      why         path" if wide else "   wasted  layers     path"
        return Content(cut(text, self.size.width))


class _Remedy(Widget):
    """Cause and cure of the item under the cursor."""

    DEFAULT_CSS = """
    _Remedy { height: auto; max-height: 6; border-top: solid $foreground 30%; }
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
    WasteView WasteRows { height: 1fr; min-height: 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="waste", classes="inner")
        self.rows = WasteRows()
        self._remedy = _Remedy()
        self._analysis: Analysis | None = None
        self._order = "bytes"

    def compose(self) -> ComposeResult:
        """Head, list, remedy."""
        yield _Head()
        yield self.rows
        yield self._remedy

    def show_waste(self, analysis: Analysis, items: list[WasteItem], fault: str) -> None:
        """The waste is known, or why it is not."""
        self._analysis = analysis
        self.rows.items = items
        self.rows.known = True
        self.rows.fault = fault
        self.rows.refresh_rows()
        self._explain()

    @property
    def total(self) -> str:
        """All items in a few words, for the border."""
        items = self.rows.items
        if not items:
            return ""
        order = "" if self._order == "bytes" else f"by {self._order} · "
        total = size(sum(item.bytes for item in items))
        return f"{order}{total} in {len(items):,} item{'' if len(items) == 1 else 's'}"

    def sort(self) -> None:
        """By bytes, then by the layer that made the waste, by path, by reason; the cursor keeps its item."""
        names = list(ORDERS)
        self._order = names[(names.index(self._order) + 1) % len(names)]
        rank = ORDERS[self._order]
        item = self.item
        self.rows.items = sorted(self.rows.items, key=lambda item: (*rank(item), -item.bytes, item.path))
        if item is not None:
            self.rows.cursor = self.rows.items.index(item)
        self.rows.refresh_rows()

    @property
    def item(self) -> WasteItem | None:
        """The item under the cursor."""
        return self.rows.items[self.rows.cursor] if self.rows.items else None

    def on_rows_moved(self) -> None:
        """Another item: another cause."""
        self._explain()

    def _explain(self) -> None:
        if self.item is None or self._analysis is None:
            self._remedy.display = False
            return
        remedy = find_remedy(self.item, self._analysis.layers)
        parts = ((printable(remedy.cause) + " ", ""), (printable(remedy.cure), "bold"))
        self._remedy.display = True
        self._remedy.say(Content.assemble(*parts))
