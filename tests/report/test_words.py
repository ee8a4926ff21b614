"""Figures in words: what is rounded never hides what matters."""

from __future__ import annotations

import math

import pytest

from layerscope.analysis.measures import Measure
from layerscope.analysis.rules import Result, Rule, Scoring, Status
from layerscope.report.words import actual_text, limit_text, percent, rule_message


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.0, "100.0 %"),
        (0.99999, "99.9 %"),
        (0.874, "87.4 %"),
        (0.00001, "0.1 %"),
        (0.0, "0.0 %"),
        (2.0, "200.0 %"),
        (math.nan, "no user bytes"),
        (math.inf, "infinite"),
    ],
)
def test_percent(ratio: float, text: str) -> None:
    assert percent(ratio) == text


def result(measure: Measure, limit: float | None, actual: float, scoring: Scoring = Scoring.TRUE) -> Result:
    """A judged rule."""
    return Result(Rule("rule", measure, limit, scoring), Status.PASS, actual)


@pytest.mark.parametrize(
    ("measure", "limit", "actual", "texts"),
    [
        (Measure.EFFICIENCY, 0.85, 0.874, ("87.4 %", "at least 85 %")),
        (Measure.EFFICIENCY, 0.9, 0.89999, ("89.999 %", "at least 90 %")),
        (Measure.EFFICIENCY, 0.9, 0.9, ("90.0 %", "at least 90 %")),
        (Measure.EFFICIENCY, 0.955, 0.9, ("90.0 %", "at least 95.5 %")),
        (Measure.EFFICIENCY, 1.0, math.nextafter(1.0, 0), ("99.9 %", "at least 100 %")),
        (Measure.WASTED, 100_000_000, 152_800_000, ("152.8 MB", "at most 100 MB")),
        (Measure.WASTED, 20_000_000, 20_000_001, ("20,000,001 B", "at most 20 MB")),
        (Measure.WASTED_PERCENT, 0.2, 0.141, ("14.1 %", "at most 20 %")),
        (Measure.WASTED_PERCENT, 0.2, math.inf, ("infinite", "at most 20 %")),
        (Measure.WASTED_PERCENT, None, 0.5, ("50.0 %", "off")),
    ],
)
def test_actual_and_limit_are_told_apart(
    measure: Measure, limit: float | None, actual: float, texts: tuple[str, str]
) -> None:
    judged = result(measure, limit, actual)
    assert (actual_text(judged), limit_text(judged)) == texts


def test_messages_name_whose_figures_they_are() -> None:
    assert rule_message(result(Measure.EFFICIENCY, 0.9, 0.5)) == "efficiency 50.0 %, at least 90 %"
    assert rule_message(result(Measure.WASTED, None, 1, Scoring.DIVE)) == "wasted bytes (dive): off"
