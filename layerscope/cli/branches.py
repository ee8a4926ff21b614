"""What each command does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import SourceError, UsageError

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.cli.narration import ProgressLine
    from layerscope.index import Cancelled, ImageIndex, Report
    from layerscope.sources.model import OpenSource, PassingSource

FINE, FAILED, TROUBLE = 0, 1, 2

_TRUE_WORDS = ("1", "t", "true", "yes")


def run(args: argparse.Namespace) -> int:
    """Run the command that was parsed; its exit code."""
    if args.command == "build":
        return _build(args.build_arguments)
    if args.command == "check":
        return _check(args)
    if args.command == "report":
        return _report(args)
    if args.ci or _in_ci():
        return _check(args)
    if args.json:
        return _export(args)
    if not sys.stdout.isatty():
        return _report(args)
    return _explore(args)


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in _TRUE_WORDS


def _check(args: argparse.Namespace) -> int:
    """Judge the rules; the report comes first, the verdict is the exit code."""
    from layerscope.analysis.rules import judge, passed
    from layerscope.cli.output import parse_outputs, write_outputs
    from layerscope.cli.thresholds import choose_rules

    rules = choose_rules(args)
    parse_outputs(args)
    with _analysed(args) as analysis:
        results = judge(analysis, rules)
        write_outputs(args, analysis, results)
        if not analysis.complete:
            return _incomplete(analysis)
        return FINE if passed(results) or args.exit_zero else FAILED


def _report(args: argparse.Namespace) -> int:
    from layerscope.cli.output import parse_outputs, write_outputs

    parse_outputs(args)
    with _analysed(args) as analysis:
        write_outputs(args, analysis, None)
        return FINE if analysis.complete else _incomplete(analysis)


def _export(args: argparse.Namespace) -> int:
    """As dive does: ``--json`` without CI writes the export and nothing else."""
    from layerscope.cli.output import write_export

    with _analysed(args) as analysis:
        write_export(args, analysis)
        return FINE if analysis.complete else _incomplete(analysis)


def _incomplete(analysis: Analysis) -> int:
    from layerscope.analysis.model import label
    from layerscope.text import printable

    for layer in analysis.layers:
        if layer.fault:
            sys.stderr.write(f"layerscope: layer {label(layer.index)} was not read whole: {printable(layer.fault)}\n")
    sys.stderr.write("  The figures are those of what could be read. Save or pull the image again.\n")
    return TROUBLE


@contextmanager
def _analysed(args: argparse.Namespace) -> Iterator[Analysis]:
    """The analysis of the image that the arguments name; its source stays open meanwhile."""
    from layerscope.analysis.summary import analyse
    from layerscope.cli.bases import asked_base, lookup_beside
    from layerscope.cli.lines import add_lines, read_stages
    from layerscope.cli.narration import ProgressLine
    from layerscope.index import build_index

    stages = read_stages(args)
    line = ProgressLine(args)
    with ExitStack() as stack:
        try:
            source = _open_source(args, line)
            stack.callback(source.close)
            base = asked_base(args)
            index = build_index(source, progress=line.index)
        finally:
            line.clear()
        analysis = analyse(index, base=base, lookup=lookup_beside(args, index.image))
        add_lines(args, stages, index.image, analysis)
        yield analysis


def _open_source(
    args: argparse.Namespace, line: ProgressLine | None = None, spool: Path | None = None
) -> OpenSource | PassingSource:
    from layerscope.sources import open_source

    return open_source(
        args.image_reference,
        platform=args.platform,
        image=args.image,
        source=args.source,
        spool=spool,
        progress=line.source if line else None,
    )


def _explore(args: argparse.Namespace) -> int:
    import tempfile

    from layerscope.tui import run_explorer

    if args.image_reference == "-":
        raise UsageError(
            "The explorer needs standard input for its keys.", "Save the image to a file, or use `layerscope report -`."
        )
    from layerscope.cli.lines import read_stages

    stages = read_stages(args)
    with ExitStack() as stack:

        def load(report: Report, cancelled: Cancelled) -> ImageIndex:
            from layerscope.index import build_index

            source = _open_source(args, spool=Path(tempfile.gettempdir()))
            stack.callback(source.close)
            return build_index(source, progress=report, cancelled=cancelled)

        def draw(index: ImageIndex) -> Analysis:
            from layerscope.analysis.summary import analyse
            from layerscope.cli.bases import asked_base, lookup_beside
            from layerscope.cli.lines import add_lines

            analysis = analyse(index, base=asked_base(args), lookup=lookup_beside(args, index.image))
            add_lines(args, stages, index.image, analysis)
            return analysis

        return run_explorer(args.image_reference, load, draw, choose=partial(setattr, args, "image"))


def _build(arguments: Sequence[str]) -> int:
    """Build with docker, then do with the result what ``layerscope IMAGE`` does."""
    import subprocess
    import tempfile

    from layerscope.cli.arguments import parse_arguments

    with tempfile.TemporaryDirectory(prefix="layerscope-") as folder:
        id_file = Path(folder) / "id"
        command = ["docker", "build", "--iidfile", str(id_file), *arguments]
        try:
            # Standard output is the result and nothing else: the build's goes where narration goes.
            code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        except FileNotFoundError as error:
            raise SourceError("There is no docker command.", "Install the docker CLI, or build otherwise.") from error
        if code:
            raise SourceError(f"docker build ended with exit code {code}.", "Its messages are above.")
        image_id = id_file.read_text(encoding="utf-8").strip() if id_file.exists() else ""
    if not image_id:
        raise SourceError("docker build left no image in the engine.", "With a builder of its own, add --load.")
    return run(parse_arguments([f"docker://{_tag(arguments) or image_id}"]))


def _tag(arguments: Sequence[str]) -> str:
    """The first name that the build gives its image: what people know it by."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in ("-t", "--tag"):
            return value
        if option.startswith("--tag="):
            return option.removeprefix("--tag=")
    return ""
