"""``/`` in each window: what is found is shown or marked, and escape ends it there and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from explorers import load_acme, load_demo, load_handmade, press, pressed, screen_after, visit
from handmade import file, whiteout
from layerscope.core.view import REMOVED
from layerscope.tui.app import ExplorerApp
from screens import screen_text


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


def test_what_another_layer_has_is_told_and_enter_goes_there() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        await press(app, pilot, "2 slash")
        await press(app, pilot, pressed("i s : r e m o v e d"))
        there = files.model.elsewhere if files.model is not None else {}
        first, count = next(iter(there.items()))
        assert f"not in layer 1; {count:,} in layer {first + 1}" in files.empty_sentence
        await press(app, pilot, "enter")
        assert app.explorer.selection.layer == first
        assert files.item_count
        assert f"went to layer {first + 1}, which has {count:,} match" in screen_text(app)

    visit(load_acme, look)


def test_all_layers_are_a_key_away_and_a_row_there_is_opened_as_it_was() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        await press(app, pilot, "F")
        await press(app, pilot, pressed("a . b i n enter"))
        assert files.model is not None
        assert files.model.filter is not None
        assert files.model.filter.text == "in:all a.bin"
        assert [files.model.mark(hit) for hit, found in enumerate(files.model.hits) if found] == [REMOVED]
        await press(app, pilot, "H")
        assert "removed" in screen_text(app)
        await press(app, pilot, "escape F")
        assert files.model.filter.text == "in:all a.bin"  # once is enough
        await press(app, pilot, "escape")
        assert files.wanted is None
        assert not files.model.view.everywhere

    visit(load_handmade([[file("a.bin", 10), file("b", 1)], [whiteout("a.bin")], [file("c", 1)]]), look)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/[/", "not a regex"),
        ("is:zzz", "sparse device fifo caps"),
        ("layer:99", "there are 2 layers"),
        ("perm:4000", "perm:4000 is no term"),
    ],
)
def test_a_fault_is_told_whole_and_stays_until_it_is_put_right(text: str, fault: str) -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        def seen() -> str:
            lines = [line.split("│")[-2] for line in screen_text(app).splitlines() if line.count("│") > 1]
            return " ".join(" ".join(lines).split())

        names = {"/": "slash", "[": "left_square_bracket", ":": "colon"}
        await press(app, pilot, "2 slash")
        await press(app, pilot, " ".join(names.get(sign, sign) for sign in text))
        assert fault in seen()
        await press(app, pilot, "enter")
        assert fault in seen()
        assert app.explorer.pane_with_keys == "find"
        await press(app, pilot, "down 3 2")
        assert fault in seen()
        await press(app, pilot, "escape")
        assert fault not in seen()

    visit(load_handmade([[file("a", 10)], [file("b", 1)]]), look)


def test_what_waste_does_not_understand_is_told() -> None:
    seen = screen_after(load_acme, pressed("3 / i s : n o n s e n s e enter"))
    assert "is: overwritten rewritten removed hidden" in seen
    seen = screen_after(load_acme, pressed("3 / > 1 T B enter"))
    assert "no waste matches '>1TB'" in seen


def test_the_previews_title_tells_the_path_and_its_layer() -> None:
    seen = screen_after(load_acme, pressed("2 / s t a t u s enter enter"), size=(80, 24))
    assert "/var/lib/dpkg/status in layer" in seen
    seen = screen_after(load_acme, pressed("2 / s t a t u s enter enter"), size=(40, 15))
    assert "…" in seen
    assert "dpkg/status in layer" in seen


def test_the_story_of_a_folder_offers_nothing_that_only_files_have() -> None:
    layers = [[file("d/a", 10), file("one", 1)], [file("d/a", 20)]]
    last = screen_after(load_handmade(layers), pressed("2 H"), size=(160, 30)).splitlines()[-1]
    assert not [word for word in ("Older", "Newer", "Difference", "Hex") if word in last]
    last = screen_after(load_handmade(layers), pressed("] 2 down enter"), size=(160, 30)).splitlines()[-1]
    assert [word for word in ("Older", "Newer", "Difference", "Hex") if word in last] == ["Older", "Difference", "Hex"]
    last = screen_after(load_handmade(layers), pressed("] 2 down enter ["), size=(160, 30)).splitlines()[-1]
    assert [word for word in ("Older", "Newer", "Difference", "Hex") if word in last] == ["Newer", "Hex"]
