"""What becomes of a hostile input."""

from __future__ import annotations

from enum import StrEnum


class Fate(StrEnum):
    """What becomes of an input: opened without a word, opened with warnings or faults, or refused."""

    OPENED = "opened"
    WARNED = "warned"
    REFUSED = "refused"


OPENED, WARNED, REFUSED = Fate.OPENED, Fate.WARNED, Fate.REFUSED
