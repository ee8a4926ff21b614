"""Baselines of the hero screens as pictures: colours, borders, themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from textual.pilot import Pilot

from explorers import Load, explorer, load_acme, load_demo, press, pressed, settle
from layerscope.tui.app import ExplorerApp

ROOT = Path(__file__).resolve().parent.parent.parent
Compare = Callable[..., bool]

PICTURES: dict[str, tuple[Load, str, tuple[int, int], str]] = {
    "start": (load_acme, "", (80, 24), "textual-dark"),
    "pip_layer": (load_acme, "] ] ] ] 2 down down down", (120, 40), "textual-dark"),
    "waste": (load_acme, "3", (120, 40), "textual-dark"),
    "filter": (load_acme, "] ] ] ] / c o r e", (80, 24), "textual-dark"),
    "waste_by_layer": (load_acme, "3 s = down down", (100, 30), "textual-dark"),
    "map": (load_acme, "t z", (120, 40), "textual-dark"),
    "map_by_layer": (load_acme, "t s", (120, 40), "gruvbox"),
    "config": (load_demo, "5", (100, 30), "catppuccin-latte"),
    "history": (load_acme, "] ] ] ] 4", (120, 40), "nord"),
    "light": (load_acme, "] ] ] ] 2", (80, 24), "textual-light"),
    "ansi": (load_acme, "] ] ] ] 2", (80, 24), "ansi-dark"),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_picture(picture: str, snap_compare: Compare) -> None:
    load, keys, size, theme = PICTURES[picture]
    app = explorer(load, "acme/api:2.4", theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        assert isinstance(pilot.app, ExplorerApp)
        await settle(pilot.app, pilot)
        await press(pilot.app, pilot, pressed(keys))

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_without_colours(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = explorer(load_acme, "acme/api:2.4", "ansi-dark")
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def prepare(pilot: Pilot[Any]) -> None:
        await settle(app, pilot)
        await press(app, pilot, pressed("] ] ] ] 3"))

    assert snap_compare(app, terminal_size=(100, 30), run_before=prepare)


def test_readme_shows_pictures_that_are_baselines() -> None:
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("there is no README beside the tests")
    shown = [unquote(path) for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme.read_text(encoding="utf-8"))]
    assert len(shown) >= 3
    for path in shown:
        assert path.startswith("snapshots/test_pictures/")
        assert (ROOT / path).is_file(), path
