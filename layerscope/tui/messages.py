"""What the reading thread tells the app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.core.outline import Outline
    from layerscope.index import ImageIndex, Progress
    from layerscope.tui.filetree import FileTree
    from layerscope.tui.wastegroups import WasteRows


@dataclass(eq=False)
class Progressed(Message):
    """A layer is being read, or was read to its end."""

    progress: Progress

    def can_replace(self, message: Message) -> bool:
        """A newer report of the same layer makes an older one void."""
        return (
            isinstance(message, Progressed)
            and message.progress.layer == self.progress.layer
            and message.progress.name == self.progress.name
        )


@dataclass(eq=False)
class Indexed(Message):
    """All layers are read: files can be shown."""

    index: ImageIndex
    outline: Outline
    files: FileTree


@dataclass(eq=False)
class Analysed(Message):
    """The answers are there."""

    analysis: Analysis


@dataclass(eq=False)
class WasteFound(Message):
    """What explains the wasted bytes; ``fault`` says why it could not be found out."""

    analysis: Analysis
    rows: WasteRows
    fault: str = ""
