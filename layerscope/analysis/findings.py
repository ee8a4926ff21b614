"""What broke a rule about sizes: the layers behind the figure, worst first, each with a cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice, pairwise
from typing import NamedTuple

from layerscope.analysis.measures import OF_GROWTH, Measure
from layerscope.analysis.model import Analysis, Finding, LayerFigures, label
from layerscope.analysis.remedies import find_remedy
from layerscope.text import size

_LARGEST = 20
#: Waste is told of a layer where it is at least this part of its size: the tenth.
_PART = 10
#: As many of a layer's waste items, the largest, are looked at for a cure.
_ITEMS = 200


def find_causes(analysis: Analysis, measure: Measure) -> tuple[Finding, ...]:
    """The layers that explain a figure beyond its limit, worst first; at most 20.

    Layers whose bytes are waste, or only make waste of others, have the cure of that waste.
    """
    if measure is Measure.WASTED_GROWTH:
        return tuple(_more_waste(analysis))[:_LARGEST]
    if measure is Measure.LAYERS:
        return tuple(_joinable(analysis.layers))[:_LARGEST]
    if measure in OF_GROWTH:
        grown = sorted(_grown(analysis), key=lambda layer: -layer.bytes)
    else:
        layers = sorted(analysis.layers, key=lambda layer: (-_weight(layer, measure), layer.index))
        grown = [_Large(layer, _weight(layer, measure), "") for layer in layers if _weight(layer, measure)]
    worst = grown[:_LARGEST]
    return tuple(
        Finding("", large.bytes, large.layer.index, _told(large.layer, large.how), _cure(analysis, large.layer))
        for large in worst
    )


class _Large(NamedTuple):
    """A layer with what is to be explained of its bytes, and how it came to them."""

    layer: LayerFigures
    bytes: int
    how: str


def _waste_cure(analysis: Analysis, layer: LayerFigures) -> str:
    """How much of the layer's bytes is waste, or how much it makes, and the cure of the largest part."""
    lying = layer.wasted_in_bytes >= layer.wasted_by_bytes
    # Of an item that lies in several layers nobody tells how much in each.
    shares = (
        (item, item.bytes // (len(item.stored_in) if lying else 1))
        for item in analysis.waste
        if (layer.index in item.stored_in if lying else layer.index == item.wasted_by)
    )
    cures: Counter[str] = Counter()
    for item, share in islice(shares, _ITEMS):
        cures[find_remedy(item, analysis.layers).cure] += share
    ((cure, _),) = cures.most_common(1) or [("", 0)]
    if len(cures) > 1:
        cure = f"For the largest part of it: {cure}"
    if not lying:
        return f"It makes {size(layer.wasted_by_bytes)} waste. {cure}"
    whole = layer.wasted_in_bytes == layer.size_bytes
    return f"{'All' if whole else size(layer.wasted_in_bytes)} of its bytes are waste. {cure}"


def _weight(layer: LayerFigures, measure: Measure) -> int:
    return (layer.compressed_bytes or 0) if measure is Measure.COMPRESSED_SIZE else layer.size_bytes


def _told(layer: LayerFigures, how: str = "") -> str:
    return f"Layer {label(layer.index)}{how} ({layer.command or 'the history does not tell its command'})"


def _cure(analysis: Analysis, layer: LayerFigures) -> str:
    if layer.base:
        return "It is the base image's: a leaner base saves it."
    if analysis.complete and max(layer.wasted_in_bytes, layer.wasted_by_bytes) * _PART >= layer.size_bytes > 0:
        return _waste_cure(analysis, layer)
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


def _more_waste(analysis: Analysis) -> Iterable[Finding]:
    """The reasons of which there is more waste than before, each with its largest item: of a new layer, if there is."""
    comparison = analysis.comparison
    for reason in comparison.waste if comparison else ():
        if comparison is None or reason.bytes <= 0:
            continue
        items = [item for item in analysis.waste if item.reason == reason.name]
        new = [item for item in items if item.wasted_by in comparison.new_layers]
        worst = next(iter(new or items), None)
        cause = f"What is {reason.name} grew from {size(reason.before)} to {size(reason.after)}."
        if worst is None:
            yield Finding("", reason.bytes, None, cause, "")
            continue
        most = f"Layer {label(worst.wasted_by)} makes the most of it"
        yield Finding("", reason.bytes, worst.wasted_by, cause, f"{most}. {find_remedy(worst, analysis.layers).cure}")


def _grown(analysis: Analysis) -> Iterable[_Large]:
    """The new layers that are larger than what the same command made before: a rebuilt one is no growth.

    Folders are no causes beside them: their bytes are those of the layers once more.
    """
    comparison = analysis.comparison
    if comparison is None:
        return
    before: dict[tuple[str, int], list[int]] = {}
    for delta in comparison.layers:
        before.setdefault((delta.name, delta.after), []).append(delta.before)
    for number in comparison.new_layers:
        layer = analysis.layers[number]
        earlier = before.get((layer.command, layer.size_bytes))
        size_before = earlier.pop() if earlier else 0
        if layer.size_bytes > size_before:
            grew = f" grew from {size(size_before)} to {size(layer.size_bytes)}" if size_before else " is new"
            yield _Large(layer, layer.size_bytes - size_before, grew)
