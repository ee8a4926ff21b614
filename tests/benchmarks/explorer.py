"""What keys cost in the explorer: ``python explorer.py ARCHIVE`` prints seconds of CPU per action as JSON.

CPU time of the whole process, threads included, from the key to the painted screen. Wall time would
measure how the headless terminal waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import closing
from typing import Any

from textual.pilot import Pilot

from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source
from layerscope.tui.app import ExplorerApp

TIMES = 8
SETTLED = 0.2  # seconds of wall time after which a repaint that was put off has happened
SIZE = (120, 40)


async def cost(pilot: Pilot[Any], *keys: str) -> float:
    """Seconds of CPU until the keys have had their whole effect, for each key."""
    start = time.process_time()
    for key in keys:
        await pilot.press(key)
        await pilot.app.workers.wait_for_complete()
    await pilot.pause(SETTLED)
    return (time.process_time() - start) / len(keys)


async def measure(app: ExplorerApp) -> dict[str, float]:
    """Seconds of CPU by action, with everything unfolded."""
    async with app.run_test(size=SIZE) as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await cost(pilot, "2", "equals_sign", "home")
        found = {"page down": await cost(pilot, *["pagedown"] * TIMES)}
        await cost(pilot, "home")
        found["fold"] = await cost(pilot, *["space"] * TIMES)
        await cost(pilot, "1")
        found["layer switch"] = await cost(pilot, *["down"] * TIMES)
        await cost(pilot, "2", "slash")
        found["filter keystroke"] = max([await cost(pilot, letter) for letter in "file0012"])
        return found


def main(path: str) -> int:
    """Measure and print."""
    with closing(open_source(path)) as source:
        app = ExplorerApp(path, lambda report, cancelled: build_index(source, progress=report), analyse)
        sys.stdout.write(json.dumps(asyncio.run(measure(app))) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
