"""The mouse in tests: a click on what is read on the screen."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from layerscope.tui.app import ExplorerApp
from screens import screen_text


async def click(app: ExplorerApp, pilot: Pilot[Any], text: str, times: int = 1) -> None:
    """Click where a text stands on the screen, on its second letter: the first may be a frame."""
    for y, line in enumerate(screen_text(app).splitlines()):
        if text in line:
            await pilot.click(offset=(line.index(text) + (len(text) > 2), y), times=times)
            await app.workers.wait_for_complete()
            await pilot.pause()
            return
    raise AssertionError(f"{text!r} is not on the screen")
