"""Details: of the layer, of the image, of the path under the cursor."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from layerscope.core.tar import FILE, HARDLINK
from layerscope.text import decode, printable, size
from layerscope.tui.cells import cut, wrap
from layerscope.tui.chrome import percent, tabs
from layerscope.tui.entries import Lines, Story
from layerscope.tui.entrywords import attributes, kind_word, story
from layerscope.tui.facts import (
    command_lines,
    counts,
    digest_lines,
    early_image_lines,
    early_layer_lines,
    sentence_lines,
    subject_lines,
)
from layerscope.tui.insides import lies_below
from layerscope.tui.rows import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from layerscope.analysis.description import Description
    from layerscope.analysis.model import Analysis, LayerFigures, WasteItem
    from layerscope.core.tree import ImageTree
    from layerscope.tui.filetree import FileTree
    from layerscope.tui.growing import SoFar

#: With fewer lines than this, the blank ones are left out.
_TALL = 10


class Subject(Enum):
    """What the details are of."""

    LAYER = "Layer"
    IMAGE = "Image"
    FILE = "File"


class DetailsPane(Story):
    """A few lines about what the cursor is on."""

    def __init__(self) -> None:
        super().__init__("details", classes="pane")
        self.subject = Subject.LAYER
        self._analysis: Analysis | None = None
        self._tree: ImageTree | None = None
        self._waste: dict[int, WasteItem] = {}
        self._so_far: SoFar | None = None
        self._description: Description | None = None
        self._layer = 0
        self._placed = True
        self._node = -1
        self._version = -1
        self._alone = False

    def on_mount(self) -> None:
        """Write the tabs."""
        self.show_subject(self.subject)

    def on_resize(self) -> None:
        """Where there is little room, blank lines are left out."""
        self.refresh_rows()

    @property
    def item_count(self) -> int:
        """All lines are one item."""
        return 1

    def show_subject(self, subject: Subject) -> None:
        """Turn to the layer, the image or the file."""
        self.subject = subject
        self.border_title = tabs([(word.value, f"screen.details('{word.name}')", word is subject) for word in Subject])
        self.refresh_rows()
        self.scroll_to(y=0, animate=False)

    def show_description(self, description: Description | None) -> None:
        """What the image's documents say is known; None where they turned out to be another's."""
        self._description = description
        self.refresh_rows()

    def show_so_far(self, so_far: SoFar) -> None:
        """The lowest layers are known."""
        self._so_far = so_far
        self.refresh_rows()

    def show_analysis(self, analysis: Analysis) -> None:
        """Everything is known."""
        self._analysis = analysis
        self.refresh_rows()

    def show_waste(self, items: Sequence[WasteItem]) -> None:
        """What is wasted is known: of each layer the largest item counts."""
        for item in reversed(items):
            self._waste.update(dict.fromkeys(item.stored_in, item))
        self.refresh_rows()

    def show_layer(self, layer: int, placed: bool = True) -> None:
        """Another layer is under the cursor; ``placed`` tells whether it is known which one of the image's it is."""
        if (layer, placed) == (self._layer, self._placed):
            return
        self._layer, self._placed = layer, placed
        if self.subject is Subject.LAYER:
            self.refresh_rows()

    def show_file(self, files: FileTree, node: int, version: int) -> None:
        """Another path is under the cursor."""
        self._tree, self._node, self._version, self._alone = files.tree, node, version, files.alone
        if self.subject is Subject.FILE:
            self.refresh_rows()

    def lines(self, item: int, width: int) -> Lines:
        """The lines of the subject."""
        if self.subject is Subject.FILE:
            found = list(self._file_lines(width))
        elif self._analysis is None:
            early = early_image_lines if self.subject is Subject.IMAGE else early_layer_lines
            found = list(early(self._description, self._so_far, self._layer if self._placed else -1, width))
        elif self.subject is Subject.IMAGE:
            found = list(_image_lines(self._analysis, width))
        elif self._layer < len(self._analysis.layers):
            found = list(_layer_lines(self._analysis, self._waste, self._layer, width))
        else:
            found = [[("no layers", "dim")]]
        if self.size.height < _TALL:
            found = [line for line in found if line]
        return found

    @property
    def value(self) -> str:
        """What is worth copying: the digest of the layer or the image, the link's target of a file."""
        if self.subject is Subject.FILE:
            if self._tree is None or self._version < 0:
                return ""
            return attributes(self._tree, self._version).link
        known = self._analysis or self._description
        is_known = known is not None and self._placed and self._layer < len(known.layers)
        if known is None or (self.subject is Subject.LAYER and not is_known):
            return ""
        if self.subject is Subject.IMAGE:
            return known.subject.digest or known.subject.id
        layer = known.layers[self._layer]
        return layer.diff_id or layer.digest

    def _file_lines(self, width: int) -> Iterator[Pieces]:
        if self._tree is None or self._node < 0:
            yield [("no file under the cursor", "dim")]
            return
        tree = self._tree
        for part in wrap("/" + printable(decode(tree.path(self._node))), width):
            yield [(part, "title")]
        if self._version >= 0 and self._alone and lies_below(tree, self._version):
            yield from sentence_lines("removed by this layer", width)
        elif self._version >= 0:
            found = attributes(tree, self._version)
            kind = tree.kind(self._version)
            bytes_ = f"  {size(tree.size(self._version))}" if kind in (FILE, HARDLINK) else ""
            yield [(kind_word(kind) + bytes_, "")]
            for part in wrap(f"{found.mode} {found.owner} {_changed(tree, self._version)}".strip(), width):
                yield [(part, "dim")]
            if found.link:
                yield [(cut(f"→ {found.link}", width), "")]
            for name in _xattrs(tree, self._version):
                yield [(cut(name, width), "dim")]
        yield []
        if self._alone:
            yield from sentence_lines("What layers below have of it is told as soon as they are read.", width)
            return
        for line in story(tree, self._node):
            yield [(cut(line, width), "")]


def _changed(tree: ImageTree, version: int) -> str:
    """The time of last change in UTC, to the minute; empty where the layers only imply a folder."""
    entry = tree.version_entry(version)
    if entry < 0:
        return ""
    seconds = tree.layers[tree.version_layer(version)].mtime(entry) // 1_000_000_000
    if not 0 < seconds < 253_402_300_800:  # the year 10000
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _xattrs(tree: ImageTree, version: int) -> list[str]:
    entry = tree.version_entry(version)
    if entry < 0:
        return []
    found = tree.layers[tree.version_layer(version)].xattrs(entry)
    return sorted(printable(decode(name)) for name in found)


def _layer_lines(analysis: Analysis, waste: Mapping[int, WasteItem], number: int, width: int) -> Iterator[Pieces]:
    layer = analysis.layers[number]
    total = analysis.figures.size_bytes
    share = f" ({percent(layer.size_bytes / total)} of the image)" if total else ""
    head = f"Layer {number + 1} of {len(analysis.layers)}"
    bytes_ = f"{size(layer.size_bytes)}{share}" if layer.known else "not read"
    yield [(head, "title"), (cut(f"  {bytes_}", width - len(head)), "")]
    if layer.fault:
        for part in wrap("! " + printable(layer.fault), width):
            yield [(part, "note")]
    if layer.known:
        yield counts((layer.added, layer.modified, layer.removed), width)
    yield from _waste_lines(waste, layer, width)
    yield []
    yield from digest_lines(layer, width)
    if place := analysis.locations.get(number):
        yield [("line     ", "dim"), (cut(printable(f"{place.file}:{place.line}"), width - 9), "")]
    if layer.base:
        yield [("base image layer", "dim")]
    yield []
    yield from command_lines(layer.command, width)


def _waste_lines(waste: Mapping[int, WasteItem], layer: LayerFigures, width: int) -> Iterator[Pieces]:
    if layer.wasted_in_bytes:
        largest = waste.get(layer.index)
        text = f"░ {size(layer.wasted_in_bytes)} wasted"
        if largest is not None:
            where = "" if width < 44 else f"   /{printable(largest.path)}"
            text += f"{where or ':'} {largest.reason} in {largest.wasted_by + 1}"
        yield [(cut(text, width), "wasted")]
    if layer.wasted_by_bytes:
        yield [(cut(f"makes {size(layer.wasted_by_bytes)} waste", width), "wasted")]


def _image_lines(analysis: Analysis, width: int) -> Iterator[Pieces]:
    figures, subject = analysis.figures, analysis.subject
    packed = f", {size(figures.compressed_bytes)} packed" if figures.compressed_bytes is not None else ""
    yield [(cut(printable(subject.reference), width), "title")]
    yield [(f"{size(figures.size_bytes)}{packed}, {figures.final_files:,} files", "")]
    yield [(f"efficiency {percent(figures.efficiency)}, wasted {size(figures.wasted_bytes)}", "")]
    yield [(cut(f"yours {size(figures.user_size_bytes)}, wasted {size(figures.user_wasted_bytes)}:", width), "")]
    yield [(cut(f"{percent(figures.user_wasted_percent)} of what they brought or made waste", width), "")]
    base = f"base: the lowest {analysis.base_layers} layers" if analysis.base_layers != 1 else "base: the lowest layer"
    yield [(cut(f"{base} ({printable(analysis.base_found_by)})", width), "dim")]
    yield []
    yield from subject_lines(subject, width)
    for warning in analysis.warnings:
        for part in wrap("! " + printable(warning), width):
            yield [(part, "note")]
