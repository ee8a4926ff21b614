"""What keys cost in the explorer: ``python explorer.py ARCHIVE`` prints seconds of CPU per action as JSON.

For each action the median and the 95th percentile of CPU time of the whole process, threads included, from
the key to the painted screen. Wall time would measure how the headless terminal waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from contextlib import closing
from typing import Any

from textual.pilot import Pilot

from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source
from layerscope.tui.app import ExplorerApp

TIMES = 48  # of fewer, the 95th percentile would be the worst of all: what the machine did meanwhile
SETTLED = 0.1  # seconds of wall time after which a repaint that was put off has happened
SIZE = (120, 40)

#: What is measured with everything unfolded, and how often the keys are pressed.
ACTIONS: dict[str, tuple[str, int]] = {
    "cursor down": ("down", TIMES),
    "page down": ("pagedown", TIMES),
    "top, bottom": ("home end", TIMES // 2),
    "fold": ("home space", TIMES // 2),
    "fold all, unfold all": ("minus equals_sign", TIMES // 2),
    "level": ("greater_than_sign less_than_sign", TIMES // 2),
    "sort": ("equals_sign s", TIMES // 2),
    "hide and show": ("U", TIMES),
    "columns": ("b", TIMES),
    "layer switch": ("right_square_bracket " * 14 + "left_square_bracket " * 14 + "right_square_bracket " * 14, 1),
    "up to here, this layer": ("c", TIMES),
    "map and back": ("t", TIMES // 2),
    "pane to pane": ("tab", TIMES),
    "window to window": ("4 5 2", TIMES // 3),
    "open and drop the filter": ("slash escape", TIMES // 2),
}
#: The same in Waste.
WASTE: dict[str, tuple[str, int]] = {
    "waste: page down": ("pagedown", TIMES),
    "waste: group": ("s", TIMES),
    "waste: reverse": ("S", TIMES),
    "waste: fold all, unfold all": ("s minus equals_sign", TIMES // 2),
}
#: Typed one letter after the other: many matches, few, a glob, terms.
FILTERS = ("file0012", "MOD", "*.py", "m*1.py", ">1k", "is:added", "setuid", "layer:3", "pkg/m")


async def cost(pilot: Pilot[Any], key: str) -> float:
    """Seconds of CPU until a key has had its whole effect."""
    start = time.process_time()
    await pilot.press(key)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(SETTLED)
    return time.process_time() - start


def told(costs: list[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    costs = sorted(costs)
    return {"median": costs[len(costs) // 2], "p95": costs[min(len(costs) - 1, len(costs) * 95 // 100)]}


async def measure(app: ExplorerApp) -> dict[str, dict[str, float]]:
    """Costs by action, and what a key costs that does nothing; bytes of the view per row."""
    found: dict[str, dict[str, float]] = {}
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(600):  # the causes of the waste come last
            await pilot.pause(SETTLED)
            if app.explorer.waste.rows.known:
                break
        await pilot.pause(SETTLED)
        found["a key that does nothing"] = told([await cost(pilot, "f12") for _ in range(TIMES)])
        await cost(pilot, "2")
        for name, (keys, times) in ACTIONS.items():
            await cost(pilot, "equals_sign")
            await cost(pilot, "home")
            costs = [await cost(pilot, key) for _ in range(times) for key in keys.split()]
            found[name] = told(costs)
        costs = []
        for text in FILTERS:
            await cost(pilot, "slash")
            costs += [await cost(pilot, letter) for letter in text]
            await cost(pilot, "escape")
        found["filter keystroke"] = told(costs)
        await cost(pilot, "slash")
        for letter in "file00":
            await cost(pilot, letter)
        await cost(pilot, "enter")
        found["next match"] = told([await cost(pilot, "n") for _ in range(TIMES)])
        await cost(pilot, "escape")
        await cost(pilot, "3")
        for name, (keys, times) in WASTE.items():
            await cost(pilot, "home")
            found[name] = told([await cost(pilot, key) for _ in range(times) for key in keys.split()])
        await cost(pilot, "slash")
        found["waste: filter keystroke"] = told([await cost(pilot, letter) for letter in "mod12/file"])
    return found


def columns_of(*things: object) -> int:
    """Bytes of all columns and masks that objects have, each counted once."""
    values = [getattr(thing, name) for thing in things for name in dir(thing) if not name.startswith("__")]
    columns = {id(value): value for value in values if isinstance(value, bytes | bytearray | array)}
    return sum(sys.getsizeof(column) for column in columns.values())


def memory(app: ExplorerApp) -> dict[str, float]:
    """Bytes per path: of the view and its rows; of the outline below them; of the text that is searched."""
    model = app.explorer.files.model
    assert model is not None
    outline, paths = model.outline, max(1, len(model.outline))
    below = columns_of(outline)
    names = sum(map(len, model.lookups.names_kept))
    shared = columns_of(model, model.folds, model.lookups, model.rows, model.view, outline) - below
    items = len(app.explorer.waste.rows.model.items)
    return {
        "paths": paths,
        "waste items": items,
        "view": shared / paths,
        "outline": below / paths,
        "names": names / paths,
    }


def main(path: str) -> int:
    """Measure and print."""
    with closing(open_source(path)) as source:
        app = ExplorerApp(path, lambda report, cancelled: build_index(source, progress=report), analyse)
        found = asyncio.run(measure(app))
        sys.stdout.write(json.dumps({**found, "memory": memory(app)}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
