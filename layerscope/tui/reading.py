"""Work in threads that nobody waits for: what hangs there holds up neither the screen nor the way out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from textual.message import Message

from layerscope.core.alone import LayerAlone
from layerscope.core.outline import Outline
from layerscope.core.tree import ImageTree
from layerscope.core.view import View
from layerscope.tui.filetree import FileTree

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from layerscope.core.layer import LayerIndex


@dataclass(eq=False)
class Failed(Message):
    """A thread ended with an error."""

    error: BaseException


@dataclass(eq=False)
class Alone(Message):
    """What a layer writes and deletes is known, while layers below it are still being read."""

    layer: LayerIndex
    files: FileTree
    view: View


class _Handed:
    """Hands whatever goes wrong in a thread to the pump that started it: nothing is swallowed."""

    def __init__(self, pump: MessagePump) -> None:
        self._pump = pump

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if error is not None:
            self._pump.post_message(Failed(error))
        return True


def start(pump: MessagePump, work: Callable[[], object]) -> None:
    """Do the work in a daemon thread; Failed is posted where it raises."""

    def run() -> None:
        with _Handed(pump):
            work()

    threading.Thread(target=run, daemon=True).start()


def look_at(layer: LayerIndex, number: int) -> Alone:
    """One layer as if there were no other: what it writes, and the names of what it deletes.

    It has this number, but for the lowest, which is taken for the second.
    """
    number = max(1, number)
    alone = LayerAlone(layer, number)
    while alone.step():
        time.sleep(0)
    outline = outlined(alone.tree)
    return Alone(layer, FileTree(alone.tree, outline, alone=True), viewed(outline, number - 1, number))


def outlined(tree: ImageTree) -> Outline:
    """The outline of a tree, made in a thread that gives way to the screen."""
    outline = Outline(tree)
    while outline.step():
        time.sleep(0)
    return outline


def viewed(outline: Outline, before: int, after: int) -> View:
    """A view of an outline, made in a thread that gives way to the screen."""
    view = View(outline, before, after)
    while view.step():
        time.sleep(0)
    return view
