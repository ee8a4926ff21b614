"""What is typed after ``/``: a text, a glob, a ``/regex/``, terms for size and kind."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: ``>10MB`` and the like: bytes, SI and binary units as the command line has them.
_SIZE: Final = re.compile(r"^([<>])(=?)(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?$")
_FACTORS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MARKS: Final = {"unchanged": 1, "unmodified": 1, "added": 2, "modified": 3, "changed": 3, "removed": 4}

#: Tells whether a name (the last component, bytes as in the tar) is looked for.
NameTest = Callable[[bytes], re.Match[bytes] | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood; an empty field does not matter.

    ``needle`` is a plain text of names (bytes), looked for in the lowered name when ``fold_case``;
    ``test`` is any other test of a name; ``marks`` are the marks of core/view.py.
    """

    text: str
    needle: bytes = b""
    fold_case: bool = False
    folders: tuple[bytes, ...] = ()
    test: NameTest | None = None
    at_least: int = -1
    at_most: int = -1
    marks: frozenset[int] = frozenset()
    fault: str = ""


def parse_filter(text: str) -> Filter:
    """What a text asks for; ``fault`` says in a few words what is wrong with it.

    Smart case: small letters match both, a capital letter only itself. Words are terms where they
    look like one (``>10MB``, ``is:removed``), the rest is one text.
    """
    at_least = at_most = -1
    marks: set[int] = set()
    words: list[str] = []
    for word in text.split(" "):
        found = _SIZE.match(word)
        if found:
            count = round(float(found[3]) * (1024 if found[5] else 1000) ** _FACTORS[found[4].lower()])
            strict = 0 if found[2] else 1
            at_least, at_most = (count + strict, at_most) if found[1] == ">" else (at_least, count - strict)
        elif word.startswith("is:") and word[3:] in _MARKS:
            marks.add(_MARKS[word[3:]])
        else:
            words.append(word)
    rest = " ".join(words).strip()
    name = _name_filter(text, rest)
    return Filter(
        text=text,
        needle=name.needle,
        fold_case=name.fold_case,
        folders=name.folders,
        test=name.test,
        at_least=at_least,
        at_most=at_most,
        marks=frozenset(marks),
        fault=name.fault,
    )


def _name_filter(text: str, rest: str) -> Filter:
    fold_case = rest == rest.lower()
    if len(rest) > 2 and rest.startswith("/") and rest.endswith("/"):
        return _regex(text, rest[1:-1], fold_case)
    if any(sign in rest for sign in "*?[") and "/" not in rest:
        return _regex(text, fnmatch.translate(rest), fold_case)
    raw = (rest.lower() if fold_case else rest).encode("utf-8", "surrogateescape")
    *folders, needle = raw.split(b"/")
    if folders and not needle:
        needle = folders.pop()  # "lib/" while more is being typed
    return Filter(text, needle, fold_case, tuple(folders))


def _regex(text: str, pattern: str, fold_case: bool) -> Filter:
    try:
        found = re.compile(pattern.encode("utf-8", "surrogateescape"), re.IGNORECASE if fold_case else 0)
    except re.error as error:
        return Filter(text, fault=f"not a regular expression: {error.msg}")
    return Filter(text, test=found.search)
