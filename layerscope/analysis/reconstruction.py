"""The Dockerfile of an image, as far as its history tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from layerscope.analysis.base import LOWEST_LAYER
from layerscope.analysis.dockerfile import parse_dockerfile
from layerscope.analysis.history import unsqueezed
from layerscope.analysis.model import HistoryLine

#: What the classic builder makes of lists and sets: Go's way to print them.
_ARRAY = re.compile(r'^(?:[A-Z]+ )\[("(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*)\]$', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PORTS = re.compile(r"^EXPOSE (?:map)?\[(.*)\]$")
_SHELL = re.compile(r"^SHELL \[([^\"\]]+)\]$")
_VOLUMES = re.compile(r"^VOLUME \[([^\"\]]*)\]$")
_CHECK = re.compile(r'^HEALTHCHECK &\{\[((?:"(?:[^"\\]|\\.)*" ?)+)\]((?: "[^"]*")*) .*\}$', re.DOTALL)
_COPIED = re.compile(r"((?:file|dir|multi):[0-9a-f]{8,64}) in ")
_TIMES: Final = ("interval", "timeout", "start-period", "start-interval")
#: No line is broken before these: they belong to what stands in front of them.
_CLAUSES: Final = ("do", "then", "do;", "then;", ";")
#: A longer command is left in one piece: breaking it is for people, who do not read that much (characters).
_LONGEST: Final = 100_000
#: What stands for a base image whose name is not known.
_UNKNOWN_BASE: Final = "base-image"


def instruction(text: str) -> str:
    """A history line's command as a Dockerfile has it: lists of the classic builder as JSON, ports as words."""
    if found := _ARRAY.match(text):
        return f"{text.split(' ', 1)[0]} [{', '.join(_STRING.findall(found[1]))}]"
    if found := _PORTS.match(text):
        return "EXPOSE " + " ".join(port.removesuffix(":{}") for port in found[1].split())
    if found := _VOLUMES.match(text):
        return f"VOLUME {found[1]}"
    if found := _SHELL.match(text):
        return f"SHELL {json.dumps(found[1].split(), ensure_ascii=False)}"
    if found := _CHECK.match(text):
        return _health_check(_STRING.findall(found[1]), _STRING.findall(found[2]))
    return _COPIED.sub(r"\1 ", text, count=1) if text.startswith(("COPY ", "ADD ")) else text


def _health_check(words: list[str], times: list[str]) -> str:
    told = [value.strip('"') for value in times]
    flags = [f"--{name}={value} " for name, value in zip(_TIMES, told, strict=False) if value not in ("0s", "")]
    test = [_unquoted(word) for word in words]
    if test[:1] == ["NONE"]:
        return "HEALTHCHECK NONE"
    command = " ".join(test[1:]) if test[:1] == ["CMD-SHELL"] else json.dumps(test[1:], ensure_ascii=False)
    return f"HEALTHCHECK {''.join(flags)}CMD {command}"


def _unquoted(word: str) -> str:
    """A string as Go quotes it; as it stands where that is no string of JSON's."""
    try:
        return str(json.loads(word))
    except ValueError:
        return word.strip('"')


def broken(text: str) -> list[str]:
    """A command in lines to read: a new one at each ``&&`` and ``||``, and after each ``;``, outside of quotes.

    Nothing is lost: the lines joined by blanks are the command.
    """
    if not text.startswith("RUN ") or "\n" in text or len(text) > _LONGEST:
        return text.split("\n")
    lines: list[str] = []
    start = 0
    for place, at in _breaks(text):
        lines.append(text[start:place])
        start = at
    lines.append(text[start:])
    return lines


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Blanks to break a command at: where the line ends, and where the next begins."""
    quote = ""
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\" and quote != "'":
            place += 2
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == " " and text.startswith((" && ", " || "), place):
            yield place, place + 1
        elif letter == ";" and text.startswith("; ", place) and text[place - 1] != ";":
            following = text[place + 2 : place + 8].split(" ", 1)[0]
            if following and following not in _CLAUSES:
                yield place + 1, place + 2
                place += 1  # that blank is used up, whatever follows it
        place += 1


def _written(text: str) -> str:
    """A history line as a Dockerfile can have it; a script is a here-document, of which BuildKit tells the body."""
    ends = _heredocs(text)
    if ends and "\n" not in text:
        return "\n".join(["# The history does not tell the text of:", text, *ends])
    if ends:
        return text if text.endswith(f"\n{ends[-1]}") else f"{text}\n{ends[-1]}"  # buildah leaves it out
    if "\n" not in text:
        return " \\\n    ".join(broken(instruction(text)))
    script = text.removeprefix("RUN ")
    if script == text:
        return text
    end = "EOF"
    while f"\n{end}\n" in f"{script}\n":
        end += "_"
    return f"RUN <<{end}\n{script}\n{end}"


def _heredocs(text: str) -> list[str]:
    """The words that end the here-documents of an instruction."""
    stages = parse_dockerfile(f"FROM scratch\n{text}") if "<<" in text else []
    made = stages[0].instructions if stages else []
    return [document.name for document in made[0].heredocs] if made else []


def first_own_line(history: Sequence[HistoryLine], base_layers: int) -> int:
    """The number of the first line that is not the base image's: its last word is a CMD or an ENTRYPOINT."""
    own = next((at for at, line in enumerate(history) if line.layer is not None and line.layer >= base_layers), None)
    base = [at for at, line in enumerate(history) if line.layer is not None and line.layer < base_layers]
    last = base[-1] if base else -1
    for at in range(last + 1, len(history) if own is None else own):
        if own is not None and history[at].text.startswith(("CMD", "ENTRYPOINT")):
            last = at
    return last + 1


def reconstruct(
    history: Sequence[HistoryLine], base_layers: int, found_by: str, *, name: str = "", base_name: str = ""
) -> str:
    """The text of a Dockerfile that says what the history says; words out of the image in all of it.

    Where the base image is known, its lines are comments above a FROM; ``base_name`` is what the user or
    the image calls it. Where it is a guess, everything stands on scratch, as the history has it, unless
    the history does not tell what the lowest layer is: then that is taken for the base.
    """
    lines = [f"# {name}, from its history: sources of COPY and ADD may be told by their digests only." if name else ""]
    guessed = found_by == LOWEST_LAYER
    own = 0
    if base_layers and not (guessed and history and history[0].text):
        own = first_own_line(history, base_layers)
        lines += _base_lines(history[:own], guessed, base_name)
    else:
        lines.append("FROM scratch")
    for line in history[own:]:
        if not line.text:
            lines.append("# A layer that the history does not tell of.")
        else:
            lines.append(_written(unsqueezed(line.raw) if "\n" in line.text else line.text))
    return "\n".join(line for line in lines if line) + "\n"


def _base_lines(history: Sequence[HistoryLine], guessed: bool, name: str) -> Iterator[str]:
    """What is told of the base image, and the FROM; comments stand on lines of their own in a Dockerfile."""
    told = [part for line in history if line.text for part in broken(instruction(line.text))]
    if told:
        yield "# The base image:"
        yield from (f"#   {part}" for part in told)
    if guessed:
        yield "# A guess: the history does not tell what the lowest layer is, so it is taken for the base image."
    if not name:
        yield "# The name of the base image is not known: put it here, or name the image with --base."
    yield f"FROM {name or _UNKNOWN_BASE}"
