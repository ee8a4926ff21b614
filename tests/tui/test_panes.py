"""Panes: their borders move, their keys are at hand, and the mouse reaches all of it."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

import handmade
from explorers import load_acme, load_demo, load_handmade, press, pressed, screen_after, visit
from layerscope.analysis.summary import analyse
from layerscope.sources.model import HistoryEntry
from layerscope.tui import run_explorer
from layerscope.tui.app import ExplorerApp
from screens import screen_text
from tui_clicks import click


async def drag(pilot: Pilot[Any], start: tuple[int, int], stop: tuple[int, int]) -> None:
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=stop)
    await pilot.mouse_up(offset=stop)
    await pilot.pause()


def test_keys_move_the_borders() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        left, details = app.explorer.layer_list, app.explorer.details
        width, height = left.region.width, details.region.height
        await press(app, pilot, "right_curly_bracket right_curly_bracket")
        assert left.region.width == width + 8
        await press(app, pilot, "left_curly_bracket")
        assert left.region.width == width + 4
        await press(app, pilot, "right_parenthesis")
        assert details.region.height == height + 2
        for _ in range(40):
            await pilot.press("left_curly_bracket", "left_parenthesis")
        assert left.region.width >= 14
        assert details.region.height >= 3

    visit(load_demo, look)


def test_the_mouse_drags_the_borders() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        left, details = app.explorer.layer_list, app.explorer.details
        edge = left.region.right - 1
        await drag(pilot, (edge, 10), (edge + 12, 10))
        assert left.region.right - 1 == edge + 12
        bottom = left.region.bottom - 1
        await drag(pilot, (5, bottom), (5, bottom - 4))
        assert left.region.bottom - 1 == bottom - 4
        assert details.region.y == bottom - 3
        # A move without a button moves nothing.
        await pilot.hover(offset=(40, 20))
        assert left.region.right - 1 == edge + 12

    visit(load_demo, look)


def test_borders_keep_their_place_through_zoom_and_single_panes() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        left = app.explorer.layer_list
        await press(app, pilot, "right_curly_bracket right_curly_bracket")
        width = left.region.width
        await press(app, pilot, "z")
        assert left.region.width == 120
        await press(app, pilot, "z")
        assert left.region.width == width
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert left.region.width == 50
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert left.region.width == width

    visit(load_demo, look)


def test_one_pane_at_a_time_has_tabs_for_all() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        seen = []
        for tab in ("2 Files", "3 Waste", "1 Layers"):
            await click(app, pilot, tab)
            seen.append(app.explorer.pane_with_keys)
        assert seen == ["files", "waste", "layers"]

    visit(load_demo, look, size=(58, 20))


def test_the_key_bar_shows_the_keys_of_the_pane() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        def bar() -> str:
            return app.explorer.key_bar.render().plain

        assert "AMRU show" in bar()
        assert "space" not in bar()
        await press(app, pilot, "2")
        assert "space Fold" in bar()
        assert "esc" not in bar()
        await press(app, pilot, "3")
        assert "s Sort" in bar()
        assert "AMRU" not in bar()
        await click(app, pilot, "esc Back")
        assert app.focused is app.explorer.files
        await press(app, pilot, "slash p a s s w d enter enter")
        assert "] Newer" in bar()
        assert "[ Older" not in bar()  # there is none
        await click(app, pilot, "esc Back")
        assert not app.explorer.previews

    visit(load_demo, look)


def test_waste_is_grouped_and_folded_with_the_mouse_alone() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await click(app, pilot, "3 Waste")
        await click(app, pilot, "directory")
        rows = app.explorer.waste.rows
        before = rows.item_count
        await click(app, pilot, "▸ ")
        assert rows.item_count == before + 1
        await click(app, pilot, "/root/.cache/pip/")
        assert rows.item is not None
        assert rows.item.path == "root/.cache/pip/"
        await click(app, pilot, "/root/.cache/pip/", times=2)
        assert app.explorer.files.path == b"root/.cache/pip"

    visit(load_acme, look)


def test_waste_folds_with_keys() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        rows = app.explorer.waste.rows
        await press(app, pilot, pressed("3 s"))
        assert rows.group is not None
        assert (rows.cursor, rows.group.name, rows.item_count) == (0, "layer 8", 4)
        await press(app, pilot, pressed("= l"))
        whole = rows.item_count
        await press(app, pilot, "h h")
        assert rows.item_count == whole - 3
        await press(app, pilot, "l l")
        assert rows.item is not None
        assert rows.item.path == "root/.cache/pip/"
        await press(app, pilot, "minus")
        assert rows.item_count == 4
        assert rows.group is not None
        assert rows.group.name == "layer 8"
        await press(app, pilot, pressed("= S"))
        assert rows.item_count == whole
        assert app.explorer.waste.total.startswith("by layer · backwards")

    visit(load_acme, look)


def test_the_mouse_alone_reaches_everything() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        await click(app, pilot, "pip insta")
        assert screen.selection.layer == 4
        await click(app, pilot, "4 History")
        await click(app, pilot, "D Dockerfile")
        assert app.clipboard.startswith("# acme/api:2.4")
        assert "RUN apt-get update \\\n    && apt-get upgrade -y\n" in app.clipboard
        await pilot.pause(4.2)  # the notice gives way to the keys
        await click(app, pilot, "? Keys")
        await click(app, pilot, "esc closes")
        assert app.screen is screen
        await click(app, pilot, "Image")
        await click(app, pilot, "5 Config")
        await click(app, pilot, "runs")
        await click(app, pilot, "2 Files")
        rows = screen.files.item_count
        await click(app, pilot, "▸ ")
        assert screen.files.item_count > rows
        await pilot.hover("#files")
        top = screen.files.scroll_offset.y
        for _ in range(3):
            screen.files.post_message(events.MouseScrollDown(screen.files, 1, 1, 0, 1, 0, False, False, False, 1, 1))
        await pilot.pause()
        assert screen.files.scroll_offset.y >= top
        await click(app, pilot, "q Quit")

    assert visit(load_acme, look, size=(110, 30), reference="acme/api:2.4").return_code == 0


def test_a_script_is_one_line_in_layers() -> None:
    script = "RUN <<EOF (set -e...)\n\tset -e\n\tmake\nEOF # buildkit"
    load = load_handmade([[handmade.file("a", 1)]], [HistoryEntry(created_by=script)])
    shown = screen_after(load, "1 z", size=(120, 24))
    assert "RUN <<EOF (set -e...) set -e make EOF" in shown
    assert "␊" not in shown


def test_a_chosen_theme_is_told_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    async def choose(pilot: Pilot[Any]) -> None:
        pilot.app.theme = "nord"
        await pilot.press("q")

    run = ExplorerApp.run
    monkeypatch.setattr(ExplorerApp, "run", lambda self: run(self, headless=True, auto_pilot=choose))
    for remembered in ("", "nord", "a theme of another version"):
        run_explorer("demo", load_demo, analyse, remembered=remembered, themed=told.append)
    assert told == ["nord", "nord"]


def test_every_theme_paints_every_view() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        for number, name in enumerate(sorted(app.available_themes)):
            app.theme = name
            await pilot.press("23456"[number % 5])
            await pilot.pause()
            assert "efficiency 68 %" in screen_text(app)

    visit(load_demo, look, size=(100, 24))
