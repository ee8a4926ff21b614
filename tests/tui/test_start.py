"""The start without an image: what there is to choose, how it fails, how it is left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from layerscope.errors import SourceError
from layerscope.sources.listing import Listed
from layerscope.tui.start import Shelf, StartApp
from screens import screen_text

ENGINE = [
    Listed("docker://acme/api:2.4", "acme/api:2.4", 1_077_100_000, "2026-11-20T09:14:17Z", 478_000_000),
    Listed("docker://acme/worker:2.4", "acme/worker:2.4", 611_200_000, "2026-11-20T09:02:41Z", 478_000_000),
    Listed("docker://nginx:1.27", "nginx:1.27", 187_700_000, "2026-11-04T01:11:09Z", 74_800_000),
    Listed("docker://sha256:4f1e22aa10bc", "sha256:4f1e22aa10bc  (no name)", 611_100_000, "2026-11-19T17:40:00Z"),
    Listed("docker://check", "check", 5_200_000, "2025-02-01T10:00:00Z"),
]
FOLDER = [Listed("./api-2.3.tar", "./api-2.3.tar", 1_054_300_000, "2026-10-30T08:00:00Z")]
OPENED = [Listed("/srv/images/layout", "/srv/images/layout/", None, "2026-09-12T08:00:00Z")]


def fail() -> list[Listed]:
    raise SourceError("The Docker Engine does not run: nothing listens at unix:///run/x.sock.", "Start it.")


def shelves(engine: Callable[[], list[Listed]] = lambda: list(ENGINE)) -> list[Shelf]:
    return [
        Shelf("Docker Engine", engine, "asking Docker Engine", "it has no images yet"),
        Shelf("Archives in this folder", lambda: list(FOLDER), "looking", "none"),
        Shelf("Opened before", lambda: list(OPENED), "", ""),
        Shelf("To try", lambda: [Listed("demo", "demo")], "", ""),
    ]


def visit(
    look: Callable[[StartApp, Pilot[Any]], Awaitable[None]],
    engine: Callable[[], list[Listed]] = lambda: list(ENGINE),
    *,
    size: tuple[int, int] = (80, 24),
    fault: str = "",
) -> StartApp:
    async def run() -> StartApp:
        app = StartApp(shelves(engine), fault=fault, theme="textual-dark")
        async with app.run_test(size=size) as pilot:
            for _ in range(20):
                await pilot.pause()
            await look(app, pilot)
            await pilot.pause()
        return app

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("enter", "docker://acme/api:2.4"),
        ("down down enter", "docker://nginx:1.27"),
        ("end enter", "demo"),
        ("down down down down down enter", "./api-2.3.tar"),
        ("slash n g i enter", "docker://nginx:1.27"),
        ("slash l a y o u t enter", "/srv/images/layout"),
        ("slash r e d i s colon 7 enter", "redis:7"),
        ("slash n g i escape end home enter", "docker://acme/api:2.4"),
        ("q", None),
        ("escape", None),
        ("slash x escape escape", None),
    ],
)
def test_keys_choose(keys: str, chosen: str | None) -> None:
    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        await pilot.press(*keys.split())

    assert visit(look).return_value == chosen


def test_the_mouse_chooses() -> None:
    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        row = next(y for y, line in enumerate(screen_text(app).splitlines()) if "nginx:1.27" in line)
        await pilot.click(offset=(6, row), times=2)

    assert visit(look).return_value == "docker://nginx:1.27"


def test_an_engine_that_does_not_answer_holds_nothing_up() -> None:
    never = threading.Event()

    def hang() -> list[Listed]:
        never.wait(60)
        return []

    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        screen = screen_text(app)
        assert "asking Docker Engine" in screen
        assert "./api-2.3.tar" in screen
        await pilot.press("end", "enter")

    try:
        assert visit(look, hang).return_value == "demo"
    finally:
        never.set()


def test_asking_again() -> None:
    answers: Iterator[Callable[[], list[Listed]]] = iter([fail, lambda: list(ENGINE)])

    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        assert "does not run" in screen_text(app)
        await pilot.press("r")
        for _ in range(20):
            await pilot.pause()
        assert "nginx:1.27" in screen_text(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Choosing an image" in screen_text(app)
        await pilot.press("escape", "q")

    visit(look, lambda: next(answers)())


def test_hostile_names_are_painted_harmlessly() -> None:
    name = "x\x1b]0;owned\x07[red]\u202e\x9b"

    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        screen = screen_text(app)
        assert "x␛]0;owned␇[red]" in screen
        assert not set("\x1b\x07\u202e\x9b") & set(screen)

    visit(look, lambda: [Listed(f"docker://{name}", name, 1)], fault=name)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (20, 6), (300, 100)])
def test_any_size_survives(size: tuple[int, int]) -> None:
    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        await pilot.press("down", "up", "end", "slash", "a", "escape")

    visit(look, size=size)


@pytest.mark.parametrize(
    ("story", "size"),
    [("images", "80x24"), ("images", "120x30"), ("images", "40x15"), ("no_engine", "60x15"), ("fault", "80x24")],
)
def test_start(story: str, size: str, snapshot_text: SnapshotAssertion) -> None:
    seen = []

    async def look(app: StartApp, pilot: Pilot[Any]) -> None:
        if story == "fault":
            await pilot.press("slash", "a", "p", "i")
            await pilot.pause()
        seen.append(screen_text(app))

    width, height = map(int, size.split("x"))
    fault = "There is no file or folder ./gone.tar." if story == "fault" else ""
    visit(look, fail if story == "no_engine" else lambda: list(ENGINE), size=(width, height), fault=fault)
    assert seen[0] == snapshot_text


def test_start_picture(snap_compare: Callable[..., bool]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        for _ in range(20):
            await pilot.pause()

    assert snap_compare(StartApp(shelves(), theme="textual-dark"), terminal_size=(100, 24), run_before=prepare)
