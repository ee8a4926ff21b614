"""Every key while layers come, and after they were stopped: it works, or says in a sentence why it does not."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from arrivals import LAYERS, Gates, until, visit
from explorers import settle
from layerscope.tui.app import ExplorerApp
from layerscope.tui.keys import KEYS, Key
from layerscope.tui.selection import Selection
from screens import screen_text

NOTHING = "no layer has been read yet"
WASTE = "causes of waste are told when all layers are read"
MAP = "the map is drawn when all layers are read"
#: Before any layer is there, in a pane: keys, and what they say.
BEFORE = {
    "A": NOTHING, "M": NOTHING, "R": NOTHING, "U": NOTHING, "s": NOTHING, "S": NOTHING, "minus": NOTHING,
    "equals_sign": NOTHING, "less_than_sign": NOTHING, "greater_than_sign": NOTHING, "H": NOTHING, "o": NOTHING,
    "O": NOTHING, "e": NOTHING, "y": NOTHING,
    "3 s": WASTE, "3 S": WASTE, "3 minus": WASTE, "3 equals_sign": WASTE, "3 y": WASTE, "w": WASTE,
    "6 s": MAP, "6 y": MAP, "t": MAP,
    "D": "the Dockerfile is told when reading is over", "4 D": "the Dockerfile is told when reading is over",
}  # fmt: skip
#: Keys that only move, or that belong to a line that is typed into, to a preview, or to another program.
_ELSEWHERE = {"find", "start", "rows", "preview", "waste", "map"}


@pytest.mark.parametrize("keys", BEFORE)
def test_keys_that_have_nothing_to_work_on_yet_say_why(keys: str) -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await until(app, pilot, "waiting   RUN ./tidy")
        await pilot.press(*keys.split())
        await until(app, pilot, BEFORE[keys])

    visit(gates, see)


def state(app: ExplorerApp) -> tuple[object, ...]:
    """What a key may change."""
    screen = app.explorer
    return screen_text(app), screen.focused, screen.files.cursor, screen.selection, screen.layer_list.cursor


async def ready(app: ExplorerApp, pilot: Pilot[Any], key: Key) -> None:
    """Where a key can be seen to do something: on a file of the third layer, on that layer, or in another pane."""
    screen = app.explorer
    while len(app.screen_stack) > 1 or isinstance(app.focused, Input) or app.focused is screen.preview:
        await pilot.press("escape")
        await pilot.pause()
    screen.select(Selection(2 - (key.action == "step_layer(1)"), upto="set_mode('layer')" in key.action))
    screen.action_show("layers" if key.where == "layers" or key.action == "show('files')" else "files")
    screen.files.search("")
    screen.files.fold_all(key.action in ("unfold_all", "fold_level(1)"))
    screen.files.cursor = 0
    await pilot.pause(0.1)
    if key.where != "files":
        screen.files.go_to(b"opt/tool/readme" if key.action in ("pager", "editor") else b"opt")
    await pilot.pause(0.1)


@pytest.mark.parametrize("stopped", [False, True], ids=["reading", "stopped"])
def test_every_key_of_a_screen_with_files_does_something(stopped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is on the screen afterwards, it is not what was there before."""
    quiet = {"quit", "another_image", "suspend_process", "back", "command_palette"}
    quiet |= {"next_match(1)", "next_match(-1)"}  # without a filter there is no match, then as now
    keys = [key for key in KEYS if key.where not in _ELSEWHERE and key.action not in quiet]
    gates = Gates(LAYERS)
    monkeypatch.setattr(ExplorerApp, "copy_to_clipboard", lambda _app, _text: None)
    dead: list[str] = []

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0, 1, 2)
        await until(app, pilot, "layers 1–3")
        if stopped:
            await pilot.press("escape")
            gates.open()
            await settle(app, pilot)
        for key in keys:
            await ready(app, pilot, key)
            before = state(app)
            await pilot.press(key.keys.split(",")[0])
            await app.workers.wait_for_complete()
            await pilot.pause(0.1)
            if state(app) == before:
                dead.append(f"{key.where} {key.keys}")
            if key.action.startswith(("toggle_m", "zoom", "attributes")):
                await pilot.press(key.keys.split(",")[0])  # as it was

    visit(gates, see, (120, 40))
    assert " ".join(dead) == ""
