"""What each command does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.cli.usage import PRINTING
from layerscope.errors import SourceError, UsageError

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result
    from layerscope.cli.baselines import Keeper
    from layerscope.cli.divesettings import DiveSettings
    from layerscope.cli.settings import Settings

FINE, FAILED, TROUBLE = 0, 1, 2

_TRUE_WORDS = ("1", "t", "true", "yes")


def run(args: argparse.Namespace) -> int:
    """Run the command that was parsed; its exit code."""
    from layerscope.cli.divesettings import apply_dive, read_dive_settings
    from layerscope.cli.settings import Settings, apply_options, read_settings

    if args.command in PRINTING:
        return _tell(args)
    if args.command == "build":
        return _build(args)
    # A config that is to be written anew may be as wrong as it likes.
    settings = Settings() if args.command == "init" and not args.config else read_settings(args)
    apply_options(args, settings)
    dive = read_dive_settings(settings, os.environ)
    apply_dive(args, dive)
    return _branch(args, settings, dive)


def _branch(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    if args.command == "check":
        return _check(args, settings, dive)
    if args.command == "report":
        return _report(args)
    if args.command == "diff":
        from layerscope.cli.differing import show_difference

        return show_difference(args)
    if args.command == "init":
        from layerscope.cli.starting import write_config

        return write_config(args)
    if not args.image_reference:
        return _choose(args, settings, dive)
    if args.ci or _in_ci():
        return _check(args, settings, dive)
    if args.json:
        return _export(args)
    if not sys.stdout.isatty() or not _is_screen(args):
        return _report(args)
    from layerscope.cli.exploring import explore

    return explore(args, settings, dive)


def _is_screen(args: argparse.Namespace) -> bool:
    """Whether there is a terminal to draw on and one that keys come from; says what is missing."""
    from layerscope.cli.narration import say
    from layerscope.cli.streams import draws_on_terminal, take_keys_from_terminal

    if not draws_on_terminal():
        kind = "a dumb" if sys.stderr.isatty() else "no"
        say(args, f"the explorer draws on standard error, and that is {kind} terminal: this is the report")
        return False
    if not take_keys_from_terminal():
        say(args, "the explorer has no terminal to read keys from: this is the report")
        return False
    return True


def _choose(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    """No image was named: on a terminal the user may choose one."""
    if args.ci or _in_ci() or args.json or not (sys.stdout.isatty() and _is_screen(args)):
        raise UsageError("The following arguments are required: IMAGE.", "See `layerscope --help`; to try: demo.")
    from layerscope.cli.exploring import choose_and_explore

    return choose_and_explore(args, settings, dive)


def _tell(args: argparse.Namespace) -> int:
    """What the program says of itself: completions, the manual, documents that come with it."""
    from layerscope.cli.output import write_text

    if args.command == "completion":
        from layerscope.cli.completion import make_completion

        write_text("-", make_completion(args.word))
    elif args.command in ("schema", "template"):
        from layerscope.cli.documents import read_document

        write_text("-", read_document(args.command, args.word))
    else:
        from layerscope.cli.manual import show_manual

        show_manual()
    return FINE


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in _TRUE_WORDS


def _check(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    """Judge the rules; the report comes first, the verdict is the exit code."""
    from layerscope.analysis.rules import is_decided, judge, needed_contents, passed
    from layerscope.cli.opening import analysed
    from layerscope.cli.output import parse_outputs, write_outputs
    from layerscope.cli.thresholds import choose_rules

    parse_outputs(args)
    rules = choose_rules(args, settings, dive)
    keeper = _keeper(args)
    with analysed(args, needed_contents(rules)) as analysis:
        if keeper:
            keeper.attach(analysis)
        results = judge(analysis, rules)
        write_outputs(args, analysis, results)
        if not analysis.complete:
            return _incomplete(analysis)
        if not is_decided(analysis, results):
            return _undecided(results)
        if keeper:
            keeper.keep(analysis, results)
        return FINE if passed(results) or args.exit_zero else FAILED


def _keeper(args: argparse.Namespace) -> Keeper | None:
    """What finds the baseline and keeps it; None where nobody speaks of one."""
    from layerscope.cli.arguments import NEEDING_BASELINE

    if not any(getattr(args, name) for name in ("baseline", "save_baseline", *NEEDING_BASELINE)):
        return None
    from layerscope.cli.baselines import Keeper
    from layerscope.cli.opening import analysed

    return Keeper(args, analysed)


def _undecided(results: Iterable[Result]) -> int:
    """Say which rule could not be judged: that is no pass."""
    from layerscope.analysis.rules import Severity, Status
    from layerscope.text import printable

    for result in results:
        if result.status is Status.UNKNOWN and result.rule.severity is Severity.ERROR:
            sys.stderr.write(f"layerscope: {result.rule.name} cannot be judged: {printable(result.note)}.\n")
            sys.stderr.write(
                f"  Check an archive or a registry that tells it, or leave it out: --off {result.rule.name}.\n"
            )
    return TROUBLE


def _report(args: argparse.Namespace) -> int:
    from layerscope.cli.opening import analysed
    from layerscope.cli.output import parse_outputs, write_outputs

    parse_outputs(args)
    with analysed(args) as analysis:
        write_outputs(args, analysis, None)
        return FINE if analysis.complete else _incomplete(analysis)


def _export(args: argparse.Namespace) -> int:
    """As dive does: ``--json`` without CI writes the export and nothing else."""
    from layerscope.cli.clashes import STANDARD, check_outputs
    from layerscope.cli.narration import say
    from layerscope.cli.opening import analysed
    from layerscope.cli.output import write_export

    check_outputs(args, [])
    with analysed(args) as analysis:
        write_export(args, analysis)
        if args.json not in STANDARD:
            say(args, f"dive's JSON written to {args.json}")
        return FINE if analysis.complete else _incomplete(analysis)


def _incomplete(analysis: Analysis) -> int:
    from layerscope.analysis.model import labels, unnamed
    from layerscope.text import printable

    if analysis.fault:
        sys.stderr.write(f"layerscope: the image cannot be relied on: {printable(analysis.fault)}\n")
    alike: dict[tuple[bool, str], list[int]] = {}
    for layer in analysis.layers:
        if layer.fault:
            alike.setdefault((layer.untrusted, layer.fault), []).append(layer.index)
    for (untrusted, fault), numbers in alike.items():
        which = f"layer {labels(numbers)} was" if len(numbers) == 1 else f"layers {labels(numbers)} were"
        what = "read and cannot be trusted" if untrusted else "not read whole"
        sys.stderr.write(f"layerscope: {which} {what}: {printable(unnamed(fault))}\n")
    limits = {layer.limit for layer in analysis.layers if layer.limit}
    damaged = analysis.fault or any(layer.fault and not layer.limit for layer in analysis.layers)
    advice = [analysis.remedy] if damaged else []
    advice += [f"If you trust the image, raise --limit {limit}." for limit in sorted(limits)]
    sys.stderr.write(f"  The figures are those of what could be read. {' '.join(advice)}\n")
    return TROUBLE


def _build(args: argparse.Namespace) -> int:
    """Build with docker, then do with the result what ``layerscope IMAGE`` does."""
    import subprocess
    import tempfile

    arguments = args.build_arguments
    if arguments[:1] == ["-h"] or "--help" in arguments:
        from layerscope.cli.output import write_text
        from layerscope.cli.usage import BUILD_HELP

        write_text("-", BUILD_HELP)
        return FINE
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
    from layerscope.cli.lines import built_from

    args.command, args.image_reference = "", f"docker://{_tag(arguments) or image_id}"
    args.dockerfile = args.dockerfile or built_from(arguments)
    return run(args)


def _tag(arguments: Sequence[str]) -> str:
    """The first name that the build gives its image: what people know it by."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in ("-t", "--tag"):
            return value
        if option.startswith("--tag="):
            return option.removeprefix("--tag=")
    return ""
