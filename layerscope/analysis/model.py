"""The answers: plain values that the reports and the explorer show, and nothing else.

Layers are numbered from 0, oldest first, in every value and in JSON; ``label()`` gives the number that
people see, which starts at 1. Sizes are bytes. Paths are text with undecodable bytes as surrogate
escapes, without a leading slash; they are hostile until they went through ``text.printable()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree

#: Why bytes are wasted (scoring.md, the list of waste items).
OVERWRITTEN = "overwritten"
REWRITTEN = "rewritten"
REMOVED = "removed"
HIDDEN = "hidden"
REPLACED = "replaced"
DUPLICATE = "duplicate"
REASONS = (OVERWRITTEN, REWRITTEN, REMOVED, HIDDEN, REPLACED, DUPLICATE)


def label(layer: int) -> str:
    """The number of a layer as people see it: ``1`` for layer 0."""
    return str(layer + 1)


def labels(layers: Sequence[int]) -> str:
    """The numbers of layers as people see them, neighbours as a range: ``1, 3–5``."""
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and runs[-1][-1] == layer - 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ", ".join(label(run[0]) if len(run) == 1 else f"{label(run[0])}–{label(run[-1])}" for run in runs)


def unnamed(fault: str) -> str:
    """A layer's fault as it stands behind the layer's number, which says ``Layer`` already."""
    return fault.removeprefix("Layer ")


class Figures(NamedTuple):
    """The true figures of an image (scoring.md, section 1); ratios are between 0 and 1."""

    size_bytes: int
    wasted_bytes: int
    efficiency: float
    user_size_bytes: int
    user_wasted_bytes: int
    user_wasted_percent: float
    files: int
    """All entries of all layers but whiteouts."""
    final_files: int
    """Paths of the final filesystem that are no directories."""
    compressed_bytes: int | None = None
    """Sum of the blobs' sizes; None where one of them is unknown or plain."""
    user_reach_bytes: int = 0
    """What the user's layers brought or made unreachable: the whole that ``user_wasted_percent`` is a share of."""


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """One layer in numbers; ``added``, ``modified`` and ``removed`` count paths but directories."""

    index: int
    diff_id: str
    digest: str
    media_type: str
    size_bytes: int
    compressed_bytes: int | None
    wasted_in_bytes: int
    """How much of this layer's own bytes no container can read."""
    wasted_by_bytes: int
    """How many bytes, of this layer or older ones, this layer made unreachable."""
    added: int
    modified: int
    removed: int
    command: str
    """The command that made the layer, cleaned for people; empty where history does not tell."""
    created: str
    base: bool
    """Whether the layer is part of the image's FROM."""
    entries: int = 0
    name: str = ""
    """The layer's name in its archive."""
    fault: str = ""
    """Why reading ended early; empty when the layer was read to its end."""
    limit: str = ""
    """The option that reading came to the limit of; empty where that is not the reason."""
    untrusted: bool = False
    """Whether it was read to its end, and the fault is a digest that it should have and has not."""

    @property
    def known(self) -> bool:
        """Whether anything of its contents is known: its figures are 0 where nothing is."""
        return bool(self.entries) or not self.fault


class WasteItem(NamedTuple):
    """Bytes that are shipped and unreachable, with their cause; a subtree's path ends in a slash."""

    path: str
    bytes: int
    files: int
    copies: int
    """How often the image stores the path, the living copy included; of a subtree, the most of any file."""
    reason: str
    stored_in: tuple[int, ...]
    wasted_by: int
    attributes: tuple[str, ...] = ()
    """What ``rewritten`` changed: owner, mode, time, xattrs; empty when nothing but the layer."""


class Finding(NamedTuple):
    """Something that breaks a rule: a path, or a layer where ``path`` is empty; words out of the image in all."""

    path: str
    bytes: int
    layer: int | None
    """The layer that is to blame; None where it is the image as a whole."""
    cause: str
    cure: str


class Delta(NamedTuple):
    """One thing in two images: its name and its bytes before and after."""

    name: str
    before: int
    after: int

    @property
    def bytes(self) -> int:
        """How much was added; negative where it shrank."""
        return self.after - self.before


class FolderDelta(NamedTuple):
    """What two images store under one top folder, every copy in every layer counted; bytes."""

    name: str
    before: int
    after: int
    readable_before: int | None = None
    """How much of that a container can read; None where the baseline does not tell, also below."""
    readable_after: int | None = None

    @property
    def bytes(self) -> int:
        """How much was added; negative where it shrank."""
        return self.after - self.before

    @property
    def unreadable(self) -> bool:
        """Whether less of it can be read now than is stored."""
        return self.readable_after is not None and self.readable_after < self.after


class Comparison(NamedTuple):
    """An image beside its baseline; ``layers``, ``folders`` and ``waste`` hold what differs, largest first."""

    baseline: str
    """What the baseline was made of, as its maker named it."""
    size: Delta
    wasted: Delta
    layers: tuple[Delta, ...] = ()
    """Layers that only one of the two has, by diff id; named by their commands, those of one command together."""
    new_layers: tuple[int, ...] = ()
    """The numbers of the layers that the baseline does not have, largest first."""
    folders: tuple[FolderDelta, ...] = ()
    waste: tuple[Delta, ...] = ()
    """Wasted bytes by reason."""

    @property
    def growth_bytes(self) -> int:
        """How much the image grew over the baseline."""
        return self.size.bytes

    @property
    def growth_percent(self) -> float:
        """The growth as a share of the baseline's size; infinite over an empty one."""
        if not self.size.before:
            return float("inf") if self.size.after else 0.0
        return self.size.bytes / self.size.before

    @property
    def wasted_growth_bytes(self) -> int:
        """How much the waste grew over the baseline."""
        return self.wasted.bytes


class Location(NamedTuple):
    """Where an instruction stands: a file and its lines, counted from 1."""

    file: str
    line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class DiveInefficiency:
    """One path that dive meets in two or more layers; ``path`` has dive's leading slash."""

    path: str
    count: int
    bytes: int


def _no_inefficiencies() -> tuple[DiveInefficiency, ...]:
    return ()


class DiveFigures(NamedTuple):
    """dive's figures of the same image (scoring.md, section 2)."""

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float
    """A ratio that may exceed 1; NaN (0 of 0) or infinite where there are no user bytes, as dive has it."""
    size_bytes: int = 0
    user_size_bytes: int = 0
    find_inefficiencies: Callable[[], tuple[DiveInefficiency, ...]] = _no_inefficiencies

    @property
    def inefficiencies(self) -> tuple[DiveInefficiency, ...]:
        """Largest first, ties by path."""
        return self.find_inefficiencies()


class DiveFile(NamedTuple):
    """One record of dive's file list; all zero for a directory that the tar has no entry for."""

    path: str = ""
    type_flag: int = 0
    link_name: str = ""
    size: int = 0
    file_mode: int = 0
    uid: int = 0
    gid: int = 0
    is_dir: bool = False


def _no_files(layer: int) -> Iterable[DiveFile]:
    return ()


def _no_passwd() -> bytes | None:
    return None


class HistoryLine(NamedTuple):
    """One line of the image's history, or a layer that the history does not know."""

    text: str
    """The command, cleaned for people."""
    created: str
    layer: int | None
    empty: bool
    raw: str = ""
    """``created_by`` as the config has it."""
    comment: str = ""


class Subject(NamedTuple):
    """Which image was looked at."""

    reference: str
    source: str = ""
    id: str = ""
    digest: str = ""
    platform: str = ""
    created: str = ""
    tags: tuple[str, ...] = ()


@dataclass(eq=False)
class Analysis:
    """Everything there is to say about one image. ``waste`` and ``dive`` are computed when first asked for."""

    subject: Subject
    figures: Figures
    layers: list[LayerFigures]
    history: list[HistoryLine]
    base_layers: int
    base_found_by: str
    warnings: list[str]
    find_waste: Callable[[], list[WasteItem]] = field(repr=False)
    find_dive: Callable[[], DiveFigures] = field(repr=False)
    find_dive_files: Callable[[int], Iterable[DiveFile]] = field(default=_no_files, repr=False)
    """The entries of a layer as dive's export lists them."""
    tree: ImageTree | None = field(default=None, repr=False)
    """The image's paths, for rules that look at them; None in an analysis that was put together by hand."""
    user: str = ""
    """The user that the config names; empty for none, which is root."""
    find_passwd: Callable[[], bytes | None] = field(default=_no_passwd, repr=False)
    """The image's /etc/passwd, empty where it has none; None where it cannot be had."""
    comparison: Comparison | None = None
    """The image beside its baseline, where there is one."""
    base_name: str = ""
    """What the user calls the base image; empty where that is no image's name, or nobody said."""
    fault: str = ""
    """Why there may be layers that nobody knows of; empty for a whole image."""
    dockerfile: str = ""
    """The Dockerfile that the locations are lines of, as it is named; empty where none was given."""
    locations: dict[int, Location] = field(default_factory=dict)
    """Where the instruction of a layer stands in the Dockerfile, for the layers that were found there."""

    @cached_property
    def waste(self) -> list[WasteItem]:
        """What explains the wasted bytes, largest first; the sum over the items is exactly them."""
        return self.find_waste()

    @cached_property
    def dive(self) -> DiveFigures:
        """dive's figures of the same image."""
        return self.find_dive()

    @property
    def complete(self) -> bool:
        """Whether every layer was there and read to its end."""
        return not self.fault and not any(layer.fault for layer in self.layers)

    @property
    def remedy(self) -> str:
        """What to do where the image is not complete, in a sentence."""
        if self.subject.source == "registry":
            return "Try again; if that changes nothing, push the image again."
        return "Save or pull the image again."
