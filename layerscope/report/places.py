"""What is said of a waste item or a finding: its cause, its cure, and where in the Dockerfile it comes from."""

from __future__ import annotations

from collections.abc import Iterable

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
    label,
)
from layerscope.analysis.remedies import changes, find_remedy
from layerscope.report.words import plural
from layerscope.text import shortened

#: Characters of a sentence in one line: a command may be a whole script.
_MOST = 400

_VERBS = {
    OVERWRITTEN: "overwrites it",
    REWRITTEN: "rewrites it",
    REMOVED: "removes it",
    HIDDEN: "hides it",
    REPLACED: "replaces it",
    DUPLICATE: "stores it more than once",
}


def waste_location(analysis: Analysis, item: WasteItem) -> Location | None:
    """Where the bytes are written, which is what has to change; else where they become waste."""
    layers = (*reversed(item.stored_in), item.wasted_by)
    return next((analysis.locations[layer] for layer in layers if layer in analysis.locations), None)


def stored_at(analysis: Analysis, item: WasteItem) -> list[Location]:
    """The lines that store the bytes, where they are known."""
    return [analysis.locations[layer] for layer in item.stored_in if layer in analysis.locations]


def waste_relations(analysis: Analysis, item: WasteItem) -> tuple[tuple[Location, str], ...]:
    """The other lines that the waste comes from, each with what it does to the path."""
    place = waste_location(analysis, item)
    does = {analysis.locations[layer]: "stores it" for layer in item.stored_in if layer in analysis.locations}
    if item.wasted_by in analysis.locations:
        does.setdefault(analysis.locations[item.wasted_by], _VERBS[item.reason])
    return tuple((other, verb) for other, verb in does.items() if other != place)


def finding_location(analysis: Analysis, finding: Finding) -> Location | None:
    """Where the layer that is to blame is made."""
    return None if finding.layer is None else analysis.locations.get(finding.layer)


def annotated(analysis: Analysis, location: Location | None) -> Location | None:
    """Where a forge shows it: the line, else the top of the Dockerfile, else nowhere."""
    if location is None and analysis.dockerfile:
        return Location(analysis.dockerfile, 1, 1)
    return location


def where(item: WasteItem, *, changed: bool = False) -> str:
    """The layers of the item, and its files: ``layer 5, removed in 8, 3 files``.

    With ``changed`` also what was rewritten of it: for where no sentence on the cause follows.
    """
    word = "layer" if len(item.stored_in) == 1 else "layers"
    stored = ", ".join(label(layer) for layer in item.stored_in)
    files = f", {plural(item.files, 'file')}" if item.path.endswith("/") else ""
    what = f": {changes(item)}" if changed and item.reason == REWRITTEN else ""
    return f"{word} {stored}, {item.reason} in {label(item.wasted_by)}{what}{files}"


def joined(sentences: Iterable[str]) -> str:
    """Sentences in one line, each with its end; what they quote of the image is kept short."""
    ended = (shortened(" ".join(sentence.split()), _MOST) for sentence in sentences)
    return " ".join(text if text[-1:] in ".!?:" else f"{text}." for text in ended)


def location_text(location: Location) -> str:
    """The place as compilers write it: ``Dockerfile:12``."""
    return f"{location.file}:{location.line}"


def waste_sentences(analysis: Analysis, item: WasteItem) -> list[str]:
    """The cause, the cure, and the lines behind them where they are known."""
    remedy = find_remedy(item, analysis.layers)
    stored = stored_at(analysis, item)
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
