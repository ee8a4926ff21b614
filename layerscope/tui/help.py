"""All keys, out of the registry."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.style import Style

from layerscope.tui.cells import cut, wrap
from layerscope.tui.entries import Lines, Story
from layerscope.tui.keys import Key, groups, keys_of, written

#: The signs on the screens, and what they mean.
_LEGEND: Final = (
    "Layers: █ bytes in use, ░ wasted bytes of this layer, ! bytes that this layer makes waste.",
    "Files: + added, ~ modified, - removed; ! what became of it, or how many copies there are.",
    "History: the number of the layer that a line made, · where it made none.",
    (
        "Find, in Files and Waste: ssl, lib/ssl, *.so, >10MB, is:removed, layer:5 (what it wrote or deleted), or"
        " several; in Files also /regex/, is:setuid, is:link and so on, in:all (what any layer holds, gone or not)."
    ),
    "Waste: - removed, ~ overwritten or replaced, = rewritten with the same bytes, + stored twice.",
)


class _Keys(Story):
    """A heading and a line per key."""

    BORDER_TITLE = "Keys"

    def __init__(self, pane: str) -> None:
        super().__init__()
        self._pane = pane
        style = Style.from_meta({"@click": "screen.dismiss"})
        self.border_subtitle = Content.assemble(Content.styled("esc closes", style))

    @property
    def item_count(self) -> int:
        """All lines are one item."""
        return 1

    def lines(self, item: int, width: int) -> Lines:
        """Keys, what they do, and the chords of dive's that do the same."""
        made: Lines = []
        for line in _LEGEND:
            made += [[(part, "")] for part in wrap(line, width)]
        for heading, keys in self._groups():
            made += [[], [(heading, "title")]]
            for key in keys:
                chords = f"  [{written(key.dive)}]" if key.dive and width > 70 else ""
                first, *more = wrap(key.help, max(4, width - 16 - len(chords)))
                made.append([(f"{cut(written(key.keys), 15):<16}", "bar"), (first, ""), (chords, "dim")])
                made += [[(" " * 16 + part, "")] for part in more]
        return made

    def _groups(self) -> list[tuple[str, list[Key]]]:
        """The keys of the pane that had them when help was asked for come first."""
        return sorted(groups(keys_of(self)), key=lambda group: not any(key.where == self._pane for key in group[1]))


class HelpScreen(ModalScreen[None]):
    """The keys over the panes."""

    DEFAULT_CSS = """
    HelpScreen {
        align: right middle;
        & _Keys { width: 84; max-width: 100%; height: 100%; border: round $border; border-title-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close", show=False)]

    def __init__(self, pane: str = "") -> None:
        super().__init__()
        self._pane = pane

    def compose(self) -> ComposeResult:
        """The list."""
        yield _Keys(self._pane)

    def on_click(self, event: events.Click) -> None:
        """A click beside the list closes it."""
        if event.widget is self:
            self.dismiss()
