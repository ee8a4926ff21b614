"""The line that a filter is typed into, at the bottom of Files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class FindBar(Horizontal):
    """``/`` and a text; every keystroke filters, enter keeps, escape clears."""

    DEFAULT_CSS = """
    FindBar {
        height: 1;
        & #slash { width: 2; color: $text-accent; text-style: bold; }
        & Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
        & #found { width: auto; color: $text-muted; padding: 0 0 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", show=False),
        Binding("down,tab", "keep", "Keep", show=False),
    ]

    @dataclass
    class Typed(Message):
        """The text changed."""

        text: str

    class Kept(Message):
        """Back to the files with the filter on."""

    class Submitted(Message):
        """Kept, and enter was pressed."""

    class Cleared(Message):
        """Back to all files."""

    def __init__(self, placeholder: str = "name, *.glob, /regex/, >10MB, is:removed") -> None:
        super().__init__(id="find")
        self._input = Input(placeholder=placeholder, compact=True)
        self._found = Static("", id="found", markup=False)
        self._words = ""

    def compose(self) -> ComposeResult:
        """Slash, text, count."""
        yield Static("/", id="slash", markup=False)
        yield self._input
        yield self._found

    def open(self) -> None:
        """Take the keys."""
        self.display = True
        self._input.focus()

    def close(self) -> None:
        """Forget the text."""
        with self.prevent(Input.Changed):
            self._input.value = ""
        self.display = False

    def count(self, words: str) -> None:
        """How many there are."""
        if self.display and words != self._words:
            # An update lays the whole screen out anew.
            self._words = words
            self._found.update(words)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()
        self.post_message(self.Submitted())

    def action_keep(self) -> None:
        """Leave the filter on and go back to the files."""
        self.post_message(self.Kept())

    def action_clear(self) -> None:
        """Drop the filter."""
        self.post_message(self.Cleared())
