"""Answers as text, JSON, Markdown and what CI systems read; the only writer of standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result

#: The formats that ``write_report`` knows, as the command line names them.
FORMATS = ("text", "json", "markdown", "github", "junit", "dive")


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
    stream.writelines(f"{line}\n" for line in _lines(analysis, form, results, colour))


def _lines(analysis: Analysis, form: str, results: Sequence[Result] | None, colour: bool) -> Iterable[str]:
    if form == "markdown":
        from layerscope.report.markdown import markdown_lines

        return markdown_lines(analysis, results)
    if form == "github":
        from layerscope.report.github import github_lines

        return github_lines(analysis, results)
    if form == "junit":
        from layerscope.report.junit import junit_lines

        return junit_lines(analysis, results)
    if form == "dive":
        from layerscope.report.divetext import dive_lines

        return dive_lines(analysis, results)
    from layerscope.report.text import check_lines, report_lines

    return report_lines(analysis, colour) if results is None else check_lines(analysis, results, colour)
