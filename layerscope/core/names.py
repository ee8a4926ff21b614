"""All names of an outline as one text, and the positions whose names contain a text, in bounded steps."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.outline import Outline

#: Names in a stretch: its bytes stay in the processor's cache while they are looked through.
STRETCH: Final = 4_096
#: Stretches looked through in one step.
_STEP: Final = 16
#: A stretch where more than one of so many names has the text is looked through by replacements.
_MANY: Final = 32
#: All bytes but a slash, and but the one that stands for a match.
_NEITHER: Final = bytes(range(1, 47)) + bytes(range(48, 256))
#: A name with a match, and one without.
_FLAGS: Final = bytes([0, 1]) + bytes(254)


class NameJoin:
    """All names in the order of positions, a slash in front of each and behind the last.

    Built in steps, complete when ``step`` says False. ``fold_case`` makes ASCII letters small. A byte
    of 0, which no filesystem takes, becomes 1. ``starts`` are the offsets of the slashes in front of
    every STRETCH-th name, then of the last slash.
    """

    def __init__(self, outline: Outline, fold_case: bool) -> None:
        self.joined: bytes = b""
        self.starts: array[int] = array("q")
        self.count: int = len(outline)
        self._outline = outline
        self._fold_case = fold_case
        self._parts: list[bytes] = [b""]
        self._length: int = 0
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the text is complete."""
        names, nodes = self._outline.tree.names, self._outline.nodes
        stop: i64 = min(self._next + STRETCH, len(nodes))
        some: list[bytes] = []
        position: i64 = self._next
        while position < stop:
            some.append(names[nodes[position]])
            position += 1
        if some:
            text = b"/".join(some).replace(b"\0", b"\1")
            self.starts.append(self._length)
            self._length += len(text) + 1
            self._parts.append(text.lower() if self._fold_case else text)
        self._next = stop
        if stop < len(nodes):
            return True
        self.starts.append(self._length)
        self._parts.append(b"")
        self.joined = b"/".join(self._parts)
        self._parts = []
        return False


class NameSearch:
    """Positions whose names contain a text.

    A slash at the text's ends stands for those of a name. ``hits`` masks what was found. Where many
    names of a stretch match, it becomes a byte for each name by replacements alone, which are far
    faster than any loop; where few do, each match is looked for.
    """

    def __init__(self, names: NameJoin, needle: bytes) -> None:
        self.hits: bytearray = bytearray(names.count)
        self._names = names
        self._needle = needle
        self._next: int = 0
        self._dense: bool = False
        front = b"/" if needle[:1] == b"/" else b""
        back = b"/" if needle[-1:] == b"/" else b""
        self._shares_slashes: bool = len(front) + len(back) == 2
        # As long as the text: replacing then takes one pass in place. Of the sign only the 0 is kept.
        self._sign: bytes = (front + b"\0").ljust(len(needle) - len(back), b".") + back

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all names were looked at."""
        stretches = len(self._names.starts) - 1
        stop = min(self._next + _STEP, stretches)
        while self._next < stop:
            self._look_through(self._next)
            self._next += 1
        return stop < stretches

    def _look_through(self, stretch: int) -> None:
        starts = self._names.starts
        text = self._names.joined[starts[stretch] : starts[stretch + 1] + 1]
        first = stretch * STRETCH
        if not self._dense:
            found = text.count(self._needle)
            self._dense = found * _MANY > STRETCH
            if found and not self._dense:
                self._mark(text, first)
        if self._dense:
            # As this stretch is, so is the next most of the time.
            self._dense = self._replace(text, first) * _MANY > STRETCH

    def _replace(self, text: bytes, first: int) -> int:
        """Make a byte of each name; how many match."""
        names = text.replace(self._needle, self._sign)
        if self._shares_slashes:
            names = names.replace(self._needle, self._sign)  # names side by side share a slash
        signs = names.translate(None, _NEITHER).replace(b"/\0", b"\1\0").translate(_FLAGS, b"\0")[:-1]
        self.hits[first : first + len(signs)] = signs
        return signs.count(1)

    def _mark(self, text: bytes, first: int) -> None:
        """Count the names in front of each match."""
        position = first - 1
        counted = 0
        at = text.find(self._needle)
        while at >= 0:
            position += text.count(b"/", counted, at + 1)
            self.hits[position] = 1
            counted = text.find(b"/", at + 1)  # the rest of this name cannot add to it
            at = text.find(self._needle, counted)
