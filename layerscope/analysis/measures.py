"""What rules look at: the figures by the names of the rules, and what their limits count."""

from __future__ import annotations

from enum import StrEnum


class Measure(StrEnum):
    """The figure a rule looks at."""

    EFFICIENCY = "efficiency"
    WASTED = "wasted bytes"
    WASTED_PERCENT = "wasted of own layers"
    USER_WASTED = "wasted by own layers"
    SIZE = "size"
    COMPRESSED_SIZE = "compressed size"
    LAYER_SIZE = "largest layer"
    LAYERS = "layers"
    GROWTH = "growth"
    GROWTH_PERCENT = "growth in percent"
    WASTED_GROWTH = "growth of waste"
    FORBIDDEN = "forbidden paths"
    FORBIDDEN_IN_LAYERS = "forbidden paths in layers"
    SETUID = "setuid files"
    ROOT = "user"


class Unit(StrEnum):
    """What a rule's limit counts."""

    RATIO = "ratio"
    SHARE = "share"
    """A ratio that may exceed 1."""
    BYTES = "bytes"
    COUNT = "count"


#: Every rule by name, dive's included, each with what it measures.
MEASURES = {
    "min-efficiency": Measure.EFFICIENCY,
    "max-wasted": Measure.WASTED,
    "max-wasted-percent": Measure.WASTED_PERCENT,
    "max-user-wasted": Measure.USER_WASTED,
    "max-size": Measure.SIZE,
    "max-compressed-size": Measure.COMPRESSED_SIZE,
    "max-layer-size": Measure.LAYER_SIZE,
    "max-layers": Measure.LAYERS,
    "max-growth": Measure.GROWTH,
    "max-growth-percent": Measure.GROWTH_PERCENT,
    "max-wasted-growth": Measure.WASTED_GROWTH,
    "forbid": Measure.FORBIDDEN,
    "forbid-in-layers": Measure.FORBIDDEN_IN_LAYERS,
    "no-setuid": Measure.SETUID,
    "non-root": Measure.ROOT,
    "lowestEfficiency": Measure.EFFICIENCY,
    "highestWastedBytes": Measure.WASTED,
    "highestUserWastedPercent": Measure.WASTED_PERCENT,
}
UNITS = {
    Measure.EFFICIENCY: Unit.RATIO,
    Measure.WASTED_PERCENT: Unit.RATIO,
    Measure.GROWTH_PERCENT: Unit.SHARE,
    Measure.LAYERS: Unit.COUNT,
    Measure.FORBIDDEN: Unit.COUNT,
    Measure.FORBIDDEN_IN_LAYERS: Unit.COUNT,
    Measure.SETUID: Unit.COUNT,
    Measure.ROOT: Unit.COUNT,
}
#: Measures that the list of waste explains, and no findings of their own.
OF_WASTE = frozenset({Measure.EFFICIENCY, Measure.WASTED, Measure.WASTED_PERCENT, Measure.USER_WASTED})
OF_GROWTH = frozenset({Measure.GROWTH, Measure.GROWTH_PERCENT, Measure.WASTED_GROWTH})
#: Measures that look at paths or at the config: nothing may be found.
OF_CONTENTS = frozenset({Measure.FORBIDDEN, Measure.FORBIDDEN_IN_LAYERS, Measure.SETUID, Measure.ROOT})


def unit_of(measure: Measure) -> Unit:
    """What the limits of that measure count."""
    return UNITS.get(measure, Unit.BYTES)
