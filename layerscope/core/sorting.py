"""Sorting that takes turns with other work: as fast as one long sort, never long at a time."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Final

#: Items that are sorted in one go, or merged in one round: less than two milliseconds of names.
_RUN: Final = 4_096
_ROUNDS: Final = 4


class StepSort:
    """Sorts a list in steps of some milliseconds; ``items`` are in order when ``step`` says False.

    Runs of it are sorted, then merged two by two, piece after piece: what is left to compare in a piece are two
    runs, which Python's own sort finds and merges in little more time than it takes to copy them.
    """

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self._next: int = 0
        self._runs: list[list[Any]] = []
        self._longer: list[list[Any]] = []  # those of the next pass
        self._left: list[Any] = []
        self._right: list[Any] = []
        self._merged: list[Any] = []
        self._left_next: int = 0
        self._right_next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when it is done."""
        if self._next < len(self.items):
            self._sort_run()
        elif self._left:
            self._merge()
        elif len(self._runs) > 1:
            self._left = self._runs.pop()
            self._right = self._runs.pop()
        elif self._longer:
            self._runs = self._longer + self._runs
            self._longer = []
        else:
            if self._runs:
                self.items = self._runs.pop()
                self._next = len(self.items)
            return False
        return True

    def _sort_run(self) -> None:
        run = self.items[self._next : self._next + _RUN]
        self._next += _RUN
        if self._next >= len(self.items):
            self.items = []  # all are in runs
        run.sort()
        if self._runs and self._runs[-1][-1] <= run[0]:
            self._runs[-1].extend(run)  # it was in order already
        else:
            self._runs.append(run)

    def _merge(self) -> None:
        """Some rounds, each of which makes the next piece of two runs."""
        for _ in range(_ROUNDS):
            left = self._left[self._left_next : self._left_next + _RUN // 2]
            right = self._right[self._right_next : self._right_next + _RUN // 2]
            if not left or not right:
                self._end_merge()
                return
            last = min(left[-1], right[-1])
            del left[bisect_right(left, last) :]
            del right[bisect_right(right, last) :]
            self._left_next += len(left)
            self._right_next += len(right)
            left.extend(right)
            left.sort()
            self._merged.extend(left)

    def _end_merge(self) -> None:
        """One of two runs is used up: the rest of the other follows."""
        self._merged.extend(self._left[self._left_next :])
        self._merged.extend(self._right[self._right_next :])
        self._longer.append(self._merged)
        self._left = []
        self._right = []
        self._merged = []
        self._left_next = 0
        self._right_next = 0
