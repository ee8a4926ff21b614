"""JUnit XML: the image is a suite, each rule a test case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from layerscope.analysis.model import Analysis
from layerscope.analysis.rules import Result, Status
from layerscope.report.issues import told_finding
from layerscope.report.places import joined, waste_sentences
from layerscope.report.words import plural, rule_message, rule_title
from layerscope.text import printable, size

#: The waste items that a failure's text names.
MAX_ITEMS = 20
_ILLEGAL = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")


def junit_lines(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """A suite of one case per rule; an image that was not read to its end is an error, and no verdict."""
    name = _attribute(analysis.subject.reference)
    cases = list(results or ()) if analysis.complete else []
    failures = sum(result.status is Status.FAIL for result in cases)
    skipped = sum(result.status is Status.SKIP for result in cases)
    undecided = sum(result.status is Status.UNKNOWN for result in cases)
    errors = undecided if analysis.complete else 1
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    tests = len(cases) or errors
    yield f'<testsuites tests="{tests}" failures="{failures}" errors="{errors}">'
    yield (
        f'  <testsuite name="layerscope {name}" tests="{tests}" failures="{failures}" '
        f'errors="{errors}" skipped="{skipped}">'
    )
    for result in cases:
        yield from _case(analysis, result, name)
    if not analysis.complete:
        yield f'    <testcase name="read the image" classname="{name}">'
        yield f'      <error message="could not check">{_text(" ".join(analysis.warnings))}</error>'
        yield "    </testcase>"
    yield "  </testsuite>"
    yield "</testsuites>"


def _case(analysis: Analysis, result: Result, classname: str) -> Iterator[str]:
    opening = f'    <testcase name="{_attribute(rule_title(result))}" classname="{classname}"'
    if result.status is Status.PASS:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    if result.status is Status.SKIP:
        yield f'      <skipped message="{_attribute(result.note or "off")}"/>'
    elif result.status is Status.UNKNOWN:
        yield f'      <error message="{_attribute(rule_message(result))}"/>'
    elif result.status is Status.WARN:
        yield f"      <system-out>{_text(f'warning: {rule_message(result)}')}</system-out>"
    elif result.findings:
        yield f'      <failure message="{_attribute(rule_message(result))}">'
        for finding in result.findings[:MAX_ITEMS]:
            yield _text(joined(told_finding(analysis, finding)))
        if result.found > MAX_ITEMS:
            yield f"and {plural(result.found - MAX_ITEMS, 'more finding')}"
        yield "      </failure>"
    else:
        yield f'      <failure message="{_attribute(rule_message(result))}">'
        for item in analysis.waste[:MAX_ITEMS]:
            yield _text(f"{size(item.bytes)} /{item.path}: {joined(waste_sentences(analysis, item))}")
        if rest := analysis.waste[MAX_ITEMS:]:
            yield f"and {plural(len(rest), 'smaller item')}, {size(sum(item.bytes for item in rest))} in all"
        yield "      </failure>"
    yield "    </testcase>"


def _text(text: str) -> str:
    return escape(_legal(text), quote=False)


def _attribute(text: str) -> str:
    return escape(_legal(text), quote=True)


def _legal(text: str) -> str:
    """The text without what XML 1.0 (section 2.2) has no way to write."""
    return printable(text).translate(_ILLEGAL)
