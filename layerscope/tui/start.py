"""The start: images to choose from, where no image was named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from layerscope.errors import LayerscopeError
from layerscope.sources.listing import Listed
from layerscope.text import printable, size
from layerscope.tui.base import ScopeApp
from layerscope.tui.cells import cut, cut_middle, fit, wrap
from layerscope.tui.chrome import KeyBar
from layerscope.tui.finder import FindBar
from layerscope.tui.keys import bindings
from layerscope.tui.preferences import PLAIN, Preferences
from layerscope.tui.rows import Pieces, Rows
from layerscope.tui.story import date

#: From these widths on there are columns for the date, and for what is shared.
_DATED: Final = 48
_SHARED: Final = 72


@dataclass(eq=False)
class Shelf:
    """A heading with images below it; ``look`` finds them, in a thread, and may take its time or fail.

    ``waiting`` stands there meanwhile, ``empty`` where there are none; without either, nothing does.
    """

    title: str
    look: Callable[[], list[Listed]]
    waiting: str
    empty: str
    found: list[Listed] = field(default_factory=list)
    fault: LayerscopeError | None = None
    known: bool = False


class ImageRows(Rows):
    """All shelves one below the other; the cursor stands on images only."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        super().__init__("images", classes="pane")
        self._shelves = shelves
        self._filter = ""
        self._rows: list[Listed | tuple[str, str]] = []

    @property
    def item_count(self) -> int:
        """How many rows there are, headings included."""
        return len(self._rows)

    @property
    def chosen(self) -> Listed | None:
        """The image under the cursor."""
        row = self._rows[self.cursor] if self.item_count else None
        return row if isinstance(row, Listed) else None

    def filter(self, text: str) -> None:
        """Show only images whose name holds a text, and a way to open the text itself."""
        self._filter = text.strip()
        self.refresh_rows()
        self.cursor = 0

    def refresh_rows(self) -> None:
        """Put the shelves together anew; the cursor stays on its image."""
        before = self.chosen
        self._rows = []
        for shelf in self._shelves:
            self._put(shelf)
        if self._filter:
            self._rows += [("", ""), ("Or", "title"), Listed(self._filter, f"open {self._filter}")]
        if before is not None and before in self._rows:
            self.set_reactive(ImageRows.cursor, self._rows.index(before))
        super().refresh_rows()

    def _put(self, shelf: Shelf) -> None:
        wanted = self._filter.casefold()
        found = [each for each in shelf.found if wanted in each.name.casefold()]
        if not found and (wanted or not (shelf.fault or shelf.empty if shelf.known else shelf.waiting)):
            return
        if self._rows:
            self._rows.append(("", ""))
        self._rows.append((shelf.title, "title"))
        if found:
            self._rows += found
            return
        width = max(20, self.scrollable_content_region.width - 4)
        if not shelf.known:
            self._rows.append((shelf.waiting, "dim"))
        elif shelf.fault is None:
            self._rows.append((shelf.empty, "dim"))
        else:
            self._rows += [(line, "note") for line in wrap(printable(shelf.fault.sentence), width)]
            self._rows += [(line, "dim") for line in wrap(printable(shelf.fault.hint), width)]

    def validate_cursor(self, item: int) -> int:
        """On to the next image in the direction of travel, else back to the one before."""
        item = super().validate_cursor(item)
        ahead = range(item, len(self._rows)) if item >= self.cursor else range(item, -1, -1)
        behind = range(item, -1, -1) if item >= self.cursor else range(item, len(self._rows))
        found = (row for places in (ahead, behind) for row in places if isinstance(self._rows[row], Listed))
        return next(found, item)

    def show_cursor(self) -> None:
        """With the first image in sight, so is the heading above it."""
        super().show_cursor()
        if not any(isinstance(row, Listed) for row in self._rows[: self.cursor]):
            self.scroll_to(y=0, animate=False)

    def pieces(self, row: int, width: int) -> Pieces:
        """Name, size, date, what other images share."""
        shown = self._rows[row]
        if not isinstance(shown, Listed):
            text, tone = shown
            yield (cut(text if tone == "title" else f"  {text}", width), tone)
            return
        room = width - 2 - 10 * (width >= 30) - 12 * (width >= _DATED) - 18 * (width >= _SHARED)
        yield ("  " + fit(cut_middle(printable(shown.name), room), room), "")
        if width >= 30:
            yield (f"{size(shown.size_bytes) if shown.size_bytes is not None else '':>10}", "")
        if width >= _DATED:
            yield (f"  {date(shown.created):<10}", "dim")
        if width >= _SHARED and shown.shared_bytes:
            yield (f"{size(shown.shared_bytes):>10} shared", "dim")

    def action_select(self) -> None:
        """Open the image under the cursor."""
        if self.chosen is not None:
            super().action_select()


class _Title(Widget):
    """What this is, and what to do."""

    DEFAULT_CSS = "_Title { height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    def render(self) -> Content:
        """One line."""
        return Content.assemble(("layerscope", "bold"), ("  choose an image to explore", "$text-muted"))


class StartApp(ScopeApp[str]):
    """Gives the reference of the image that was chosen; None where the user left."""

    CSS = """
    .pane, #shelves {
        border: round $border; background: $background; height: 1fr; border-subtitle-color: $foreground 60%;
    }
    #images { border: none; height: 1fr; }
    FindBar { display: none; }
    #fault { height: auto; max-height: 4; color: $text-error; background: $panel; }
    """
    AUTO_FOCUS = "#images"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app"), *bindings("start")]

    @dataclass
    class Looked(Message):
        """A shelf was filled, or could not be."""

    def __init__(
        self,
        shelves: Sequence[Shelf],
        *,
        fault: str = "",
        theme: str = "",
        remembered: str = "",
        preferences: Preferences = PLAIN,
    ) -> None:
        super().__init__(theme, remembered, preferences)
        self._fault = fault
        self._shelves = shelves
        self.images = ImageRows(shelves)
        self.finder = FindBar("find", "a part of the name, or any reference to open")
        self.key_bar = KeyBar()

    def compose(self) -> ComposeResult:
        """Title, shelves, filter, keys."""
        yield _Title()
        if self._fault:
            yield Static(Content(f" {printable(self._fault)} Choose another."), id="fault")
        with Vertical(id="shelves") as box:
            box.border_title = "Images"
            yield self.images
            yield self.finder
        yield self.key_bar

    def on_mount(self) -> None:
        """The frame first, then ask."""
        self.key_bar.show_context("start", True)
        self.images.refresh_rows()
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        for shelf in self._shelves:
            # A daemon: an engine that does not answer shall hold up neither the screen nor the way out.
            threading.Thread(target=self._fill, args=(shelf,), daemon=True).start()

    def _fill(self, shelf: Shelf) -> None:
        """In a thread."""
        try:
            shelf.found, shelf.fault = shelf.look(), None
        except LayerscopeError as error:
            shelf.found, shelf.fault = [], error
        shelf.known = True
        self.post_message(self.Looked())

    def on_start_app_looked(self) -> None:
        """Show what was found."""
        self.images.refresh_rows()

    @on(Rows.Selected)
    def _chosen(self) -> None:
        if self.images.chosen is not None:
            self.exit(self.images.chosen.reference)

    @on(FindBar.Typed)
    def _typed(self, event: FindBar.Typed) -> None:
        self.images.filter(event.text)

    @on(FindBar.Kept)
    def _kept(self) -> None:
        self.set_focus(self.images)

    @on(FindBar.Submitted)
    def _submitted(self) -> None:
        self.images.action_select()

    @on(FindBar.Cleared)
    def _cleared(self) -> None:
        self.finder.close()
        self.images.filter("")
        self.set_focus(self.images)

    def action_find(self) -> None:
        """Type a part of a name."""
        self.finder.open()

    def action_again(self) -> None:
        """Ask all over again."""
        for shelf in self._shelves:
            shelf.known, shelf.found, shelf.fault = False, [], None
        self.images.refresh_rows()
        self._look()

    def action_help(self) -> None:
        """All keys."""
        from layerscope.tui.help import HelpScreen

        self.push_screen(HelpScreen("start"))

    def action_leave(self) -> None:
        """Drop the filter, else leave."""
        if self.finder.display:
            self._cleared()
        else:
            self.exit()
