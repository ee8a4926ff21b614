"""The report for people: plain lines, coloured where the terminal wants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from humanize import intcomma

from layerscope.analysis.causes import Cause, by_cause, by_cure
from layerscope.analysis.measures import OF_GROWTH
from layerscope.analysis.model import Analysis, label
from layerscope.analysis.rules import Result, Status, is_decided, needs_waste
from layerscope.report.comparison import comparison_lines
from layerscope.report.places import finding_sentences, location_text, stored_at, where
from layerscope.report.words import actual_text, base_text, explained, limit_text, percent, plural, rule_title
from layerscope.text import one_line, printable, shortened, size

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_VERDICTS = {
    Status.PASS: "green",
    Status.FAIL: "red",
    Status.WARN: "yellow",
    Status.SKIP: "dim",
    Status.UNKNOWN: "red",
}
_COMMAND_CELLS = 60
_SENTENCE_CELLS = 100
_LONGEST_PATH = 4096
_CHECK_ITEMS = 3
_WASTE = "largest waste, which still ships, by what made it"


class _Most(NamedTuple):
    """How much of the waste is told: layers, items of each, and these only from the n-th part of the layer's."""

    causes: int
    items: int
    parts: int


_IN_CHECK = _Most(3, 2, 10)
_IN_REPORT = _Most(10, 8, 100)


class Painter:
    """Puts ANSI colours around text, or nothing."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, style: str) -> str:
        """The text in a style; as it is where there are no colours."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._colour else text


def check_lines(analysis: Analysis, results: Sequence[Result], colour: bool) -> Iterator[str]:
    """The verdict: one line per rule, and for a failed check what to change first."""
    paint = Painter(colour)
    yield _title(analysis, paint)
    titles = [rule_title(result) for result in results]
    actuals = [actual_text(result) for result in results]
    for result, title, actual in zip(results, titles, actuals, strict=True):
        # Of half an image there is no verdict, whatever its figures are.
        known = analysis.complete and result.status is not Status.UNKNOWN
        word = paint(result.status.upper(), _VERDICTS[result.status]) if known else "?   "
        yield (
            f"  {word}  {title.ljust(max(map(len, titles)))}  {actual.rjust(max(map(len, actuals)))}"
            f"     {limit_text(result)}"
        )
    yield from _warnings(analysis, paint)
    if not analysis.complete:
        yield paint("could not check: the image was not read to its end", "red")
        return
    if analysis.comparison:
        yield from comparison_lines(analysis.comparison)
    for title, result in explained(results):
        yield f"{title}:"
        yield from _finding_lines(analysis, result, paint)
    if needs_waste(results) and analysis.waste:
        yield f"{_WASTE}:"
        yield from _waste_lines(analysis, _IN_CHECK, paint)
    if not is_decided(analysis, results):
        yield paint("could not check: a rule could not be judged on this image", "red")


def report_lines(analysis: Analysis, colour: bool) -> Iterator[str]:
    """The analysis: figures, layers and what explains the waste; no verdict."""
    paint = Painter(colour)
    figures, dive = analysis.figures, analysis.dive
    yield _title(analysis, paint)
    yield f"  efficiency  {percent(figures.efficiency)}"
    yield f"  wasted      {size(figures.wasted_bytes)} in {plural(len(analysis.waste), 'item')}"
    yield (
        f"  own layers  {size(figures.user_size_bytes)}, "
        f"{size(figures.user_wasted_bytes)} wasted: {percent(figures.user_wasted_percent)} of {_reach(analysis)}"
    )
    yield f"  base        {base_text(analysis)}"
    yield f"  files       {plural(figures.final_files, 'file')} in the end, out of {intcomma(figures.files)} stored"
    yield (
        f"  dive says   efficiency {percent(dive.efficiency)}, wasted {size(dive.wasted_bytes)}, "
        f"of user bytes {percent(dive.user_wasted_percent)}"
    )
    yield from _warnings(analysis, paint)
    yield ""
    yield from _layer_lines(analysis, paint)
    if analysis.waste:
        yield ""
        yield paint(f"{_WASTE[0].upper()}{_WASTE[1:]}", "bold")
        yield from _waste_lines(analysis, _IN_REPORT, paint)


def _reach(analysis: Analysis) -> str:
    """What the percent of the own layers' waste is a share of."""
    figures = analysis.figures
    if figures.user_reach_bytes == figures.user_size_bytes:
        return "their bytes"
    return f"{size(figures.user_reach_bytes)}, their bytes and those below that they made unreachable"


def _title(analysis: Analysis, paint: Painter) -> str:
    platform = f", {printable(analysis.subject.platform)}" if analysis.subject.platform else ""
    name = paint(printable(analysis.subject.reference), "bold")
    return f"{name}   {size(analysis.figures.size_bytes)}, {plural(len(analysis.layers), 'layer')}{platform}"


def _warnings(analysis: Analysis, paint: Painter) -> Iterator[str]:
    for warning in analysis.warnings:
        yield f"  {paint('warning', 'yellow')}  {printable(warning)}"


def _layer_lines(analysis: Analysis, paint: Painter) -> Iterator[str]:
    yield paint("Layers", "bold")
    yield paint("   #       size  wasted in  wasted by    added modified  removed  command", "dim")
    for layer in analysis.layers:
        command = printable(layer.command.replace("\n", " "))
        if len(command) > _COMMAND_CELLS:
            command = command[: _COMMAND_CELLS - 1] + "…"
        mark = paint("base ", "dim") if layer.base else ""
        fault = paint(f"  {printable(layer.fault)}", "red") if layer.fault else ""
        yield (
            f"{label(layer.index):>4} {size(layer.size_bytes):>10} {size(layer.wasted_in_bytes):>10} "
            f"{size(layer.wasted_by_bytes):>10} {layer.added:>8} {layer.modified:>8} {layer.removed:>8}  "
            f"{mark}{command}{fault}".rstrip()
        )


def _waste_lines(analysis: Analysis, most: _Most, paint: Painter) -> Iterator[str]:
    """A heading for each layer that made waste, below it the largest of what it made and what to do about that."""
    causes = by_cause(analysis.waste)
    for cause in causes[: most.causes]:
        yield f"  {size(cause.bytes):>9}  {_short(_heading(analysis, cause))}"
        listed = [item for item in cause.items[: most.items] if item.bytes * most.parts >= cause.bytes]
        for cure in by_cure(listed or cause.items[:1], analysis.layers):
            for item in cure.items:
                at = ", ".join(location_text(place) for place in stored_at(analysis, item))
                told = f"/{_path(item.path)}  ({where(item, changed=True)}){'  ' if at else ''}{printable(at)}"
                yield f"             {size(item.bytes):>9}  {told}"
            yield f"             {paint(printable(cure.text), 'dim')}"
    rest = causes[most.causes :]
    if rest:
        items = plural(sum(len(cause.items) for cause in rest), "more item")
        yield f"  {size(sum(cause.bytes for cause in rest)):>9}  in {items}, by {plural(len(rest), 'more layer')}"


def _heading(analysis: Analysis, cause: Cause) -> str:
    """How many items, which layer, which line, which command."""
    many = f"in {plural(len(cause.items), 'item')} " if len(cause.items) > 1 else ""
    place = analysis.locations.get(cause.layer)
    at = f" ({location_text(place)})" if place else ""
    command = analysis.layers[cause.layer].command or "the history does not tell its command"
    return f"{many}by layer {label(cause.layer)}{at}: {command}"


def _finding_lines(analysis: Analysis, result: Result, paint: Painter) -> Iterator[str]:
    for finding in result.findings[:_CHECK_ITEMS]:
        subject = [f"/{_path(finding.path)}"] if finding.path else []
        told = finding_sentences(analysis, finding)
        first, *sentences = [*subject, *map(_short, told[:1]), *map(printable, told[1:])] or [""]
        weight = size(finding.bytes) if finding.bytes else ""
        yield f"  {weight:>9}  {first}"
        for sentence in sentences:
            yield f"             {paint(sentence, 'dim')}"
    rest = result.findings[_CHECK_ITEMS:]
    if rest:
        more = result.found - _CHECK_ITEMS
        # What grew is told by layer and by folder: no sum of both.
        summed = more == len(rest) and result.rule.measure not in OF_GROWTH
        total = size(sum(finding.bytes for finding in rest)) if summed else ""
        yield f"  {total:>9}  in {intcomma(more)} more"


def _path(path: str) -> str:
    """A path on one line, whole as long as any kernel takes it in one call."""
    return printable(shortened(path, _LONGEST_PATH))


def _short(text: str) -> str:
    """A sentence with a command in it, on one line."""
    line = one_line(text)
    return line if len(line) <= _SENTENCE_CELLS else line[: _SENTENCE_CELLS - 1] + "…"
