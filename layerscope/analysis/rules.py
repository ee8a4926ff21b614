"""Rules: thresholds over the figures, judged one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from layerscope.analysis.model import Analysis
from layerscope.analysis.values import is_off, parse_bytes, parse_ratio


class Measure(StrEnum):
    """The figure a rule looks at."""

    EFFICIENCY = "efficiency"
    WASTED = "wasted bytes"
    WASTED_PERCENT = "wasted of own layers"


class Scoring(StrEnum):
    """Whose figures a rule is judged on."""

    TRUE = "true"
    DIVE = "dive"


class Status(StrEnum):
    """What became of a rule."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Rule:
    """One threshold; ``limit`` is a ratio or bytes as the measure says, None switches the rule off."""

    name: str
    measure: Measure
    limit: float | None
    scoring: Scoring = Scoring.TRUE
    given: str = ""
    """The value as it was written, for those who show it again."""


@dataclass(frozen=True, slots=True)
class Result:
    """A judged rule; ``actual`` may be NaN or infinite on dive's figures."""

    rule: Rule
    status: Status
    actual: float


#: Our rules and dive's, each with what it measures.
MEASURES = {
    "min-efficiency": Measure.EFFICIENCY,
    "max-wasted": Measure.WASTED,
    "max-wasted-percent": Measure.WASTED_PERCENT,
    "lowestEfficiency": Measure.EFFICIENCY,
    "highestWastedBytes": Measure.WASTED,
    "highestUserWastedPercent": Measure.WASTED_PERCENT,
}
#: What is judged when nobody asks for anything else (cli.md), and dive's own defaults (dive.md, 1.6).
DEFAULTS = {"min-efficiency": "0.9", "max-wasted-percent": "0.1"}
DIVE_DEFAULTS = {
    "highestUserWastedPercent": "0.1",
    "highestWastedBytes": "disabled",
    "lowestEfficiency": "0.9",
}


def make_rule(name: str, given: str, scoring: Scoring) -> Rule:
    """The rule of that name with the value as written; ConfigError where the value makes no sense."""
    measure = MEASURES[name]
    if is_off(given):
        return Rule(name, measure, None, scoring, given)
    parse = parse_bytes if measure is Measure.WASTED else parse_ratio
    return Rule(name, measure, parse(name, given), scoring, given)


def measured(analysis: Analysis, measure: Measure, scoring: Scoring) -> float:
    """The figure that a rule is judged on."""
    if scoring is Scoring.DIVE:
        dive = analysis.dive
        efficiency, wasted, percent = dive.efficiency, dive.wasted_bytes, dive.user_wasted_percent
    else:
        true = analysis.figures
        efficiency, wasted, percent = true.efficiency, true.wasted_bytes, true.user_wasted_percent
    return {Measure.EFFICIENCY: efficiency, Measure.WASTED: wasted, Measure.WASTED_PERCENT: percent}[measure]


def judge(analysis: Analysis, rules: Iterable[Rule]) -> list[Result]:
    """Every rule with its verdict, in the order given; a value equal to its limit passes."""
    results = []
    for rule in rules:
        actual = measured(analysis, rule.measure, rule.scoring)
        if rule.limit is None:
            status = Status.SKIP
        elif rule.measure is Measure.EFFICIENCY:
            status = Status.FAIL if actual < rule.limit else Status.PASS
        else:
            # A comparison with NaN is false, so dive's 0 of 0 passes and its infinity fails.
            status = Status.FAIL if actual > rule.limit else Status.PASS
        results.append(Result(rule, status, actual))
    return results


def passed(results: Iterable[Result]) -> bool:
    """Whether no rule failed."""
    return all(result.status is not Status.FAIL for result in results)
