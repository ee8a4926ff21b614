"""From the first frame to the answer: progress, stopping, choosing, failing."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

from explorers import THEME, explorer, load_demo, press, settle
from layerscope.analysis.summary import analyse
from layerscope.errors import CancelledError, ImageNotFoundError
from layerscope.index import Cancelled, ImageIndex, Progress, Report
from layerscope.sources.candidates import SeveralImagesError
from layerscope.tui import run_explorer
from layerscope.tui.app import ExplorerApp
from screens import screen_text


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


def test_a_layer_that_was_read_can_be_looked_at_while_others_come() -> None:
    going = threading.Event()
    seen: list[str] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        index = load_demo(report, cancelled)
        first, third = index.layers[0], index.layers[2]
        report(Progress(0, 11, "a", 1_800_000, None, len(first), finished=True, index=first, total=7_100_000))
        report(Progress(2, 11, "c", 900_000, None, len(third), finished=True, index=third, total=7_100_000))
        report(Progress(1, 11, "b", 850_000, None, 10, total=7_100_000))
        going.wait(10)
        return index

    async def run() -> None:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            for keys in ("", "down", "down"):
                await pilot.press(*keys.split())
                for _ in range(20):
                    await pilot.pause()
                seen.append(screen_text(app))
            await pilot.press("2", "enter")
            going.set()
            await settle(app, pilot)
            seen.append(screen_text(app))

    asyncio.run(run())
    assert "reading · 50 % · 3.5 MB of 7.1 MB" in seen[0]
    assert "os-release" in seen[0]
    assert "alone, not compared yet" in seen[0]
    assert "this layer is not read yet" in seen[1]
    assert "os-release" not in seen[1] + seen[2]
    assert "efficiency 68 %" in seen[3]


def test_what_a_source_does_before_its_layers_come_is_told() -> None:
    going = threading.Event()

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        report(Progress(-1, 0, "", 12_000_000, 48_000_000, 0, activity="Pulling acme/api:2.4"))
        going.wait(10)
        return load_demo(report, cancelled)

    async def run() -> str:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            for _ in range(20):
                await pilot.pause()
            seen = screen_text(app)
            going.set()
            await settle(app, pilot)
        return seen

    seen = asyncio.run(run())
    assert "Pulling acme/api:2.4 · 25 % · 12.0 MB of 48.0 MB · esc stops" in seen


def test_a_filter_that_is_typed_before_there_are_files_waits_for_them() -> None:
    going = threading.Event()

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        going.wait(10)
        return load_demo(report, cancelled)

    async def run() -> tuple[str, list[bytes], str]:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            await pilot.press("slash", *"passwd", "enter")
            seen = screen_text(app)
            going.set()
            await settle(app, pilot)
            files = app.explorer.files
            assert files.model is not None
            shown = [files.model.path(files.model.position_at(row)) for row in range(files.item_count)]
            return seen, shown, screen_text(app)

    before, shown, after = asyncio.run(run())
    assert "/ passwd" in before
    assert shown == [b"etc", b"etc/passwd", b"usr/bin", b"usr/bin/passwd"]
    assert "/ passwd" in after


def test_escape_twice_leaves_what_never_comes() -> None:
    never = threading.Event()

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        never.wait(60)
        raise AssertionError

    async def run() -> ExplorerApp:
        app = explorer(load)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
            assert "esc leaves" in screen_text(app)
            await pilot.press("escape")
            await pilot.pause()
        return app

    try:
        assert isinstance(asyncio.run(run()).failure, CancelledError)
    finally:
        never.set()


def test_sizes_change_while_reading() -> None:
    going = threading.Event()

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        report(Progress(1, 3, "layer", 218_000_000, 513_000_000, 12))
        going.wait(10)
        return load_demo(report, cancelled)

    async def run() -> str:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            for size in ((40, 10), (1, 1), (200, 60), (80, 24)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                await pilot.press("3", "6", "t", "tab", "question_mark", "escape")
            going.set()
            await settle(app, pilot)
            await press(app, pilot, "2")
            return screen_text(app)

    assert "efficiency 68 %" in asyncio.run(run())


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
        def on_key(self, event: Key) -> None:
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


def test_the_collector_rests_only_until_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool]] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        seen.append(("reading", gc.isenabled()))
        return load_demo(report, cancelled)

    def run(app: ExplorerApp) -> None:
        seen.append(("starting", gc.isenabled()))
        asyncio.run(_until_over(app))

    def fail(app: ExplorerApp) -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(ExplorerApp, "run", run)
    run_explorer("demo", load, analyse)
    assert seen == [("starting", False), ("reading", True)]
    monkeypatch.setattr(ExplorerApp, "run", fail)
    with pytest.raises(OSError, match="no terminal"):
        run_explorer("demo", load, analyse)
    assert gc.isenabled()
