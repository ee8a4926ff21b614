"""Map: what is big in the image, by folder or by layer, as bars and as areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from layerscope.text import printable, size
from layerscope.tui.cells import bar, cut
from layerscope.tui.chrome import percent, tabs
from layerscope.tui.keys import bindings
from layerscope.tui.mapdrawing import MOST, Drawing, label
from layerscope.tui.mapmodel import Division, ImageMap, Part
from layerscope.tui.rows import Pieces, Rows
from layerscope.tui.treemap import Box, lay_out

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.core.outline import Outline

#: Cells of the longest bar, the least width of a row that has one, and that of one that tells shares.
_BAR: Final = 12
_BARRED: Final = 40
_SHARED: Final = 56
#: From this width on the areas stand beside the bars, from this height on below them.
_BESIDE: Final = 84
_BELOW: Final = 18


class MapRows(Rows):
    """The parts, one row each, with bars."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("map")]

    def __init__(self) -> None:
        super().__init__("map-rows")
        self.model: ImageMap | None = None

    @property
    def item_count(self) -> int:
        """How many parts there are."""
        return len(self.model.parts) if self.model else 0

    @property
    def empty_sentence(self) -> str:
        """Not yet, or nothing."""
        return "nothing in here has any bytes" if self.model else "the map is drawn when all layers are read"

    @property
    def part(self) -> Part | None:
        """The part under the cursor."""
        return self.model.parts[self.cursor] if self.model and self.item_count else None

    def pieces(self, row: int, width: int) -> Pieces:
        """Bytes, share, bar, name."""
        model = self.model
        assert model is not None
        part = model.parts[row]
        yield (f"{size(part.bytes):>9} ", "")
        left = width - 10
        if width >= _SHARED:
            yield (f"{percent(part.bytes / model.total) if model.total else '':>6} ", "dim")
            left -= 7
        if width >= _BARRED:
            useful, wasted = bar(part.bytes - part.wasted, part.wasted, model.parts[0].bytes, _BAR)
            yield (useful, "bar")
            yield (wasted, "wasted")
            yield (" " * (_BAR + 1 - len(useful) - len(wasted)), "")
            left -= _BAR + 1
        yield (cut(label(part), left), "title" if part.holds else "")

    def action_into(self) -> None:
        """Look at the parts of this one."""
        if self.model is not None and self.part is not None and self.part.holds:
            self.model.enter(self.part)
            self._renewed(0)

    def action_out(self) -> None:
        """Look at what this is a part of."""
        if self.model is not None and not self.model.at_top:
            self._renewed(self.model.leave())

    def _renewed(self, cursor: int) -> None:
        self.refresh_rows()
        self.set_reactive(MapRows.cursor, cursor)
        self.show_cursor()
        self.refresh()
        self.post_message(self.Moved(self, cursor))

    def divide(self, division: Division) -> None:
        """Divide the image by something else."""
        if self.model is not None:
            self.model.divide(division)
            self._renewed(0)

    def action_select(self) -> None:
        """Into a folder or a layer; a file is shown among the files."""
        if self.part is not None and self.part.holds:
            self.action_into()
        else:
            super().action_select()


class Areas(Widget):
    """The parts as areas: each a box with its name, as large as its share."""

    DEFAULT_CSS = "Areas { height: 1fr; width: 1fr; }"

    @dataclass
    class Pointed(Message):
        """A part was clicked, once or twice."""

        number: int
        opens: bool

    def __init__(self, rows: MapRows) -> None:
        super().__init__()
        self._rows = rows
        self._drawn: tuple[list[Part], int, int] = ([], 0, 0)
        self._boxes: list[Box] = []
        self._lines: list[str] = []
        self._style: Style | None = None

    def notify_style_update(self) -> None:
        """A new theme: the style is looked up again when it is needed."""
        super().notify_style_update()
        self._style = None

    def _draw(self) -> None:
        """Draw all boxes, unless they stand there already."""
        model, width, height = self._rows.model, self.size.width, self.size.height
        parts = model.parts if model else []
        if self._drawn[0] is parts and self._drawn[1:] == (width, height):
            return
        self._drawn = (parts, width, height)
        drawing = Drawing(width, height)
        self._boxes = lay_out([part.bytes for part in parts], width, height)[:MOST]
        if model is not None:
            drawing.put(model, list(zip(self._boxes, parts, strict=False)))
        self._lines = drawing.lines()

    def render_line(self, y: int) -> Strip:
        """Boxes of lines around names; that under the cursor is lit."""
        self._draw()
        base = self._style = self._style or self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, base)
        strip = Strip([Segment(self._lines[y], base)])
        if self._rows.cursor >= len(self._boxes):
            return strip
        box = self._boxes[self._rows.cursor]
        if not (box.width and box.y <= y < box.y + box.height):
            return strip
        style = self._rows.style("", self._rows.cursor_tone)
        # The frame alone is lit: what is in the box stays readable.
        end, rim = box.x + box.width, box.y < y < box.y + box.height - 1 and box.width > 3
        parts = [(box.x, box.x + 1), (end - 1, end)] if rim else [(box.x, end)]
        lit = [Strip([Segment(each.text, style) for each in strip.crop(*part)]) for part in parts]
        within = [strip.crop(box.x + 1, end - 1)] if rim else []
        return Strip.join([strip.crop(0, box.x), lit[0], *within, *lit[1:], strip.crop(end)])

    def on_click(self, event: events.Click) -> None:
        """Point at a part."""
        for number, box in enumerate(self._boxes):
            if box.holds(event.x, event.y):
                self.post_message(self.Pointed(number, event.chain == 2))


class _Crumbs(Widget):
    """Where in the image the map is, and how it is divided: to be clicked."""

    DEFAULT_CSS = "_Crumbs { height: 1; color: $foreground 60%; &:ansi { color: $foreground; } }"

    def __init__(self, rows: MapRows) -> None:
        super().__init__()
        self._rows = rows

    def render(self) -> Content:
        """The division, then the path."""
        model = self._rows.model
        if model is None:
            return Content("")
        words = [(each.value, f"screen.divide('{each.name}')", each is model.division) for each in Division]
        where = f"  layer {model.layer + 1}" if model.layer >= 0 else ""
        path = printable(model.path) if not model.at_top else ""
        share = f"  {size(model.bytes)} of {size(model.total)}" if not model.at_top else f"  {size(model.total)}"
        room = self.size.width - 17 - len(where) - len(share)
        up = [(f"‹ {cut(path or 'back', room - 4)}", "screen.leave_part", True)] if not model.at_top else []
        return Content.assemble("by ", tabs(words), where, "  " if up else "", tabs(up) if up else "", share)


class MapView(Container):
    """Bars, and areas beside or below them where there is room."""

    DEFAULT_CSS = """
    MapView {
        layout: vertical;
        & MapRows { height: 1fr; min-height: 3; width: 100%; }
        & #map-both { layout: vertical; height: 1fr; }
        & Areas { display: none; }
        &.-below Areas { display: block; height: 60%; margin: 1 0 0 0; }
        &.-beside Areas { display: block; height: 100%; width: 1fr; margin: 0 0 0 1; }
        &.-beside #map-both { layout: horizontal; }
        &.-beside MapRows { width: 46; height: 100%; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="map", classes="inner")
        self.rows = MapRows()
        self.areas = Areas(self.rows)
        self._crumbs = _Crumbs(self.rows)
        self._known: tuple[Outline, Analysis] | None = None

    def compose(self) -> ComposeResult:
        """Where, then the parts."""
        yield self._crumbs
        with Container(id="map-both"):
            yield self.rows
            yield self.areas

    def know(self, outline: Outline, analysis: Analysis) -> None:
        """The image is known; it is divided when the map is looked at."""
        self._known = (outline, analysis)
        if self.display:
            self.look()

    def look(self) -> None:
        """Divide the image, if that was not done before."""
        if self._known is not None and self.rows.model is None:
            self.rows.model = ImageMap(*self._known)
            self.rows.refresh_rows()
            self._refresh()

    def on_resize(self) -> None:
        """Areas where they fit."""
        beside = self.size.width >= _BESIDE
        self.set_class(beside, "-beside")
        self.set_class(not beside and self.size.height >= _BELOW, "-below")

    def on_rows_moved(self) -> None:
        """Another part."""
        self._refresh()

    def on_areas_pointed(self, message: Areas.Pointed) -> None:
        """The mouse does what the keys do."""
        self.rows.focus()
        self.rows.cursor = message.number
        if message.opens:
            self.rows.action_select()

    def on_mount(self) -> None:
        """The cursor looks otherwise with the keys than without."""
        self.watch(self.rows, "has_focus", self._relight, init=False)

    def _relight(self) -> None:
        self.areas.refresh()

    def _refresh(self) -> None:
        self._crumbs.refresh()
        self._relight()
