"""A question with one line to answer it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from layerscope.tui.modal import Modal


class AskScreen(Modal):
    """Gives what was typed; the empty text when the user went away."""

    DEFAULT_CSS = """
    AskScreen {
        align: center middle;
        & Vertical { width: 70; max-width: 100%; height: auto; border: round $border; background: $background; }
        & Input { border: none; height: 1; padding: 0; background: $background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=False)]

    def __init__(self, question: str, answer: str) -> None:
        super().__init__()
        self._question, self._answer = question, answer

    def compose(self) -> ComposeResult:
        """Question and line."""
        with Vertical() as box:
            box.border_title = Content(self._question)
            box.border_subtitle = "enter writes · esc leaves"
            yield Input(self._answer, compact=True)
            yield Static("owners and setuid bits are not taken over", markup=False)

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        self.answer(event.value.strip())

    def action_leave(self) -> None:
        """No answer."""
        self.answer("")
