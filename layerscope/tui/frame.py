"""The panes side by side: which are shown, which has the keys, how much room each has."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from layerscope.tui.captions import Captioned
from layerscope.tui.chrome import KeyBar, TitleBar, tabs
from layerscope.tui.details import DetailsPane, Subject
from layerscope.tui.dividers import Divider
from layerscope.tui.files import FilesPane
from layerscope.tui.finder import FindBar
from layerscope.tui.layers import LayersPane
from layerscope.tui.map import MapView
from layerscope.tui.painted import Painted
from layerscope.tui.preview import PreviewPane
from layerscope.tui.rows import Rows
from layerscope.tui.story import ConfigPane, HistoryPane
from layerscope.tui.waste import WastePane, WasteView

#: What one looks for in the windows that are no Files.
_SOUGHT: Final = {
    "waste": "part of a path, *.glob, >10MB, is:removed, layer:5",
    "history": "text of a command",
    "config": "text of a name or value",
}
_WINDOWS: Final = ("files", "waste", "history", "config", "map")
#: What the bars and marks in Layers mean, in their colours; what there is no room for is left out, from the end.
_LEGEND: Final = (
    (("  █", "$primary"), (" useful", ""), (" ░", "$text-error"), (" wasted", "")),
    ((" !", "$text-warning"), (" makes waste", "")),
)
#: Under this width one side is shown at a time; under this height there are no details.
_SINGLE_COLUMNS: Final = 60
_SHORT_ROWS: Final = 20
#: From this width on the preview has a column of its own.
_THIRD_COLUMNS: Final = 180


class _Window(Vertical, Captioned, Painted):
    """The windows on the right, of which one is shown."""


class Frame(Screen[None]):
    """Layers and details on the left, one of four windows on the right."""

    HORIZONTAL_BREAKPOINTS = [(0, "-compact"), (100, "-wide"), (180, "-huge")]
    AUTO_FOCUS = ""
    #: As Textual has it, but panes alone show which of them has the keys: nothing else is painted anew.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    DEFAULT_CSS = """
    Frame {
        background: $background;
        & #body { height: 1fr; }
        & .pane, & #right {
            border: round $foreground 30%;
            border-title-color: $foreground;
            border-title-align: left;
            border-subtitle-color: $foreground 60%;
            background: $background;
            &:ansi { border: round ansi_bright_black; border-subtitle-color: $foreground; }
            &:focus, &.-active { border: round $border; }
            &:focus { border-title-style: bold; }
        }
        & #left { width: 43%; min-width: 28; }
        & #right { width: 1fr; min-width: 3; }
        & #layers { height: 1fr; min-height: 3; }
        & #preview { width: 1fr; min-width: 3; display: none; }
        & #details { height: 8; }
        & .inner { height: 1fr; }
        &.-wide #left { width: 47%; }
        &.-wide #details, &.-huge #details { height: 40%; max-height: 16; }
        &.-huge #left { width: 30%; }
        &.-single #left { width: 100%; min-width: 0; }
    }
    """

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.title_bar = TitleBar(reference)
        self.key_bar = KeyBar()
        self.layer_list = LayersPane()
        self.details = DetailsPane()
        self.files = FilesPane()
        self.waste = WasteView()
        self.history = HistoryPane()
        self.config = ConfigPane()
        self.map = MapView()
        self.preview = PreviewPane()
        self.finder = FindBar("find", "name, *.glob, /regex/, >10MB, is:setuid, layer:5, in:all")
        self.seeker = FindBar("seek", "")
        self.searcher = FindBar("search", "text in this file")
        self._left = Vertical(self.layer_list, self.details, id="left")
        windows = (self.files, self.waste, self.history, self.config, self.map)
        self._right = _Window(*windows, self.finder, self.seeker, id="right")
        self.window = "files"
        self.zoomed = False
        self.previews = False
        self._wants_details = True
        self._columns = Divider(self._left, self._right, self._left)
        self._third = Divider(self._right, self.preview, self.preview)
        self._stack = Divider(self.layer_list, self.details, self.details, upright=False)
        self._dragged: Divider | None = None

    def compose(self) -> ComposeResult:
        """Title, panes, keys."""
        yield self.title_bar
        yield Horizontal(self._left, self._right, self.preview, id="body")
        yield self.searcher
        yield self.key_bar

    def on_mount(self) -> None:
        """The first frame: everything is there but the image."""
        self.title_bar.say("reading - esc stops")
        self.searcher.display = False
        self.show_window("files")
        self.set_focus(self.layer_list)
        self._arrange()

    # Windows and panes.

    def show_window(self, name: str) -> None:
        """Bring one of the windows on the right to the front."""
        self.window = name
        for window in self._right.children:
            window.display = window.id == name
        if name == "map":
            self.map.look()
        self.finder.display = name == "files" and (self.files.wanted is not None or bool(self.files.fault))
        self.seeker.close()
        if self.sought is not None:
            self.seeker.refill(self.sought.needle, _SOUGHT[name])
            self.seeker.count(self.sought.counted)
            self.seeker.complain(self.waste.rows.model.fault if name == "waste" else "")
        self.label()

    @property
    def sought(self) -> WastePane | HistoryPane | ConfigPane | None:
        """The window that is shown, where it is one that is looked through; those of Files and Map are not."""
        panes: dict[str, WastePane | HistoryPane | ConfigPane]
        panes = {"waste": self.waste.rows, "history": self.history, "config": self.config}
        return panes.get(self.window)

    def label(self) -> None:
        """Write the titles and counts into the borders."""
        words = [
            (f"{number} {name.capitalize()}", f"screen.show('{name}')", name == self.window)
            for number, name in enumerate(_WINDOWS, start=2)
        ]
        layers = ("1 Layers", "screen.show('layers')", False)
        single = self.has_class("-single")
        room = (self.size.width if single else self._right.outer_size.width) - 6
        titles = _fitting([layers, *words] if single else words, room)
        others = [(word, action, False) for word, action, _active in words]
        alone = [(layers[0], layers[1], True), *others]
        legend = tabs(_fitting(alone, room)) if single else self._legend()
        self._right.heading = tabs(titles)
        self.layer_list.heading = legend
        counts = {"files": "" if self.finder.display else self.files.counted, "waste": self.waste.total}
        self._right.caption = counts.get(self.window, "")

    def _legend(self) -> Content:
        room = self._left.outer_size.width - 6 - len("1 Layers")
        parts: list[tuple[str, str]] = [("1 Layers", "")]
        for group in _LEGEND:
            room -= sum(len(text) for text, _color in group)
            if room >= 0:
                parts += [(text, f"not bold {color or '$foreground 60%'}") for text, color in group]
        return Content.assemble(*parts)

    def _pane(self, name: str) -> Rows:
        panes: dict[str, Rows] = {
            "layers": self.layer_list,
            "details": self.details,
            "files": self.files,
            "waste": self.waste.rows,
            "history": self.history,
            "config": self.config,
            "map": self.map.rows,
            "preview": self.preview,
        }
        return panes[name]

    @property
    def pane_with_keys(self) -> str:
        """The name of the pane that has the focus; empty where none has."""
        if isinstance(self.focused, Input):
            return "find"
        names = ("layers", "details", *_WINDOWS, "preview")
        return next((name for name in names if self._pane(name) is self.focused), "")

    @property
    def goes_back(self) -> bool:
        """Whether escape would do anything."""
        return self.zoomed or self.pane_with_keys in ("preview", *_WINDOWS[1:])

    def watch_focused(self) -> None:
        """Another pane has the keys: others are worth showing, in the same frame as the pane's new border."""
        self._mark_window()
        self.show_keys()

    def _mark_window(self) -> None:
        """The windows' border as those of the panes, bright with the keys.

        ``:focus-within`` would have Textual look up the styles of all that is inside anew, at every step
        from pane to pane.
        """
        active = self.focused is not None and self._right in self.focused.ancestors
        if active != self._right.has_class("-active"):
            self._right.set_class(active, "-active", update=False)
            self.app.stylesheet.apply(self._right)

    def show_keys(self) -> None:
        """Show the keys of the pane that has them."""
        idle = self.preview.idle if self.focused is self.preview else frozenset()
        self.key_bar.show_context(self.pane_with_keys, self.goes_back, idle)

    def action_show(self, name: str) -> None:
        """Go to a pane or a window."""
        if name in _WINDOWS:
            self.show_window(name)
        self.give_keys(self._pane(name))

    def action_next_pane(self, step: int) -> None:
        """Walk around the panes; the details come last, as one seldom goes there."""
        names = [
            "layers",
            self.window,
            *(["preview"] if self.previews else []),
            *(["details"] if self._has_details else []),
        ]
        here = next((place for place, name in enumerate(names) if self.focused is self._pane(name)), 0)
        self.give_keys(self._pane(names[(here + step) % len(names)]))

    def give_keys(self, pane: Rows) -> None:
        """Focus a pane, showing it first."""
        side = self._left if pane in (self.layer_list, self.details) else self._right
        shown: list[Widget] = [pane] if pane is self.preview else [pane, side]
        for widget in shown:
            widget.display = True
        self.set_focus(pane)
        self._arrange()

    @property
    def _has_details(self) -> bool:
        return self._wants_details and self.size.height >= _SHORT_ROWS

    @property
    def _has_third_column(self) -> bool:
        return self.size.width >= _THIRD_COLUMNS

    def _arrange(self) -> None:
        """Show what there is room for, and what zoom leaves."""
        single = self.zoomed or self.size.width < _SINGLE_COLUMNS
        at_details = self.focused is self.details
        at_left = self.focused is self.layer_list or at_details
        at_preview = self.focused is self.preview
        alone = at_preview and (single or not self._has_third_column)
        self._left.display = at_left or not (single or alone)
        self._right.display = not (at_left or at_preview) or not (single or alone)
        self.preview.display = at_preview or (self.previews and not single and self._has_third_column)
        self.layer_list.display = not (self.zoomed and at_details)
        self.details.display = at_details if self.zoomed else self._has_details or at_details
        self.set_class(single, "-single")
        self._columns.apply(free=not single)
        self._third.apply(free=not (single or alone))
        self._stack.apply(free=not self.zoomed and (self._has_details or not at_details))
        self.label()
        self.show_keys()

    def on_resize(self, event: events.Resize) -> None:
        """Another size: other panes."""
        self._arrange()

    # Borders that can be moved.

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the border under the mouse."""
        found = (self._columns, self._third, self._stack)
        self._dragged = next((each for each in found if each.is_at(event.screen_x, event.screen_y)), None)
        if self._dragged is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The border goes with the mouse."""
        if self._dragged is not None:
            self._dragged.drag(event.screen_x, event.screen_y)

    def on_mouse_up(self) -> None:
        """Let go of it."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def action_widen(self, cells: int) -> None:
        """Move the border beside Layers, or that beside the preview when it has the keys."""
        if self.focused is self.preview:
            self._third.nudge(-cells)
        else:
            self._columns.nudge(cells)

    def action_heighten(self, rows: int) -> None:
        """Give the details more rows or fewer."""
        self._stack.nudge(rows)

    def close_preview(self) -> None:
        """Back to the files."""
        self.previews = False
        self.action_show("files")

    def action_zoom(self) -> None:
        """Give the pane all the room, or take it back."""
        self.zoomed = not self.zoomed
        self._arrange()

    def action_toggle_details(self) -> None:
        """Layer, image, file, no details."""
        if not self._wants_details:
            self._wants_details = True
            self.details.show_subject(Subject.LAYER)
        elif self.details.subject is Subject.FILE:
            self._wants_details = False
            if self.focused is self.details:
                self.set_focus(self.layer_list)
        else:
            self.details.show_subject(list(Subject)[list(Subject).index(self.details.subject) + 1])
        self._arrange()

    def action_details(self, name: str) -> None:
        """``LAYER``, ``IMAGE`` or ``FILE``."""
        self.details.show_subject(Subject[name])


def _fitting(words: list[tuple[str, str, bool]], room: int) -> list[tuple[str, str, bool]]:
    """Titles that stand in ``room`` cells side by side: where there is too little, the last are numbers alone."""
    found = list(words)
    for place in reversed(range(len(found))):
        if sum(len(word) for word, _action, _active in found) + 3 * (len(found) - 1) <= room:
            break
        word, action, active = found[place]
        if not active:
            found[place] = (word.split()[0], action, False)
    return found
