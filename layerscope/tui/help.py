"""All keys, out of the registry."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from layerscope.tui.cells import cut
from layerscope.tui.entries import Lines, Story
from layerscope.tui.keys import groups, keys_of, written


class _Keys(Story):
    """A heading and a line per key."""

    BORDER_TITLE = "Keys"
    BORDER_SUBTITLE = "esc closes"

    @property
    def item_count(self) -> int:
        """All lines are one item."""
        return 1

    def lines(self, item: int, width: int) -> Lines:
        """Keys, what they do, and the chords of dive's that do the same."""
        made: Lines = [
            [("█", "bar"), (" useful  ", ""), ("░", "wasted"), (" wasted   ", ""), ("+", "added"), (" added  ", "")],
            [("~", "modified"), (" modified  ", ""), ("-", "wasted"), (" removed  ", ""), ("!", "note"), (" look", "")],
        ]
        for heading, keys in groups(keys_of(self)):
            made += [[], [(heading, "title")]]
            for key in keys:
                made.append(
                    [
                        (f"{cut(written(key.keys), 15):<16}", "bar"),
                        (cut(key.help, max(4, width - 16)), ""),
                        (f"  [{written(key.dive)}]" if key.dive and width > 70 else "", "dim"),
                    ]
                )
        return made


class HelpScreen(ModalScreen[None]):
    """The keys over the panes."""

    DEFAULT_CSS = """
    HelpScreen {
        align: right middle;
        & _Keys { width: 84; max-width: 100%; height: 100%; border: round $border; border-title-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close", show=False)]

    def compose(self) -> ComposeResult:
        """The list."""
        yield _Keys()
