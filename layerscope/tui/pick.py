"""A short list of things to have or not to have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from layerscope.tui.rows import Pieces, Rows


class _Choices(Rows):
    """A box before each."""

    BORDER_SUBTITLE = "space switches · enter shows them · esc leaves"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "switch", show=False)]

    def __init__(self, choices: Sequence[str], chosen: frozenset[str]) -> None:
        super().__init__()
        self.chosen = chosen
        self._choices = choices

    @property
    def item_count(self) -> int:
        """How many there are."""
        return len(self._choices)

    def pieces(self, row: int, width: int) -> Pieces:
        """Box and name."""
        name = self._choices[row]
        yield ("[x] " if name in self.chosen else "[ ] ", "title")
        yield (name, "")

    def action_switch(self) -> None:
        """Have it, or not."""
        self.chosen = self.chosen ^ {self._choices[self.cursor]}
        self.refresh()

    def clicked(self, row: int, column: int) -> bool:
        """A click switches."""
        self.action_switch()
        return True


class PickScreen(ModalScreen[frozenset[str] | None]):
    """Gives what was chosen; None when the user went away."""

    DEFAULT_CSS = """
    PickScreen {
        align: center middle;
        & _Choices { width: 50; max-width: 100%; max-height: 100%; border: round $border; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Close", show=False)]

    def __init__(self, title: str, choices: Sequence[str], chosen: frozenset[str]) -> None:
        super().__init__()
        self._list = _Choices(choices, chosen)
        self._list.border_title = title
        self._list.styles.height = len(choices) + 2

    def compose(self) -> ComposeResult:
        """The list."""
        yield self._list

    def on_rows_selected(self) -> None:
        """These are wanted."""
        self.dismiss(self._list.chosen)
