"""Completions for bash, zsh and fish, made from the parsers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerscope.analysis.measures import MEASURES
from layerscope.cli.arguments import FORMATS, LIMITS, make_parser
from layerscope.cli.usage import COMMANDS, PRINTING
from layerscope.sources.references import SCHEMES

#: What values are completed with beside fixed words.
FILES, IMAGES = "files", "images"
_KINDS = {"FILE": FILES, "IMAGE": IMAGES, "N|IMAGE": IMAGES, "FILE|IMAGE": IMAGES, "OLD": IMAGES, "NEW": IMAGES}
_WORDS = {
    "RULE": tuple(MEASURES),
    "KIND": tuple(SCHEMES),
    "FORMAT=FILE": tuple(f"{form}=" for form in FORMATS),
    "NAME=VALUE": tuple(f"{name}=" for name in LIMITS),
    "OS/ARCH[/VARIANT]": ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """An option by its names; ``metavar`` is empty where it takes no value, ``kind`` is FILES, IMAGES or empty."""

    names: tuple[str, ...]
    help: str
    metavar: str
    kind: str
    words: tuple[str, ...]


def options_of(command: str) -> Iterator[Option]:
    """The options of a command; of the program itself where it is empty."""
    for action in make_parser(command)._actions:
        if action.option_strings:
            metavar = "" if action.nargs == 0 else str(action.metavar or "WORD")
            words = tuple(action.choices or _WORDS.get(metavar, ()))
            yield Option(tuple(action.option_strings), action.help or "", metavar, _KINDS.get(metavar, ""), words)


def takes_images(command: str) -> int:
    """How many images a command is given."""
    return sum(not action.option_strings and str(action.metavar) in _KINDS for action in make_parser(command)._actions)


def make_completion(shell: str) -> str:
    """The script for one of ``SHELLS``."""
    made = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    script = Path(__file__).with_name("shells").joinpath(f"{shell}.in").read_text(encoding="utf-8")
    described = " ".join(_zsh_quoted(f"{name}:{told}") for name, told in COMMANDS.items())
    for mark, text in (
        ("@COMMANDS@", " ".join(COMMANDS)),
        ("@COMMANDS|@", "|".join(COMMANDS)),
        ("@PRINTING@", "\n".join(_bash_words()) if shell == "bash" else ""),
        ("@DESCRIBED@", described),
        ("@OPTIONS@", "\n".join(made())),
    ):
        script = script.replace(mark, text)
    return script


def _with_options() -> list[str]:
    """The program itself, and all commands but `build`, whose options are docker's."""
    return ["", *(command for command in COMMANDS if command != "build")]


def _bash() -> Iterator[str]:
    for command in _with_options():
        options = list(options_of(command))
        yield f"        {command or repr('')})"
        yield f"            options='{' '.join(name for option in options for name in option.names)}'"
        yield "            case $previous in"
        for option in options:
            if option.metavar:
                values = option.kind or " ".join(option.words) or "none"
                yield f"                {'|'.join(option.names)}) values='{values}' ;;"
        yield "            esac ;;"


def _bash_words() -> Iterator[str]:
    for command, words in PRINTING.items():
        yield f"            {command}) words='{' '.join(words)}' ;;"


def _zsh() -> Iterator[str]:
    for command in _with_options():
        specs = [spec for option in options_of(command) for spec in _zsh_specs(option)]
        specs.append(f"'1:command:({command})'" if command else "'1: :_layerscope_commands'")
        if command in PRINTING:
            specs.append(f"'2:what:({' '.join(PRINTING[command])})'")
        elif command:
            specs += [f"'{number + 2}:image:_layerscope_images'" for number in range(takes_images(command))]
        yield f"        {command or repr('')})"
        yield " \\\n".join(["            _arguments -S", *(f"                {spec}" for spec in specs)])
        yield "            ;;"


def _zsh_specs(option: Option) -> Iterator[str]:
    action = {FILES: "_files", IMAGES: "_layerscope_images"}.get(option.kind, f"({' '.join(option.words)})")
    for name in option.names:
        spec = f"*{name}{'=' if option.metavar and name.startswith('--') else ''}[{_zsh_escaped(option.help)}]"
        if option.metavar:
            spec += f":{_zsh_escaped(option.metavar.lower())}:{' ' if action == '()' else action}"
        yield _zsh_quoted(spec)


def _zsh_escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "[]:\\" else letter for letter in text)


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish() -> Iterator[str]:
    for name, told in COMMANDS.items():
        yield f"complete -c layerscope -n 'test (count (commandline -opc)) -eq 1' -a {name} -d {_fish_quoted(told)}"
    yield "complete -c layerscope -n '__layerscope_in build' -a '(__fish_complete_path (commandline -ct))'"
    for command, words in PRINTING.items():
        if words:
            yield f"complete -c layerscope -n '__layerscope_in {command}' -a '{' '.join(words)}'"
    for command in _with_options():
        where = f"-n '__layerscope_in {command}'"
        if takes_images(command):
            yield f"complete -c layerscope {where} -a '(__layerscope_images)'"
        for option in options_of(command):
            yield f"complete -c layerscope {where} {_fish_option(option)} -d {_fish_quoted(option.help)}"


def _fish_option(option: Option) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    if not option.metavar:
        return names
    if option.kind == FILES:
        return f"{names} -r -F"
    words = "(__layerscope_images)" if option.kind else " ".join(option.words)
    return f"{names} -x -a '{words}'" if words else f"{names} -x"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
