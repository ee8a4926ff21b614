"""Lists to read: wrapped items of several lines (history, config, details), and rows without a cursor."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from textual.strip import Strip

from layerscope.text import printable
from layerscope.tui.rows import Pieces, Rows, marked

#: An item's lines.
Lines = list[Pieces]


class Entries(Rows):
    """Items of several lines; all lines are made anew when the width or the items change.

    A subclass tells ``item_count`` and ``lines``. For lists of some thousand lines at most.
    """

    def __init__(self, identity: str | None = None, classes: str | None = None) -> None:
        super().__init__(identity, classes)
        self._lines: Lines = []
        self._starts: list[int] = [0]
        self._width = 0
        #: What is looked for; empty for nothing.
        self.needle = ""
        self._matches: list[int] = []

    def lines(self, item: int, width: int) -> Lines:
        """The lines of an item, wrapped to ``width`` cells; at least one."""
        raise NotImplementedError

    @property
    def row_count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def item_at(self, row: int) -> int:
        """The item that a line belongs to."""
        return bisect_right(self._starts, row) - 1

    def rows_of(self, item: int) -> tuple[int, int]:
        """The lines of an item."""
        if item + 1 >= len(self._starts):
            return 0, 0
        return self._starts[item], self._starts[item + 1]

    def pieces(self, row: int, width: int) -> Pieces:
        """A line that was made before, with what is looked for marked."""
        if not self.needle:
            return self._lines[row]
        return [piece for text, tone in self._lines[row] for piece in marked(text, printable(self.needle), tone)]

    def render_line(self, y: int) -> Strip:
        """Paint a line, made anew where the scrollbar came or went since."""
        if self.scrollable_content_region.width != self._width:
            self._wrap()
            self.call_later(self._catch_up)
        return super().render_line(y)

    def _catch_up(self) -> None:
        self.refresh_rows()
        self.show_cursor()

    def refresh_rows(self) -> None:
        """Make all lines anew: at once where somebody sees them, else when they are painted."""
        if self.display and self.scrollable_content_region.width:
            self._wrap()
        else:
            self._width = -1
        super().refresh_rows()

    # Looking for something in it.

    def text(self, item: int) -> str:
        """What of an item is looked through."""
        return ""

    def search(self, text: str) -> None:
        """Mark a text and go to the next item from here on that has it; small letters match both."""
        self.needle = text
        fold = text == text.lower()
        texts = (self.text(item) for item in range(self.item_count))
        self._matches = [item for item, own in enumerate(texts) if text and text in (own.lower() if fold else own)]
        self.refresh()
        if self._matches:
            self.cursor = self._matches[bisect_left(self._matches, self.cursor) % len(self._matches)]

    def next_match(self, step: int) -> None:
        """To the next item with the text, or the one before, around the end."""
        if self._matches:
            at = bisect_right(self._matches, self.cursor) if step > 0 else bisect_left(self._matches, self.cursor) - 1
            self.cursor = self._matches[at % len(self._matches)]

    @property
    def counted(self) -> str:
        """How many items have the text, for the line that it is typed into."""
        if not self.needle:
            return ""
        return f"{len(self._matches)} of {self.item_count}" if self._matches else "not found"

    def _wrap(self) -> None:
        self._width = self.scrollable_content_region.width
        self._lines = []
        self._starts = [0]
        for item in range(self.item_count):
            self._lines += self.lines(item, max(1, self._width))
            self._starts.append(len(self._lines))


class Scrolled(Rows):
    """Rows to read: no cursor, the keys scroll."""

    shows_cursor = False

    def action_move(self, count: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + count, animate=False)

    def action_page(self, count: int) -> None:
        """Scroll by a window."""
        height = max(1, self.scrollable_content_region.height - 1)
        self.scroll_to(y=self.scroll_offset.y + count * height, animate=False)

    def action_first(self) -> None:
        """To the first line."""
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        """To the last line."""
        self.scroll_to(y=self.row_count, animate=False)


class Story(Scrolled, Entries):
    """Wrapped lines to read."""
