"""What is said on standard error while work goes on."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from layerscope.cli.streams import obeys
from layerscope.text import printable, size

if TYPE_CHECKING:
    from layerscope.index import Progress


def say(args: argparse.Namespace, sentence: str) -> None:
    """One line of narration, unless the user asked for quiet."""
    if not args.quiet:
        sys.stderr.write(f"layerscope: {printable(sentence)}\n")


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


class ProgressLine:
    """One line on a terminal that tells how far reading has come; nothing anywhere else."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._shown = obeys(sys.stderr) and not args.quiet and not args.no_progress
        self._width = _columns() - 1 if self._shown else 0
        # Layers are read side by side, and each thread tells of its own.
        self._lock = threading.Lock()

    def source(self, activity: str, done: int, total: int | None) -> None:
        """Tell what the source is doing; bytes."""
        self._show(f"{activity}  {_of(done, total)}" if done or total else activity)

    def index(self, progress: Progress) -> None:
        """Tell how far a layer was read."""
        if not progress.name:
            return  # no layer has come
        number = f"layer {progress.layer + 1}" if progress.layer >= 0 else "a layer"
        count = f" of {progress.layers}" if progress.layers and progress.layer >= 0 else ""
        self._show(f"reading {number}{count}  {_of(progress.bytes_done, progress.bytes_total)}")

    def clear(self) -> None:
        """Take the line away before anything else is written."""
        if self._shown:
            with self._lock:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    def _show(self, text: str) -> None:
        if self._shown:
            with self._lock:
                sys.stderr.write(f"\r\x1b[K{printable(text)[: self._width]}")
                sys.stderr.flush()


def _of(done: int, total: int | None) -> str:
    if not total or done > total:
        return size(done)
    return f"{100 * done // total} %  {size(done)} of {size(total)}"
