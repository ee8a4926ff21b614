"""What keys, mouse, errors and strange images do in the explorer."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import handmade
from explorers import THEME, explorer, load_acme, load_demo, load_handmade, press, screen_after, settle, visit
from layerscope.analysis.summary import analyse
from layerscope.errors import CancelledError, ImageNotFoundError
from layerscope.index import Cancelled, ImageIndex, Progress, Report
from layerscope.sources.candidates import SeveralImagesError
from layerscope.sources.model import HistoryEntry
from layerscope.tui import run_explorer
from layerscope.tui.app import ExplorerApp
from layerscope.tui.contents import page
from screens import screen_text

HOSTILE = [
    "esc\x1b]0;owned\x07.txt",
    "[red]bold[b]",
    "[@click=app.quit]quit",
    "new\nline",
    "tab\there",
    "rtl\u202egnp.exe",
    "c1\x9b31m",
    "del\x7f",
    "$var [",
]
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def hostile_layers() -> list[list[handmade.Entry]]:
    data = b"\x1b[31mred\x1b[0m\n[b]bold[/b]\n\x9b\x07\n"
    first = [handmade.Entry(f"etc/{name}", data) for name in HOSTILE]
    first.append(handmade.Entry("etc/link", kind=b"2", link="\x1b[2Jgone [red]"))
    first.append(handmade.Entry("etc/bin", b"\x00\x1b[31m" * 40))
    return [first, [handmade.whiteout(f"etc/{HOSTILE[0]}"), handmade.file(f"etc/{HOSTILE[1]}", 9)]]


HOSTILE_HISTORY = [
    HistoryEntry("RUN echo \x1b]52;c;aGk=\x07 [red]x[/red] [/]", "\x1b[1m2024"),
    HistoryEntry("[/x]\x9b"),
]


@pytest.mark.parametrize(
    "keys", ["", "2 equals_sign", "3", "4", "5", "i", "i i 2 equals_sign down down down", "question_mark"]
)
def test_hostile_text_is_painted_harmlessly(keys: str) -> None:
    screen = screen_after(
        load_handmade(hostile_layers(), HOSTILE_HISTORY), keys, size=(120, 40), reference="\x1b[31m[b]x"
    )
    assert not UNSAFE.search(screen)


def test_hostile_names_are_shown_literally() -> None:
    screen = screen_after(load_handmade(hostile_layers(), HOSTILE_HISTORY), "2 equals_sign", size=(140, 40))
    assert "esc␛]0;owned␇.txt" in screen
    assert "[red]bold[b]" in screen
    assert "[@click=app.quit]quit" in screen
    assert "new␊line" in screen


@pytest.mark.parametrize("name", ["bin", "link", "esc", "red"])
def test_hostile_contents_are_previewed_harmlessly(name: str) -> None:
    keys = f"2 slash {' '.join(name)} enter enter"
    screen = screen_after(load_handmade(hostile_layers()), keys, size=(100, 30))
    assert not UNSAFE.search(screen)
    assert "layer 1" in screen


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (20, 6), (60, 15), (59, 19), (300, 100)])
def test_any_size_survives_every_window(size: tuple[int, int]) -> None:
    keys = "2 3 4 5 1 tab tab right_square_bracket 2 equals_sign pagedown slash a enter escape i i i i z z"
    screen_after(load_demo, f"{keys} question_mark escape enter", size=size)


def test_the_frame_is_painted_before_anything_is_read() -> None:
    allowed = threading.Event()
    seen: list[str] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        allowed.wait(10)
        return load_demo(report, cancelled)

    async def run() -> None:
        app = explorer(load)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            seen.append(screen_text(app))
            allowed.set()
            await settle(app, pilot)
            seen.append(screen_text(app))

    asyncio.run(run())
    assert "1 Layers" in seen[0]
    assert "reading" in seen[0]
    assert "efficiency" not in seen[0]
    assert "efficiency 68 %" in seen[1]


def test_layers_show_how_far_reading_has_come() -> None:
    going = threading.Event()
    seen: list[str] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        report(Progress(1, 3, "layer", 218_000_000, 513_000_000, 12))
        going.wait(10)
        return load_demo(report, cancelled)

    async def run() -> None:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            for _ in range(20):
                await pilot.pause()
            seen.append(screen_text(app))
            going.set()
            await settle(app, pilot)

    asyncio.run(run())
    assert "▓▓▓░░░░░  42 %  218.0 MB of 513.0 MB" in seen[0]
    assert seen[0].count("waiting") == 2


def test_escape_stops_reading_and_keeps_what_is_there() -> None:
    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        waiting = threading.Event()
        while not cancelled():
            waiting.wait(0.005)
        return load_demo(report, cancelled=lambda: False)

    async def run() -> int:
        app = explorer(load)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("escape")
            await settle(app, pilot)
            return app.explorer.files.item_count

    assert asyncio.run(run()) > 0


def test_reading_that_stops_with_nothing_ends_as_interrupted() -> None:
    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        waiting = threading.Event()
        while not cancelled():
            waiting.wait(0.005)
        raise CancelledError("Stopped.")

    async def run() -> ExplorerApp:
        app = explorer(load)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("escape")
            for _ in range(50):
                await pilot.pause()
        return app

    app = asyncio.run(run())
    assert app.return_code == 130
    assert isinstance(app.failure, CancelledError)


def test_leaving_while_reading_ends_the_thread() -> None:
    ended = threading.Event()

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        report(Progress(-1, 0, "blobs/sha256/ab", 5_000_000, None, 12))
        waiting = threading.Event()
        while not cancelled():
            waiting.wait(0.005)
        ended.set()
        return load_demo(report, cancelled)

    async def run() -> int | None:
        app = explorer(load)
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(10):
                await pilot.pause()
            assert "reading 5.0 MB" in screen_text(app)
            await pilot.press("q")
        return app.return_code

    assert asyncio.run(run()) == 0
    assert ended.wait(5)


@pytest.mark.parametrize("error", [ImageNotFoundError("There is no image x.", "Pull it."), RuntimeError("a bug")])
def test_a_failed_reading_ends_with_its_error(error: Exception) -> None:
    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        raise error

    async def run() -> ExplorerApp:
        app = explorer(load)
        async with app.run_test() as pilot:
            for _ in range(50):
                await pilot.pause()
        return app

    app = asyncio.run(run())
    assert app.failure is error
    assert app.return_code == 2


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


def test_the_whole_image_and_back() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        screen = app.explorer
        await press(app, pilot, "down down t")
        assert (screen.selection.first, screen.selection.last) == (0, 10)
        # Every path of the final filesystem is there, and nothing else.
        assert screen.files.counted == "by size · 111 of 111"
        await press(app, pilot, "t")
        assert (screen.selection.first, screen.selection.last) == (2, 2)
        assert not screen.files.wants_bars

    visit(load_demo, look)


def test_waste_keeps_its_item_when_it_is_sorted() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        waste = app.explorer.waste
        await press(app, pilot, "w down down")
        item = waste.item
        for order in ("layer", "path", "reason"):
            await press(app, pilot, "s")
            assert waste.item is item
            assert waste.total.startswith(f"by {order} · ")

    visit(load_demo, look)


def test_pager_is_given_the_contents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAGER", f"tee {tmp_path / 'seen'}")
    page(b"root:x:0:0")
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
        await press(app, pilot, "v z 2 slash c o r e enter")
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
        row = next(row for row in range(files.item_count) if files.model.label(row) == b"usr")
        column = 11 + 21  # behind mark, attributes and size
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


def test_copying_is_harmless() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2 slash e s c enter y")
        assert app.clipboard == "/etc/esc␛]0;owned␇.txt"
        await press(app, pilot, "1 Y")
        assert app.clipboard.startswith("sha256:")

    visit(load_handmade(hostile_layers()), look)


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


@pytest.mark.parametrize(("keys", "wanted"), [("down enter", "b:2"), ("escape", "")])
def test_one_of_several_images_is_chosen(keys: str, wanted: str) -> None:
    told: list[str] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        if not told:
            raise SeveralImagesError("x.tar", ["a:1", "b:2"])
        return load_demo(report, cancelled)

    async def run() -> ExplorerApp:
        app = ExplorerApp("x.tar", load, analyse, choose=told.append, theme=THEME)
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(20):
                await pilot.pause()
            await pilot.press(*keys.split())
            for _ in range(20):
                await pilot.pause()
            if wanted:
                await settle(app, pilot)
                assert app.explorer.files.item_count
        return app

    app = asyncio.run(run())
    assert told == ([wanted] if wanted else [])
    assert isinstance(app.failure, SeveralImagesError) is not bool(wanted)


def test_a_crash_shows_no_values_of_variables(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(ExplorerApp):
        def on_key(self) -> None:
            secret = "a value of a variable"
            raise RuntimeError(f"a bug with {len(secret)} letters")

    app = Broken("demo", load_demo, analyse, theme=THEME)

    async def look(pilot: Pilot[Any]) -> None:
        await pilot.press("x")
        await pilot.pause()

    app.run(headless=True, auto_pilot=look)
    assert isinstance(app.failure, RuntimeError)
    printed = capfd.readouterr()
    assert "secret" not in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err


def test_no_color_never_meets_a_theme_of_terminal_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    # Textual's filter for NO_COLOR would paint black on black there.
    monkeypatch.setenv("NO_COLOR", "1")
    assert not explorer(load_demo, theme="ansi-dark").current_theme.ansi
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert explorer(load_demo, theme="ansi-dark").current_theme.ansi


def test_explorer_gives_the_error_to_who_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        raise ImageNotFoundError("There is no image x.")

    monkeypatch.setattr(ExplorerApp, "run", lambda self: asyncio.run(_until_over(self)))
    with pytest.raises(ImageNotFoundError):
        run_explorer("x", load, analyse)
    assert run_explorer("demo", load_demo, analyse) == 0


async def _until_over(app: ExplorerApp) -> None:
    async with app.run_test() as pilot:
        for _ in range(30):
            await pilot.pause()
        await pilot.press("q")
