"""Rules: what a check asks of an image, judged one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from layerscope.analysis.measures import MEASURES, OF_CONTENTS, OF_GROWTH, OF_WASTE, Measure, Unit, unit_of
from layerscope.analysis.model import Analysis, Finding
from layerscope.analysis.values import is_off, parse_bytes, parse_count, parse_ratio, parse_share


class Scoring(StrEnum):
    """Whose figures a rule is judged on."""

    TRUE = "true"
    DIVE = "dive"


class Severity(StrEnum):
    """What a broken rule does: fails the check, is told, or nothing."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class Status(StrEnum):
    """What became of a rule."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    """Broken, with the severity of a warning."""
    SKIP = "skip"
    UNKNOWN = "unknown"
    """What it asks for cannot be told of this image: no pass and no failure."""


class Rule(NamedTuple):
    """One threshold; ``limit`` is in the measure's unit, None switches the rule off."""

    name: str
    measure: Measure
    limit: float | None
    scoring: Scoring = Scoring.TRUE
    given: str = ""
    """The value as it was written, for those who show it again."""
    severity: Severity = Severity.ERROR
    patterns: tuple[str, ...] = ()
    """What is forbidden, or of setuid files what is allowed: globs of paths."""


class Result(NamedTuple):
    """A judged rule; ``actual`` may be NaN or infinite on dive's figures."""

    rule: Rule
    status: Status
    actual: float
    findings: tuple[Finding, ...] = ()
    """What broke the rule, worst first, of many only the worst; empty where the image's waste explains it."""
    note: str = ""
    """What there is to say beside the figures: the user's name, or why the rule could not be judged."""

    @property
    def found(self) -> int:
        """How many findings there are, those included that are only counted."""
        return int(self.actual) if self.rule.measure in OF_CONTENTS else len(self.findings)


#: Our rules: those that have a limit, and those about contents, which have none.
OWN_RULES = tuple(name for name, measure in MEASURES.items() if "-" in name and measure not in OF_CONTENTS)
CONTENT_RULES = tuple(name for name, measure in MEASURES.items() if measure in OF_CONTENTS)
#: What is judged when nobody asks for anything else (cli.md), and dive's own defaults (dive.md, 1.6).
DEFAULTS = {"min-efficiency": "0.9", "max-wasted-percent": "0.1"}
DIVE_DEFAULTS = {
    "highestUserWastedPercent": "0.1",
    "highestWastedBytes": "disabled",
    "lowestEfficiency": "0.9",
}
_PARSERS = {Unit.RATIO: parse_ratio, Unit.SHARE: parse_share, Unit.BYTES: parse_bytes, Unit.COUNT: parse_count}


def make_rule(name: str, given: str, scoring: Scoring, severity: Severity = Severity.ERROR) -> Rule:
    """The rule of that name with the value as written; ConfigError where the value makes no sense."""
    measure = MEASURES[name]
    if severity is Severity.OFF or is_off(given):
        return Rule(name, measure, None, scoring, given, severity)
    limit = _PARSERS[unit_of(measure)](name, given)
    return Rule(name, measure, limit, scoring, given, severity)


def make_content_rule(name: str, patterns: Sequence[str] = (), severity: Severity = Severity.ERROR) -> Rule:
    """A rule about paths or the config: nothing may be found; ConfigError for a glob that names nothing."""
    if patterns:
        from layerscope.analysis.globs import Globs

        Globs(patterns)
    limit = None if severity is Severity.OFF else 0
    return Rule(name, MEASURES[name], limit, Scoring.TRUE, "", severity, tuple(patterns))


def measured(analysis: Analysis, measure: Measure, scoring: Scoring) -> float | None:
    """The figure that a rule is judged on; None where this image does not tell."""
    if scoring is Scoring.DIVE and measure in OF_WASTE - {Measure.USER_WASTED}:
        dive = analysis.dive
        by_dive = {
            Measure.EFFICIENCY: dive.efficiency,
            Measure.WASTED: dive.wasted_bytes,
            Measure.WASTED_PERCENT: dive.user_wasted_percent,
        }
        return by_dive[measure]
    if measure in OF_GROWTH:
        return _growth(analysis, measure)
    figures = analysis.figures
    true: dict[Measure, float | None] = {
        Measure.EFFICIENCY: figures.efficiency,
        Measure.WASTED: figures.wasted_bytes,
        Measure.WASTED_PERCENT: figures.user_wasted_percent,
        Measure.USER_WASTED: figures.user_wasted_bytes,
        Measure.SIZE: figures.size_bytes,
        Measure.COMPRESSED_SIZE: figures.compressed_bytes,
        Measure.LAYER_SIZE: max((layer.size_bytes for layer in analysis.layers), default=0),
        Measure.LAYERS: len(analysis.layers),
    }
    return true[measure]


def _growth(analysis: Analysis, measure: Measure) -> float | None:
    comparison = analysis.comparison
    if comparison is None:
        return None
    if measure is Measure.GROWTH:
        return comparison.growth_bytes
    return comparison.growth_percent if measure is Measure.GROWTH_PERCENT else comparison.wasted_growth_bytes


def judge(analysis: Analysis, rules: Iterable[Rule]) -> list[Result]:
    """Every rule with its verdict, in the order given; a value equal to its limit passes."""
    return [_judge(analysis, rule) for rule in rules]


def _judge(analysis: Analysis, rule: Rule) -> Result:
    if rule.measure in OF_CONTENTS:
        return _judge_contents(analysis, rule)
    actual = measured(analysis, rule.measure, rule.scoring)
    if actual is None:
        if rule.limit is None or rule.measure in OF_GROWTH:
            return Result(rule, Status.SKIP, 0, note="" if rule.limit is None else "no baseline")
        return Result(rule, Status.UNKNOWN, 0, note="this source does not tell it")
    if rule.limit is None:
        return Result(rule, Status.SKIP, actual)
    # A comparison with NaN is false, so dive's 0 of 0 passes and its infinity fails.
    broken = actual < rule.limit if rule.measure is Measure.EFFICIENCY else actual > rule.limit
    if not broken:
        return Result(rule, Status.PASS, actual)
    if rule.measure in OF_WASTE:
        return Result(rule, _broken(rule), actual)
    from layerscope.analysis.findings import find_causes

    return Result(rule, _broken(rule), actual, find_causes(analysis, rule.measure))


def _judge_contents(analysis: Analysis, rule: Rule) -> Result:
    if rule.limit is None:
        return Result(rule, Status.SKIP, 0)
    from layerscope.analysis.contents import find_contents, find_root

    note = ""
    if rule.measure is Measure.ROOT:
        note, findings = find_root(analysis)
        count = len(findings)
    elif analysis.tree is None:
        return Result(rule, Status.UNKNOWN, 0, note="its paths are not known")
    else:
        count, findings = find_contents(analysis, analysis.tree, rule.measure, rule.patterns)
    return Result(rule, _broken(rule) if count else Status.PASS, count, findings, note)


def needed_contents(rules: Iterable[Rule]) -> Callable[[bytes, int], bool] | None:
    """What has to be kept of an image that passes, for the rules to be judged; None for nothing."""
    if not any(rule.measure is Measure.ROOT and rule.limit is not None for rule in rules):
        return None
    from layerscope.analysis.users import is_passwd

    return is_passwd


def _broken(rule: Rule) -> Status:
    return Status.WARN if rule.severity is Severity.WARNING else Status.FAIL


def passed(results: Iterable[Result]) -> bool:
    """Whether no rule failed; a warning is no failure."""
    return all(result.status is not Status.FAIL for result in results)


def is_decided(analysis: Analysis, results: Iterable[Result]) -> bool:
    """Whether there is a verdict: the image was read to its end, and every rule that could fail was judged."""
    return analysis.complete and not any(
        result.status is Status.UNKNOWN and result.rule.severity is Severity.ERROR for result in results
    )


def needs_waste(results: Iterable[Result]) -> bool:
    """Whether a rule is broken that the image's waste explains."""
    return any(result.status in (Status.FAIL, Status.WARN) and not result.findings for result in results)
