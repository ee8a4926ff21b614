"""What work costs, counted rather than timed: the same on any machine, whatever else it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import layerscope

_PACKAGE = str(Path(layerscope.__file__).parent)


def effort(work: Callable[[], object]) -> int:
    """How many lines of the package the work runs through; what is compiled has none."""
    lines = 0

    def count(frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines
