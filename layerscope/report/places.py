"""What is said of a waste item or a finding: its cause, its cure, and where in the Dockerfile it comes from."""

from __future__ import annotations

from layerscope.analysis.model import (
    DUPLICATE,
    HIDDEN,
    OVERWRITTEN,
    REMOVED,
    REPLACED,
    REWRITTEN,
    Analysis,
    Finding,
    Location,
    WasteItem,
)
from layerscope.analysis.remedies import find_remedy

_VERBS = {
    OVERWRITTEN: "overwrites it",
    REWRITTEN: "rewrites it",
    REMOVED: "removes it",
    HIDDEN: "hides it",
    REPLACED: "replaces it",
    DUPLICATE: "stores it more than once",
}


def waste_location(analysis: Analysis, item: WasteItem) -> Location | None:
    """Where the waste is made, or where its bytes are where that is not known."""
    layers = (item.wasted_by, *reversed(item.stored_in))
    return next((analysis.locations[layer] for layer in layers if layer in analysis.locations), None)


def finding_location(analysis: Analysis, finding: Finding) -> Location | None:
    """Where the layer that is to blame is made."""
    return None if finding.layer is None else analysis.locations.get(finding.layer)


def annotated(analysis: Analysis, location: Location | None) -> Location | None:
    """Where a forge shows it: the line, else the top of the Dockerfile, else nowhere."""
    if location is None and analysis.dockerfile:
        return Location(analysis.dockerfile, 1, 1)
    return location


def location_text(location: Location) -> str:
    """The place as compilers write it: ``Dockerfile:12``."""
    return f"{location.file}:{location.line}"


def waste_sentences(analysis: Analysis, item: WasteItem) -> list[str]:
    """The cause, the cure, and the lines behind them where they are known."""
    remedy = find_remedy(item, analysis.layers)
    stored = [analysis.locations[layer] for layer in item.stored_in if layer in analysis.locations]
    by = analysis.locations.get(item.wasted_by)
    told = [f"{location_text(place)} stores it" for place in stored if place != by]
    if by:
        told.append(f"{location_text(by)} {_VERBS[item.reason]}")
    return [remedy.cause, remedy.cure, *([f"{', '.join(told)}."] if told else [])]


def finding_sentences(analysis: Analysis, finding: Finding) -> list[str]:
    """The cause, the cure, and the line of the layer to blame where it is known."""
    place = finding_location(analysis, finding)
    told = (finding.cause, finding.cure, f"{location_text(place)} makes the layer." if place else "")
    return [sentence for sentence in told if sentence]
