"""The line that a filter is typed into, at the bottom of Files, and the one for a text in a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input, Static

from layerscope.text import printable
from layerscope.tui.cells import cut
from layerscope.tui.keys import bindings

#: Cells by which a count may be smaller than the room that it has.
_SLACK: Final = 6


class _Line(Input):
    """As wide as there is room, whatever is in it: Textual would lay the screen out anew for every letter."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))


class FindBar(Vertical):
    """``/`` and a text; every keystroke looks for it, enter keeps, escape clears. Below it, what is wrong with it."""

    DEFAULT_CSS = """
    FindBar {
        height: auto;
        & Horizontal { height: 1; }
        & .fault { height: auto; color: $text-warning; padding: 0 0 0 2; display: none; }
        & .slash { width: 2; color: $text-accent; text-style: bold; }
        & Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
        & .found { width: auto; max-width: 60%; color: $text-muted; padding: 0 0 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("find")]

    @dataclass
    class Typed(Message):
        """The text changed."""

        bar: FindBar
        text: str

        @property
        def control(self) -> FindBar:
            """The line that it happened in."""
            return self.bar

    @dataclass
    class Kept(Message):
        """Back to what is searched, with the text kept."""

        bar: FindBar

        @property
        def control(self) -> FindBar:
            """The line that it happened in."""
            return self.bar

    @dataclass
    class Submitted(Message):
        """Kept, and enter was pressed."""

        bar: FindBar

        @property
        def control(self) -> FindBar:
            """The line that it happened in."""
            return self.bar

    @dataclass
    class Cleared(Message):
        """Back, and nothing is looked for any more."""

        bar: FindBar

        @property
        def control(self) -> FindBar:
            """The line that it happened in."""
            return self.bar

    def __init__(self, identity: str, placeholder: str) -> None:
        super().__init__(id=identity)
        self._input = _Line(placeholder=placeholder, compact=True)
        self._found = Static("", classes="found", markup=False)
        self._words = ""
        self._fault = Static("", classes="fault", markup=False)
        self._told = ""

    def compose(self) -> ComposeResult:
        """Slash, text, count; a fault has lines of its own, as it would be cut beside the text."""
        yield Horizontal(Static("/", classes="slash", markup=False), self._input, self._found)
        yield self._fault

    def open(self) -> None:
        """Take the keys, at once: the next one may already be waiting."""
        self.display = True
        self._input.select_on_focus = True
        self.screen.set_focus(self._input)

    def begin(self, word: str) -> None:
        """Having opened, put a word in front of what is looked for, unless it is there."""
        self._input.select_on_focus = False  # what comes next goes behind it
        words = [each for each in self._input.value.split(" ") if each]
        if word not in words:
            self._input.value = " ".join([word, *(words or [""])])
        self._input.cursor_position = len(self._input.value)

    def close(self) -> None:
        """Forget the text."""
        with self.prevent(Input.Changed):
            self._input.value = ""
        self.complain("")
        self.display = False

    def refill(self, text: str, placeholder: str) -> None:
        """Be there where something is looked for already, and take another text from now on."""
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.placeholder = placeholder
        self.display = bool(text)

    def count(self, words: str) -> None:
        """How many there are."""
        words = cut(words, max(8, self.size.width * 6 // 10 - 1))
        more = cell_len(self._words) - cell_len(words)
        if 0 < more <= _SLACK:
            words = " " * more + words
        if self.display and words != self._words:
            # Another width lays the whole screen out anew; counts mostly get a little smaller with every letter.
            self._words = words
            self._found.update(words, layout=bool(more) and not 0 < more <= _SLACK)

    def complain(self, fault: str) -> None:
        """Say what is wrong with the text; nothing where nothing is."""
        if fault != self._told:
            self._told = fault
            self._fault.update(printable(fault))
            self._fault.display = bool(fault)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._told:
            return  # what is wrong stays to be read and put right
        self.action_keep()
        self.post_message(self.Submitted(self))

    def action_keep(self) -> None:
        """Leave the text and go back."""
        self.post_message(self.Kept(self))

    def action_clear(self) -> None:
        """Look for nothing."""
        self.post_message(self.Cleared(self))
