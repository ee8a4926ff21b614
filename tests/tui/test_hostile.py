"""Images that mean harm, and terminals of any size."""

from __future__ import annotations

import re
from typing import Any

import pytest
from textual.pilot import Pilot

import handmade
from explorers import load_demo, load_handmade, press, screen_after, visit
from layerscope.sources.model import HistoryEntry
from layerscope.tui.app import ExplorerApp

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


def test_copying_is_harmless() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2 slash e s c enter y")
        assert app.clipboard == "/etc/esc␛]0;owned␇.txt"
        await press(app, pilot, "1 Y")
        assert app.clipboard.startswith("sha256:")

    visit(load_handmade(hostile_layers()), look)
