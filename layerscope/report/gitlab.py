"""GitLab: Code Quality's report (https://docs.gitlab.com/ci/testing/code_quality/), and the metrics report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from layerscope.analysis.model import Analysis
from layerscope.analysis.rules import Result, is_decided, passed
from layerscope.report import FLOOR
from layerscope.report.issues import Issue, Level, find_issues, image_name
from layerscope.text import printable

_SEVERITIES = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTE: "info"}


def write_gitlab(analysis: Analysis, results: Sequence[Result] | None, stream: TextIO, floor: int = FLOOR) -> None:
    """Write the issues as Code Quality reads them, and one more that sums up what is not listed."""
    issues = find_issues(analysis, results, floor)
    # A place is demanded: where no Dockerfile is known, the image itself is the file.
    file = printable(analysis.dockerfile or analysis.subject.reference)
    records = [_record(issue, file) for issue in issues.shown]
    if issues.rest:
        records.append(
            {
                "description": issues.rest,
                "check_name": "more",
                "fingerprint": f"layerscope-more-{image_name(analysis).encode('utf-8', 'surrogateescape').hex()}",
                "severity": "info",
                "location": {"path": file, "lines": {"begin": 1}},
            }
        )
    json.dump(records, stream, indent=2)
    stream.write("\n")


def _record(issue: Issue, file: str) -> dict[str, Any]:
    place = issue.location
    lines = {"begin": place.line, "end": place.last_line} if place else {"begin": 1}
    return {
        "description": issue.message,
        "check_name": issue.rule,
        "fingerprint": issue.fingerprint,
        "severity": _SEVERITIES[issue.level],
        "location": {"path": printable(place.file) if place else file, "lines": lines},
    }


def metrics_lines(analysis: Analysis, results: Sequence[Result] | None) -> Iterator[str]:
    """The figures in OpenMetrics text, which GitLab compares with those of the target branch."""
    figures = analysis.figures
    label = f'{{image="{_label(image_name(analysis))}"}}'
    values: list[tuple[str, str, float]] = [
        ("image_bytes", "Size of the image, uncompressed", figures.size_bytes),
        ("wasted_bytes", "Bytes that no container can read", figures.wasted_bytes),
        ("efficiency_ratio", "Share of the bytes that a container can read", figures.efficiency),
        ("user_wasted_ratio", "Share of waste in what the own layers answer for", figures.user_wasted_percent),
        ("layers", "Number of layers", len(analysis.layers)),
        ("final_files", "Files of the final filesystem", figures.final_files),
    ]
    if results is not None and is_decided(analysis, results):
        values.append(("passed", "1 where every rule passed", int(passed(results))))
    for name, told, value in values if analysis.complete else ():
        yield f"# TYPE layerscope_{name} gauge"
        yield f"# HELP layerscope_{name} {told}"
        yield f"layerscope_{name}{label} {value!r}"
    yield "# EOF"


def _label(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
