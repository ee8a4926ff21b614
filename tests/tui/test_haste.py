"""Keys and clicks that come faster than the screens change, and values beyond all sense."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.events import Click
from textual.pilot import Pilot
from textual.widgets import Input

from explorers import load_acme, load_demo, press, settle, visit
from layerscope.tui.app import ExplorerApp
from layerscope.tui.ask import AskScreen
from layerscope.tui.choose import ChooseScreen
from layerscope.tui.filters import parse_filter
from layerscope.tui.palette import Commands


def test_a_question_is_answered_once() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        answers: list[str | None] = []
        screen = AskScreen("Where?", "here")
        app.push_screen(screen, answers.append)
        await pilot.pause()
        line = screen.query_one(Input)
        for _ in range(3):
            line.post_message(Input.Submitted(line, "here"))
        await pilot.pause()
        assert answers == ["here"]
        assert app.screen is app.explorer

    visit(load_demo, look)


def test_a_choice_is_made_once() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        answers: list[str | None] = []
        screen = ChooseScreen("Which?", ["one", "two"])
        app.push_screen(screen, answers.append)
        await pilot.pause()
        screen.answer("two")
        screen.answer("one")
        await pilot.pause()
        assert answers == ["two"]

    visit(load_demo, look)


def test_the_palette_closes_once() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "ctrl+p ctrl+p")
        palette = app.screen
        assert isinstance(palette, Commands)
        for _ in range(2):
            palette._on_click(Click(palette, 0, 39, 0, 0, 1, False, False, False, 0, 39))
        await pilot.pause()
        assert app.screen is app.explorer

    visit(load_demo, look)


@pytest.mark.parametrize("gap", [0, 0.001, 0.01])
def test_layers_follow_keys_that_come_fast(gap: float) -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        for _ in range(5):
            app.simulate_key("j")
            await asyncio.sleep(gap)
        await settle(app, pilot)
        assert (app.explorer.layer_list.cursor, app.explorer.selection.layer) == (5, 5)
        await press(app, pilot, "2 g")
        assert app.explorer.files.path == b"app"

    visit(load_acme, look)


@pytest.mark.parametrize("size", [(2, 2), (80, 2), (20, 3), (1, 1)])
def test_a_palette_without_room_has_no_pages(size: tuple[int, int]) -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "ctrl+p s")
        for key in ("pageup", "pagedown", "pageup", "escape"):
            await pilot.press(key)
        await pilot.pause()
        assert app.is_running

    visit(load_demo, look, size=size)


@pytest.mark.parametrize("text", [">9999999999999T", "<999999999999999999T", ">" + "9" * 400, "<=" + "9" * 5000 + "k"])
def test_sizes_beyond_all_files(text: str) -> None:
    wanted = parse_filter(text)
    assert wanted.fault or max(wanted.at_least, wanted.at_most) < 1 << 63

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2 slash")
        app.screen.query_one(Input).value = text
        await pilot.pause()
        assert app.is_running

    visit(load_demo, look)


def test_a_jump_waits_for_the_files_of_its_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.tui.working._AT_ONCE", -1.0)  # as with a million paths
    seen = []

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "3 equals_sign down down down")
        item = app.explorer.waste.item
        assert item is not None
        await press(app, pilot, "enter")
        seen.extend([item.path, app.explorer.files.path.decode(), app.explorer.key_bar.render().plain])

    visit(load_demo, look)
    assert seen[0].rstrip("/") == seen[1]
    assert "hidden" not in seen[2]
