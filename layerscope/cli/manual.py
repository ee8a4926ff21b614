"""The manual page, made from the parsers; man(7) macros, which man and mandoc both read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import layerscope
from layerscope.cli.completion import Option, options_of
from layerscope.cli.output import write_text
from layerscope.cli.usage import COMMANDS, EPILOGS, USAGES
from layerscope.errors import UsageError

#: Headings of options: those of several commands are told once.
_SECTIONS = (
    ("check", "Checks"),
    ("", "The explorer"),
    ("report", "Reports"),
    ("diff", "Differences"),
    ("init", "Init"),
)
_ABOUT = """\
An image is a stack of read-only layers. A file that a later layer changes is stored again, whole; a file that a later
layer deletes is only hidden, and still shipped. layerscope opens any image, shows what each layer holds, and says of
every wasted byte which layer made it waste, why, and what to do about it: in the terminal, and as a check in CI."""
_IMAGES = """\
An image is a name (nginx:1.27, docker://nginx, podman://nginx, registry:nginx), an archive (./app.tar,
oci-archive:FILE, \\- for standard input), a folder (oci:DIR), or demo, a small sample that comes with the program."""
_EXITS = (
    ("0", "Fine: all rules passed, or what was asked for was done."),
    ("1", "A rule failed; with diff \\-\\-exit-code, the images differ."),
    ("2", "It could not be done: usage, config, an unreadable or damaged image, no engine. Never a pass."),
    ("130", "Interrupted."),
)
_ENVIRONMENT = (
    ("CI", "Where it is true, layerscope IMAGE does as check does."),
    ("NO_COLOR, FORCE_COLOR", "No colours, or colours where standard output is no terminal."),
    ("DOCKER_HOST, DOCKER_CONTEXT, CONTAINER_HOST", "Where the engines are."),
    ("GITHUB_STEP_SUMMARY, GITHUB_OUTPUT", "Where the format github adds its summary and its outputs."),
    ("DIVE_*", "dive's own variables, with their meaning."),
)
_FILES = (
    ("layerscope.toml", "Options, rules, keys, in the current folder; init writes one with comments."),
    ("pyproject.toml", "The same under [tool.layerscope]."),
    (".dive-ci", "dive's rules, judged on dive's figures, where no other rules are given."),
    ("~/.dive.yaml, ~/.config/dive/*.yaml", "dive's settings, where there is no config of layerscope's."),
)


def make_manual() -> str:
    """The page as text for man or mandoc."""
    return "\n".join(_lines()) + "\n"


def show_manual() -> None:
    """On a terminal the page as man shows it, UsageError where there is no man; its source anywhere else."""
    page = make_manual()
    if not sys.stdout.isatty():
        write_text("-", page)
    elif man := shutil.which("man"):
        subprocess.run([man, "-l", "-"], input=page, encoding="utf-8", check=False)
    else:
        hint = "`layerscope --help-all` has every option; `layerscope man > FILE` writes the page."
        raise UsageError("There is no man command to show the page with.", hint)


def _lines() -> Iterator[str]:
    yield f'.TH LAYERSCOPE 1 "" "layerscope {layerscope.__version__}" "User Commands"'
    yield ".SH NAME"
    yield "layerscope \\- what is in each layer of a container image, what each layer wastes and why"
    yield ".SH SYNOPSIS"
    words = [re.split(r"\s{2,}", line.strip())[0] for line in USAGES[""].splitlines()]
    yield "\n.br\n".join(f".B {_escaped(usage)}" for usage in words)
    yield ".SH DESCRIPTION"
    yield from _ABOUT.splitlines()
    yield ".PP"
    yield from _IMAGES.splitlines()
    yield ".SH COMMANDS"
    for name, told in COMMANDS.items():
        yield from _entry(_escaped(name), told)
    yield ".SH OPTIONS"
    yield from _options()
    for title, entries in (("EXIT STATUS", _EXITS), ("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, told in entries:
            yield from _entry(_escaped(name), told, raw=True)
    yield ".SH EXAMPLES"
    yield ".nf"
    for command in ("", "check", "report", "diff", "init", "template", "schema", "completion"):
        yield from (_escaped(line.strip()) for line in EPILOGS[command].splitlines() if line.startswith("  "))
    yield ".fi"


def _options() -> Iterator[str]:
    told: set[str] = set()
    for command, title in _SECTIONS:
        fresh = [option for option in options_of(command) if option.names[-1] not in told]
        if fresh:
            yield f".SS {title}"
        for option in fresh:
            told.add(option.names[-1])
            yield from _entry(", ".join(map(_flag, option.names)) + _value(option), option.help)


def _flag(name: str) -> str:
    return f"\\fB{_escaped(name)}\\fR"


def _value(option: Option) -> str:
    return f" \\fI{_escaped(option.metavar)}\\fR" if option.metavar else ""


def _entry(head: str, told: str, *, raw: bool = False) -> Iterator[str]:
    yield ".TP"
    yield head
    yield told if raw else _escaped(told)


def _escaped(text: str) -> str:
    """Text that man takes as it is: no backslash, hyphens as they are typed, no control line."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
