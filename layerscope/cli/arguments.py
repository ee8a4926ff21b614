"""What can be written on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from layerscope.errors import UsageError

FORMATS = ("text", "json", "markdown", "github", "junit", "dive")
#: Our rules, and dive's three; each is a flag of that name.
OWN_RULES = ("min-efficiency", "max-wasted", "max-wasted-percent")
DIVE_RULES = ("lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent")
COMMANDS = ("check", "report", "build")

_USAGES = {
    "": """\
layerscope IMAGE [options]         explore an image; with CI=true the same as check
       layerscope demo                    explore a small sample: no engine, no network
       layerscope check IMAGE [options]   pass or fail, for CI
       layerscope report IMAGE [options]  the analysis, no verdict
       layerscope build [docker options]  docker build, then explore the result""",
    "check": "layerscope check IMAGE [options]",
    "report": "layerscope report IMAGE [options]",
}
_EPILOGS = {
    "": """\
IMAGE is a name (nginx:1.27, docker://..., podman://...), an archive (./app.tar, - for standard
input), a folder, or demo. An image that bears the name of a command is written docker://check.

  layerscope nginx:latest
  docker save app | layerscope check - --min-efficiency 95%""",
    "check": """\
With no rule: efficiency at least 0.9, wasted share of your own layers at most 0.1.
Exit codes: 0 all rules passed, 1 a rule failed, 2 could not check, 130 interrupted.

  layerscope check app:latest --min-efficiency 0.95 --max-wasted 20MB --max-wasted-percent 20%""",
    "report": """\
  layerscope report app:latest --format json > app.json
  layerscope report app:latest --output json=app.json --output dive=-""",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are the program's own."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the whole usage."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


class _Version(argparse.Action):
    """Prints the version, and whether the core is compiled."""

    def __call__(self, parser: argparse.ArgumentParser, *_args: Any) -> None:
        """Leave with 0 once it is said."""
        from importlib.util import find_spec

        import layerscope

        spec = find_spec("layerscope.core.tar")
        form = "pure" if spec is None or str(spec.origin).endswith(".py") else "compiled"
        sys.stdout.write(f"layerscope {layerscope.__version__} ({form})\n")
        parser.exit()


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments with the command in ``command`` (empty for the explorer); UsageError."""
    main = _make_parser("")
    command, rest = _split_command(main, arguments)
    if command == "build":
        return argparse.Namespace(command="build", build_arguments=rest, debug=False, quiet=False)
    parsed = (_make_parser(command) if command else main).parse_args(rest)
    parsed.command = command
    return parsed


def _split_command(main: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command and everything else; no command where the first word is an image."""
    words = list(arguments)
    value_next = False
    for place, word in enumerate(words):
        if value_next:
            value_next = False
        elif word.startswith("-") and len(word) > 1:
            value_next = _takes_value(main, word)
        elif word not in COMMANDS:
            break
        elif word == "build" and place:
            raise UsageError("build takes the options of docker build only.", "Write `layerscope build [ARGS]`.")
        else:
            return word, words[:place] + words[place + 1 :]
    return "", words


def _takes_value(parser: argparse.ArgumentParser, option: str) -> bool:
    return any(option in action.option_strings and action.nargs != 0 for action in parser._actions)


def _make_parser(command: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"layerscope {command}".strip(),
        usage=_USAGES[command],
        description=None,
        epilog=_EPILOGS[command],
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=100),
        allow_abbrev=False,
    )
    parser.add_argument("image_reference", metavar="IMAGE", help=argparse.SUPPRESS)
    _add_image_options(parser)
    if command != "report":
        _add_rule_options(parser)
    _add_output_options(parser)
    if command == "":
        parser.add_argument("--ci", action="store_true", help="do as check does, whatever CI says")
    if command != "report":
        parser.add_argument("--exit-zero", action="store_true", help="exit 0 though a rule failed")
        parser.add_argument("-i", "--ignore-errors", action="store_true", help=argparse.SUPPRESS)
    return parser


def _add_image_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the image")
    group.add_argument("--platform", default="", metavar="OS/ARCH[/VARIANT]", help="which of several platforms")
    group.add_argument("--image", default="", metavar="NAME", help="which of several images in an archive")
    group.add_argument("--base", default="", metavar="N|IMAGE", help="the FROM part: its layers, or its name")
    group.add_argument("--dockerfile", default="", metavar="FILE", help="what it was built from: lines are told")
    group.add_argument("--source", default="", metavar="KIND", help="docker, podman, docker-archive, ...")


def _add_rule_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("rules (a ratio is 0.95 or 95%, bytes are 20MB or 20MiB, off disables)")
    group.add_argument("--min-efficiency", metavar="RATIO", help="least share of bytes that a container can read")
    group.add_argument("--max-wasted", metavar="BYTES", help="most bytes that no container can read")
    group.add_argument("--max-wasted-percent", metavar="RATIO", help="most waste of your own layers' bytes")
    group.add_argument("--scoring", choices=("true", "dive"), help="whose figures the rules are judged on")
    group.add_argument("--ci-config", metavar="FILE", help="dive's rules from a file; .dive-ci is read by itself")
    for name, metavar in zip(DIVE_RULES, ("RATIO", "BYTES", "RATIO"), strict=True):
        group.add_argument(f"--{name}", metavar=metavar, help="dive's rule, on dive's figures")


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--format", choices=FORMATS, default="text", metavar="FORMAT", help=", ".join(FORMATS))
    group.add_argument(
        "--output", action="append", default=[], metavar="FORMAT=FILE", help="also write this; - is standard output"
    )
    group.add_argument("-j", "--json", default="", metavar="FILE", help="write dive's JSON export")
    group.add_argument("-q", "--quiet", action="store_true", help="nothing on standard error but errors")
    group.add_argument("--no-progress", action="store_true", help="no progress on standard error")
    group.add_argument("--debug", action="store_true", help="show where an error comes from")
    group.add_argument("--version", action=_Version, nargs=0, help="show the version, and compiled or pure")
