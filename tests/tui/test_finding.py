"""``/`` in each window: what is found is shown or marked, and escape ends it there and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from explorers import load_acme, load_demo, press, pressed, screen_after, visit
from layerscope.tui.app import ExplorerApp


def test_waste_shows_only_the_paths_that_were_asked_for() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        rows = app.explorer.waste.rows
        await press(app, pilot, "3")
        whole = rows.item_count
        await press(app, pilot, pressed("/ c a c h e"))
        assert app.explorer.window == "waste"
        shown = [rows.model.item_at(row) for row in range(rows.item_count)]
        assert 0 < len(shown) < whole
        assert all(item is not None and "cache" in item.path for item in shown)
        await press(app, pilot, "enter s")
        assert {item.path for item in map(rows.model.item_at, range(rows.item_count)) if item} == {
            item.path for item in shown if item
        }
        await press(app, pilot, pressed("2 3"))
        assert rows.needle == "cache"  # what was looked for is there still, as the line says
        assert app.explorer.seeker.display
        await press(app, pilot, "escape")
        assert (rows.needle, app.explorer.window) == ("", "waste")
        await press(app, pilot, "s s s")
        assert rows.item_count == whole

    visit(load_acme, look)


@pytest.mark.parametrize(("window", "text", "word"), [("4", "pip", "pip install"), ("5", "PATH", "PATH=")])
def test_history_and_config_go_from_match_to_match(window: str, text: str, word: str) -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, window)
        pane = app.explorer.sought
        assert pane is not None
        await press(app, pilot, " ".join(["slash", *text, "enter"]))
        assert app.focused is pane
        assert text in pane.text(pane.cursor)  # type: ignore[union-attr]
        first = pane.cursor
        seen = {first}
        for _ in range(40):
            await press(app, pilot, "n")
            seen.add(pane.cursor)
        assert seen == {item for item in range(pane.item_count) if text in pane.text(item)}  # type: ignore[union-attr]
        await press(app, pilot, "escape")
        assert (pane.needle, app.focused) == ("", pane)

    visit(load_acme, look)


@pytest.mark.parametrize("window", ["3", "4", "5"])
def test_what_is_nowhere_is_told(window: str) -> None:
    seen = screen_after(load_demo, f"{window} slash z q z q z")
    assert "no waste matches 'zqzqz'" in seen if window == "3" else "not found" in seen


def test_matches_that_are_hidden_are_told_with_the_key_that_shows_them() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        await press(app, pilot, "2 slash p i p enter")
        assert files.item_count
        await press(app, pilot, "A M R U")
        assert "all hidden: A shows added" in files.empty_sentence
        assert "hidden" in files.counted
        await press(app, pilot, "A")
        assert files.item_count

    visit(load_acme, look)


def test_the_previews_title_tells_the_path_and_its_layer() -> None:
    seen = screen_after(load_acme, pressed("2 / s t a t u s enter enter"), size=(80, 24))
    assert "/var/lib/dpkg/status in layer" in seen
    seen = screen_after(load_acme, pressed("2 / s t a t u s enter enter"), size=(40, 15))
    assert "…" in seen
    assert "dpkg/status in layer" in seen
