"""The members of an outer archive: where each lies, and what its links lead to."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from layerscope.core.tar import FILE, HARDLINK, SYMLINK, Member
from layerscope.errors import LimitError
from layerscope.sources.limits import Limits

#: Bytes that the names and link targets of an outer archive may come to.
MAX_NAMES = 32 * 1024 * 1024
#: Links in a row that are followed to a member.
MAX_LINKS = 16


class Stored(NamedTuple):
    """A file, a link or a folder of the archive; offset and size in bytes."""

    kind: int
    offset: int
    size: int
    link: str


class Members:
    """What an archive holds, by normalised name; of members with one name the last counts."""

    def __init__(self, label: str, limits: Limits) -> None:
        self._label = label
        self._limits = limits
        self._stored: dict[str, Stored] = {}
        self._count = 0
        self._named = 0

    def add(self, member: Member) -> str:
        """Take note of a member; its name. LimitError where there are too many."""
        self._count += 1
        if self._count > self._limits.members:
            sentence = f"{self._label} has more than {self._limits.members} members: it may be a file system, no image."
            raise self._limits.reached("members", sentence)
        self._named += len(member.name) + len(member.link)
        if self._named > MAX_NAMES:
            sentence = f"The names of the members of {self._label} have more than {MAX_NAMES} bytes."
            raise LimitError(sentence, "No builder writes such an archive; it may be made to do harm.")
        name = _normalised(member.name)
        self._stored[name] = Stored(member.kind, member.offset, member.stored, _text(member.link))
        return name

    def names(self) -> Iterator[str]:
        """The names of all files, in the order of the archive."""
        return (name for name, stored in self._stored.items() if stored.kind == FILE)

    def find(self, name: str) -> tuple[str, Stored] | None:
        """The file that a name means, links followed, with its own name; None where there is none."""
        current = posixpath.normpath(name).lstrip("/")
        for _ in range(MAX_LINKS):
            stored = self._stored.get(current)
            if stored is None or stored.kind == FILE:
                return (current, stored) if stored else None
            if stored.kind == SYMLINK:
                folder = posixpath.dirname(current)
                current = posixpath.normpath(posixpath.join(folder, stored.link)).lstrip("/")
            elif stored.kind == HARDLINK:
                current = posixpath.normpath(stored.link).lstrip("/")
            else:
                return None
        return None


def _normalised(name: bytes) -> str:
    return posixpath.normpath(_text(name)).lstrip("/")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
