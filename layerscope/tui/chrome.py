"""The two lines around the panes: the answer on top, the keys at the bottom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from layerscope.analysis.model import Analysis
from layerscope.text import printable, size
from layerscope.tui.cells import cut, cut_middle
from layerscope.tui.keys import Key, keys_of, shown

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

    def say(self, *texts: str) -> None:
        """Show what is going on, while there is no answer yet; of several texts the first that there is room for."""
        self._states = [[(printable(text), "$text-muted")] for text in texts]
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


class _Unit(NamedTuple):
    """Keys that stand together in the bar, and the word behind them."""

    keys: tuple[Key, ...]
    word: str

    @property
    def width(self) -> int:
        """Cells, the gap behind included."""
        return sum(cell_len(_name(key)) for key in self.keys) + cell_len(self.word) + 3


def _name(key: Key) -> str:
    return shown(key.keys.split(",")[0])


class KeyBar(Widget):
    """The most useful keys of the pane that has them, each clickable; for some seconds, what just happened."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._notice = ""
        self._timer: Timer | None = None
        self._places: list[tuple[int, int, Key]] = []
        self._shown_for: tuple[str, bool, frozenset[str]] = ("", False, frozenset())

    def show_context(self, pane: str, goes_back: bool, idle: frozenset[str] = frozenset()) -> None:
        """Which pane has the keys, whether there is anything to go back from, which actions would do nothing."""
        if (pane, goes_back, idle) != self._shown_for:
            self._shown_for = (pane, goes_back, idle)
            self.refresh()

    def notice(self, text: str, *, lasting: bool = False) -> None:
        """Say what happened, in place of the keys: for some seconds, or until something else is said."""
        self._notice = printable(text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if lasting else self.set_timer(_NOTICE_SECONDS, self._forget)
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
        for unit in self._chosen():
            for key in unit.keys:
                name = _name(key)
                parts.append((name, "bold $text-accent"))
                word = f" {unit.word}  " if key is unit.keys[-1] else ""
                parts.append((word, ""))
                self._places.append((at, at + cell_len(name + word), key))
                at += cell_len(name + word)
        return Content.assemble(*parts)

    def _chosen(self) -> list[_Unit]:
        """The units that there is room for: help and the way out first, then as they stand in the registry."""
        units = list(self._units())
        room = self.size.width + 2  # the last one needs no gap behind it
        ranked = sorted(units, key=lambda unit: (unit.keys[0].bar, unit.keys[0].label not in ("Keys", "Quit", "Back")))
        chosen = []
        for unit in ranked:
            if unit.width <= room:
                room -= unit.width
                chosen.append(unit)
        return [unit for unit in units if unit in chosen]

    def _units(self) -> Iterator[_Unit]:
        pane, goes_back, idle = self._shown_for
        marks: list[Key] = []
        for key in keys_of(self):
            everywhere = key.where in ("app", "screen", "rows") and pane != "find"
            if (
                not key.bar
                or key.action in idle
                or not (everywhere or key.where == pane)
                or (key.only and pane not in key.only.split())
            ):
                continue
            if key.action.startswith("toggle_mark"):
                marks.append(key)
            elif key.action != "back" or goes_back:
                if marks:
                    yield _Unit(tuple(marks), "show")
                    marks = []
                yield _Unit((key,), key.label)

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does, where the focus is."""
        for start, end, key in self._places:
            if start <= event.x < end and not self._notice:
                self.app.simulate_key(key.keys.split(",")[0])
