"""Answers as text, JSON, Markdown and what CI systems read; the only writer of standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result

#: Bytes below which formats that list issues only sum up waste items, unless told otherwise.
FLOOR = 100_000
#: The formats that ``write_report`` knows, as the command line names them.
FORMATS = ("text", "json", "markdown", "github", "gitlab", "sarif", "junit", "metrics", "dive")


def write_report(
    analysis: Analysis,
    form: str,
    stream: TextIO,
    results: Sequence[Result] | None = None,
    *,
    colour: bool = False,
    key: str = "",
    floor: int = FLOOR,
) -> None:
    """Write the analysis in one of ``FORMATS``; with ``results`` it is the report of a check.

    ``key`` is the hidden one of a Markdown comment; by default the image's name. Formats that list issues
    only sum up waste items of less than ``floor`` bytes.
    """
    if form == "json":
        from layerscope.report.document import write_json

        write_json(analysis, results, stream)
    elif form == "gitlab":
        from layerscope.report.gitlab import write_gitlab

        write_gitlab(analysis, results, stream, floor)
    elif form == "sarif":
        from layerscope.report.sarif import write_sarif

        write_sarif(analysis, results, stream, floor)
    elif form == "text":
        from layerscope.report.text import check_lines, report_lines

        lines = report_lines(analysis, colour) if results is None else check_lines(analysis, results, colour)
        write_lines(lines, stream)
    else:
        write_lines(_lines(analysis, form, results, key, floor), stream)


def write_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Write lines, each with its end."""
    stream.writelines(f"{line}\n" for line in lines)


def _lines(analysis: Analysis, form: str, results: Sequence[Result] | None, key: str, floor: int) -> Iterable[str]:
    if form == "markdown":
        from layerscope.report.markdown import markdown_lines

        return markdown_lines(analysis, results, key, floor)
    if form == "github":
        from layerscope.report.github import github_lines

        return github_lines(analysis, results, floor)
    if form == "junit":
        from layerscope.report.junit import junit_lines

        return junit_lines(analysis, results)
    if form == "metrics":
        from layerscope.report.gitlab import metrics_lines

        return metrics_lines(analysis, results)
    from layerscope.report.divetext import dive_lines

    return dive_lines(analysis, results)
