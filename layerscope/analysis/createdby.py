"""Which instruction a history line can be of: builders write the same one in different words.

BuildKit writes ``RUN |1 A=x /bin/sh -c make # buildkit`` and ``COPY a b # buildkit``, the classic builder and
buildah ``|1 A=x /bin/sh -c make`` and ``/bin/sh -c #(nop) COPY file:<sha256> in b``, kaniko ``RUN make``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from layerscope.analysis.dockerfile import Instruction
from layerscope.analysis.history import clean

#: Instructions whose layers hold files.
MAKERS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_KEYWORDS = MAKERS | {
    *("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER"),
    *("ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME"),
}
_SHELL = "/bin/sh -c"
_BUILDKIT = "# buildkit"
# A classic copy names what it copied by its digest; older ones let an owner run into the kind:
# `--chown=app:appfile:<sha256>`, today's do not.
_HASHED = re.compile(r"^(?:--\S+ )*(?:--\S*?)?(?:(?:file|dir|multi):)?[0-9a-f]{12,64} in (.*)$", re.DOTALL)
_FLAGS = re.compile(r"^(?:--\S+ )+")
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})")
_QUOTES = re.compile(r"""["'\\]""")


class Likeness(IntEnum):
    """How much a history line is like an instruction; the values are what an alignment gains by the pair."""

    OTHER = -1
    """Another instruction."""
    EDITED = 0
    """The same keyword with another text, of an instruction that makes a layer."""
    KEYWORD = 1
    """The same keyword, of an instruction that makes no layer."""
    WEAK = 3
    """All that the line tells fits: a digest stands for the sources, or a variable for its value."""
    SAME = 4
    """The same text, word by word."""


@dataclass(frozen=True)
class Told:
    """A history line as far as it can be read: its keyword, and its arguments."""

    created_by: str
    keyword: str
    text: str

    @cached_property
    def flagless(self) -> str:
        """The arguments without flags and quotes."""
        return _plain(_FLAGS.sub("", self.text))

    @cached_property
    def hashed(self) -> str | None:
        """Where a copy went whose sources are told by digest only; else None."""
        found = _HASHED.match(self.text)
        return _plain(found[1]) if found else None

    @cached_property
    def body(self) -> str:
        """What a RUN ran, the arguments of the build and the shell before it; blanks are squeezed."""
        return " ".join(self.created_by.removesuffix(_BUILDKIT).removeprefix("RUN ").split())

    def run_texts(self, shells: Iterable[str]) -> set[str]:
        """What the shell may have been given, by each shell that may have been in use; blanks are squeezed."""
        texts = {self.text, self.body}
        for shell in shells:
            before, found, after = f" {self.body}".partition(f" {shell} ")
            if found and (not before or before.startswith(" |")):
                texts.add(after)
        # buildah tells of mounts, too.
        return texts | {_FLAGS.sub("", text) for text in texts}


def read_line(created_by: str) -> Told:
    """Read a history line; what names no instruction is a RUN, as the classic builder writes them."""
    text = " ".join(clean(created_by).split())
    keyword, _, rest = text.partition(" ")
    return Told(created_by.strip(), keyword, rest) if keyword in _KEYWORDS else Told(created_by.strip(), "RUN", text)


def compare(instruction: Instruction, told: Told, shells: Sequence[str]) -> Likeness:
    """How much the line is like the instruction."""
    keyword = instruction.keyword
    if keyword != told.keyword:
        return Likeness.OTHER
    if keyword == "RUN":
        return _compare_commands(instruction, told, shells)
    if keyword in ("COPY", "ADD"):
        return _compare_copies(instruction, told)
    same = _fits(_plain(instruction.text), told.flagless)
    if keyword == "WORKDIR":
        # A relative folder is told with the one it lies in.
        same = same or _fits(f"$parent/{_plain(instruction.text)}", told.flagless)
    if same:
        return Likeness.WEAK
    return Likeness.EDITED if keyword in MAKERS else Likeness.KEYWORD


def _compare_commands(instruction: Instruction, told: Told, shells: Sequence[str]) -> Likeness:
    commands = _commands(instruction)
    if commands & told.run_texts(shells):
        return Likeness.SAME
    # The values of the build's arguments come first, and may look like anything.
    before = [""] if instruction.arguments else [f"{shell} " for shell in (*shells, _SHELL)]
    ends = tuple(f" {shell}{command}" for shell in before for command in commands)
    return Likeness.WEAK if told.body.startswith("|") and told.body.endswith(ends) else Likeness.EDITED


def _compare_copies(instruction: Instruction, told: Told) -> Likeness:
    words = instruction.arguments or _plain(instruction.text.replace("<<-", "<<")).split()
    if not words:
        return Likeness.EDITED
    if told.hashed is not None:
        return Likeness.WEAK if _fits(_plain(words[-1]), told.hashed) else Likeness.EDITED
    # A here-document is told after the other sources, wherever it stands.
    sources = sorted(words[:-1], key=lambda word: word.startswith("<<"))
    text = _plain(" ".join([*sources, words[-1]]))
    if text == told.flagless:
        return Likeness.SAME
    return Likeness.WEAK if "$" in text and _fits(text, told.flagless) else Likeness.EDITED


def _commands(instruction: Instruction) -> set[str]:
    """What builders may write for a RUN, with blanks squeezed."""
    texts = {instruction.text}
    if instruction.arguments:
        texts.add(" ".join(instruction.arguments))
    if instruction.heredocs:
        first = instruction.heredocs[0]
        texts |= {first.text, f"/dev/pipes/{first.name}"}
        bodies = "".join(f"\n{document.text}{document.name}" for document in instruction.heredocs)
        # buildah leaves the last word out.
        texts |= {instruction.text + bodies, instruction.text + bodies.removesuffix(instruction.heredocs[-1].name)}
    return {" ".join(text.split()) for text in texts}


def _fits(written: str, told: str) -> bool:
    """Whether the text is what was written, whatever its variables stand for."""
    if "$" not in written:
        return written == told
    literals = _VARIABLE.split(written)
    at = len(literals[0])
    if not told.startswith(literals[0]) or not told.endswith(literals[-1]):
        return False
    for literal in literals[1:-1]:
        found = told.find(literal, at)
        if found < 0:
            return False
        at = found + len(literal)
    return at + len(literals[-1]) <= len(told)


def _plain(text: str) -> str:
    """The text without quotes and with blanks squeezed."""
    return " ".join(_QUOTES.sub("", text).split())
