"""What every application of the package has in common: its theme, and how it fails."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import Final

from layerscope.errors import CancelledError, ConfigError
from layerscope.tui.keys import keymap, remapped
from layerscope.tui.preferences import PLAIN, Preferences
from layerscope.tui.tones import Result, TonedApp

#: New objects until the collector of cycles looks at them: after Python's own 700 or 2,000, several times for each key.
_YOUNG: Final = 3_000
#: Exit codes of programs that a signal ended, as shells tell them, are this and its number.
_SIGNALLED: Final = 128


class ScopeApp(TonedApp[Result]):
    """An application in the wanted theme, else the remembered one, with the keys that the user wants.

    ``failure`` is what ended it, if anything did. ConfigError for a theme or a key that there is not.
    """

    TITLE = "layerscope"

    def __init__(self, theme: str = "", remembered: str = "", preferences: Preferences = PLAIN) -> None:
        no_color = "NO_COLOR" in os.environ
        super().__init__()
        self.animation_level = "none"
        self.failure: BaseException | None = None
        self._thresholds = gc.get_threshold()
        self.keys = remapped(preferences)
        self.set_keymap(keymap(self.keys))
        if theme and theme not in self.available_themes:
            raise ConfigError(f"There is no theme '{theme}'.", f"There are {', '.join(sorted(self.available_themes))}.")
        if theme or remembered in self.available_themes:
            self.theme = theme or remembered
        if no_color and self.current_theme.ansi:
            # Textual's filter for NO_COLOR makes the terminal's own colours black on black.
            self.theme = "textual-dark"

    def on_load(self) -> None:
        """Whoever ends the program, or closes its terminal, gets the terminal back as it was.

        Back from the shell, everything is painted: Textual takes what it painted before for still there.
        """
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True), immediate=True)
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, number)

    def on_ready(self) -> None:
        """The first frame is on its way; nothing that was loaded for it is ever garbage."""
        gc.freeze()
        gc.enable()
        gc.set_threshold(_YOUNG, *self._thresholds[1:])

    def on_unmount(self) -> None:
        """What was loaded may be garbage now, where the process goes on."""
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()

    def _end(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().remove_signal_handler(number)  # a second one ends it at once
        ended = CancelledError(f"The explorer was ended by {number.name}.")
        ended.exit_code = _SIGNALLED + number
        self.failure = ended
        self.exit(return_code=ended.exit_code)

    def _fatal_error(self) -> None:
        """An error in the explorer itself: no traceback with the values of all variables."""
        self.failure = self._exception
        self._close_messages_no_wait()

    def action_command_palette(self) -> None:
        """Find a command, or a path."""
        from layerscope.tui.palette import Commands

        if not isinstance(self.screen, Commands):
            self.push_screen(Commands(id="--command-palette"))

    def search_themes(self) -> None:
        """Find a theme."""
        from textual.theme import ThemeProvider

        from layerscope.tui.palette import Commands

        self.push_screen(Commands(providers=[ThemeProvider], placeholder="Search for themes…"))
