"""Figures in words: percents and sizes that never round a difference away."""

from __future__ import annotations

import math

from humanize import intcomma

from layerscope.analysis.model import Analysis, label
from layerscope.analysis.rules import Measure, Result, Scoring
from layerscope.text import size


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
    """What the rule asks for: ``at least 85 %``, ``at most 100 MB``, ``off``."""
    limit = result.rule.limit
    if limit is None:
        return "off"
    side = "at least" if result.rule.measure is Measure.EFFICIENCY else "at most"
    if result.rule.measure is Measure.WASTED:
        return f"{side} {_trimmed(size(int(limit)))}"
    return f"{side} {limit * 100:.10g} %"


def actual_text(result: Result) -> str:
    """What the image has, with as many digits as it takes to tell it from the limit."""
    limit, actual = result.rule.limit, result.actual
    if result.rule.measure is Measure.WASTED:
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


def rule_message(result: Result) -> str:
    """A judged rule in one sentence."""
    if result.rule.limit is None:
        return f"{rule_title(result)}: off"
    return f"{rule_title(result)} {actual_text(result)}, {limit_text(result)}"


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
