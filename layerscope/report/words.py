"""Figures in words: percents and sizes that never round a difference away."""

from __future__ import annotations

import math
from collections.abc import Iterable

from humanize import intcomma

from layerscope.analysis.measures import OF_CONTENTS, OF_GROWTH, Measure, Unit, unit_of
from layerscope.analysis.model import Analysis, Finding, label
from layerscope.analysis.rules import Result, Scoring, Status
from layerscope.text import printable, size

#: How many of the things that broke a rule its sentence names.
_WORST = 3


def percent(ratio: float, digits: int = 1) -> str:
    """A ratio as text: ``87.4 %``; rounded towards the half, so that only a whole is 100 %."""
    if not math.isfinite(ratio):
        return "no user bytes" if math.isnan(ratio) else "infinite"
    scale: int = 10**digits
    value = round(ratio * 100 * scale) / scale
    if ratio < 1 and value >= 100:
        value = 100 - 1 / scale
    elif ratio > 0 and value == 0:
        value = 1 / scale
    return f"{value:.{digits}f} %"


def limit_text(result: Result) -> str:
    """What the rule asks for: ``at least 85 %``, ``at most 100 MB``, ``none``, ``off``."""
    limit, measure = result.rule.limit, result.rule.measure
    if limit is None:
        return "off"
    if measure in OF_CONTENTS:
        return "not root" if measure is Measure.ROOT else "none"
    side = "at least" if measure is Measure.EFFICIENCY else "at most"
    unit = unit_of(measure)
    if unit is Unit.BYTES:
        return f"{side} {_trimmed(size(int(limit)))}"
    return f"{side} {int(limit)}" if unit is Unit.COUNT else f"{side} {limit * 100:.10g} %"


def actual_text(result: Result) -> str:
    """What the image has, with as many digits as it takes to tell it from the limit."""
    limit, actual = result.rule.limit, result.actual
    if result.note and (result.status is not Status.SKIP or limit is not None):
        return printable(result.note)
    if limit is None and (result.rule.measure in OF_GROWTH or result.rule.measure in OF_CONTENTS):
        return "-"
    unit = unit_of(result.rule.measure)
    if unit is Unit.COUNT:
        return intcomma(int(actual))
    if unit is Unit.BYTES:
        short = size(int(actual))
        same = limit is not None and actual != limit and short == size(int(limit))
        return f"{intcomma(int(actual))} B" if same else short
    if limit is None or actual == limit or not math.isfinite(actual):
        return percent(actual)
    for digits in range(1, 12):
        text = percent(actual, digits)
        if text != percent(limit, digits):
            return text
    return f"{actual * 100!r} %"


def rule_title(result: Result) -> str:
    """What the rule is about, and whose figures it is judged on where those are dive's."""
    return f"{result.rule.measure} (dive)" if result.rule.scoring is Scoring.DIVE else str(result.rule.measure)


def explained(results: Iterable[Result]) -> list[tuple[str, Result]]:
    """The broken rules that have findings, each with its title; those that have the same ones are one."""
    alike: dict[tuple[int, tuple[Finding, ...]], list[Result]] = {}
    for result in results:
        if result.findings and result.status in (Status.FAIL, Status.WARN):
            alike.setdefault((result.found, result.findings), []).append(result)
    return [(" and ".join(map(rule_title, same)), same[0]) for same in alike.values()]


def rule_message(result: Result) -> str:
    """A judged rule in one sentence, with the worst of what broke it."""
    if result.rule.limit is None:
        return f"{rule_title(result)}: off"
    sentence = f"{rule_title(result)} {actual_text(result)}, {limit_text(result)}"
    if result.findings:
        worst = ", ".join(finding_name(finding) for finding in result.findings[:_WORST])
        more = result.found - _WORST
        sentence += f": {worst}{f' and {intcomma(more)} more' if more > 0 else ''}"
    return sentence


def finding_name(finding: Finding) -> str:
    """What a finding is about: its path, else its layer with its bytes, else its cause."""
    if finding.path:
        return f"/{printable(finding.path)}"
    if finding.layer is not None:
        return f"layer {label(finding.layer)} ({size(finding.bytes)})"
    return printable(finding.cause.rstrip("."))


def plural(count: int, noun: str) -> str:
    """``1 layer``, ``2 layers``, ``12,345 files``."""
    return f"{intcomma(count)} {noun}" if count == 1 else f"{intcomma(count)} {noun}s"


def base_text(analysis: Analysis) -> str:
    """Which layers are the base image and how that was found."""
    count = analysis.base_layers
    if not count:
        return f"none ({analysis.base_found_by})"
    span = "layer 1" if count == 1 else f"layers 1 to {label(count - 1)}"
    return f"{span} ({analysis.base_found_by})"


def _trimmed(text: str) -> str:
    number, _, unit = text.partition(" ")
    return f"{number.removesuffix('.0')} {unit}"
