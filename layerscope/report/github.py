"""GitHub Actions: workflow commands, within the ten annotations of a kind that a step may have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerscope.analysis.model import Analysis, WasteItem
from layerscope.analysis.remedies import find_remedy
from layerscope.analysis.rules import Result, Status, is_decided, needs_waste, passed
from layerscope.report.words import percent, plural, rule_message, rule_title
from layerscope.text import printable, size

#: GitHub shows this many annotations of a kind per step, and drops the others silently.
MAX_ANNOTATIONS = 10
#: How many of the warnings may be about rules; waste takes the others.
_WARNED_RULES = 5


def github_lines(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """Errors for what failed, warnings for the largest waste where a rule failed, one notice in any case."""
    figures = analysis.figures
    yield command(
        "notice",
        f"layerscope: {analysis.subject.reference}",
        f"{size(figures.size_bytes)}, {plural(len(analysis.layers), 'layer')}, "
        f"efficiency {percent(figures.efficiency)}, {size(figures.wasted_bytes)} wasted",
    )
    for warning in analysis.warnings[:MAX_ANNOTATIONS]:
        yield command("error" if not analysis.complete else "notice", "layerscope", warning)
    if results is None or not analysis.complete:
        return
    failed = [result for result in results if result.status in (Status.FAIL, Status.UNKNOWN)]
    yield from _verdicts("error", failed, MAX_ANNOTATIONS)
    warned = [result for result in results if result.status is Status.WARN]
    yield from _verdicts("warning", warned, _WARNED_RULES)
    if needs_waste(results):
        yield from _waste(analysis, MAX_ANNOTATIONS - min(len(warned), _WARNED_RULES))


def github_outputs(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """Lines for ``$GITHUB_OUTPUT``: figures only, nothing out of the image."""
    figures = analysis.figures
    yield f"size={figures.size_bytes}"
    yield f"wasted={figures.wasted_bytes}"
    yield f"efficiency={figures.efficiency!r}"
    yield f"user-wasted-percent={figures.user_wasted_percent!r}"
    if results is not None and is_decided(analysis, results):
        yield f"verdict={'pass' if passed(results) else 'fail'}"


def command(kind: str, title: str, message: str) -> str:
    """One workflow command; neither title nor message can start another."""
    return f"::{kind} title={_escaped(title, properties=True)}::{_escaped(message)}"


def _verdicts(kind: str, results: Sequence[Result], most: int) -> Iterator[str]:
    shown = results if len(results) <= most else results[: most - 1]
    for result in shown:
        cure = f". {result.findings[0].cure}" if result.findings and result.findings[0].cure else ""
        yield command(kind, f"layerscope: {rule_title(result)}", f"{rule_message(result)}{cure}")
    rest = results[len(shown) :]
    if rest:
        yield command(kind, "layerscope", f"{plural(len(rest), 'more rule')}: {', '.join(map(rule_title, rest))}.")


def _waste(analysis: Analysis, most: int) -> Iterator[str]:
    items = analysis.waste
    shown = items if len(items) <= most else items[: most - 1]
    for item in shown:
        yield command("warning", f"{size(item.bytes)} wasted: /{item.path}", _story(analysis, item))
    rest = items[len(shown) :]
    if rest:
        yield command("warning", "layerscope", f"{size(sum(item.bytes for item in rest))} in {len(rest)} more items.")


def _story(analysis: Analysis, item: WasteItem) -> str:
    remedy = find_remedy(item, analysis.layers)
    return f"{remedy.cause} {remedy.cure}"


def _escaped(text: str, *, properties: bool = False) -> str:
    escaped = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if properties else escaped
