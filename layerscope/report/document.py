"""The JSON report, ``schemaVersion`` 1: fields are added, never renamed or dropped."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import layerscope
from layerscope.analysis.model import Analysis, Finding, LayerFigures, Location, WasteItem
from layerscope.analysis.rules import Result, is_decided, passed
from layerscope.report.comparison import comparison_document
from layerscope.report.places import finding_location, waste_location
from layerscope.report.words import rule_message

SCHEMA_VERSION = 1


def write_json(analysis: Analysis, results: Sequence[Result] | None, stream: TextIO) -> None:
    """Write the report; pure ASCII, so undecodable bytes of names stay surrogate escapes."""
    stream.writelines(_pieces(make_document(analysis, results)))


def _pieces(document: dict[str, Any]) -> Iterator[str]:
    """The document indented, each layer and each waste item on a line of its own.

    The encoder is much slower where it indents everything.
    """
    for number, (name, value) in enumerate(document.items()):
        yield f'{"," if number else "{"}\n  "{name}": '
        if isinstance(value, list):
            yield "["
            yield from (
                f"{',' if place else ''}\n    {json.dumps(row, allow_nan=False)}" for place, row in enumerate(value)
            )
            yield "\n  ]" if value else "]"
        else:
            yield json.dumps(value, indent=2, allow_nan=False).replace("\n", "\n  ")
    yield "\n}\n"


def make_document(analysis: Analysis, results: Sequence[Result] | None) -> dict[str, Any]:
    """The report as plain values; ``check`` is there only for a check that could be made."""
    document: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "tool": {"name": "layerscope", "version": layerscope.__version__},
        "image": _image(analysis),
        "dive": {
            "efficiency": analysis.dive.efficiency,
            "wastedBytes": analysis.dive.wasted_bytes,
            "userWastedPercent": _number(analysis.dive.user_wasted_percent),
        },
        "layers": [_layer(analysis, layer) for layer in analysis.layers],
        "waste": [_waste(analysis, item) for item in analysis.waste],
    }
    if analysis.comparison:
        document["comparison"] = comparison_document(analysis.comparison)
    if results is not None and is_decided(analysis, results):
        document["check"] = {
            "verdict": "pass" if passed(results) else "fail",
            "rules": [_rule(analysis, result) for result in results],
        }
    return document


def _image(analysis: Analysis) -> dict[str, Any]:
    subject, figures = analysis.subject, analysis.figures
    return {
        "reference": subject.reference,
        "id": subject.id,
        "platform": subject.platform,
        "created": subject.created,
        "sizeBytes": figures.size_bytes,
        "wastedBytes": figures.wasted_bytes,
        "efficiency": figures.efficiency,
        "baseLayers": analysis.base_layers,
        "baseFoundBy": analysis.base_found_by,
        "userSizeBytes": figures.user_size_bytes,
        "userWastedBytes": figures.user_wasted_bytes,
        "userWastedPercent": figures.user_wasted_percent,
        "files": figures.files,
        "finalFiles": figures.final_files,
        "warnings": analysis.warnings,
    }


def _layer(analysis: Analysis, layer: LayerFigures) -> dict[str, Any]:
    return {
        "index": layer.index,
        "diffId": layer.diff_id,
        "digest": layer.digest,
        "mediaType": layer.media_type,
        "sizeBytes": layer.size_bytes,
        "compressedBytes": layer.compressed_bytes,
        "wastedInBytes": layer.wasted_in_bytes,
        "wastedByBytes": layer.wasted_by_bytes,
        "added": layer.added,
        "modified": layer.modified,
        "removed": layer.removed,
        "command": layer.command,
        "created": layer.created,
        "base": layer.base,
        "location": _location(analysis.locations.get(layer.index)),
    }


def _waste(analysis: Analysis, item: WasteItem) -> dict[str, Any]:
    return {
        "path": item.path,
        "bytes": item.bytes,
        "files": item.files,
        "copies": item.copies,
        "reason": item.reason,
        "storedIn": list(item.stored_in),
        "wastedBy": item.wasted_by,
        "location": _location(waste_location(analysis, item)),
    }


def _rule(analysis: Analysis, result: Result) -> dict[str, Any]:
    return {
        "rule": result.rule.name,
        "status": str(result.status),
        "actual": _number(result.actual),
        "limit": result.rule.limit,
        "message": rule_message(result),
        "severity": str(result.rule.severity),
        "findings": [_finding(analysis, finding) for finding in result.findings],
    }


def _finding(analysis: Analysis, finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "bytes": finding.bytes,
        "layer": finding.layer,
        "cause": finding.cause,
        "cure": finding.cure,
        "location": _location(finding_location(analysis, finding)),
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    """Where in the Dockerfile; null where no line is known."""
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "lastLine": location.last_line}


def _number(value: float) -> float | None:
    """The figure as JSON can hold it: null for NaN and infinity, dive's percent of no user bytes."""
    return value if math.isfinite(value) else None
