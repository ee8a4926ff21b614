"""GitHub Actions: workflow commands, within the ten annotations of a kind that a step may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerscope.analysis.model import Analysis, Location
from layerscope.analysis.rules import Result, Status, is_decided, needs_waste, passed
from layerscope.report import FLOOR
from layerscope.report.issues import listed_waste, told_finding
from layerscope.report.places import annotated, finding_location, joined, waste_location, waste_sentences
from layerscope.report.words import percent, plural, rule_message, rule_title
from layerscope.text import printable, size

#: GitHub shows this many annotations of a kind per step, and drops the others silently.
MAX_ANNOTATIONS = 10
#: Bytes of the summary of a step; GitHub drops a larger one whole.
MAX_SUMMARY = 1 << 20
#: How many of the warnings may be about rules; waste takes the others.
_WARNED_RULES = 5


def github_lines(analysis: Analysis, results: Sequence[Result] | None, floor: int = FLOOR) -> Iterator[str]:
    """Errors for what failed, warnings for the largest waste where a rule failed, notices for the rest."""
    figures = analysis.figures
    delta = f", {_signed(analysis.comparison.growth_bytes)} over its baseline" if analysis.comparison else ""
    yield command(
        "notice",
        f"layerscope: {analysis.subject.reference}",
        f"{size(figures.size_bytes)}{delta}, {plural(len(analysis.layers), 'layer')}, "
        f"efficiency {percent(figures.efficiency)}, {size(figures.wasted_bytes)} wasted",
    )
    if not analysis.complete:
        yield from _rolled("error", [("layerscope", text, None) for text in analysis.warnings], MAX_ANNOTATIONS)
        return
    yield from _rolled("notice", [("layerscope", text, None) for text in analysis.warnings], MAX_ANNOTATIONS - 1)
    if results is None:
        return
    failed = [result for result in results if result.status in (Status.FAIL, Status.UNKNOWN)]
    yield from _rolled("error", [_verdict(analysis, result) for result in failed], MAX_ANNOTATIONS)
    warned = [_verdict(analysis, result) for result in results if result.status is Status.WARN]
    yield from _rolled("warning", warned, _WARNED_RULES)
    if needs_waste(results):
        yield from _waste(analysis, MAX_ANNOTATIONS - min(len(warned), _WARNED_RULES), floor)


def github_outputs(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """Lines for ``$GITHUB_OUTPUT``: figures only, nothing out of the image."""
    figures = analysis.figures
    yield f"size={figures.size_bytes}"
    if analysis.comparison:
        yield f"delta={analysis.comparison.growth_bytes}"
    yield f"wasted={figures.wasted_bytes}"
    yield f"efficiency={figures.efficiency!r}"
    yield f"user-wasted-percent={figures.user_wasted_percent!r}"
    if results is not None and is_decided(analysis, results):
        yield f"verdict={'pass' if passed(results) else 'fail'}"


def command(kind: str, title: str, message: str, place: Location | None = None) -> str:
    """One workflow command; neither title nor message nor place can start another."""
    at = f"file={_escaped(place.file, properties=True)},line={place.line}," if place else ""
    end = f"endLine={place.last_line}," if place and place.last_line > place.line else ""
    return f"::{kind} {at}{end}title={_escaped(title, properties=True)}::{_escaped(message)}"


def _rolled(kind: str, notes: Sequence[tuple[str, str, Location | None]], most: int) -> Iterator[str]:
    """So many annotations at most: where there are more, the last one says what the others are about."""
    shown = notes if len(notes) <= most else notes[: most - 1]
    for title, message, place in shown:
        yield command(kind, title, message, place)
    rest = notes[len(shown) :]
    if rest:
        names = ", ".join(title.removeprefix("layerscope: ") for title, _, _ in rest[:MAX_ANNOTATIONS])
        yield command(kind, "layerscope", f"and {len(rest)} more: {names}")


def _verdict(analysis: Analysis, result: Result) -> tuple[str, str, Location | None]:
    worst = result.findings[0] if result.findings else None
    place = finding_location(analysis, worst) if worst else None
    told = joined([rule_message(result), *told_finding(analysis, worst)]) if worst else rule_message(result)
    return f"layerscope: {rule_title(result)}", told, annotated(analysis, place)


def _waste(analysis: Analysis, most: int, floor: int) -> Iterator[str]:
    items, shown = analysis.waste, listed_waste(analysis.waste, floor)
    if len(shown) < len(items) or len(items) > most:
        shown = shown[: most - 1]
    for item in shown:
        place = annotated(analysis, waste_location(analysis, item))
        story = joined([*waste_sentences(analysis, item)])
        yield command("warning", f"{size(item.bytes)} wasted: /{item.path}", story, place)
    rest = items[len(shown) :]
    if rest:
        yield command(
            "warning", "layerscope", f"{size(sum(item.bytes for item in rest))} in {plural(len(rest), 'more item')}."
        )


def _signed(count: int) -> str:
    return f"+{size(count)}" if count > 0 else size(count)


def _escaped(text: str, *, properties: bool = False) -> str:
    escaped = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if properties else escaped
