"""Where results go: standard output and files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from layerscope.cli.arguments import FORMATS
from layerscope.cli.clashes import STANDARD, check_outputs
from layerscope.cli.narration import say
from layerscope.errors import UsageError

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result

Write = Callable[[TextIO], None]


def parse_outputs(args: argparse.Namespace) -> list[tuple[str, str]]:
    """The formats and files asked for, standard output as ``-``; UsageError for unknown formats."""
    outputs = []
    for given in args.output:
        form, equals, file = given.partition("=")
        if form not in FORMATS or not equals or not file:
            raise UsageError(
                f"--output {given}: not understood.", f"Write FORMAT=FILE, FORMAT one of {', '.join(FORMATS)}."
            )
        outputs.append((form, "-" if file in STANDARD else file))
    if not any(file == "-" for _, file in outputs):
        outputs.append((args.format, "-"))
    check_outputs(args, outputs)
    _floor(args)
    return outputs


def write_outputs(args: argparse.Namespace, analysis: Analysis, results: Sequence[Result] | None) -> None:
    """Write every report that was asked for, files first; then UsageError where one could not be written."""
    writes = [partial(write_export, args, analysis)]
    # Files first: whoever closes standard output early still gets them.
    for form, file in sorted(parse_outputs(args), key=lambda output: output[1] == "-"):
        writes.append(partial(_write, file, partial(_write_form, args, analysis, results, form)))
        if form == "github":
            writes.append(partial(_tell_github, args, analysis, results))
    errors = []
    for write in writes:
        try:
            write()
        except UsageError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _write_form(
    args: argparse.Namespace, analysis: Analysis, results: Sequence[Result] | None, form: str, stream: TextIO
) -> None:
    from layerscope.report import write_report

    colour = stream is sys.stdout and wants_colour(stream)
    write_report(analysis, form, stream, results, colour=colour, key=args.comment_key, floor=_floor(args))


def _floor(args: argparse.Namespace) -> int:
    """From how many bytes on a waste item is an issue of its own; ConfigError where that is no number of bytes."""
    from layerscope.analysis.values import is_off, parse_bytes
    from layerscope.report import FLOOR

    given = args.min_issue
    return 0 if is_off(given) else int(parse_bytes("--min-issue", given)) if given else FLOOR


def _tell_github(args: argparse.Namespace, analysis: Analysis, results: Sequence[Result] | None) -> None:
    """Add the summary and the outputs of the step to the files that GitHub names for them."""
    from layerscope.report import write_lines
    from layerscope.report.github import MAX_SUMMARY, github_outputs
    from layerscope.report.markdown import markdown_lines

    if file := os.environ.get("GITHUB_OUTPUT"):
        _write(file, partial(write_lines, github_outputs(analysis, results)), append=True)
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        lines = list(markdown_lines(analysis, results, args.comment_key))
        needed = sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)
        if _size_of(file) + needed > MAX_SUMMARY:
            say(args, "the step's summary is full, GitHub would drop it: nothing was added")
            return
        _write(file, partial(write_lines, lines), append=True)


def _size_of(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError:
        return 0


def write_export(args: argparse.Namespace, analysis: Analysis) -> None:
    """Write dive's JSON export where ``--json`` asks for it."""
    if args.json:
        from layerscope.report.divejson import write_dive_json

        _write(args.json, lambda stream: write_dive_json(analysis, stream))


def write_text(file: str, text: str) -> None:
    """Write a text to a file, or to standard output as ``-``; UsageError where it cannot be written."""
    write_to(file, lambda stream: stream.writelines([text]))


def write_to(file: str, write: Write) -> None:
    """Let a function write to a file, or to standard output as ``-``; UsageError where it cannot."""
    _write(file, write)


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour what goes there: NO_COLOR, FORCE_COLOR, else on a terminal that can."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    from layerscope.cli.streams import obeys

    return obeys(stream)


def _write(file: str, write: Write, *, append: bool = False) -> None:
    if file in STANDARD:
        _write_standard(write)
        return
    try:
        with _opened(file, append=append) as stream:
            write(stream)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from error


def _opened(file: str, *, append: bool) -> AbstractContextManager[TextIO]:
    if append:
        return Path(file).open("a", encoding="utf-8", errors="backslashreplace", newline="\n")
    from layerscope.replacing import replacing

    return replacing(Path(file), errors="backslashreplace")


def _write_standard(write: Write) -> None:
    try:
        write(sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough; the exit code still tells the verdict.
        _drop_standard()
    except OSError as error:
        _drop_standard()
        raise UsageError(f"Standard output cannot be written: {error.strerror}.", "Is the disk full?") from error


def _drop_standard() -> None:
    """Send what is still in the buffer nowhere, so that leaving the program does not fail over it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
