"""The map: areas in proportion, parts that add up, the way in and out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

import handmade
from explorers import acme_index, load_acme, load_demo, load_handmade, press, screen_after, visit
from layerscope.analysis.summary import analyse
from layerscope.core.outline import Outline
from layerscope.tui.app import ExplorerApp
from layerscope.tui.mapmodel import Division, ImageMap, Part
from layerscope.tui.treemap import lay_out
from screens import screen_text
from tui_clicks import click


def acme_map() -> ImageMap:
    index = acme_index()
    outline = Outline(index.tree)
    while outline.step():
        pass
    return ImageMap(outline, analyse(index))


def left(model: ImageMap) -> Part:
    """The part that was looked at, once it was left."""
    number = model.leave()
    return model.parts[number]


@given(
    st.lists(st.integers(1, 10**12), max_size=60).map(lambda found: sorted(found, reverse=True)),
    st.integers(0, 70),
    st.integers(0, 40),
)
def test_areas_lie_beside_each_other_and_leave_no_gap(weights: list[int], width: int, height: int) -> None:
    boxes = lay_out(weights, width, height)
    cells = [[0] * width for _ in range(height)]
    for box in boxes:
        for y in range(box.y, box.y + box.height):
            for x in range(box.x, box.x + box.width):
                cells[y][x] += 1
    assert len(boxes) <= len(weights)
    assert all(count == 1 for row in cells for count in row) or not weights


def test_areas_follow_the_weights() -> None:
    boxes = lay_out([600, 300, 50, 50], 60, 20)
    areas = [box.width * box.height for box in boxes]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] == pytest.approx(720, rel=0.05)
    assert areas[1] == pytest.approx(360, rel=0.1)


def test_parts_add_up_to_the_image() -> None:
    model = acme_map()
    for division in Division:
        model.divide(division)
        assert model.bytes == model.total


def test_every_folder_adds_up_to_its_parts() -> None:
    model = acme_map()
    waiting = [part for part in model.parts if part.holds]
    seen = 0
    while waiting:
        part = waiting.pop()
        inside = model.inside(part)
        assert sum(each.bytes for each in inside) == part.bytes
        waiting += [each for each in inside if each.holds]
        seen += 1
    assert seen > 20


def test_in_and_out_of_folders_and_layers() -> None:
    model = acme_map()
    usr = model.parts[0]
    model.enter(usr)
    assert model.path == "/usr"
    local = model.parts[0]
    model.enter(local)
    assert model.path == "/usr/local"
    assert left(model) == local
    assert left(model) == usr
    model.divide(Division.LAYERS)
    pip = model.parts[0]
    assert (pip.layer, pip.bytes, pip.wasted) == (4, 512_852_820, 96_400_000)
    model.enter(pip)
    assert [part.name for part in model.parts] == ["usr", "root"]
    assert model.bytes == pip.bytes
    assert model.layer_of(model.parts[1]) == 4
    assert left(model) == pip


def test_keys_walk_and_jump() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        model = screen.map.rows.model
        assert model is None
        await press(app, pilot, "t enter l")
        model = screen.map.rows.model
        assert model is not None
        assert model.path == "/usr/local"
        await press(app, pilot, "escape")
        assert model.path == "/usr"
        await press(app, pilot, "down enter enter enter")
        assert screen.window == "files"
        assert screen.files.path == b"usr/lib/x86_64-linux-gnu/libperl.so.5.36"
        assert screen.selection.layer == 2
        await press(app, pilot, "t y")
        assert app.clipboard.startswith("/usr/lib/")
        await press(app, pilot, "h h h down enter")
        assert screen.window == "waste"
        await press(app, pilot, "6 s")
        assert model.division is Division.LAYERS
        await press(app, pilot, "t")
        assert screen.window == "files"

    visit(load_acme, look)


def test_the_mouse_reaches_it_all() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        rows = app.explorer.map.rows
        await click(app, pilot, "6 Map")
        await click(app, pilot, "┌wasted")
        assert rows.part is not None
        assert rows.part.name == "wasted"
        await click(app, pilot, "┌usr", times=2)
        assert rows.model is not None
        assert rows.model.path == "/usr"
        await click(app, pilot, "‹ /usr")
        assert rows.model.at_top
        await click(app, pilot, "layer  1.1 GB")
        assert rows.model.division is Division.LAYERS

    visit(load_acme, look)


def test_what_has_no_bytes_has_a_map_too() -> None:
    assert "nothing in here has any bytes" in screen_after(load_handmade([[]]), "t l enter h", size=(100, 40))
    assert "reading" not in screen_after(load_handmade([]), "t", size=(100, 40))


def test_names_of_any_width_and_kind() -> None:
    names = ["漢字漢字漢字漢字/x", "\x1b]0;x\x07/a", "[red]b[/]", "e\u0301e\u0301e\u0301/y"]
    layers = [[handmade.file(name, 1000 * (9 - number)) for number, name in enumerate(names)]]
    for size in ((80, 24), (120, 40), (33, 12)):
        screen = screen_after(load_handmade(layers), "t z down down", size=size)
        assert "\x1b" not in screen
        assert "漢" in screen


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (20, 6), (300, 100)])
def test_any_size(size: tuple[int, int]) -> None:
    screen_after(load_demo, "t down l z s l h h z", size=size)


def test_a_folder_with_very_many_files_is_entered_but_not_looked_into() -> None:
    layers = [[handmade.file(f"many/{number}", 10) for number in range(2_500)]]

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "t")
        assert "┌many/" in screen_text(app)
        await press(app, pilot, "enter G")
        assert app.explorer.map.rows.item_count == 2_500

    visit(load_handmade(layers), look)
