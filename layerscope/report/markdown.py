"""The report as a comment: a verdict, the rules, what to change first; details folded."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence

from humanize import intcomma

from layerscope.analysis.causes import Cure, by_cause, by_cure
from layerscope.analysis.model import Analysis, Finding, LayerFigures, Location, label
from layerscope.analysis.rules import Result, Status, is_decided, passed
from layerscope.report import FLOOR
from layerscope.report.comparison import comparison_tables
from layerscope.report.issues import LARGEST, MAX_ISSUES, image_name, listed_findings
from layerscope.report.places import finding_location, location_text, waste_location, where
from layerscope.report.words import actual_text, base_text, explained, limit_text, percent, plural, rule_title
from layerscope.text import printable, shortened, size

#: The longest comment that the forges take has 65,536 characters; the rest is for the lines between the tables.
MAX_COMMENT = 64_000
#: A table of what changed that is longer than this is left out.
_MAX_CHANGES = 20_000
MAX_WARNINGS = 5
#: Characters of a warning, a command, a note, before they are written as entities.
_MAX_TEXT = 200
#: Paths of a row; the others are counted.
_PATHS = 3
#: In text out of an image everything but words is written as an entity; in our own only what could be markup.
_FOREIGN = re.compile(r"[!-,.:-@\[-`{-~]")
_MARKUP = re.compile(r"[*<>@\[-`{-~&|#]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def markdown_lines(
    analysis: Analysis, results: Sequence[Result] | None, key: str = "", floor: int = FLOOR
) -> Iterator[str]:
    """The comment's lines; the first is a hidden key by which it is found again, by default the image's name.

    Waste and findings of less than ``floor`` bytes are only summed up.
    """
    head = [f"<!-- layerscope:{_key(key or image_name(analysis))} -->", *_head(analysis, results)]
    changes = list(comparison_tables(analysis.comparison, coded)) if analysis.comparison else []
    head += changes if _length(changes) <= _MAX_CHANGES else changes[:2]
    yield from head
    left = MAX_COMMENT - _length(head)
    broken = explained(results or ()) if analysis.complete else []
    for title, result in broken:
        rows = (_finding_row(analysis, finding) for finding in listed_findings(result, floor))
        kept = list(_fitting(rows, left // 4 // len(broken)))
        yield from _folded(
            f"{title}: {plural(result.found, 'finding')}",
            "size | what | cure",
            "---: | --- | ---",
            kept,
            f"{intcomma(result.found - len(kept))} more" if result.found > len(kept) else "",
        )
    yield from _waste_table(analysis, floor, left // 2)
    kept = list(_fitting(map(_layer_row, analysis.layers), left // 4))
    yield from _folded(
        f"Layers: base {base_text(analysis)}",
        "layer | size | wasted in | wasted by | command",
        "---: | ---: | ---: | ---: | ---",
        kept,
        f"{len(analysis.layers) - len(kept)} more" if len(analysis.layers) > len(kept) else "",
    )


def _waste_table(analysis: Analysis, floor: int, most: int) -> Iterator[str]:
    """What one command made and one cure helps, in one row; the rest in one sum."""
    found = [cure for cause in by_cause(analysis.waste[:MAX_ISSUES]) for cure in by_cure(cause.items, analysis.layers)]
    least = min(floor, *heapq.nlargest(LARGEST, (cure.bytes for cure in found))) if found else floor
    listed = [cure for cure in found if cure.bytes >= least]
    kept = list(_fitting((_waste_row(analysis, cure) for cure in listed), most))
    told = listed[: len(kept)]
    items = len(analysis.waste) - sum(len(cure.items) for cure in told)
    rest = sum(item.bytes for item in analysis.waste) - sum(cure.bytes for cure in told)
    yield from _folded(
        f"Waste: {size(analysis.figures.wasted_bytes)} in {plural(len(analysis.waste), 'item')}",
        "wasted | what made it | largest paths | what to do",
        "---: | --- | --- | ---",
        kept,
        f"{size(rest)} in {plural(items, 'more item')}" if items else "",
    )


def _head(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    figures = analysis.figures
    yield f"### layerscope: {_verdict(analysis, results)}"
    yield ""
    yield (
        f"{coded(_clipped(analysis.subject.reference))} {size(figures.size_bytes)}, "
        f"{plural(len(analysis.layers), 'layer')}, "
        f"efficiency {percent(figures.efficiency)}, {size(figures.wasted_bytes)} wasted"
    )
    yield ""
    if results is not None and analysis.complete:
        yield from _table("verdict | rule | image | limit", "--- | --- | ---: | ---", map(_rule_row, results))
    for warning in analysis.warnings[:MAX_WARNINGS]:
        yield f"- {coded(_clipped(warning))}"
    if len(analysis.warnings) > MAX_WARNINGS:
        yield f"- and {len(analysis.warnings) - MAX_WARNINGS} more warnings"
    if analysis.warnings:
        yield ""


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def coded(text: str) -> str:
    """Text out of an image as code: nothing in it is markup, a mention or a link."""
    return f"<code>{_FOREIGN.sub(_entity, printable(text))}</code>"


def _verdict(analysis: Analysis, results: Sequence[Result] | None) -> str:
    if not analysis.complete or not is_decided(analysis, results or ()):
        return "could not check" if results is not None else "the image was not read to its end"
    if results is None:
        return "report"
    return "pass" if passed(results) else "fail"


def _rule_row(result: Result) -> str:
    actual = coded(_clipped(actual_text(result))) if result.note else actual_text(result)
    status = "?" if result.status is Status.UNKNOWN else result.status
    return f"{status} | {rule_title(result)} | {actual} | {limit_text(result)}"


def _finding_row(analysis: Analysis, finding: Finding) -> str:
    what = f"{coded('/' + finding.path)} {_plain(finding.cause)}" if finding.path else _plain(finding.cause)
    return f"{size(finding.bytes)} | {what} | {_plain(finding.cure)}{_at(finding_location(analysis, finding))}"


def _waste_row(analysis: Analysis, cure: Cure) -> str:
    by = cure.items[0].wasted_by
    command = analysis.layers[by].command
    made = f"layer {label(by)}{f' {_command(command)}' if command else ''}{_at(analysis.locations.get(by))}"
    paths = [
        f"{size(item.bytes)} {coded(shortened('/' + item.path))} ({_plain(where(item, changed=True))})"
        for item in cure.items[:_PATHS]
    ]
    more = len(cure.items) - _PATHS
    told = f"{'; '.join(paths)}{f'; and {intcomma(more)} more' if more > 0 else ''}"
    return f"{size(cure.bytes)} | {made} | {told} | {_plain(cure.text)}{_at(waste_location(analysis, cure.items[0]))}"


def _at(location: Location | None) -> str:
    return f" ({_plain(location_text(location))})" if location else ""


def _layer_row(layer: LayerFigures) -> str:
    command = _command(layer.command) if layer.command else ""
    return (
        f"{label(layer.index)} | {size(layer.size_bytes)} | {size(layer.wasted_in_bytes)} | "
        f"{size(layer.wasted_by_bytes)} | {command}"
    )


def _command(command: str) -> str:
    return coded(_clipped(" ".join(command.split())))


def _fitting(rows: Iterable[str], most: int) -> Iterator[str]:
    """The first rows that fit into ``most`` characters."""
    for row in rows:
        most -= len(row) + 5
        if most < 0:
            return
        yield row


def _folded(title: str, head: str, rule: str, rows: Iterable[str], more: str) -> Iterator[str]:
    """A table that opens on a click, and below it what is not in it."""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from _table(head, rule, rows)
    if more:
        yield f"and {more}"
        yield ""
    yield "</details>"
    yield ""


def _table(head: str, rule: str, rows: Iterable[str]) -> Iterator[str]:
    yield f"| {head} |"
    yield f"| {rule} |"
    for row in rows:
        yield f"| {row} |"
    yield ""


def _plain(text: str) -> str:
    return _MARKUP.sub(_entity, printable(text))


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def _clipped(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def _key(reference: str) -> str:
    """The reference as a comment can hold it."""
    return re.sub(r"[^\w./:@-]|-(?=-)", "", reference, flags=re.ASCII)
