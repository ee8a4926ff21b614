"""What keys and mouse do in the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import handmade
from explorers import load_acme, load_demo, load_handmade, press, visit
from layerscope.tui.app import ExplorerApp
from layerscope.tui.programs import page, pager
from screens import screen_text


def test_stepping_layers_keeps_the_cursor_on_its_path() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        await press(app, pilot, "2 slash t e m p l a t e s enter escape")
        assert screen.files.path == b"var/cache/debconf/templates.dat"
        for key in ("right_square_bracket", "right_square_bracket", "left_square_bracket", "c"):
            await press(app, pilot, key)
            assert screen.files.path == b"var/cache/debconf/templates.dat"

    visit(load_acme, look)


def test_modes_and_ranges() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        await press(app, pilot, "down down down c")
        assert (screen.selection.first, screen.selection.last) == (1, 3)
        await press(app, pilot, "c v down down")
        assert (screen.selection.first, screen.selection.last) == (3, 5)
        await press(app, pilot, "escape")
        assert (screen.selection.first, screen.selection.last) == (5, 5)
        await press(app, pilot, "ctrl+a")
        assert screen.selection.upto
        await press(app, pilot, "ctrl+l")
        assert not screen.selection.upto

    visit(load_acme, look)


def test_waste_jumps_to_the_file_in_its_layer() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "w enter")
        assert app.explorer.files.path == b"root/.cache/pip"
        assert app.explorer.selection.layer == 4
        assert app.focused is app.explorer.files

    visit(load_acme, look)


def test_groups_of_waste_are_folded_with_the_largest_on_top() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        waste = app.explorer.waste
        await press(app, pilot, "w down down")
        for order in ("layer", "directory", "reason"):
            await press(app, pilot, "s")
            assert waste.total.startswith(f"by {order} · ")
            assert waste.rows.cursor == 0
            assert waste.rows.group is waste.rows.model.groups[0]
            assert waste.rows.item_count == len(waste.rows.model.groups)
            await press(app, pilot, "down")
        group = waste.rows.group
        await press(app, pilot, "S")
        assert waste.rows.group is group

    visit(load_demo, look)


def test_pager_is_given_the_contents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAGER", f"tee {tmp_path / 'seen'}")
    page(pager(), iter([b"root:", b"x:0:0"]))
    assert (tmp_path / "seen").read_bytes() == b"root:x:0:0"

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2 slash p a s s w d enter o")
        assert "no terminal for a pager" in app.explorer.key_bar.render().plain

    visit(load_demo, look)


def test_history_moves_the_layer() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4 end up up")
        assert app.explorer.selection.layer == 7
        await press(app, pilot, "1 home")
        assert app.explorer.history.layer_of(app.explorer.history.cursor) == 0

    visit(load_acme, look)


def test_escape_goes_one_step_back() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        await press(app, pilot, "v z 2 slash v a r enter")
        assert screen.files.model is not None
        assert screen.files.model.filter is not None
        await press(app, pilot, "escape")
        assert not screen.files.counted.startswith("2 of")
        assert screen.selection.anchor is not None
        await press(app, pilot, "escape")
        assert app.explorer.selection.anchor is None
        assert app.explorer.zoomed
        await press(app, pilot, "escape")
        assert not app.explorer.zoomed

    visit(load_acme, look)


def test_keys_of_files() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        await press(app, pilot, "right_square_bracket 2 minus G")
        assert files.path == b"var"
        folded = files.item_count
        await press(app, pilot, "l")
        assert files.item_count > folded
        await press(app, pilot, "l")
        assert files.path == b"var/cache/debconf"
        await press(app, pilot, "h")
        assert files.path == b"var"
        await press(app, pilot, "h")
        assert files.item_count == folded
        await press(app, pilot, "U")
        assert b"etc" not in {files.model.label(row) for row in range(files.item_count)} if files.model else False
        await press(app, pilot, "ctrl+u s")
        assert app.explorer.files.counted.startswith("by size")

    visit(load_acme, look)


def test_mouse_puts_the_cursor_and_folds() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await pilot.click("#layers", offset=(10, 5))
        await pilot.pause()
        assert app.explorer.selection.layer == 4
        await pilot.click("#files", offset=(15, 4))
        await pilot.pause()
        assert app.explorer.files.cursor == 4
        before = app.explorer.files.item_count
        await pilot.click("#files", offset=(15, 4), times=2)
        await pilot.pause()
        assert app.explorer.files.item_count != before
        await pilot.click("#keys", offset=(app.explorer.key_bar.render().plain.index("w Waste"), 0))
        await pilot.pause()
        assert app.explorer.window == "waste"

    visit(load_acme, look)


def test_clicking_a_triangle_folds_once_per_click() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        assert files.model is not None
        await press(app, pilot, "2 minus")
        row = next(row for row in range(files.item_count) if files.model.label(files.model.position_at(row)) == b"usr")
        column = 11  # behind mark and size
        folded = files.item_count
        await pilot.click("#files", offset=(column, row))
        await pilot.pause()
        assert files.item_count > folded
        await pilot.click("#files", offset=(column, row), times=2)
        await pilot.pause()
        assert files.item_count > folded

    visit(load_acme, look)


def test_tabs_in_the_border_can_be_clicked() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        line = screen_text(app).splitlines()[1]
        await pilot.click(offset=(line.index("4 History") + 2, 1))
        await pilot.pause()
        assert app.explorer.window == "history"

    visit(load_acme, look)


def test_palette_goes_to_a_path() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4 end up up up up")
        await pilot.press("ctrl+p", *"libtorch")
        for _ in range(50):
            await pilot.pause(0.02)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.explorer.files.path.endswith(b"torch/lib/libtorch_cpu.so")

    visit(load_acme, look)


DEEP = [
    [handmade.file(f"d/{number:03}", 1) for number in range(200)],
    [handmade.file("app/conf/settings.py", 9), handmade.file("app/conf/settings.ini", 9)],
]


def test_enter_goes_to_the_layer_that_has_what_this_one_has_not() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "slash s e t t i n g s")
        assert "enter goes to layer 2" in " ".join(screen_text(app).replace("│", " ").split())
        assert "0 here · 2 in layer 2" in screen_text(app)
        await press(app, pilot, "enter")
        assert app.explorer.selection.layer == 1
        assert app.explorer.files.path == b"app/conf/settings.ini"
        await press(app, pilot, "n")
        assert app.explorer.files.path == b"app/conf/settings.py"
        await press(app, pilot, "left_square_bracket")
        assert not app.explorer.files.item_count
        await press(app, pilot, "enter")
        assert app.explorer.files.path == b"app/conf/settings.ini"

    visit(load_handmade(DEEP), look, size=(80, 24))


def test_a_jump_leaves_rows_around_its_target() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        files = app.explorer.files
        for path in (b"d/100", b"d/020", b"d/150", b"d/145"):
            app.explorer.go_anywhere(path)
            await press(app, pilot, "shift shift")  # scrolling waits for what is painted
            assert files.path == path
            assert 3 <= files.cursor - files.scroll_offset.y < files.scrollable_content_region.height - 3
        app.explorer.go_anywhere(b"d/199")
        await press(app, pilot, "shift shift")
        assert files.scroll_offset.y == files.row_count - files.scrollable_content_region.height

    visit(load_handmade(DEEP), look, size=(80, 24))


def test_tab_goes_from_the_layers_to_their_files() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        went = []
        await press(app, pilot, "2 end enter")
        while app.explorer.pane_with_keys != "preview":
            await pilot.pause(0.01)
        await press(app, pilot, "1")
        for _ in range(4):
            await press(app, pilot, "tab")
            went.append(app.explorer.pane_with_keys)
        assert went == ["files", "preview", "details", "layers"]

    visit(load_handmade([[handmade.file("one", 1)]]), look, size=(200, 40))


def test_columns_wait_for_room() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await pilot.pause()
        wide = app.size.width == 160
        assert ("drwxr-xr-x" in screen_text(app)) == wide

    for width in (120, 160):
        visit(load_demo, look, size=(width, 40))


CHOWNED = [
    [handmade.Entry("app/run", b"same")],
    [handmade.Entry("app/run", b"same", mode=0o600, owner=(999, 998))],
]


def test_the_difference_of_equal_contents_tells_what_else_was_changed() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "right_square_bracket 2 end enter d")
        text = screen_text(app)
        assert "the contents are equal" in text
        assert "mode -rw-r--r-- → -rw-------" in text
        assert "owner 0:0 → 999:998" in text

    visit(load_handmade(CHOWNED), look, size=(200, 40))
