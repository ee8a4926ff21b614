"""The explorer beside a Dockerfile."""

from __future__ import annotations

import asyncio

from explorers import load_handmade, press, settle
from handmade import file
from layerscope.analysis.model import Analysis, Location
from layerscope.analysis.summary import analyse
from layerscope.index import ImageIndex
from layerscope.sources.model import HistoryEntry
from layerscope.tui.app import ExplorerApp
from screens import screen_text


def test_details_of_a_layer_name_its_line_of_the_dockerfile() -> None:
    history = [HistoryEntry("RUN a"), HistoryEntry("RUN b")]
    shown: list[str] = []

    def draw(index: ImageIndex) -> Analysis:
        analysis = analyse(index)
        analysis.locations[0] = Location("sub/Docker\x1b[31mfile", 7, 9)
        return analysis

    async def run() -> None:
        app = ExplorerApp("demo", load_handmade([[file("a", 1)], [file("b", 1)]], history), draw)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(app, pilot)
            for keys in ("home", "down"):
                await press(app, pilot, keys)
                shown.append(screen_text(app))

    asyncio.run(run())
    assert ["sub/Docker␛[31mfile:7" in screen for screen in shown] == [True, False]
