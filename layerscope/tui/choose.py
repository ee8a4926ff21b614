"""A short list to choose one of: the images of an archive that holds several."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from layerscope.text import printable
from layerscope.tui.cells import cut
from layerscope.tui.modal import Modal
from layerscope.tui.rows import Pieces, Rows


class _Choices(Rows):
    """One row each."""

    def __init__(self, choices: list[str]) -> None:
        super().__init__("choices")
        self._choices = choices

    @property
    def item_count(self) -> int:
        """How many there are."""
        return len(self._choices)

    def pieces(self, row: int, width: int) -> Pieces:
        """The name."""
        yield (cut(f" {printable(self._choices[row])}", width), "")


class ChooseScreen(Modal):
    """Gives the choice; the empty text when the user went away."""

    DEFAULT_CSS = """
    ChooseScreen {
        align: center middle;
        & _Choices { width: 70; max-width: 100%; height: auto; max-height: 80%; border: round $border; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Close", show=False)]

    def __init__(self, title: str, choices: list[str]) -> None:
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        """The list."""
        choices = _Choices(self._choices)
        choices.border_title = Content(self._title)
        choices.border_subtitle = "enter opens · esc leaves"
        yield choices

    @on(Rows.Selected)
    def _chosen(self, event: Rows.Selected) -> None:
        self.answer(self._choices[event.item])

    def action_leave(self) -> None:
        """No choice."""
        self.answer("")
