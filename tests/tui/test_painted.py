"""Lines that widgets keep, compared with those that Textual paints itself at the same moment."""

from __future__ import annotations

from typing import Any

import pytest
from rich.style import Style
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from explorers import load_acme, load_demo, press, pressed, visit
from layerscope.tui.app import ExplorerApp
from layerscope.tui.painted import Painted

#: Everything that makes lines look otherwise: cursors, scrolling, folds, focus, windows, filters, captions, themes.
KEYS = (
    "down down tab down down space down pagedown end home = - ] ] ] c [ c"
    " tab tab i i 3 down s S / a escape 4 down 5 down t enter t 2"
    " / . g z backspace backspace backspace escape r U U b s S z z v escape d d d d"
)


def _look(cell: str, style: Style) -> str:
    """How a cell looks; what colour a blank would be written in, nobody sees."""
    unseen = cell == " " and not (style.reverse or style.underline or style.strike)
    return f"{style.bgcolor} {style.without_color}" if unseen else str(style)


def _told(strips: list[Strip]) -> list[list[tuple[str, str]]]:
    """Texts and styles of lines, cell by cell, so that it does not matter how they are cut into segments."""
    return [
        [(cell, _look(cell, style or Style.null())) for text, style, _control in line for cell in text]
        for line in strips
    ]


def _compare(app: ExplorerApp, after: str) -> int:
    """How many lines of widgets were compared."""
    seen = 0
    for widget in app.screen.walk_children(Painted):
        bars = [widget.vertical_scrollbar] if widget.show_vertical_scrollbar else []
        for each in (widget, *bars):
            region = each.outer_size.region
            if isinstance(each, Painted) and each.is_on_screen and region.area:
                kept = _told(each.render_lines(region))
                assert kept == _told(Widget.render_lines(each, region)), f"{each} after {after}"
                seen += region.height
    return seen


@pytest.mark.parametrize(("load", "size"), [(load_demo, (120, 40)), (load_acme, (200, 24)), (load_demo, (60, 15))])
def test_kept_lines_are_those_of_today(load: Any, size: tuple[int, int]) -> None:
    seen = []

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        for number, key in enumerate(pressed(KEYS).split()):
            await press(app, pilot, key)
            seen.append(_compare(app, f"{key}, the key {number}"))

    visit(load, look, size=size)
    assert min(seen) > 10


def test_kept_lines_follow_theme_and_size() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        for theme in ("textual-light", "ansi-dark", "dracula"):
            app.theme = theme
            await pilot.pause()
            await pilot.pause()
            assert _compare(app, theme)
        for size in ((100, 30), (100, 24), (100, 40), (180, 50), (60, 15), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert _compare(app, str(size))

    visit(load_demo, look)


def test_a_line_is_painted_once() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        await press(app, pilot, "2 equals_sign home")
        region = files.outer_size.region
        kept = files.render_lines(region)
        assert all(one is other for one, other in zip(kept, files.render_lines(region), strict=True))
        files.refresh(Region(0, 3, 1, 2))
        again = files.render_lines(region)
        assert [y for y in range(region.height) if kept[y] is not again[y]] == [3, 4]

    visit(load_demo, look)
