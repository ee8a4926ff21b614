"""An image in few numbers, to compare a later one with: what a baseline file holds."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from layerscope.analysis.model import Analysis, Comparison, Delta, FolderDelta
from layerscope.core.layer import LayerIndex
from layerscope.core.tar import FILE
from layerscope.core.tree import ImageTree
from layerscope.errors import ConfigError
from layerscope.text import decode

KIND = "layerscope-baseline"
SCHEMA_VERSION = 1
_LONGEST_COMMAND = 200
_MOST = 1 << 63
_COPIED = re.compile(r"(file|dir|multi):[0-9a-f]{12,64}(?= in )")
_HINT = "Write it anew with --save-baseline."


class LayerLine(NamedTuple):
    """A layer of a baseline; ``command`` is cut to 200 characters."""

    diff_id: str
    bytes: int
    command: str


class Baseline(NamedTuple):
    """The figures of one image. Sizes are bytes; ``folders`` and ``waste`` add up to size and wasted bytes."""

    reference: str
    platform: str
    size_bytes: int
    wasted_bytes: int
    layers: tuple[LayerLine, ...] = ()
    folders: Mapping[str, int] = MappingProxyType({})
    """Stored bytes by the first part of the path, every copy counted; files of the root are ``.``."""
    waste: Mapping[str, int] = MappingProxyType({})
    """Wasted bytes by reason."""
    readable: Mapping[str, int] | None = None
    """What of ``folders`` a container can read; None in a baseline that was written before this was noted."""


def baseline_of(analysis: Analysis) -> Baseline:
    """The figures of an image to keep."""
    waste: Counter[str] = Counter()
    for item in analysis.waste:
        waste[item.reason] += item.bytes
    stored, wasted = _folders(analysis.tree) if analysis.tree else ({}, {})
    return Baseline(
        reference=analysis.subject.reference,
        platform=analysis.subject.platform,
        size_bytes=analysis.figures.size_bytes,
        wasted_bytes=analysis.figures.wasted_bytes,
        layers=tuple(
            LayerLine(layer.diff_id, layer.size_bytes, layer.command[:_LONGEST_COMMAND]) for layer in analysis.layers
        ),
        folders=stored,
        waste=dict(sorted(waste.items())),
        readable={name: count - wasted.get(name, 0) for name, count in stored.items()},
    )


def _folders(tree: ImageTree) -> tuple[dict[str, int], dict[str, int]]:
    """Stored and wasted bytes by top folder.

    Layer by layer: its directories are few, its entries are passed over once.
    """
    sums: Counter[str] = Counter()
    all_tops: list[list[str]] = []
    for layer in tree.layers:
        tops = ["."]
        # A directory always comes after the one that it lies in.
        for parent, name in zip(layer.directory_parents[1:], layer.directory_names[1:], strict=True):
            tops.append(tops[parent] if parent else decode(name))
        stored = [0] * len(tops)
        for directory, size, kind in zip(layer.directories, layer.sizes, layer.kinds, strict=True):
            if kind == FILE:
                stored[directory] += size
        if sum(stored) != layer.stored_bytes:
            stored = _sparse(layer, len(tops))
        for top, count in zip(tops, stored, strict=True):
            sums[top] += count
        all_tops.append(tops)
    wasted: Counter[str] = Counter()
    for version in tree.wasted():
        number, entry = tree.version_layer(version), tree.version_entry(version)
        wasted[all_tops[number][tree.layers[number].directories[entry]]] += tree.stored_size(version)
    return {name: count for name, count in sorted(sums.items()) if count}, wasted


def _sparse(layer: LayerIndex, directories: int) -> list[int]:
    """Stored bytes by directory of a layer with files that are larger than what is stored of them."""
    stored = [0] * directories
    for entry, (directory, kind) in enumerate(zip(layer.directories, layer.kinds, strict=True)):
        if kind == FILE:
            stored[directory] += layer.stored(entry)
    return stored


def compare(before: Baseline, after: Baseline) -> Comparison:
    """What differs between two images, each list with the largest difference first."""
    old, new = Counter(layer.diff_id for layer in before.layers), Counter(layer.diff_id for layer in after.layers)
    fresh, gone = _only(after.layers, new - old), _only(before.layers, old - new)
    return Comparison(
        baseline=before.reference,
        size=Delta("size", before.size_bytes, after.size_bytes),
        wasted=Delta("wasted", before.wasted_bytes, after.wasted_bytes),
        layers=_largest(
            _paired([before.layers[number] for number in gone], [after.layers[number] for number in fresh])
        ),
        new_layers=tuple(sorted(fresh, key=lambda number: (-after.layers[number].bytes, number))),
        folders=tuple(
            FolderDelta(*delta, _of(before.readable, delta.name), _of(after.readable, delta.name))
            for delta in _largest(_deltas(before.folders, after.folders))
        ),
        waste=_largest(_deltas(before.waste, after.waste)),
    )


def _paired(gone: Iterable[LayerLine], fresh: Iterable[LayerLine]) -> Iterator[Delta]:
    """Layers that went and layers that came: those of one command are one layer that changed."""
    waiting: dict[str, deque[LayerLine]] = {}
    for layer in gone:
        waiting.setdefault(_instruction(layer.command), deque()).append(layer)
    for layer in fresh:
        earlier = waiting.get(_instruction(layer.command)) if layer.command else None
        yield Delta(layer.command, earlier.popleft().bytes if earlier else 0, layer.bytes)
    for layers in waiting.values():
        for layer in layers:
            yield Delta(layer.command, layer.bytes, 0)


def _instruction(command: str) -> str:
    """The command without the digest by which the classic builder names what it copied."""
    return _COPIED.sub(r"\1", command)


def _only(layers: tuple[LayerLine, ...], wanted: Counter[str]) -> list[int]:
    """The numbers of the layers that the other image does not have; of equal ones the uppermost."""
    left = +wanted
    found = []
    for number in range(len(layers) - 1, -1, -1):
        diff_id = layers[number].diff_id
        if left[diff_id]:
            left[diff_id] -= 1
            found.append(number)
    return found[::-1]


def _deltas(before: Mapping[str, int], after: Mapping[str, int]) -> Iterable[Delta]:
    for name in sorted({**before, **after}):
        delta = Delta(name, before.get(name, 0), after.get(name, 0))
        if delta.bytes:
            yield delta


def _of(readable: Mapping[str, int] | None, name: str) -> int | None:
    return None if readable is None else readable.get(name, 0)


def _largest(deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    return tuple(sorted(deltas, key=lambda delta: -abs(delta.bytes)))


def is_related(before: Baseline, after: Baseline) -> bool:
    """Whether both may be of one image: a layer in common, or the name but for its tag."""
    if _repository(before.reference) == _repository(after.reference):
        return True
    # The empty layer is in many an image, and says nothing.
    told = {layer.diff_id for layer in before.layers if layer.bytes}
    return any(layer.diff_id in told for layer in after.layers if layer.bytes)


def _repository(reference: str) -> str:
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def is_better(before: Baseline, after: Baseline) -> bool:
    """Whether an image got smaller or wastes less, and got worse in neither."""
    size, wasted = after.size_bytes - before.size_bytes, after.wasted_bytes - before.wasted_bytes
    return size <= 0 and wasted <= 0 and (size, wasted) != (0, 0)


def to_document(baseline: Baseline) -> dict[str, Any]:
    """The baseline as the plain values of its file."""
    return {
        "kind": KIND,
        "schemaVersion": SCHEMA_VERSION,
        "reference": baseline.reference,
        "platform": baseline.platform,
        "sizeBytes": baseline.size_bytes,
        "wastedBytes": baseline.wasted_bytes,
        "layers": [
            {"diffId": layer.diff_id, "sizeBytes": layer.bytes, "command": layer.command} for layer in baseline.layers
        ],
        "folders": dict(baseline.folders),
        "waste": dict(baseline.waste),
        **({} if baseline.readable is None else {"readable": dict(baseline.readable)}),
    }


def from_document(document: object, file: str) -> Baseline:
    """The baseline in a file's values; ConfigError where they are none, or those of another version."""
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ConfigError(f"{file} is no baseline.", _HINT)
    version = document.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise ConfigError(
            f"{file} has the schema version {version!r}; this layerscope reads {SCHEMA_VERSION}.",
            f"{_HINT[:-1]}, or use the layerscope that wrote it.",
        )
    try:
        return Baseline(
            reference=_text(document["reference"]),
            platform=_text(document["platform"]),
            size_bytes=_count(document["sizeBytes"]),
            wasted_bytes=_count(document["wastedBytes"]),
            layers=tuple(
                LayerLine(_text(layer["diffId"]), _count(layer["sizeBytes"]), _text(layer["command"]))
                for layer in document["layers"]
            ),
            folders=_counts(document["folders"]),
            waste=_counts(document["waste"]),
            readable=_counts(document["readable"]) if "readable" in document else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{file} is a baseline that lacks something: {error}.", _HINT) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
        raise ValueError(f"{value!r} is no count")
    return value


def _counts(values: Mapping[str, Any]) -> dict[str, int]:
    return {_text(name): _count(count) for name, count in values.items()}
