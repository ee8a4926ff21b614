"""Baselines of the hero screens as pictures: colours, borders, themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from explorers import Load, explorer, load_acme, press, pressed, settle
from layerscope.tui.app import ExplorerApp

Compare = Callable[..., bool]

PICTURES: dict[str, tuple[Load, str, tuple[int, int], str]] = {
    "start": (load_acme, "", (80, 24), "textual-dark"),
    "pip_layer": (load_acme, "] ] ] ] 2", (120, 40), "textual-dark"),
    "waste": (load_acme, "3", (120, 40), "textual-dark"),
    "filter": (load_acme, "] ] ] ] / c o r e", (80, 24), "textual-dark"),
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
