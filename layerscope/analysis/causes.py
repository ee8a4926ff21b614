"""Waste by what made it: one cause for each layer that made bytes unreachable, one cure for what has the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from layerscope.analysis.model import LayerFigures, WasteItem
from layerscope.analysis.remedies import find_remedy


class Cause(NamedTuple):
    """A layer and all items that it made waste, largest first; ``bytes`` is their sum."""

    layer: int
    bytes: int
    items: list[WasteItem]


class Cure(NamedTuple):
    """What to do about some items, largest first; ``bytes`` is their sum."""

    text: str
    bytes: int
    items: list[WasteItem]


def by_cause(items: Iterable[WasteItem]) -> list[Cause]:
    """The items by the layer that made them waste, the layer with the most first; nothing is left out."""
    found: dict[int, list[WasteItem]] = {}
    for item in items:
        found.setdefault(item.wasted_by, []).append(item)
    causes = [Cause(layer, sum(item.bytes for item in made), made) for layer, made in found.items()]
    return sorted(causes, key=lambda cause: (-cause.bytes, cause.layer))


def by_cure(items: Iterable[WasteItem], layers: Sequence[LayerFigures]) -> list[Cure]:
    """The items by what to do about them, that with the most bytes first."""
    found: dict[str, list[WasteItem]] = {}
    for item in items:
        found.setdefault(find_remedy(item, layers).cure, []).append(item)
    cures = [Cure(text, sum(item.bytes for item in cured), cured) for text, cured in found.items()]
    return sorted(cures, key=lambda cure: -cure.bytes)
