"""The lowest layers on top of each other while others are still being read: figures at once, files when wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.message import Message

from layerscope.core.outline import Outline
from layerscope.tui.filetree import FileTree
from layerscope.tui.reading import start, viewed

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from layerscope.core.tree import ImageTree
    from layerscope.core.view import View
    from layerscope.stack import LayerStack
    from layerscope.tui.selection import Selection

#: Seconds after which new layers are looked for, and told.
_EVERY: Final = 0.1


class SoFar(NamedTuple):
    """The figures of the lowest layers, as long as nobody knows what lies on them: bytes, and paths by layer."""

    size: int
    wasted: int
    stored: Sequence[int]
    wasted_in: Sequence[int]
    wasted_by: Sequence[int]
    added: Sequence[int]
    modified: Sequence[int]
    removed: Sequence[int]

    @property
    def layers(self) -> int:
        """How many layers these are."""
        return len(self.stored)


#: As long as the lowest layer has not arrived.
NOTHING: Final = SoFar(0, 0, (), (), (), (), (), ())


@dataclass(eq=False)
class Stacked(Message):
    """More of the lowest layers have arrived: what they make together."""

    so_far: SoFar


@dataclass(eq=False)
class Grown(Message):
    """The files of the lowest ``layers`` layers, and what was asked for of them."""

    layers: int
    files: FileTree
    selection: Selection
    view: View


class Growth:
    """Merges layers in a thread as they arrive; the merging has to be done anyway, so reading takes no longer.

    An outline is made only where somebody looks at a layer that the last one does not have.
    """

    def __init__(self, pump: MessagePump, stack: LayerStack) -> None:
        self._pump = pump
        self.stack = stack
        self._news = threading.Event()
        self._wanted: Selection | None = None
        self._told: tuple[ImageTree, int] = stack.tree, 0
        start(pump, self._run)

    def is_of(self, stack: LayerStack) -> bool:
        """Whether it is this reading whose layers are merged."""
        return stack is self.stack

    def want(self, selection: Selection) -> None:
        """Post Grown as soon as the layers of a selection are there; in place of what was wanted before."""
        self._wanted = selection
        self._news.set()

    def _run(self) -> None:
        """In a thread, until reading is over."""
        while not self.stack.closed:
            self._merge()
            wanted, count = self._wanted, len(self.stack.tree.layers)
            if wanted is not None and wanted.last < count:
                self._wanted = None
                self._show(wanted)
            self._news.wait(_EVERY)
            self._news.clear()

    def _merge(self) -> None:
        stack, going = self.stack, True
        while going and not stack.closed:
            with stack.lock:
                going = not stack.closed and stack.step()
            time.sleep(0)
        if not going and self._told != (stack.tree, len(stack.tree.layers)):
            self._told = stack.tree, len(stack.tree.layers)
            self._pump.post_message(Stacked(_figures(stack.tree)))

    def _show(self, selection: Selection) -> None:
        stack = self.stack
        with stack.lock:
            outline = Outline(stack.tree)
            while not stack.closed and outline.step():
                time.sleep(0)
            count = len(stack.tree.layers)
        if stack.closed:
            return
        files = FileTree(outline.tree, outline)
        while files.lookups.waste.step():
            time.sleep(0)
        view = viewed(outline, selection.first - 1, selection.last)
        self._pump.post_message(Grown(count, files, selection, view))


def _figures(tree: ImageTree) -> SoFar:
    return SoFar(
        size=tree.image_bytes,
        wasted=tree.wasted_bytes,
        stored=tuple(tree.stored),
        wasted_in=tuple(tree.wasted_in),
        wasted_by=tuple(tree.wasted_by),
        added=tuple(tree.added),
        modified=tuple(tree.modified),
        removed=tuple(tree.removed),
    )
