"""SARIF 2.1.0 (OASIS, errata 01): what GitHub's code scanning and other services list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO
from urllib.parse import quote

import layerscope
from layerscope.analysis.measures import MEASURES
from layerscope.analysis.model import Analysis, Location, label
from layerscope.analysis.rules import Result, is_decided
from layerscope.report import FLOOR
from layerscope.report.issues import INCOMPLETE, Issue, Issues, find_issues, image_name
from layerscope.text import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_PRACTICES = "https://docs.docker.com/build/building/best-practices/"
_MULTI_STAGE = "https://docs.docker.com/build/building/multi-stage/"
_LAYERS = "https://docs.docker.com/get-started/docker-concepts/building-images/understanding-image-layers/"
_CACHES = "https://docs.docker.com/build/cache/optimize/"
_CONFIG = "https://github.com/opencontainers/image-spec/blob/main/config.md"
#: What each kind of issue is, and where there is more to read about it.
_TOLD = {
    "waste-overwritten": ("A later layer stores the path again with other bytes: both ship.", _LAYERS),
    "waste-rewritten": ("A later layer stores the same bytes again, to change owner, mode or time.", _LAYERS),
    "waste-removed": ("A later layer removes the path, which still ships.", _LAYERS),
    "waste-hidden": ("A later layer hides the whole directory (opaque), which still ships.", _LAYERS),
    "waste-replaced": ("A later layer puts something of another kind in the path's place.", _LAYERS),
    "waste-duplicate": ("One layer stores the path more than once.", _LAYERS),
    INCOMPLETE: ("The image could not be read to its end: there is no verdict.", _CONFIG),
    "max-size": ("The image is larger than allowed.", _MULTI_STAGE),
    "max-compressed-size": ("What is pulled is larger than allowed.", _MULTI_STAGE),
    "max-layer-size": ("A layer is larger than allowed.", _MULTI_STAGE),
    "max-layers": ("The image has more layers than allowed.", _LAYERS),
    "max-growth": ("The image grew more over its baseline than allowed.", _CACHES),
    "max-growth-percent": ("The image grew more over its baseline than allowed.", _CACHES),
    "max-wasted-growth": ("The waste grew more over the baseline than allowed.", _LAYERS),
    "forbid": ("A forbidden path is in the final filesystem.", _PRACTICES),
    "forbid-in-layers": ("A forbidden path is in a layer, removed later or not.", _LAYERS),
    "no-setuid": ("A setuid or setgid file is in the image that is not on the list of those allowed.", _PRACTICES),
    "non-root": ("The image runs as root.", f"{_PRACTICES}#user"),
}
_WASTE_RULE = ("Too many of the image's bytes can be read by no container.", _LAYERS)


def write_sarif(analysis: Analysis, results: Sequence[Result] | None, stream: TextIO, floor: int = FLOOR) -> None:
    """Write one run with a result per issue; pure ASCII."""
    json.dump(make_sarif(analysis, results, floor), stream, indent=2)
    stream.write("\n")


def make_sarif(analysis: Analysis, results: Sequence[Result] | None, floor: int = FLOOR) -> dict[str, Any]:
    """The log as plain values."""
    issues = find_issues(analysis, results, floor)
    rules = list(dict.fromkeys(issue.rule for issue in issues.shown))
    name = printable(image_name(analysis))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "layerscope",
                        "version": layerscope.__version__,
                        "semanticVersion": layerscope.__version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                # Several images of one repository are told apart by their names.
                "automationDetails": {"id": f"layerscope/{name}/"},
                "invocations": [_invocation(analysis, results, issues)],
                "results": [_result(analysis, issue, rules.index(issue.rule)) for issue in issues.shown],
            }
        ],
    }


def _rule(rule: str) -> dict[str, Any]:
    told, address = _TOLD.get(rule, _WASTE_RULE)
    return {
        "id": rule,
        "name": "".join(word.title() for word in rule.split("-")) if "-" in rule else rule,
        "shortDescription": {"text": told},
        "helpUri": address,
        "properties": {"tags": ["container", "rule" if rule in MEASURES else "waste"]},
    }


def _invocation(analysis: Analysis, results: Sequence[Result] | None, issues: Issues) -> dict[str, Any]:
    decided = analysis.complete and (results is None or is_decided(analysis, results))
    notes = [*analysis.warnings]
    if issues.rest:
        notes.append(issues.rest)
    level = "warning" if decided else "error"
    return {
        "executionSuccessful": decided,
        "toolExecutionNotifications": [{"level": level, "message": {"text": printable(note)}} for note in notes],
    }


def _result(analysis: Analysis, issue: Issue, index: int) -> dict[str, Any]:
    reference = analysis.subject.reference
    # Code scanning demands a line: where none is known, the first one of the Dockerfile, else of the image's name.
    physical = _physical(issue.location or Location(reference, 1, 1))
    result: dict[str, Any] = {
        "ruleId": issue.rule,
        "ruleIndex": index,
        "level": str(issue.level),
        "message": {"text": issue.message},
        "locations": [{"physicalLocation": physical, "logicalLocations": [_logical(analysis, issue)]}],
        "partialFingerprints": {"layerscope/v1": issue.fingerprint},
    }
    if issue.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(place), "message": {"text": does}}
            for number, (place, does) in enumerate(issue.related, 1)
        ]
    return result


def _physical(place: Location) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": uri(place.file)},
        "region": {"startLine": place.line, "endLine": place.last_line},
    }


def _logical(analysis: Analysis, issue: Issue) -> dict[str, Any]:
    """Where it is in the image: ``image:layer:/path``."""
    subject = analysis.subject
    image = printable(subject.digest or subject.id or subject.reference)
    layer = label(issue.layer) if issue.layer is not None else ""
    path = f"/{printable(issue.path)}" if issue.path else ""
    name = path or (f"layer {layer}" if layer else printable(subject.reference))
    return {"name": name, "fullyQualifiedName": f"{image}:{layer}:{path}", "kind": "resource"}


def uri(path: str) -> str:
    """A path as a URI reference: nothing in it is a scheme, a query or a fragment."""
    # Two slashes at the beginning would name a host.
    rooted = f"/{path.lstrip('/')}" if path.startswith("//") else path
    return quote(rooted.encode("utf-8", "surrogateescape"), safe="/")
