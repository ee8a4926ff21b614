"""Dockerfiles: their instructions with the lines they stand on, stage by stage.

What is read is what BuildKit reads (https://docs.docker.com/reference/dockerfile/): parser directives,
comments, continued lines, comments and empty lines within them, here-documents of RUN, COPY and ADD.
Nothing is expanded and nothing is checked: a file that no builder takes gives whatever stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: The instructions whose arguments may hold here-documents.
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_WITH_FLAGS = _WITH_HEREDOCS | {"FROM"}
_DIRECTIVE = re.compile(r"^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"^\d*<<(-?)([^<]+)$")
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_FLAG = re.compile(r"--\S*\s*")
_STAGE_NAME = re.compile(r"\s+AS\s+(\S+)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: its name without quotes, its text with the last line's end."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; lines are counted from 1, continued lines are joined in ``text``."""

    keyword: str
    """In capitals."""
    text: str
    """What follows the keyword and its flags."""
    line: int
    last_line: int
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def arguments(self) -> list[str] | None:
        """The arguments where they are written as a JSON list of strings; else None."""
        if not self.text.startswith("["):
            return None
        try:
            values = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return values if isinstance(values, list) and all(isinstance(value, str) for value in values) else None


@dataclass(slots=True)
class Stage:
    """What follows a FROM: ``base`` as it is written, the instructions without the FROM itself."""

    base: str
    name: str
    line: int
    instructions: list[Instruction] = field(default_factory=list)


def parse_dockerfile(text: str) -> list[Stage]:
    """The stages of a Dockerfile, in order; none where it has no FROM."""
    stages: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.keyword == "FROM":
            named = _STAGE_NAME.search(instruction.text)
            base = instruction.text[: named.start()] if named else instruction.text
            stages.append(Stage(base.strip(), named[1].lower() if named else "", instruction.line))
        elif stages:
            stages[-1].instructions.append(instruction)
    return stages


def triggered(instruction: Instruction) -> Instruction | None:
    """The instruction that an ONBUILD keeps for the stages that stand on its own; None for others."""
    if instruction.keyword != "ONBUILD":
        return None
    return _make(instruction.text, instruction.line, instruction.last_line, instruction.heredocs)


def _instructions(text: str) -> Iterator[Instruction]:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _escape_character(lines)
    continued = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    at = 0
    while at < len(lines):
        first = at
        joined, at = _joined(lines, at, continued)
        if not joined.strip():
            continue
        heredocs, at = _heredocs(lines, at, joined)
        yield _make(joined, first + 1, max(first + 1, at), tuple(heredocs))


def _escape_character(lines: Sequence[str]) -> str:
    """What the ``escape`` directive names, among the comments at the very top; else the backslash."""
    for line in lines:
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape" and directive[2] in ("\\", "`"):
            return directive[2]
    return "\\"


def _joined(lines: Sequence[str], at: int, continued: re.Pattern[str]) -> tuple[str, int]:
    """One logical line from there on, and where the next begins; empty for a comment or an empty line."""
    line = lines[at].lstrip()
    at += 1
    if not line or line.startswith("#"):
        return "", at
    parts: list[str] = []
    while True:
        whole = continued.sub(r"\1", line)
        parts.append(whole)
        if whole == line:
            return "".join(parts), at
        # Comments and empty lines within a continued one are passed over.
        while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith("#")):
            at += 1
        if at == len(lines):
            return "".join(parts), at
        line = lines[at]
        at += 1


def _heredocs(lines: Sequence[str], at: int, joined: str) -> tuple[list[Heredoc], int]:
    """The here-documents that the line announces, and where the next instruction begins."""
    words = joined.upper().split(None, 2)
    keyword = words[1] if words[0] == "ONBUILD" and len(words) > 1 else words[0]
    if keyword not in _WITH_HEREDOCS or "<<" not in joined:
        return [], at
    heredocs = []
    for word in _WORD.findall(joined):
        announced = _HEREDOC.match(word)
        if announced is None:
            continue
        name = re.sub(r"""["'\\]""", "", announced[2])
        body: list[str] = []
        while at < len(lines):
            line = lines[at].lstrip("\t") if announced[1] else lines[at]
            at += 1
            if line == name:
                break
            body.append(f"{line}\n")
        heredocs.append(Heredoc(name, "".join(body)))
    return heredocs, at


def _make(line: str, first: int, last: int, heredocs: tuple[Heredoc, ...]) -> Instruction:
    keyword, *rest = line.split(None, 1) or [""]
    text = rest[0].strip() if rest else ""
    if keyword.upper() in _WITH_FLAGS:
        while flag := _FLAG.match(text):
            text = text[flag.end() :]
    return Instruction(keyword.upper(), text, first, last, heredocs)
