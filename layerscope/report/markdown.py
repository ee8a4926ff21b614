"""The report as a comment: a verdict, the rules, what to change first; details folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from humanize import intcomma

from layerscope.analysis.model import Analysis, Finding, LayerFigures, Location, WasteItem, label
from layerscope.analysis.remedies import find_remedy
from layerscope.analysis.rules import Result, Status, is_decided, passed
from layerscope.report.comparison import comparison_tables
from layerscope.report.issues import image_name
from layerscope.report.places import finding_location, location_text, waste_location
from layerscope.report.words import actual_text, base_text, limit_text, percent, plural, rule_title
from layerscope.text import printable, size

#: The longest comment that the forges take has 65,536 characters; the rest is for the lines between the tables.
MAX_COMMENT = 64_000
#: A table of what changed that is longer than this is left out.
_MAX_CHANGES = 20_000
MAX_WARNINGS = 5
#: Characters of a warning, a command, a note, before they are written as entities.
_MAX_TEXT = 200
#: In text out of an image everything but words is written as an entity; in our own only what could be markup.
_FOREIGN = re.compile(r"[!-,.:-@\[-`{-~]")
_MARKUP = re.compile(r"[*<>@\[-`{-~&|#]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def markdown_lines(analysis: Analysis, results: Sequence[Result] | None, key: str = "") -> Iterator[str]:
    """The comment's lines; the first is a hidden key by which it is found again, by default the image's name."""
    head = [f"<!-- layerscope:{_key(key or image_name(analysis))} -->", *_head(analysis, results)]
    changes = list(comparison_tables(analysis.comparison, coded)) if analysis.comparison else []
    head += changes if _length(changes) <= _MAX_CHANGES else changes[:2]
    yield from head
    left = MAX_COMMENT - _length(head)
    explained = [result for result in results or () if result.findings and analysis.complete]
    for result in explained:
        yield from _folded(
            f"{rule_title(result)}: {plural(result.found, 'finding')}",
            "size | what | cure",
            "---: | --- | ---",
            (_finding_row(analysis, finding) for finding in result.findings),
            left // 4 // len(explained),
            result.found,
        )
    yield from _folded(
        f"Waste: {size(analysis.figures.wasted_bytes)} in {plural(len(analysis.waste), 'item')}",
        "wasted | path | why | what to do",
        "---: | --- | --- | ---",
        (_waste_row(analysis, item) for item in analysis.waste),
        left // 2,
        len(analysis.waste),
    )
    yield from _folded(
        f"Layers: base {base_text(analysis)}",
        "layer | size | wasted in | wasted by | command",
        "---: | ---: | ---: | ---: | ---",
        map(_layer_row, analysis.layers),
        left // 4,
        len(analysis.layers),
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


def _waste_row(analysis: Analysis, item: WasteItem) -> str:
    remedy = find_remedy(item, analysis.layers)
    cure = f"{_plain(remedy.cure)}{_at(waste_location(analysis, item))}"
    return f"{size(item.bytes)} | {coded('/' + item.path)} | {_plain(remedy.cause)} | {cure}"


def _at(location: Location | None) -> str:
    return f" ({_plain(location_text(location))})" if location else ""


def _layer_row(layer: LayerFigures) -> str:
    command = coded(_clipped(" ".join(layer.command.split()))) if layer.command else ""
    return (
        f"{label(layer.index)} | {size(layer.size_bytes)} | {size(layer.wasted_in_bytes)} | "
        f"{size(layer.wasted_by_bytes)} | {command}"
    )


def _folded(title: str, head: str, rule: str, rows: Iterable[str], most: int, count: int) -> Iterator[str]:
    """A table that opens on a click; of ``count`` rows those that fit into ``most`` characters, the others counted."""
    kept: list[str] = []
    for row in rows:
        most -= len(row) + 5
        if most < 0:
            break
        kept.append(row)
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from _table(head, rule, kept)
    if count > len(kept):
        yield f"and {intcomma(count - len(kept))} more"
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
