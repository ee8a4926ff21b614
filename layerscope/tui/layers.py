"""Layers: one row each, with a bar that says what is useful and what is wasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.message import Message

from layerscope.analysis.history import title, titles
from layerscope.text import one_line, size
from layerscope.tui.captions import Captioned
from layerscope.tui.cells import bar, cut, fit
from layerscope.tui.keys import bindings
from layerscope.tui.rows import Pieces, Rows
from layerscope.tui.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layerscope.analysis.model import Analysis
    from layerscope.core.tree import ImageTree
    from layerscope.index import Progress
    from layerscope.sources.model import Image
    from layerscope.tui.growing import SoFar

#: From this width on the bytes that a layer makes waste have a column.
_WIDE: Final = 50


@dataclass(slots=True)
class _Row:
    """What a row shows: how much of its own bytes is wasted, how much it makes waste.

    ``name`` is the layer's name as its source has it, ``title`` what people call it, empty where nobody knows.
    ``done`` and ``total`` are bytes while the layer is being read, ``placed`` tells whether it is known which
    layers lie below it.
    """

    name: str = ""
    title: str = ""
    bytes: int = 0
    wasted: int = 0
    wastes: int = 0
    base: bool = False
    fault: bool = False
    unread: bool = False
    ready: bool = False
    placed: bool = True
    done: int = 0
    total: int | None = None


class LayersPane(Rows, Captioned):
    """The layers, oldest first."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("layers")]

    class RangeAsked(Message):
        """A range of layers is to start at the cursor, or to end."""

    def __init__(self) -> None:
        super().__init__("layers", classes="pane")
        self._layers: list[_Row] = []
        self._selection = Selection()
        self._titles: list[str] = []
        self._largest = 0
        self._known = False
        self._note_from = 1

    @property
    def item_count(self) -> int:
        """How many layers there are, or are known so far."""
        return len(self._layers)

    @property
    def empty_sentence(self) -> str:
        """Nothing is known yet, or there is nothing."""
        return "no layers" if self._known else "reading"

    def show_progress(self, progress: Progress) -> None:
        """A layer is being read; rows appear as they become known."""
        if progress.order:
            self._arrange(progress.order)
        self._layers += [_Row() for _ in range(progress.layers - len(self._layers))]
        self._entitle()
        if not progress.name:
            self.refresh_rows()
            return
        layer = progress.layer
        if layer < 0:
            # Where a passing source does not know better, layers stand as they come.
            names = [row.name for row in self._layers]
            layer = names.index(progress.name) if progress.name in names else len(names)
        while len(self._layers) <= layer:
            self._layers.append(_Row(placed=progress.layer >= 0))
        row = self._layers[layer]
        row.name, row.done, row.total = progress.name, progress.bytes_done, progress.bytes_total
        if progress.finished:
            row.ready, row.bytes = True, progress.bytes_done
            self._largest = max(self._largest, row.bytes)
        self.refresh_rows()

    def show_image(self, image: Image | None) -> None:
        """What describes the layers is known, perhaps long before they come; None where that was another image's."""
        self._titles = titles(image) if image is not None else []
        self._entitle()
        self.refresh_rows()

    def _entitle(self) -> None:
        """A layer of which nobody knows where it lies has no title yet."""
        for number, row in enumerate(self._layers):
            row.title = self._titles[number] if row.placed and number < len(self._titles) else ""

    def _arrange(self, order: Sequence[str]) -> None:
        """The lowest layers have these names."""
        if order != tuple(row.name for row in self._layers[: len(order)]):
            known = {row.name: row for row in self._layers}
            rest = [row for row in self._layers if row.name not in order]
            self._layers = [known.get(name) or _Row(name) for name in order] + rest
        for number, row in enumerate(self._layers):
            row.placed = number < len(order)

    def name_of(self, layer: int) -> str:
        """The name of a layer as its source has it, or what stands for it; empty where it is not known."""
        return self._layers[layer].name if layer < len(self._layers) else ""

    def is_placed(self, layer: int) -> bool:
        """Whether it is known which layers lie below a layer."""
        return layer < len(self._layers) and self._layers[layer].placed

    def row_of(self, name: str) -> int:
        """The row of the layer with a name; -1 where there is none."""
        return next((place for place, row in enumerate(self._layers) if row.name == name), -1)

    def show_so_far(self, so_far: SoFar) -> None:
        """What is wasted in the lowest layers, as far as the layers on them have come."""
        self._layers += [_Row() for _ in range(so_far.layers - len(self._layers))]
        for number, row in enumerate(self._layers[: so_far.layers]):
            row.ready, row.bytes = True, so_far.stored[number]
            row.wasted, row.wastes = so_far.wasted_in[number], so_far.wasted_by[number]
        self._largest = max((row.bytes for row in self._layers), default=0)
        self._note_from = max(1, so_far.size // 100)
        self.refresh_rows()

    def show_tree(self, tree: ImageTree) -> None:
        """All layers are read: their sizes are known."""
        self._known = True
        known = [*self._layers, *[_Row()] * len(tree.layers)]
        self._layers = [
            _Row(name=row.name, title=row.title, bytes=stored, ready=True)
            for row, stored in zip(known, tree.stored, strict=False)
        ]
        self._largest = max((row.bytes for row in self._layers), default=0)
        self.refresh_rows()

    def show_analysis(self, analysis: Analysis) -> None:
        """Everything is known."""
        self._layers = [
            _Row(
                name=layer.name,
                title=title(layer.command, layer),
                bytes=layer.size_bytes,
                wasted=layer.wasted_in_bytes,
                wastes=layer.wasted_by_bytes,
                base=layer.base,
                fault=bool(layer.fault),
                unread=not layer.known,
                ready=True,
            )
            for layer in analysis.layers
        ]
        self._largest = max((row.bytes for row in self._layers), default=0)
        self._note_from = max(1, analysis.figures.size_bytes // 100)
        self.refresh_rows()

    def show_selection(self, selection: Selection) -> None:
        """Mark the layers whose changes are shown."""
        before, self._selection = self._selection, selection
        self.caption = selection.words
        self.cursor = selection.layer
        for row in range(self.item_count):
            if before.covers(row) != selection.covers(row):
                self.refresh_line(row)

    def action_range(self) -> None:
        """Start a range of layers, or give it up."""
        self.post_message(self.RangeAsked())

    def pieces(self, row: int, width: int) -> Pieces:
        """Number, bar, size, command."""
        layer = self._layers[row]
        covered = self._selection.covers(row)
        number = (str(row + 1) if layer.placed else "?").rjust(max(2, len(str(len(self._layers)))))
        yield ("▌" if covered else " ", "bar")
        yield (number + " ", "title" if covered else "")
        room = width - len(number) - 2
        if not layer.ready:
            yield from self._reading(layer, room)
            return
        cells = 0 if room < 17 else 5 if room < 26 else 8 if width < _WIDE else 12
        useful, wasted = bar(layer.bytes - layer.wasted, layer.wasted, self._largest, cells)
        yield (useful, "bar")
        yield (wasted, "wasted")
        room -= cells
        yield (" " * (cells - len(useful) - len(wasted)), "")
        yield (f"{'not read' if layer.unread else size(layer.bytes):>9} ", "")
        room -= 10
        for text, tone in self._marks(layer, width):
            yield (text, tone)
            room -= len(text)
        name = one_line(layer.title or layer.name)
        if width < _WIDE:
            name = name.removeprefix("RUN ")
        yield (cut(name, room), "dim" if layer.base else "")

    def _marks(self, layer: _Row, width: int) -> Pieces:
        """Who makes waste: how much where there is room, else a mark beside those that make much of it."""
        if layer.fault:
            yield ("✗ ", "note")
        if width >= _WIDE and any(row.wastes for row in self._layers):
            yield (f"! {size(layer.wastes):>8} " if layer.wastes else " " * 11, "note")
        elif layer.wastes >= self._note_from:
            yield ("! ", "note")

    def _reading(self, layer: _Row, room: int) -> Pieces:
        if not layer.done:
            yield (cut(f"waiting   {one_line(layer.title)}".rstrip(), room), "dim")
            return
        if layer.total:
            share = min(1.0, layer.done / layer.total)
            full = round(share * 8)
            yield ("▓" * full + "░" * (8 - full) + f" {share * 100:3.0f} %  ", "bar")
            room -= 16
            yield (fit(f"{size(layer.done)} of {size(layer.total)}   {one_line(layer.title)}", room), "dim")
        else:
            yield ("reading ", "bar")
            yield (cut(f"{size(layer.done)}   {one_line(layer.title)}".rstrip(), room - 8), "dim")
