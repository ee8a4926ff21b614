"""The two lines around the panes: the answer on top, the keys at the bottom."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from layerscope.analysis.model import Analysis
from layerscope.text import printable, size
from layerscope.tui.cells import cut, cut_middle
from layerscope.tui.keys import KEYS, Key, shown

_NOTICE_SECONDS: Final = 4.0


class TitleBar(Widget):
    """The image and the answer, before any key is pressed."""

    DEFAULT_CSS = """
    TitleBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """

    def __init__(self, reference: str) -> None:
        super().__init__(id="title")
        self._reference = printable(reference)
        self._states: list[list[tuple[str, str]]] = [[]]

    def say(self, text: str) -> None:
        """Show what is going on, while there is no answer yet."""
        self._states = [[(printable(text), "$text-muted")]]
        self.refresh()

    def answer(self, analysis: Analysis) -> None:
        """Show the true figures of the image."""
        figures = analysis.figures
        layers = len(analysis.layers)
        share = figures.wasted_bytes / figures.size_bytes if figures.size_bytes else 0.0
        bytes_ = (size(figures.size_bytes), "bold")
        efficiency = (percent(figures.efficiency), "bold")
        wasted = (f"░ {size(figures.wasted_bytes)}", "bold $text-error" if figures.wasted_bytes else "bold")
        count = f" · {layers} layer{'' if layers == 1 else 's'}"
        mark = []
        if analysis.warnings or not analysis.complete:
            mark = [(" ! incomplete" if not analysis.complete else " !", "bold $text-warning")]
        tail = (f" ({percent(share)})", "")
        self._states = [
            [bytes_, (f"{count} · efficiency ", ""), efficiency, (" · wasted ", ""), wasted, tail, *mark],
            [bytes_, (" · efficiency ", ""), efficiency, (" · wasted ", ""), wasted, *mark],
            [bytes_, (" · ", ""), efficiency, (" · ", ""), wasted, *mark],
            [efficiency, (" ", ""), wasted, *mark],
        ]
        self.refresh()

    def render(self) -> Content:
        """The line: fewer words where there is little room, then a shorter reference."""
        wanted = min(cell_len(self._reference), 20) + 2
        for state in self._states:
            room = self.size.width - sum(cell_len(text) for text, _style in state)
            if room >= wanted:
                break
        return Content.assemble((cut_middle(self._reference, max(0, room - 2)), "bold"), "  ", *state)


def percent(ratio: float) -> str:
    """A ratio as people read it: ``87 %``; never rounded up to 100 or down to 0."""
    value = ratio * 100
    if 99.5 <= value < 100 or 0 < value < 0.5:
        return f"{value:.1f} %" if value < 99.95 and value >= 0.05 else (">99.9 %" if value > 50 else "<0.1 %")
    return f"{value:.0f} %"


def tabs(words: list[tuple[str, str, bool]]) -> Content:
    """Titles side by side that can be clicked; (word, action, whether it is the one shown)."""
    parts = []
    for number, (word, action, active) in enumerate(words):
        if number:
            parts.append(Content(" │ "))
        style = Style.from_meta({"@click": action}) + Style(bold=active, dim=not active)
        parts.append(Content.styled(word, style))
    return Content("").join(parts)


class KeyBar(Widget):
    """The most useful keys, each clickable; for some seconds, what just happened."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._notice = ""
        self._timer: Timer | None = None
        self._places: list[tuple[int, int, Key]] = []

    def notice(self, text: str) -> None:
        """Say what happened, in place of the keys, for some seconds."""
        self._notice = printable(text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_NOTICE_SECONDS, self._forget)
        self.refresh()

    def _forget(self) -> None:
        self._notice = ""
        self.refresh()

    def render(self) -> Content:
        """The keys of the registry that belong here; consecutive marks share one word."""
        if self._notice:
            return Content.assemble((cut(f" {self._notice}", self.size.width), "bold"))
        parts: list[tuple[str, str]] = []
        self._places = []
        at = 0
        bar = [key for key in KEYS if key.bar]
        for place, key in enumerate(bar):
            name = shown(key.keys.split(",")[0])
            marks = key.action.startswith("toggle_mark")
            last = not marks or place + 1 == len(bar) or not bar[place + 1].action.startswith("toggle_mark")
            word = "show" if marks else key.label
            text = f" {word}  " if last else ""
            width = cell_len(name + text)
            if at + width - 2 > self.size.width:
                break
            self._places.append((at, at + width, key))
            parts += [(name, "bold $text-accent"), (text, "")]
            at += width
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does, where the focus is."""
        for start, end, key in self._places:
            if start <= event.x < end and not self._notice:
                self.app.simulate_key(key.keys.split(",")[0])
