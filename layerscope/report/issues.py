"""What code quality services list: each broken rule's findings and each waste item, as one issue each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import chain, islice

from layerscope.analysis.measures import Unit, unit_of
from layerscope.analysis.model import Analysis, Finding, Location, WasteItem
from layerscope.analysis.rules import Result, Status, needs_waste
from layerscope.report import FLOOR
from layerscope.report.places import (
    annotated,
    finding_location,
    finding_sentences,
    joined,
    waste_location,
    waste_relations,
    waste_sentences,
    where,
)
from layerscope.report.words import plural, rule_message
from layerscope.text import printable, size

#: Issues at most. GitHub shows 5,000 results of a SARIF file, and people fewer.
MAX_ISSUES = 1000
#: Waste items that are listed one by one, however small they are.
LARGEST = 3
#: Findings of one rule at most, so that none hides the others.
MAX_FINDINGS = 100
INCOMPLETE = "incomplete-image"
_HASH = re.compile(r"\b(?:sha256:)?[0-9a-f]{12,64}\b")


class Level(StrEnum):
    """How bad an issue is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to look at. ``message`` is printable; ``path`` is a path of the image, as it is there."""

    rule: str
    """The rule's name, or ``waste-REASON``."""
    level: Level
    message: str
    fingerprint: str
    """Of the rule, the path and the commands behind it: the same for every build of the image, in hex."""
    location: Location | None = None
    related: tuple[tuple[Location, str], ...] = ()
    """Other lines behind it, each with what it does."""
    path: str = ""
    layer: int | None = None


@dataclass(frozen=True, slots=True)
class Issues:
    """The worst issues, and a sentence on what is not listed; empty where everything is."""

    shown: list[Issue]
    rest: str = ""


def listed_waste(items: Sequence[WasteItem], floor: int) -> Sequence[WasteItem]:
    """The items, largest first, that are told one by one: those of ``floor`` bytes, and the largest few."""
    count = next((number for number, item in enumerate(items) if item.bytes < floor), len(items))
    return items[: max(count, LARGEST)]


def find_issues(analysis: Analysis, results: Sequence[Result] | None, floor: int = FLOOR) -> Issues:
    """What there is to look at: what broke rules, then the waste where that broke one or nothing was judged."""
    if not analysis.complete:
        broken = [_Draft(INCOMPLETE, Level.ERROR, text, "") for text in analysis.warnings]
        return Issues(_number(analysis, iter(broken)))
    broken_rules = [(result, listed_findings(result, floor)) for result in results or () if _is_broken(result)]
    judged = [draft for result, findings in broken_rules for draft in _drafts(analysis, result, findings)]
    waste = analysis.waste if results is None or needs_waste(results) else []
    level = Level.NOTE if results is None else Level.WARNING
    listed = listed_waste(waste, floor)
    shown = _number(analysis, chain(judged, (_wasted(analysis, item, level) for item in listed)))
    hidden = sum(result.found - len(findings) for result, findings in broken_rules if findings)
    findings = max(0, len(judged) - len(shown)) + hidden
    return Issues(shown, _rest(findings, waste[max(0, len(shown) - len(judged)) :]))


def _rest(findings: int, waste: Sequence[WasteItem]) -> str:
    parts = [plural(findings, "more finding")] if findings else []
    if waste:
        parts.append(f"{plural(len(waste), 'smaller waste item')}, {size(sum(item.bytes for item in waste))} in all")
    return f"Not listed: {'; '.join(parts)}." if parts else ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """An issue before it has its fingerprint: ``cause`` is what it is told by, beside rule and path."""

    rule: str
    level: Level
    message: str
    cause: str
    location: Location | None = None
    related: tuple[tuple[Location, str], ...] = ()
    path: str = ""
    layer: int | None = None


def _number(analysis: Analysis, drafts: Iterator[_Draft]) -> list[Issue]:
    names = Counter[str]()
    shown = []
    for draft in islice(drafts, MAX_ISSUES):
        # Digests change with every build; what stays is the image's name, the rule, the path and the command.
        told = (image_name(analysis), draft.rule, draft.path, _HASH.sub("", draft.cause))
        name = "\0".join(told)
        names[name] += 1
        key = f"{name}\0{names[name]}".encode("utf-8", "surrogateescape")
        shown.append(
            Issue(
                draft.rule,
                draft.level,
                printable(draft.message),
                sha256(key).hexdigest(),
                annotated(analysis, draft.location),
                draft.related,
                draft.path,
                draft.layer,
            )
        )
    return shown


def listed_findings(result: Result, floor: int) -> Sequence[Finding]:
    """The findings that are told one by one: of a rule about bytes those that matter, as with waste."""
    findings = result.findings[:MAX_FINDINGS]
    if unit_of(result.rule.measure) is Unit.COUNT:
        return findings
    return [finding for place, finding in enumerate(findings) if place < LARGEST or finding.bytes >= floor]


def _drafts(analysis: Analysis, result: Result, findings: Sequence[Finding]) -> Iterator[_Draft]:
    rule = result.rule.name
    level = Level.WARNING if result.status is Status.WARN else Level.ERROR
    if not findings:
        yield _Draft(rule, level, f"{rule_message(result)}.", "")
    for finding in findings:
        command = "" if finding.layer is None else analysis.layers[finding.layer].command
        of_rule = f"The rule {rule}: {rule_message(result).partition(': ')[0]}"
        message = joined([*told_finding(analysis, finding), of_rule])
        place = finding_location(analysis, finding)
        yield _Draft(rule, level, message, command, place, (), finding.path, finding.layer)


def _is_broken(result: Result) -> bool:
    return result.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)


def told_finding(analysis: Analysis, finding: Finding) -> list[str]:
    """The finding in sentences, the first with what it is about and its bytes."""
    cause, *others = finding_sentences(analysis, finding) or [""]
    weight = f", {size(finding.bytes)}" if finding.bytes else ""
    if finding.path:
        return [f"/{finding.path}{weight}: {cause}", *others]
    return [f"{cause.removesuffix('.')}{weight}", *others]


def _wasted(analysis: Analysis, item: WasteItem, level: Level) -> _Draft:
    place, related = waste_location(analysis, item), waste_relations(analysis, item)
    subject = f"{size(item.bytes)} wasted: /{item.path} ({where(item)})"
    message = joined([subject, *waste_sentences(analysis, item)])
    command = analysis.layers[item.wasted_by].command
    return _Draft(f"waste-{item.reason}", level, message, command, place, related, item.path, item.wasted_by)


def image_name(analysis: Analysis) -> str:
    """The image's name without tag and digest: what stays the same from build to build."""
    name = analysis.subject.reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
