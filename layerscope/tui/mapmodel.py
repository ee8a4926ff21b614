"""What is big: the parts of the whole image, or of a layer, folder by folder, without a screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from layerscope.core.view import ADDED, MODIFIED, view_of
from layerscope.text import decode

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.core.outline import Outline
    from layerscope.core.view import View

#: A folder with more in it is not looked into before it is entered.
MOST_INSIDE: Final = 2_000


class Division(Enum):
    """What the image is divided into at the top."""

    FOLDERS = "folder"
    LAYERS = "layer"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what is looked at: a path, a layer, or all that is wasted.

    ``position`` is that of a path, ``layer`` the number of a layer (from 0); -1 for what it is not.
    ``name`` is not printable. ``wasted`` bytes are among ``bytes``.
    """

    name: str
    bytes: int
    position: int = -1
    layer: int = -1
    holds: bool = False
    wasted: int = 0


class ImageMap:
    """Parts of the image, largest first; ``enter`` and ``leave`` walk through them.

    In folders, the parts are those of the final filesystem and, at the top, the wasted bytes: together
    all that the image stores. In layers, a layer's parts are what it wrote.
    """

    def __init__(self, outline: Outline, analysis: Analysis) -> None:
        self._outline = outline
        self._analysis = analysis
        self.division = Division.FOLDERS
        self.layer = -1
        self.position = -1
        self._view: tuple[int, View] | None = None
        self.parts: list[Part] = []
        self._collect()

    @property
    def total(self) -> int:
        """Bytes of the whole image."""
        return self._analysis.figures.size_bytes

    @property
    def bytes(self) -> int:
        """Bytes of all parts that are looked at."""
        return sum(part.bytes for part in self.parts)

    @property
    def path(self) -> str:
        """The folder whose parts these are, not printable; empty at the top of the layers."""
        if self.division is Division.LAYERS and self.layer < 0:
            return ""
        return "/" + (decode(self._outline.tree.path(self._outline.nodes[self.position])) if self.position >= 0 else "")

    @property
    def at_top(self) -> bool:
        """Whether there is nowhere to leave to."""
        return self.position < 0 and self.layer < 0

    def divide(self, division: Division) -> None:
        """Divide the image by something else, from the top."""
        self.division = division
        self.layer = self.position = -1
        self._collect()

    def enter(self, part: Part) -> None:
        """Look at the parts of a folder or a layer."""
        if part.holds:
            self.layer, self.position = (part.layer, -1) if part.layer >= 0 else (self.layer, part.position)
            self._collect()

    def leave(self) -> int:
        """Look at what the folder or layer is a part of; the number of the part that was left."""
        left = (self.layer, self.position)
        if self.position >= 0:
            self.position = self._outline.parent(self.position)
        else:
            self.layer = -1
        self._collect()
        wanted = left[1] if left[1] >= 0 else left[0]
        found = [part.position if left[1] >= 0 else part.layer for part in self.parts]
        return found.index(wanted) if wanted in found else 0

    def layer_of(self, part: Part) -> int:
        """The layer that stores a path as it is looked at."""
        if self.layer >= 0:
            return self.layer
        version = self._shown().version(part.position)
        return self._outline.tree.version_layer(version) if version >= 0 else 0

    def _shown(self) -> View:
        """The layer's changes, or the whole final filesystem."""
        if self._view is None or self._view[0] != self.layer:
            last = len(self._analysis.layers) - 1
            before, after = (self.layer - 1, self.layer) if self.layer >= 0 else (-1, last)
            self._view = (self.layer, view_of(self._outline, before, after))
        return self._view[1]

    def _collect(self) -> None:
        if self.division is Division.LAYERS and self.layer < 0:
            parts = [
                Part(layer.command or layer.diff_id, layer.size_bytes, -1, number, True, layer.wasted_in_bytes)
                for number, layer in enumerate(self._analysis.layers)
            ]
        else:
            parts = self._paths(self.position)
            wasted = self._analysis.figures.wasted_bytes
            if self.at_top and wasted:
                parts.append(Part("wasted", wasted, wasted=wasted))
        self.parts = sorted(parts, key=lambda part: -part.bytes)

    def inside(self, part: Part) -> list[Part]:
        """What is in a folder, largest first; nothing where that is too much to look at, or a layer."""
        if not part.holds or part.position < 0:
            return []
        return sorted(self._paths(part.position, MOST_INSIDE), key=lambda each: -each.bytes)

    def _paths(self, folder: int, most: int = 0) -> list[Part]:
        """What lies in a folder, as far as it holds bytes; nothing where there is more than ``most``."""
        if not self._analysis.layers:
            return []
        view, outline = self._shown(), self._outline
        ends, tree = outline.ends, outline.tree
        place = folder + 1
        stop = ends[folder] if folder >= 0 else len(outline)
        found: list[Part] = []
        seen = 0
        while place < stop:
            end = ends[place]
            seen += 1
            if most and seen > most:
                return []
            size = view.sums(place + 1, end)[0]
            if view.marks[place] in (ADDED, MODIFIED):
                size += view.sizes[place]
            if size:
                found.append(Part(decode(tree.names[outline.nodes[place]]), size, place, holds=end > place + 1))
            place = end
        return found
