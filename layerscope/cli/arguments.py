"""What can be written on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from layerscope.cli.usage import COMMANDS, EPILOGS, PRINTING, USAGES
from layerscope.errors import UsageError

FORMATS = ("text", "json", "markdown", "github", "gitlab", "sarif", "junit", "metrics", "dive")
#: Our rules with a limit, each a flag of that name; then those that need a baseline.
RULE_LIMITS = (
    ("min-efficiency", "RATIO", "least share of bytes that a container can read"),
    ("max-wasted", "BYTES", "most bytes that no container can read"),
    ("max-wasted-percent", "RATIO", "most waste of your own layers' bytes"),
    ("max-user-wasted", "BYTES", "most bytes that your own layers waste"),
    ("max-size", "BYTES", "most bytes of the image"),
    ("max-compressed-size", "BYTES", "most bytes of its layers as they are pulled"),
    ("max-layer-size", "BYTES", "most bytes of one layer"),
    ("max-layers", "N", "most layers"),
)
GROWTH_LIMITS = (
    ("max-growth", "BYTES", "most that the image may grow over it"),
    ("max-growth-percent", "RATIO", "most growth as a share of its size"),
    ("max-wasted-growth", "BYTES", "most that the waste may grow"),
)
#: What `diff` writes.
DIFF_FORMATS = ("text", "json", "markdown")
#: Options that need a baseline, by their names in the arguments.
NEEDING_BASELINE = ("max_growth", "max_growth_percent", "max_wasted_growth", "require_baseline", "ratchet")
DIVE_RULES = ("lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent")
#: What ``--limit`` changes; each is a field of ``sources.limits.Limits``.
LIMITS = (
    "entries depth name-bytes expanded-bytes layers images members document-bytes decoder-bytes spool-bytes".split()
)
#: What `--help` tells of, so that it fits a terminal of 24 lines; `--help-all` and the manual tell the rest.
_BRIEF = {
    "": "platform base format help_all",
    "check": "min_efficiency max_wasted max_wasted_percent max_size max_growth forbid non_root baseline dockerfile "
    "format output help_all",
    "report": "platform base dockerfile format output json help_all",
    "diff": "platform format exit_code quiet help_all",
    "init": "platform base file force help_all",
}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help on some options of a command, or on all of them where ``shown`` is None."""

    def __init__(self, prog: str, shown: frozenset[str] | None = None) -> None:
        super().__init__(prog, max_help_position=32, width=80)
        self._shown = shown

    def start_section(self, heading: str | None) -> None:
        """Headings are for many options."""
        if self._shown is None:
            super().start_section(heading)
        else:
            self._indent()

    def end_section(self) -> None:
        """What has no heading is no section."""
        if self._shown is None:
            super().end_section()
        else:
            self._dedent()

    def _format_action(self, action: argparse.Action) -> str:
        if self._shown is None:
            return super()._format_action(action)
        self._indent()
        text = super()._format_action(action)
        self._dedent()
        return text

    def add_text(self, text: str | None) -> None:
        """The epilog, off from the options in front of it."""
        super().add_text(f"\n{text}" if text and self._shown else text)

    def add_argument(self, action: argparse.Action) -> None:
        """Describe an option, unless it is left out."""
        if self._shown is None or action.dest in self._shown:
            super().add_argument(action)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are the program's own."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of printing the whole usage."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")

    def _print_message(self, message: str, file: object = None) -> None:
        """Help is a result: where it cannot be written, that is said."""
        from layerscope.cli.output import write_text

        write_text("-", message)


class _HelpAll(argparse.Action):
    """Prints help on every option."""

    def __call__(self, parser: argparse.ArgumentParser, *_args: Any) -> None:
        """Leave with 0 once it is said."""
        parser.formatter_class = _Help
        parser.print_help()
        parser.exit()


class _Version(argparse.Action):
    """Prints the version, and whether the core is compiled."""

    def __call__(self, parser: argparse.ArgumentParser, *_args: Any) -> None:
        """Leave with 0 once it is said."""
        from importlib.util import find_spec

        import layerscope
        from layerscope.cli.output import write_text

        spec = find_spec("layerscope.core.tar")
        form = "pure" if spec is None or str(spec.origin).endswith(".py") else "compiled"
        write_text("-", f"layerscope {layerscope.__version__} ({form})\n")
        parser.exit()


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments with the command in ``command`` (empty for the explorer); UsageError."""
    main = make_parser("")
    command, before, after = _split_command(main, _as_options(arguments))
    if command == "build":
        # What follows the word is docker's; what is in front of it is ours.
        parsed = main.parse_args([*before, "docker://"])
        parsed.build_arguments = after
    else:
        parser = make_parser(command) if command else main
        parsed, left = parser.parse_known_args([*before, *after])
        if left:
            _refuse(parser, command, parsed, left)
    parsed.command = command
    return parsed


def _as_options(arguments: Sequence[str]) -> Sequence[str]:
    """``help``, ``help COMMAND`` and ``version``, which other programs have as commands, made options."""
    if arguments[:1] == ["help"] and len(arguments) <= 2:
        return [*arguments[1:], "--help"]
    return ["--version"] if arguments == ["version"] else arguments


def _refuse(parser: argparse.ArgumentParser, command: str, parsed: argparse.Namespace, left: Sequence[str]) -> NoReturn:
    """Say which word is one too many, and what was probably meant."""
    from difflib import get_close_matches

    option = next((word.partition("=")[0] for word in left if word.startswith("-") and len(word) > 1), "")
    if option:
        close = get_close_matches(option, parser._option_string_actions, 1)
        elsewhere = "" if command == "check" or option not in make_parser("check")._option_string_actions else "check"
        hint = f"Did you mean {close[0]}?" if close else f"See `{parser.prog} --help`."
        hint = f"It is an option of `layerscope {elsewhere}`." if elsewhere else hint
        raise UsageError(f"There is no option {option}.", hint)
    first = parsed.image_reference if not command else ""
    close = get_close_matches(first, COMMANDS, 1)
    if close:
        raise UsageError(f"There is no command {first}.", f"Did you mean {close[0]}?")
    hint = f"To compare two: layerscope diff {first} {left[0]}" if first else f"See `{parser.prog} --help`."
    raise UsageError(f"One word too many: {left[0]}.", hint)


def _split_command(main: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """The command, what is in front of it and what follows; no command where the first word is an image."""
    words = list(arguments)
    value_next = False
    for place, word in enumerate(words):
        if value_next:
            value_next = False
        elif word.startswith("-") and len(word) > 1:
            value_next = _takes_value(main, word)
        elif word not in COMMANDS:
            break
        else:
            return word, words[:place], words[place + 1 :]
    return "", words, []


def _takes_value(parser: argparse.ArgumentParser, option: str) -> bool:
    return any(option in action.option_strings and action.nargs != 0 for action in parser._actions)


def make_parser(command: str) -> argparse.ArgumentParser:
    """The parser of a command; of the program itself where it is empty. `build` has none of its own."""
    parser = _Parser(
        prog=f"layerscope {command}".strip(),
        usage=USAGES[command],
        description=None,
        epilog=EPILOGS[command],
        # argparse makes one from the program's name alone.
        formatter_class=partial(_Help, shown=frozenset(_BRIEF.get(command, "").split())),
        allow_abbrev=False,
        add_help=False,
    )
    if command in PRINTING:
        if words := PRINTING[command]:
            parser.add_argument("word", choices=words, metavar="|".join(words), help=argparse.SUPPRESS)
    elif command == "diff":
        parser.add_argument("image_reference", metavar="OLD", help=argparse.SUPPRESS)
        parser.add_argument("new_reference", metavar="NEW", help=argparse.SUPPRESS)
    else:
        optional: dict[str, Any] = {} if command else {"nargs": "?", "default": ""}  # the explorer lets the user choose
        parser.add_argument("image_reference", metavar="IMAGE", help=argparse.SUPPRESS, **optional)
    if command in ("", "check"):
        _add_rule_options(parser)
        _add_baseline_options(parser)
    if command not in PRINTING:
        _add_image_options(parser)
    if command in ("", "check"):
        _add_dive_options(parser)
    _add_output_options(parser, command)
    return parser


def _add_image_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the image")
    group.add_argument("--platform", default="", metavar="OS/ARCH[/VARIANT]", help="which of several platforms")
    group.add_argument("--image", default="", metavar="NAME", help="which of several images in an archive")
    group.add_argument("--base", default="", metavar="N|IMAGE", help="the FROM part: its layers, or its name")
    group.add_argument("--dockerfile", default="", metavar="FILE", help="what it was built from: lines are told")
    group.add_argument("--verify", action="store_true", help="compare every layer with its digests; a lie is exit 2")
    limits = f"what an image may hold: {', '.join(LIMITS)}; repeatable"
    group.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help=limits)
    group.add_argument("--source", default="", metavar="KIND", help="docker, podman, docker-archive, ... (dive's way)")
    group.add_argument("--config", default="", metavar="FILE", help="instead of layerscope.toml or pyproject.toml")


def _add_rule_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("rules (a ratio is 0.95 or 95%, bytes are 20MB or 20MiB, off disables)")
    for name, metavar, meaning in RULE_LIMITS:
        group.add_argument(f"--{name}", metavar=metavar, help=meaning)
    globs: dict[str, Any] = {"action": "append", "default": [], "metavar": "GLOB"}
    group.add_argument("--forbid", help="no such path in the end: *.pem; repeatable", **globs)
    group.add_argument("--forbid-in-layers", help="nor in any layer, removed later or not; repeatable", **globs)
    group.add_argument("--no-setuid", action="store_true", help="no file with the setuid or setgid bit")
    group.add_argument("--allow-setuid", help="setuid files that may be there; repeatable", **globs)
    group.add_argument("--non-root", action="store_true", help="the image names a user that is not root")
    names: dict[str, Any] = {"action": "append", "default": [], "metavar": "RULE"}
    group.add_argument("--warn", help="tell of that rule without failing: max-size; repeatable", **names)
    group.add_argument("--off", help="leave out that rule of the config; repeatable", **names)
    group.add_argument("--scoring", choices=("true", "dive"), default="", help="whose figures the rules are judged on")


def _add_dive_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("dive's ways")
    for name, metavar in zip(DIVE_RULES, ("RATIO", "BYTES", "RATIO"), strict=True):
        group.add_argument(f"--{name}", metavar=metavar, help="dive's rule, on dive's figures")
    group.add_argument("--ci-config", metavar="FILE", default="", help="dive's rules; .dive-ci is read by itself")
    nothing = "nothing to do: what dive needs it for is no error here"
    group.add_argument("-i", "--ignore-errors", action="store_true", help=nothing)


def _add_baseline_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("compared with a baseline")
    group.add_argument("--baseline", default="", metavar="FILE|IMAGE", help="what --save-baseline wrote, or an image")
    for name, metavar, meaning in GROWTH_LIMITS:
        group.add_argument(f"--{name}", metavar=metavar, help=meaning)
    group.add_argument("--save-baseline", default="", metavar="FILE", help="write this image's figures for next time")
    group.add_argument("--ratchet", action="store_true", help="write them into the baseline if they are better")
    group.add_argument("--require-baseline", action="store_true", help="exit 2 where there is no baseline yet")


def _add_output_options(parser: argparse.ArgumentParser, command: str) -> None:
    group = parser.add_argument_group("output")
    if command in ("", "check", "report", "diff"):
        forms = DIFF_FORMATS if command == "diff" else FORMATS
        group.add_argument("--format", choices=forms, default="text", metavar="FORMAT", help=", ".join(forms))
    if command in ("", "check", "report"):
        several = "also write this; - is standard output; repeatable"
        group.add_argument("--output", action="append", default=[], metavar="FORMAT=FILE", help=several)
        key = "what a Markdown comment is found again by"
        group.add_argument("--comment-key", default="", metavar="KEY", help=key)
        smaller = "least waste that CI formats tell one by one (100kB)"
        group.add_argument("--min-issue", default="", metavar="BYTES", help=smaller)
        group.add_argument("-j", "--json", default="", metavar="FILE", help="write dive's JSON export")
    if command in ("", "check"):
        group.add_argument("--exit-zero", action="store_true", help="exit 0 though a rule failed")
    if command == "":
        group.add_argument("--ci", action="store_true", help="do as check does, whatever CI says")
    if command == "diff":
        group.add_argument("--exit-code", action="store_true", help="exit 1 where the images differ")
    if command == "init":
        group.add_argument(
            "--file", default="layerscope.toml", metavar="FILE", help="write there; - is standard output"
        )
        group.add_argument("--force", action="store_true", help="write over a file that is there")
    if command not in PRINTING:
        group.add_argument("-q", "--quiet", action="store_true", help="nothing on standard error but errors")
        group.add_argument("--no-progress", action="store_true", help="no progress on standard error")
    group.add_argument("--debug", action="store_true", help="show where an error comes from")
    group.add_argument("-v", "--version", action=_Version, nargs=0, help="show the version, and compiled or pure")
    group.add_argument("-h", "--help", action="help", help="show the options that are used most")
    if command not in PRINTING:
        group.add_argument("--help-all", action=_HelpAll, nargs=0, help="show all options; layerscope man has them too")
