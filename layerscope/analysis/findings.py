"""What broke a rule about sizes: the layers behind the figure, worst first, each with a cure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from layerscope.analysis.measures import OF_GROWTH, Measure
from layerscope.analysis.model import Analysis, Comparison, Finding, FolderDelta, LayerFigures, label
from layerscope.text import size

_LARGEST = 20


def find_causes(analysis: Analysis, measure: Measure) -> tuple[Finding, ...]:
    """The layers that explain a figure beyond its limit, worst first; at most 20."""
    if measure in OF_GROWTH:
        return tuple(_grown(analysis, measure))[:_LARGEST]
    if measure is Measure.LAYERS:
        return tuple(_joinable(analysis.layers))[:_LARGEST]
    layers = sorted(analysis.layers, key=lambda layer: (-_weight(layer, measure), layer.index))
    return tuple(_large(layer, _weight(layer, measure)) for layer in layers[:_LARGEST] if _weight(layer, measure))


def _weight(layer: LayerFigures, measure: Measure) -> int:
    return (layer.compressed_bytes or 0) if measure is Measure.COMPRESSED_SIZE else layer.size_bytes


def _large(layer: LayerFigures, weight: int) -> Finding:
    return Finding("", weight, layer.index, _told(layer), _cure(layer))


def _told(layer: LayerFigures) -> str:
    return f"Layer {label(layer.index)} ({layer.command or 'the history does not tell its command'})"


def _cure(layer: LayerFigures) -> str:
    if layer.base:
        return "It is the base image's: a leaner base saves it."
    if layer.wasted_in_bytes:
        return f"{size(layer.wasted_in_bytes)} of that is waste that no container can read: remove it first."
    if layer.command.startswith(("COPY", "ADD")):
        return "Copy only what is needed: name the rest in .dockerignore, or build it in a stage of its own."
    return "Keep what only the build needs in a stage of its own, or in cache mounts."


def _joinable(layers: Iterable[LayerFigures]) -> Iterable[Finding]:
    """Pairs of instructions of one kind that follow each other, the smallest first: joining them costs least."""
    own = [layer for layer in layers if not layer.base]
    pairs = [
        (first, second)
        for first, second in pairwise(own)
        if first.command.partition(" ")[0] == second.command.partition(" ")[0] in ("RUN", "COPY", "ADD")
    ]
    for first, second in sorted(pairs, key=lambda pair: (pair[1].size_bytes, pair[1].index)):
        kind = second.command.partition(" ")[0]
        cure = f"Join it with the {kind} before it, in layer {label(first.index)}."
        yield Finding("", second.size_bytes, second.index, _told(second), cure)
    if not pairs:
        for layer in sorted(own, key=lambda layer: layer.size_bytes):
            yield Finding("", layer.size_bytes, layer.index, _told(layer), "Join it with its neighbour.")


def _grown(analysis: Analysis, measure: Measure) -> Iterable[Finding]:
    comparison = analysis.comparison
    if comparison is None:
        return
    if measure is not Measure.WASTED_GROWTH:
        yield from sorted(_grown_layers(analysis, comparison), key=lambda finding: -finding.bytes)
        for folder in comparison.folders:
            if folder.bytes > 0:
                top = folder.name == "."
                what = "What lies in / itself" if top else f"/{folder.name}"
                cause = f"{what} {_growth(folder.before, folder.after)}, stored in all layers."
                yield Finding("" if top else f"{folder.name}/", folder.bytes, None, cause, _told_readable(folder))
        return
    for reason in comparison.waste:
        if reason.bytes > 0:
            cause = f"What is {reason.name} grew from {size(reason.before)} to {size(reason.after)}."
            yield Finding("", reason.bytes, None, cause, "")


def _told_readable(folder: FolderDelta) -> str:
    """How much of it a container can read, where that is less: the rest is waste, which is told elsewhere."""
    if not folder.unreadable:
        return ""
    return f"A container can read {size(folder.readable_after) if folder.readable_after else 'none'} of it."


def _grown_layers(analysis: Analysis, comparison: Comparison) -> Iterable[Finding]:
    """The new layers that are larger than what the same command made before: a rebuilt one is no growth."""
    before: dict[tuple[str, int], list[int]] = {}
    for delta in comparison.layers:
        before.setdefault((delta.name, delta.after), []).append(delta.before)
    for number in comparison.new_layers:
        layer = analysis.layers[number]
        earlier = before.get((layer.command, layer.size_bytes))
        size_before = earlier.pop() if earlier else 0
        if layer.size_bytes > size_before:
            told = f"{_told(layer)} {_growth(size_before, layer.size_bytes)}"
            yield Finding("", layer.size_bytes - size_before, number, told, _cure(layer))


def _growth(before: int, after: int) -> str:
    return f"grew from {size(before)} to {size(after)}" if before else "is new"
