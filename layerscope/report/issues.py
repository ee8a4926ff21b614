"""What code quality services list: each broken rule's findings and each waste item, as one issue each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import chain, islice

from layerscope.analysis.model import Analysis, Finding, Location, WasteItem
from layerscope.analysis.rules import Result, Status, needs_waste
from layerscope.report.places import (
    annotated,
    finding_location,
    finding_sentences,
    waste_location,
    waste_sentences,
)
from layerscope.report.words import rule_message
from layerscope.text import printable, size

#: Issues at most. GitHub shows 5,000 results of a SARIF file, and people fewer.
MAX_ISSUES = 1000
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
    related: tuple[Location, ...] = ()
    path: str = ""
    layer: int | None = None


@dataclass(frozen=True, slots=True)
class Issues:
    """The worst issues, and how many more there are."""

    shown: list[Issue]
    left_out: int


def find_issues(analysis: Analysis, results: Sequence[Result] | None) -> Issues:
    """What there is to look at: what broke rules, then the waste where that broke one or nothing was judged."""
    names = Counter[str]()
    if not analysis.complete:
        broken = [_Draft(INCOMPLETE, Level.ERROR, text, "") for text in analysis.warnings]
        return _number(analysis, iter(broken), names, len(broken))
    judged = [draft for result in results or () for draft in _drafts(analysis, result)]
    waste = analysis.waste if results is None or needs_waste(results) else []
    level = Level.NOTE if results is None else Level.WARNING
    drafts = chain(judged, (_wasted(analysis, item, level) for item in waste))
    broken_rules = [result for result in results or () if _is_broken(result) and result.findings]
    hidden = sum(result.found - len(result.findings[:MAX_FINDINGS]) for result in broken_rules)
    return _number(analysis, drafts, names, len(judged) + len(waste) + hidden)


@dataclass(frozen=True, slots=True)
class _Draft:
    """An issue before it has its fingerprint: ``cause`` is what it is told by, beside rule and path."""

    rule: str
    level: Level
    message: str
    cause: str
    location: Location | None = None
    related: tuple[Location, ...] = ()
    path: str = ""
    layer: int | None = None


def _number(analysis: Analysis, drafts: Iterator[_Draft], names: Counter[str], count: int) -> Issues:
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
    return Issues(shown, count - len(shown))


def _drafts(analysis: Analysis, result: Result) -> Iterator[_Draft]:
    if not _is_broken(result):
        return
    rule = result.rule.name
    level = Level.WARNING if result.status is Status.WARN else Level.ERROR
    if not result.findings:
        yield _Draft(rule, level, f"{rule_message(result)}.", "")
    for finding in result.findings[:MAX_FINDINGS]:
        command = "" if finding.layer is None else analysis.layers[finding.layer].command
        sentences = " ".join(finding_sentences(analysis, finding))
        message = f"{_subject(finding)}{sentences} ({rule_message(result).partition(': ')[0]})"
        place = finding_location(analysis, finding)
        yield _Draft(rule, level, message, command, place, (), finding.path, finding.layer)


def _is_broken(result: Result) -> bool:
    return result.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)


def _subject(finding: Finding) -> str:
    subject = f"/{finding.path}: " if finding.path else ""
    return f"{size(finding.bytes)} {subject}" if finding.bytes else subject


def _wasted(analysis: Analysis, item: WasteItem, level: Level) -> _Draft:
    place = waste_location(analysis, item)
    stored = [analysis.locations[layer] for layer in item.stored_in if layer in analysis.locations]
    message = f"{size(item.bytes)} wasted: /{item.path}. {' '.join(waste_sentences(analysis, item))}"
    related = tuple(dict.fromkeys(one for one in stored if one != place))
    command = analysis.layers[item.wasted_by].command
    return _Draft(f"waste-{item.reason}", level, message, command, place, related, item.path, item.wasted_by)


def image_name(analysis: Analysis) -> str:
    """The image's name without tag and digest: what stays the same from build to build."""
    name = analysis.subject.reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
