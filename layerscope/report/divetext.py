"""dive's own text, as v0.13.1 prints it without colours: scripts read it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from layerscope.analysis.measures import Measure
from layerscope.analysis.model import Analysis
from layerscope.analysis.rules import Result, Status, is_decided
from layerscope.report.words import rule_message
from layerscope.text import printable

_REASONS = {
    Measure.EFFICIENCY: "image efficiency is too low (efficiency={} < threshold={})",
    Measure.WASTED: "too many bytes wasted (wasted-bytes={} > threshold={})",
    Measure.WASTED_PERCENT: (
        "too many bytes wasted, relative to the user bytes added (%-user-wasted-bytes={} > threshold={})"
    ),
}


def dive_lines(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """The figures, the paths met more than once, and the verdict where rules were judged."""
    dive = analysis.dive
    yield f"  efficiency: {dive.efficiency * 100:.4f} %"
    yield f"  wastedBytes: {dive.wasted_bytes} bytes ({humanized(dive.wasted_bytes)})"
    yield f"  userWastedPercent: {_go_float(dive.user_wasted_percent * 100, 4)} %"
    yield "Inefficient Files:"
    yield "Count  Wasted Space  File Path"
    for row in dive.inefficiencies:
        yield f"{row.count:>5}  {humanized(row.bytes):>12}  {printable(row.path)}"
    if not dive.inefficiencies:
        yield "None"
    if results is not None and is_decided(analysis, results):
        yield from _result_lines(results)


def humanized(count: int) -> str:
    """Bytes as go-humanize writes them: one decimal below ten units, none above."""
    if count < 10:
        return f"{count} B"
    exponent = int(math.log(count) / math.log(1000))
    value = math.floor(count / 1000**exponent * 10 + 0.5) / 10
    unit = ("B", "kB", "MB", "GB", "TB", "PB", "EB")[exponent]
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def _result_lines(results: Sequence[Result]) -> Iterator[str]:
    yield "Results:"
    for result in sorted(results, key=lambda result: result.rule.name):
        if result.status is Status.SKIP:
            yield f"  SKIP: {result.rule.name}: rule disabled"
        elif result.status is Status.PASS:
            yield f"  PASS: {result.rule.name}"
        else:
            known = _REASONS.get(result.rule.measure)
            reason = known.format(_go_float(result.actual), result.rule.limit) if known else rule_message(result)
            yield f"  {result.status.upper()}: {result.rule.name}: {reason}"
    counts = {status: sum(result.status is status for result in results) for status in Status}
    verdict = "FAIL" if counts[Status.FAIL] else "PASS"
    yield (
        f"Result:{verdict} [Total:{len(results)}] [Passed:{counts[Status.PASS]}] "
        f"[Failed:{counts[Status.FAIL]}] [Warn:{counts[Status.WARN]}] [Skipped:{counts[Status.SKIP]}]"
    )


def _go_float(value: float, digits: int | None = None) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf"
    return str(value) if digits is None else f"{value:.{digits}f}"
