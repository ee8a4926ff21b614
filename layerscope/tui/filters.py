"""What is typed after ``/``: a text, a glob, a ``/regex/``, terms for size, kind, change and layer."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, NamedTuple

from layerscope.analysis.model import DUPLICATE, HIDDEN, OVERWRITTEN, REPLACED, REWRITTEN
from layerscope.analysis.model import REMOVED as REMOVED_LATER
from layerscope.core import search as kinds
from layerscope.core.view import ADDED, MODIFIED, REMOVED, UNCHANGED

#: ``>10MB`` and the like: bytes, SI and binary units as the command line has them.
_SIZE: Final = re.compile(r"^(?:size:?)?([<>])(=?)([0-9]{1,18}(?:\.[0-9]{1,18})?)([kmgt]?)(i?)b?$", re.IGNORECASE)
#: The same with blanks in it: ``>10 MB``, ``> 10MB``.
_SPACED_SIZE: Final = re.compile(
    r"(?<!\S)((?:size:?)?[<>]=?) ?([0-9][0-9.]*)(?: ?([kmgt]i?b|(?-i:B)))?(?!\S)", re.IGNORECASE
)
#: Where to look: one layer, or all of them.
_PLACE: Final = re.compile(r"^(?:layers?|in):(.*)$")
#: What looks like a term and is none.
_NO_TERM: Final = re.compile(r"^(?:size|perm|perms|mode|type|kind|owner|user|uid|gid|group|name|path|ext)[:=<>]")
#: No file is larger, and it fits into 64 bits.
_LARGEST: Final = 1 << 62
_FACTORS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MARKS: Final = {
    "added": ADDED,
    "modified": MODIFIED,
    "changed": MODIFIED,
    "removed": REMOVED,
    "unchanged": UNCHANGED,
    "unmodified": UNCHANGED,
}
_KINDS: Final = {
    "file": kinds.IS_FILE,
    "dir": kinds.IS_FOLDER,
    "folder": kinds.IS_FOLDER,
    "link": kinds.IS_LINK,
    "symlink": kinds.IS_LINK,
    "hardlink": kinds.IS_HARDLINK,
    "device": kinds.IS_DEVICE,
    "fifo": kinds.IS_FIFO,
    "setuid": kinds.IS_SETUID,
    "setgid": kinds.IS_SETGID,
    "sticky": kinds.IS_STICKY,
    "executable": kinds.IS_EXECUTABLE,
    "exec": kinds.IS_EXECUTABLE,
    "writable": kinds.IS_WRITABLE,
    "empty": kinds.IS_EMPTY,
    "sparse": kinds.IS_SPARSE,
    "capabilities": kinds.IS_CAPABLE,
    "caps": kinds.IS_CAPABLE,
}
#: Kinds that are terms of their own, as nobody looks for files of these names.
_BARE: Final = ("setuid", "setgid")
_WASTED: Final = "wasted"
_KNOWN: Final = (
    "added modified removed unchanged wasted file dir link hardlink setuid setgid executable writable"
    " empty sparse device fifo caps"
)
#: What may be asked of waste with ``is:``: why the bytes are it.
_REASONS: Final = (OVERWRITTEN, REWRITTEN, REMOVED_LATER, HIDDEN, REPLACED, DUPLICATE)

#: Tells whether a name (the last component, bytes as in the tar) is looked for.
NameTest = Callable[[bytes], re.Match[bytes] | None]


@dataclass(frozen=True, slots=True)
class Name:
    """What a name must be like; empty: any.

    ``needle`` is a plain text (bytes), in small letters when ``fold_case``; a slash at its ends stands
    for those of the name. ``folders`` are the names of the folders above, of which the outermost need
    only end so. ``test`` is any other test, of names that contain all ``parts``; ``regex`` an
    expression, which may take for ever.
    """

    needle: bytes = b""
    fold_case: bool = False
    folders: tuple[bytes, ...] = ()
    test: NameTest | None = field(default=None, compare=False)
    parts: tuple[bytes, ...] = ()
    regex: bytes = b""


class Filter(NamedTuple):
    """A filter that was understood; an empty field does not matter.

    ``at_least`` and ``at_most`` are in bytes, ``marks`` those of core/view.py, ``kinds`` the bits of
    core/search.py. ``layers``, counted from 0, are those that must have written or deleted the path;
    ``everywhere`` asks for what any layer ever held. ``reasons`` are those of waste. ``fault`` says in a
    few words what is wrong.
    """

    text: str
    name: Name = Name()
    at_least: int = -1
    at_most: int = -1
    marks: frozenset[int] = frozenset()
    kinds: int = 0
    layers: tuple[int, ...] = ()
    everywhere: bool = False
    wasted: bool = False
    reasons: frozenset[str] = frozenset()
    fault: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything was understood."""
        return self != Filter(self.text, fault=self.fault)


def parse_filter(text: str) -> Filter:
    """What a text asks for; ``fault`` says what is wrong with it.

    Smart case: small letters match both, a capital letter only itself. Words are terms where they
    look like one (``>10MB``, ``is:removed``, ``layer:5``, ``in:all``), the rest is one text. All must
    be true.
    """
    found = Filter(text)
    if len(text.strip()) > 2 and text.strip().startswith("/") and text.strip().endswith("/"):
        wanted = text.strip()  # a regular expression may have blanks
    else:
        found, wanted = _terms(found, _is_term)
    fold_case = wanted == wanted.lower()
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        return _regex(found, wanted[1:-1], fold_case)
    return found._replace(name=_name(wanted, fold_case))


def parse_waste_filter(text: str) -> tuple[Filter, str]:
    """What a text asks of waste, and the part of it that is no term: a text or a glob of paths.

    Sizes are wasted bytes, ``is:`` names reasons, ``layer:5`` a layer that stores or wastes the bytes.
    """
    return _terms(Filter(text), _reason_term)


def _terms(found: Filter, is_term: Callable[[Filter, str], Filter]) -> tuple[Filter, str]:
    """The filter with all terms in its text, and what of the text is none."""
    rest: list[str] = []
    for word in _SPACED_SIZE.sub(r"\1\2\3", found.text).split(" "):
        term = is_term(found, word[3:]) if word.startswith("is:") else _term(found, word)
        if term is None:
            rest.append(word)
        else:
            found = term
    return found, " ".join(rest).strip()


def _term(found: Filter, word: str) -> Filter | None:
    """The filter with one more term; None where the word is none."""
    size = _SIZE.match(word)
    if size:
        unit = (1024 if size[5] else 1000) ** _FACTORS[size[4].lower()]
        count = min(round(float(size[3]) * unit), _LARGEST)
        strict = 0 if size[2] else 1
        if size[1] == ">":
            return found._replace(at_least=max(found.at_least, count + strict))
        return found._replace(at_most=count - strict if found.at_most < 0 else min(found.at_most, count - strict))
    if word[:1] in ("<", ">") and not word[1:].startswith("/"):
        return found._replace(fault=f"{word} is no size: >10MB, <1k, >=500")
    if place := _PLACE.match(word):
        return _place(found, place[1])
    if _NO_TERM.match(word):
        return found._replace(fault=f"{word} is no term: there are >10MB, is:setuid, layer:5, in:all")
    return found._replace(kinds=found.kinds | _KINDS[word]) if word in _BARE else None


def _place(found: Filter, where: str) -> Filter:
    if where == "all":
        return found._replace(everywhere=True)
    if not where.isascii() or not where.isdigit() or where.strip("0") == "":
        return found._replace(fault="a layer's number, as in layer:5, or in:all")
    return found._replace(layers=(*found.layers, int(where[:9]) - 1))


def _is_term(found: Filter, what: str) -> Filter:
    if what in _MARKS:
        return found._replace(marks=found.marks | {_MARKS[what]})
    if what in _KINDS:
        return found._replace(kinds=found.kinds | _KINDS[what])
    if what == _WASTED:
        return found._replace(wasted=True)
    return found._replace(fault=_unknown(what, _KNOWN.split()))


def _reason_term(found: Filter, what: str) -> Filter:
    if what == _WASTED:
        return found  # all of it is
    if what in _REASONS:
        return found._replace(reasons=found.reasons | {what})
    return found._replace(fault=_unknown(what, _REASONS))


def _unknown(what: str, known: Sequence[str]) -> str:
    """What stands after ``is:``, as far as it goes."""
    near = [word for word in known if what and word.startswith(what)] or get_close_matches(what, known)
    return f"is: {' '.join(near or known)}"


def _name(wanted: str, fold_case: bool) -> Name:
    if not wanted:
        return Name()
    raw = (wanted.lower() if fold_case else wanted).encode("utf-8", "surrogateescape")
    if any(sign in wanted for sign in "*?[") and "/" not in wanted:
        return _glob(wanted, raw, fold_case)
    *folders, needle = raw.split(b"/")
    if folders and not needle:
        needle = folders.pop()  # "lib/" while more is being typed
    # Below a folder a name begins with what was typed.
    return Name(b"/" + needle if folders and needle else needle, fold_case, tuple(folders))


def _glob(wanted: str, raw: bytes, fold_case: bool) -> Name:
    """Globs with stars at their ends only are plain texts."""
    inner = raw.strip(b"*")
    if not any(sign in inner for sign in b"*?["):
        if not inner:
            return Name()
        front = b"" if raw.startswith(b"*") else b"/"
        return Name(front + inner + (b"" if raw.endswith(b"*") else b"/"), fold_case)
    # Each part between signs is in the name; the first at its beginning, the last at its end.
    pieces = (b"/" + raw + b"/").split(b"*")
    parts = tuple(piece for piece in pieces if len(piece) > 1 and not any(sign in piece for sign in b"?[]"))
    pattern = fnmatch.translate(wanted).encode("utf-8", "surrogateescape")
    return Name(
        needle=raw, fold_case=fold_case, parts=parts, test=re.compile(pattern, re.IGNORECASE if fold_case else 0).match
    )


def _regex(found: Filter, pattern: str, fold_case: bool) -> Filter:
    # A flag in front: the expression goes to another process as a text.
    raw = (b"(?i)" if fold_case else b"") + pattern.encode("utf-8", "surrogateescape")
    try:
        re.compile(raw)
    except (re.error, OverflowError, RecursionError) as error:
        reason = error.msg if isinstance(error, re.error) else "too large"
        return found._replace(fault=f"not a regex: {reason}")
    return found._replace(name=Name(regex=raw))
