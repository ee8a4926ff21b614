"""Rows that take work to find: done at once where it is short, else between the keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from textual.message import Message

from layerscope.tui.rows import Rows

#: Seconds of work that is done before the next key is looked at; longer work goes on between keys.
_AT_ONCE: Final = 0.012
#: Seconds that work may take before it is told.
_UNNOTICED: Final = 0.2


class WorkingRows(Rows):
    """Does work that yields every few milliseconds; newer work takes the place of older."""

    @dataclass
    class Changed(Message):
        """What is shown, counted or searched changed."""

    def __init__(self, identity: str | None = None, classes: str | None = None) -> None:
        super().__init__(identity, classes)
        #: Whether something is being looked for, and has been for a while.
        self.busy = False
        self._works = False
        self._next: Callable[[], None] | None = None

    def work(self, steps: Generator[None], then: Callable[[], None]) -> None:
        """Do work, and what is to follow."""
        self.stop_work()
        end = time.monotonic() + _AT_ONCE
        while time.monotonic() < end:
            try:
                next(steps)
            except StopIteration:
                then()
                return
        self._works = True
        self.run_worker(self._go_on(steps, then), group="files", description="search", exit_on_error=True)

    def stop_work(self) -> None:
        """What is being worked at is not wanted any more, nor what waits for it."""
        self.workers.cancel_group(self, "files")
        self._works, self._next = False, None

    def when_done(self, act: Callable[[], None]) -> None:
        """Do something with the rows that are being worked at, as soon as they are there."""
        if self._works:
            self._next = act
        else:
            act()

    async def _go_on(self, steps: Generator[None], then: Callable[[], None]) -> None:
        patience = time.monotonic() + _UNNOTICED
        with closing(steps):
            for _ in steps:
                if not self.busy and time.monotonic() > patience:
                    self.busy = True
                    self.post_message(self.Changed())
                await asyncio.sleep(0)
        self.busy = self._works = False
        then()
        if self._next is not None:
            act, self._next = self._next, None
            act()
