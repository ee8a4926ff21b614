"""The application: paints first, then reads the image in a thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from layerscope.core.outline import Outline
from layerscope.errors import CancelledError, LayerscopeError
from layerscope.sources.candidates import SeveralImagesError
from layerscope.tui import ANOTHER
from layerscope.tui.base import ScopeApp
from layerscope.tui.filetree import FileTree, finish
from layerscope.tui.keys import bindings, written
from layerscope.tui.messages import Analysed, Indexed, Progressed, WasteFound
from layerscope.tui.preferences import PLAIN, Preferences
from layerscope.tui.reading import Failed, start
from layerscope.tui.screen import ExplorerScreen
from layerscope.tui.wastegroups import WasteRows

if TYPE_CHECKING:
    from textual.command import Provider

    from layerscope.index import ImageIndex, Progress
    from layerscope.sources.model import Reader
    from layerscope.tui import Analyse, Choose, Load

#: Least seconds between two reports of the same layer.
_REPORT_EVERY: Final = 0.05
#: Exit code of a program that was interrupted.
_INTERRUPTED: Final = 130


def _path_provider() -> type[Provider]:
    """Imported when the palette opens for the first time."""
    from layerscope.tui.palette import PathProvider

    return PathProvider


def _refuse() -> Reader:
    raise CancelledError("The explorer was left.")


class ExplorerApp(ScopeApp[None]):
    """Shows an image that ``load`` opens; ``failure`` is what went wrong, if anything did."""

    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS = App.COMMANDS | {_path_provider}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(
        self,
        reference: str,
        load: Load,
        analyse: Analyse,
        *,
        choose: Choose | None = None,
        theme: str = "",
        remembered: str = "",
        preferences: Preferences = PLAIN,
    ) -> None:
        super().__init__(theme, remembered, preferences)
        self._load, self._analyse, self._choose = load, analyse, choose
        self.explorer = ExplorerScreen(reference, preferences)
        self._stopping = self._leaving = False
        self._index: ImageIndex | None = None

    def get_default_screen(self) -> ExplorerScreen:
        """The one screen."""
        return self.explorer

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The registry, then Textual's own themes and screenshots."""
        spaces: dict[str, DOMNode] = {"layers": self.explorer.layer_list, "files": self.explorer.files}
        for key in self.keys:
            if key.palette:
                space = self if key.where == "app" else spaces.get(key.where, self.explorer)
                title = f"{key.help[0].upper()}{key.help[1:]}"
                yield SystemCommand(title, f"key {written(key.keys)}", partial(self.run_action, key.action, space))
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Screenshot"):
                yield command

    def on_ready(self) -> None:
        """The first frame is on its way: now read."""
        self.call_after_refresh(partial(start, self, self._read))

    def _read(self) -> None:
        """In a thread: open, index, conclude; tell by messages."""
        last: dict[tuple[int, str], float] = {}

        def report(progress: Progress) -> None:
            now = time.monotonic()
            key = (progress.layer, progress.name)
            if progress.finished or now - last.get(key, 0.0) >= _REPORT_EVERY:
                last[key] = now
                self.post_message(Progressed(progress))

        index = self._load(report, lambda: self._leaving or self._stopping)
        if self._leaving:
            return
        self._index = index
        outline = Outline(index.tree)
        while outline.step():
            pass
        files = FileTree(index.tree, outline)
        self.post_message(Indexed(index, outline, files))
        analysis = self._analyse(index)
        self.post_message(Analysed(analysis))
        finish(files.lookups.prepare())
        try:
            # Contents are compared now: this may take a while.
            rows = WasteRows(analysis.waste)
            rows.prepare()
            self.post_message(WasteFound(analysis, rows))
        except LayerscopeError as error:
            self.post_message(WasteFound(analysis, WasteRows(), error.sentence))

    def on_progressed(self, message: Progressed) -> None:
        """A layer is being read."""
        self.explorer.show_progress(message.progress)

    def on_indexed(self, message: Indexed) -> None:
        """The files are there."""
        self.explorer.show_index(message.index, message.outline, message.files)

    def on_analysed(self, message: Analysed) -> None:
        """The answers are there."""
        self.explorer.show_analysis(message.analysis)

    def on_waste_found(self, message: WasteFound) -> None:
        """The causes are there."""
        # What was read lives as long as the explorer: the collector need not go through it again and again.
        gc.freeze()
        self.explorer.show_waste(message.analysis, message.rows, message.fault)

    def on_failed(self, message: Failed) -> None:
        """A thread that fails ends the explorer; whoever started it says why."""
        if isinstance(message.error, SeveralImagesError) and self._choose is not None:
            self._ask_which(message.error, self._choose)
        else:
            self.fail(message.error)

    def _ask_which(self, error: SeveralImagesError, choose: Choose) -> None:
        """An archive holds several images: let the user choose, then read again."""
        from layerscope.tui.choose import ChooseScreen

        def chosen(choice: str | None) -> None:
            if not choice:
                self.fail(error)
                return
            choose(choice)
            start(self, self._read)

        self.push_screen(ChooseScreen("Which image?", error.choices), chosen)

    def fail(self, error: BaseException | None) -> None:
        """Leave because of an error."""
        self.failure = error
        self.exit(return_code=_INTERRUPTED if isinstance(error, CancelledError) else 2)

    def on_explorer_screen_stop_asked(self) -> None:
        """Read no further, what has arrived is shown; asked again, leave: nothing may ever arrive."""
        if self._stopping:
            self.fail(CancelledError("Reading was stopped before there was anything to show."))
            return
        self._stopping = True
        self.explorer.say_stopping()

    def on_explorer_screen_another_asked(self) -> None:
        """Leave; whoever started the explorer lets the user choose."""
        self.exit(return_code=ANOTHER)

    def on_key(self, event: events.Key) -> None:
        """Give a line what was typed for it in one go with the key that opened it."""
        # What the line itself was sent never comes up to here.
        if isinstance(self.focused, Input) and event.is_printable and event.character:
            self.focused.insert_text_at_cursor(event.character)

    def on_unmount(self) -> None:
        """The user has left: a thread that still compares contents shall not keep the program."""
        self._leaving = True
        if self._index is not None:
            for layer in self._index.image.layers:
                layer.opener = _refuse
