"""The virtual list under every pane: only visible rows are made, and made again when painted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from layerscope.tui.cells import cut, wrap
from layerscope.tui.keys import bindings
from layerscope.tui.painted import Painted

if TYPE_CHECKING:
    from layerscope.tui.tones import TonedApp

#: A row as pieces: text (printable) and the names of the component styles it has, blank-separated.
Pieces = Iterable[tuple[str, str]]

#: Rows above and below an item that the cursor was sent to.
_MARGIN: Final = 3


class _Bar(ScrollBar, Painted):
    """Its length is settled with that of its list: Textual would lay the screen out a second time for it."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    _looks: object = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual asks for it at every layout: painted anew where it looks otherwise."""
        looks = (self.outer_size, vars(self.render())) if self.is_attached else None
        if layout or recompose or looks is None or looks != self._looks:
            self._looks = looks
            super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class Rows(ScrollView, Painted, can_focus=True):
    """Items in one or more rows each, with one cursor over the items.

    A subclass tells ``item_count`` and paints with ``pieces``; one whose items take several rows
    also tells ``row_count``, ``item_at`` and ``rows_of``. After a change: ``refresh_rows``.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("rows")]
    DEFAULT_CSS = """
    Rows {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        overflow-y: auto;
        background: $background;
        color: $foreground;
    }
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    """The item that the keys act on."""

    #: Whether the row under the cursor is painted in its own colours.
    shows_cursor: ClassVar[bool] = True

    @dataclass
    class Moved(Message):
        """The cursor went to another item."""

        rows: Rows
        item: int

        @property
        def control(self) -> Rows:
            """The list that it happened in."""
            return self.rows

    @dataclass
    class Selected(Message):
        """An item was opened: enter, or a double click."""

        rows: Rows
        item: int

        @property
        def control(self) -> Rows:
            """The list that it happened in."""
            return self.rows

    def __init__(self, identity: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=identity, classes=classes)
        self._palette: dict[tuple[str, str], Style] = {}
        self._measured = 0

    # What a subclass tells.

    @property
    def item_count(self) -> int:
        """How many items there are."""
        return 0

    @property
    def row_count(self) -> int:
        """How many rows they take together."""
        return self.item_count

    def item_at(self, row: int) -> int:
        """The item that a row belongs to."""
        return row

    def rows_of(self, item: int) -> tuple[int, int]:
        """The first row of an item, and the one after its last."""
        return item, item + 1

    def pieces(self, row: int, width: int) -> Pieces:
        """What to paint in a row of ``width`` cells."""
        raise NotImplementedError

    @property
    def empty_sentence(self) -> str:
        """What stands there when there is nothing."""
        return ""

    # Painting.

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scrollbar, made when it is first asked for."""
        made = self._vertical_scrollbar is None
        bar = super().vertical_scrollbar
        if made:
            bar.__class__ = _Bar
        return bar

    def notify_style_update(self) -> None:
        """A new theme: styles are looked up again when they are needed."""
        super().notify_style_update()
        self._palette = {}

    # Textual would match all rules anew for a list and its scrollbar, and paint all rows, whenever the keys come or go.

    def on_focus(self, event: events.Focus) -> None:
        """The keys are here: border and cursor tell."""
        event.prevent_default()
        self._turn(True)

    def on_blur(self, event: events.Blur) -> None:
        """The keys went elsewhere."""
        event.prevent_default()
        self._turn(False)

    def _turn(self, has_keys: bool) -> None:
        self.has_focus = has_keys
        self._refresh_item(self.cursor)
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self) if has_keys else events.DescendantBlur(self))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Only what has a border looks otherwise as a whole."""
        if self.has_class("pane"):
            self.app.stylesheet.apply(self)

    def style(self, names: str, cursor: str) -> Style:
        """What component names (``added``, ``dim``…, separated by blanks) look like here, under a cursor if any."""
        found = self._palette.get((names, cursor))
        if found is None:
            tone = cast("TonedApp[object]", self.app).tone
            # A segment's own colour gives way to the cursor, its strike or weight stays.
            found = self._palette[names, cursor] = self.rich_style + tone(names) + tone(cursor)
        return found

    def refresh_rows(self) -> None:
        """The items changed: measure and paint them anew."""
        window = self.scrollable_content_region.size
        self._measured = window.width
        size = Size(window.width, self.row_count)
        if window.height:
            # The scrollbar comes or goes at once: Textual would lay the screen out for the rows, then for it.
            self.set_reactive(Rows.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.show_vertical_scrollbar = size.height > window.height
            self.scroll_y = self.validate_scroll_y(self.scroll_y)
        else:
            self.virtual_size = size
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the window."""
        width = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        if not 0 <= row < self.row_count:
            lines = wrap(self.empty_sentence, width) if not self.row_count else []
            return self._strip([(lines[row], "dim")] if row < len(lines) else [], width)
        at_cursor = self.shows_cursor and self.item_at(row) == self.cursor
        return self._strip(self.pieces(row, width), width, self.cursor_tone if at_cursor else "")

    @property
    def cursor_tone(self) -> str:
        """The style of the cursor: another without the keys."""
        return "cursor" if self.has_focus else "cursor-blurred"

    def _strip(self, pieces: Pieces, width: int, cursor: str = "") -> Strip:
        # Segments in their final styles and width: whatever Strip does with them afterwards makes all of them anew.
        segments, left = [], width
        for text, names in pieces:
            cells = cell_len(text)
            if cells > left:
                text, cells = set_cell_size(text, left), left
            if text:
                segments.append(Segment(text, self.style(names, cursor)))
                left -= cells
        if left > 0:
            segments.append(Segment(" " * left, self.style("", cursor)))
        return Strip(segments, width)

    # The cursor.

    def validate_cursor(self, item: int) -> int:
        """Keep the cursor on an item."""
        return max(0, min(item, self.item_count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Paint the two items and keep the cursor in sight."""
        self._refresh_item(old)
        self._refresh_item(new)
        self.show_cursor()
        self.post_message(self.Moved(self, new))

    def _refresh_item(self, item: int) -> None:
        if self.shows_cursor and item < self.item_count:
            first, end = self.rows_of(item)
            for row in range(first, min(end, first + self.size.height)):
                self.refresh_line(row)

    def show_cursor(self) -> None:
        """Scroll as little as needed to have the cursor in sight."""
        if not self.item_count or not self.size.height:
            return
        first, end = self.rows_of(self.cursor)
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if first < top or end - first >= height:
            self._scroll_to_row(first)
        elif end > top + height:
            self._scroll_to_row(end - height)

    def show_around(self) -> None:
        """Scroll so that the cursor has a few rows on either side: for those who come from elsewhere."""
        self.show_cursor()
        first, end = self.rows_of(self.cursor)
        height = self.scrollable_content_region.height
        margin = min(_MARGIN, max(0, height - (end - first)) // 2)
        top = max(min(self.scroll_offset.y, first - margin), end + margin - height)
        self._scroll_to_row(max(0, min(top, self.row_count - height)))

    def _scroll_to_row(self, row: int) -> None:
        # Forced: where rows have only just become too many, there is no scrollbar yet.
        self.scroll_to(y=row, animate=False, force=True)

    def on_resize(self) -> None:
        """Keep measure and cursor right in the new size; lists that only come back into sight have their old one."""
        if self.scrollable_content_region.width != self._measured:
            self.refresh_rows()
        self.scroll_y = self.validate_scroll_y(self.scroll_y)
        self.show_cursor()

    def action_move(self, count: int) -> None:
        """Move the cursor by items."""
        self.cursor += count

    def action_page(self, count: int) -> None:
        """Move the cursor by a window."""
        height = max(1, self.scrollable_content_region.height - 1)
        row = self.rows_of(self.cursor)[0] + count * height
        self.cursor = self.item_at(max(0, min(row, self.row_count - 1))) if self.item_count else 0

    def action_first(self) -> None:
        """To the first item."""
        self.cursor = 0

    def action_last(self) -> None:
        """To the last item."""
        self.cursor = self.item_count - 1

    def action_select(self) -> None:
        """Open the item under the cursor."""
        if self.item_count:
            self.post_message(self.Selected(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse points; a double click opens."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        row = offset.y + self.scroll_offset.y
        if 0 <= row < self.row_count:
            self.cursor = self.item_at(row)
            if not self.clicked(row, offset.x) and event.chain == 2:
                self.action_select()

    def clicked(self, row: int, column: int) -> bool:
        """A row was clicked at a column (cells): whether that alone did something."""
        return False


def column(text: str, width: int) -> str:
    """A cell of a table: right-aligned in ``width`` cells."""
    return cut(text, width).rjust(width)


def marked(line: str, needle: str, tone: str) -> Pieces:
    """A printable text in pieces, those that were looked for marked; small letters match both."""
    text = line.lower() if needle == needle.lower() else line
    place = text.find(needle) if needle and len(text) == len(line) else -1
    start = 0
    while place >= 0:
        yield (line[start:place], tone)
        start = place + len(needle)
        yield (line[place:start], f"{tone} found".strip())
        place = text.find(needle, start)
    yield (line[start:], tone)
