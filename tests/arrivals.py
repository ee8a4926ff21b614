"""Images whose layers come as they are let, and explorers that look at them meanwhile."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from textual.pilot import Pilot

from explorers import explorer, settle
from handmade import BytesReader, Entry, HandmadeSource, file, layer_tar, make_image, whiteout
from layerscope.index import Cancelled, ImageIndex, Report, build_index
from layerscope.sources.model import HistoryEntry, Reader
from layerscope.tui.app import ExplorerApp
from screens import screen_text

LAYERS = [
    [file("etc/motd", 700), file("etc/passwd", 50), file("usr/bin/app", 4_000), file("usr/lib/old.so", 2_000)],
    [file("etc/passwd", 60, b"y"), whiteout("etc/motd"), file("usr/bin/new", 10)],
    [whiteout("usr/lib/old.so"), file("opt/tool/readme", 300)],
    [file("usr/bin/app", 5_000, b"z"), file("srv/data", 9_000)],
]
#: The commands that made them; the lowest is the base image's, which names none.
HISTORY = [HistoryEntry(created_by=words) for words in ("", "RUN ./setup --user app", "RUN ./tidy", "COPY data /")]
See = Callable[[ExplorerApp, Pilot[Any]], Awaitable[None]]


class Gates:
    """Lets layers be read one by one, in the order in which they are asked for."""

    def __init__(self, layers: Sequence[Sequence[Entry]], first: int = 0) -> None:
        self.image = make_image(layers, HISTORY if len(layers) == len(HISTORY) else ())
        self._gates = [threading.Event() for _ in layers]
        for number, (gate, entries) in enumerate(zip(self._gates, layers, strict=True)):
            self.image.layers[number].opener = self._opener(gate, layer_tar(entries))
            self.image.layers[number].compressed_bytes = 1 + (number == first)  # the largest is read first

    def _opener(self, gate: threading.Event, tar: bytes) -> Callable[[], Reader]:
        def open_layer() -> Reader:
            gate.wait(20)
            return BytesReader(tar)

        return open_layer

    def open(self, *numbers: int) -> None:
        """Let these layers come."""
        for number in numbers or range(len(self._gates)):
            self._gates[number].set()

    def load(self, report: Report, cancelled: Cancelled) -> ImageIndex:
        """Read the image."""
        return build_index(HandmadeSource(self.image), progress=report, cancelled=cancelled)


async def until(app: ExplorerApp, pilot: Pilot[Any], *words: str) -> str:
    """The screen as soon as it says all that."""
    shown = ""
    for _ in range(200):
        await pilot.pause(0.02)
        shown = screen_text(app)
        if all(word in shown for word in words):
            return shown
    raise AssertionError(f"{words} not in\n{shown}")


def visit(gates: Gates, see: See, size: tuple[int, int] = (120, 30)) -> None:
    """Look at an explorer whose layers come as they are let."""

    async def run() -> None:
        app = explorer(gates.load)
        async with app.run_test(size=size) as pilot:
            try:
                await see(app, pilot)
            finally:
                gates.open()
            await settle(app, pilot)

    asyncio.run(run())


class Trickle(io.BytesIO):
    """An archive that comes up to a place, and goes on when it may, to the next one."""

    def __init__(self, data: bytes, *places: int) -> None:
        super().__init__(data)
        self._stops = [(place, threading.Event()) for place in places]
        self._passed = 0

    def allow(self) -> None:
        """Let it come up to the next place."""
        self._stops[self._passed][1].set()
        self._passed += 1

    def allow_all(self) -> None:
        """Let all of it come."""
        for _place, allowed in self._stops:
            allowed.set()

    def read(self, count: int | None = -1, /) -> bytes:
        """As much as has come."""
        wanted = len(self.getbuffer()) if count is None or count < 0 else count
        for place, allowed in self._stops:
            if not allowed.is_set():
                if self.tell() < place:
                    return super().read(min(wanted, place - self.tell()))
                allowed.wait(20)
        return super().read(wanted)

    def fileno(self) -> int:
        """It has none."""
        raise OSError
