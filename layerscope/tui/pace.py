"""How far reading has come and how long it will take, in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from layerscope.text import size

if TYPE_CHECKING:
    from layerscope.progress import Progress

#: Seconds before which nothing is said of the time left, and how often a minute is told in seconds.
_EARLY: Final = 2.0
_SECONDS: Final = 90


class Pace:
    """Adds up what layers report; ``words`` says the share, the bytes and the time left.

    What a source brings before its layers (an image that is pulled) is measured by itself; what it says of
    the whole while layers come (an export of so many bytes) is their total.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._activity = ""
        self._total: int | None = None
        self._alone = 0
        self._done: dict[tuple[int, str], int] = {}
        self._entries: dict[tuple[int, str], int] = {}
        self._start = clock()

    def note(self, progress: Progress) -> None:
        """Take in a report."""
        if progress.activity:
            if progress.activity != self._activity:
                self._activity, self._start = progress.activity, self._clock()
                self._done.clear()
            self._alone, self._total = progress.bytes_done, progress.bytes_total
            return
        key = (progress.layer, progress.name)
        if not self._done:
            self._start = self._clock()
        self._done[key] = progress.bytes_done
        self._entries[key] = progress.entries
        self._total = progress.total if progress.total is not None else self._total

    @property
    def words(self) -> str:
        """``reading · 43 % · 1.2 GB of 2.8 GB · 12 s left``, as far as all that is known."""
        done = sum(self._done.values()) or self._alone
        parts = [self._activity if self._activity and not self._done else "reading"]
        if self._total and 0 < done <= self._total:
            parts += [f"{100 * done // self._total} %", f"{size(done)} of {size(self._total)}"]
            if left := self._left(done, self._total):
                parts.append(left)
        elif done:
            parts.append(size(done))
        entries = sum(self._entries.values())
        if entries:
            parts.append(f"{entries:,} entries")
        return " · ".join(parts)

    def _left(self, done: int, total: int) -> str:
        """The time that the rest takes at the pace so far; nothing early on, when nobody can tell."""
        passed = self._clock() - self._start
        if passed < _EARLY or not done:
            return ""
        seconds = round(passed * (total - done) / done)
        return f"{seconds} s left" if seconds < _SECONDS else f"{round(seconds / 60)} min left"
