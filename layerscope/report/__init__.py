"""Answers as text and JSON; the only writer of standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result

#: The formats that ``write_report`` knows, as the command line names them.
FORMATS = ("text", "json", "dive")


def write_report(
    analysis: Analysis,
    form: str,
    stream: TextIO,
    results: Sequence[Result] | None = None,
    *,
    colour: bool = False,
) -> None:
    """Write the analysis in one of ``FORMATS``; with ``results`` it is the report of a check."""
    if form == "json":
        from layerscope.report.document import write_json

        write_json(analysis, results, stream)
        return
    if form == "dive":
        from layerscope.report.divetext import dive_lines

        lines = dive_lines(analysis, results)
    else:
        from layerscope.report.text import check_lines, report_lines

        lines = report_lines(analysis, colour) if results is None else check_lines(analysis, results, colour)
    stream.writelines(f"{line}\n" for line in lines)
