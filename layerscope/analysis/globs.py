"""Globs of paths, matched folder by folder on the image tree."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence

from layerscope.core.tar import DIRECTORY, SYMLINK
from layerscope.core.tree import ImageTree
from layerscope.errors import ConfigError
from layerscope.text import decode

_ANY_DEPTH = "**"
_KNOWN = "Globs know *, ?, [abc], [a-z] and [!abc] within a name, and ** for any folders."
_SEVERAL = "Repeat the flag for several, or write a list of them in the config; [,] stands for a comma in a name."
#: What people write between several globs, or around one: hardly any name has it, and a glob with it would fit nothing.
_BETWEEN = {",": "a comma", "\n": "a line break"}
_QUOTES = ("'", '"')
_BRACES = re.compile(r"\{[^{}]*,[^{}]*\}")
_CLASSES = re.compile(r"\[(?:!?\][^]]*|(?!!?\])[^]]*)\]")
#: What means something in a glob, and itself as the only sign of a class.
_SIGNS = "*?[, \\"
#: As many links engines and kernels follow on one path.
_MOST_LINKS = 40
#: What fnmatch makes of a class that holds nothing.
_NOTHING = "(?!)"


class Globs:
    """Globs as .gitignore writes them; ConfigError for one that can fit no path, or looks like several.

    Without a slash inside, a glob is looked for in every folder; with one, it starts at the root.
    ``*``, ``?``, ``[abc]`` and ``[!abc]`` stay within a name, a folder ``**`` stands for any number of folders.

    A set of globs is one automaton whose states are bits: bit i stands in front of part i of all
    globs' parts, one after the other. The states of a path follow from those of its folder and its
    name, so the cost is that of the names, however deep the folders are.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.start = 0
        self._parts: list[re.Pattern[str] | None] = []  # None: any number of folders
        self._final = 0
        last: list[str] = []
        for pattern in patterns:
            parts = _split(pattern)
            first = len(self._parts)
            self._parts += [None if part == _ANY_DEPTH else re.compile(fnmatch.translate(part)) for part in parts]
            self._parts.append(None)
            self._final |= 1 << len(self._parts) - 1
            self.start |= self._closed(1 << first)
            last.append(fnmatch.translate(parts[-1]))
        self._last = re.compile("|".join(last)) if last else None

    def accepts(self, states: int) -> bool:
        """Whether these are the states of a path that a glob fits, or one of whose folders it fits."""
        return bool(states & self._final)

    def step(self, states: int, name: str) -> int:
        """The states below a folder at ``name``."""
        if self.accepts(states):
            return states
        after = 0
        rest = states
        while rest:
            bit = rest & -rest
            rest ^= bit
            part = self._parts[bit.bit_length() - 1]
            if part is None:
                after |= self._closed(bit)
            elif part.match(name):
                after |= self._closed(bit << 1)
        return after

    def may_end(self, name: str) -> bool:
        """Whether a path of this name can fit at all."""
        return self._last is not None and self._last.match(name) is not None

    def _closed(self, bit: int) -> int:
        """The state and those that are reached by taking no folder at all for ``**``."""
        states = bit
        while not bit & self._final and self._parts[bit.bit_length() - 1 :][:1] == [None]:
            bit <<= 1
            states |= bit
        return states


class Matcher:
    """The nodes of a tree that globs fit; each node's states are computed once.

    A glob that leads through a link of the image, as ``/bin/sh`` does where ``/bin`` is ``usr/bin``,
    also fits where that leads to: a container finds the file by either name.
    """

    def __init__(self, tree: ImageTree, patterns: Sequence[str]) -> None:
        self._tree = tree
        self._globs = Globs([*patterns, *(led for pattern in patterns if (led := follow(tree, pattern)))])
        self._states = {0: self._globs.start}

    def fits(self, node: int) -> bool:
        """Whether a glob fits the node's path or a folder above it."""
        return self._globs.accepts(self._states_of(node))

    def tops(self) -> Iterator[int]:
        """The nodes that a glob fits and that lie under no other such node, in the tree's order."""
        tree = self._tree
        # All names in one go: a call for each would take longer than looking at them.
        names = b"/".join(tree.names).decode("utf-8", "surrogateescape").split("/")
        may_end = self._globs.may_end
        for node, name in enumerate(names):
            if may_end(name) and node and self.fits(node) and not self.fits(tree.parent(node)):
                yield node

    def _states_of(self, node: int) -> int:
        tree, known = self._tree, self._states
        path = []
        while node not in known:
            path.append(node)
            node = tree.parent(node)
        states = known[node]
        for child in reversed(path):
            states = self._globs.step(states, tree.name(child).decode("utf-8", "surrogateescape"))
            known[child] = states
        return states


def follow(tree: ImageTree, pattern: str) -> str:
    """The glob with the links of the final filesystem followed that its folders are; empty where none is one."""
    if "/" not in pattern.strip("/"):
        return ""
    # Names still ahead, the next one last, each with the glob that fits it.
    ahead = [(part, part) for part in reversed(pattern.split("/")) if part not in ("", ".")]
    found: list[str] = []
    node = links = 0
    while len(ahead) > 1:
        name, part = ahead.pop()
        child = tree.live.get(node, {}).get(name.encode("utf-8", "surrogateescape"), -1)
        version = tree.newest(child) if child >= 0 else -1
        kind = tree.kind(version) if version >= 0 else -1
        if name == "..":
            found, node = found[:-1], max(0, tree.parent(node))
        elif kind == DIRECTORY:
            found, node = [*found, part], child
        elif kind == SYMLINK and links < _MOST_LINKS:
            links += 1
            target = decode(tree.layers[tree.version_layer(version)].link(tree.version_entry(version)))
            if target.startswith("/"):
                found, node = [], 0
            ahead += [(below, literal(below)) for below in reversed(target.split("/")) if below not in ("", ".")]
        else:  # nothing is there, it has wildcards, or links lead in a circle
            ahead.append((name, part))
            break
    return "/" + "/".join((*found, *(part for _, part in reversed(ahead)))) if links else ""


def literal(name: str) -> str:
    """A glob that fits this name or path, and can be written down.

    What TOML cannot hold, or a terminal should not, may be any sign, as may ``!``.
    """
    return "".join(map(_literal, name))


def _literal(letter: str) -> str:
    if letter in _SIGNS:
        return f"[{letter}]"
    return letter if letter.isprintable() and letter != "!" else "?"


def _problem(part: str) -> str:
    """Why a part of a glob would fit nothing, or other things than is meant; empty where it is fine."""
    if part == "..":
        return "leads upwards with '..'"
    if part.startswith("!"):
        return "begins with '!', which takes nothing away here"
    if _BRACES.search(_CLASSES.sub("", part)):
        return "has alternatives in braces: give a glob for each"
    if _NOTHING in fnmatch.translate(part):
        return "has a range that runs backwards"
    if "\\" in _CLASSES.sub("", part):
        return "has a backslash, which takes no meaning away here: [*] means a sign itself, [\\] the backslash"
    if "[" in _CLASSES.sub("", part):
        return "has a '[' that is not closed: [[] means the sign itself"
    return ""


def _refuse_several(pattern: str) -> None:
    """ConfigError for what was probably meant as several globs."""
    bare = _CLASSES.sub("", pattern)
    for sign, told in _BETWEEN.items():
        if sign in bare:
            raise ConfigError(f"The glob '{pattern}' has {told}: it is one glob, not several.", _SEVERAL)
    if pattern[:1] in _QUOTES and pattern.endswith(pattern[0]):
        hint = "Whatever wrote it is no shell that takes them away: leave them out."
        raise ConfigError(f"The glob {pattern} is in quotes, which are part of it.", hint)
    if pattern != pattern.strip():
        raise ConfigError(f"The glob '{pattern}' begins or ends with a blank.", "[ ] stands for a blank in a name.")


def _split(pattern: str) -> list[str]:
    """The parts of a glob from the root on."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    for part in parts:
        if why := _problem(part):
            raise ConfigError(f"The glob '{pattern}' {why}.", _KNOWN)
    _refuse_several(pattern)
    while parts and parts[-1] == _ANY_DEPTH:
        parts.pop()
    if not parts:
        raise ConfigError(f"'{pattern}' is no glob of a path.", "Write it like *.pem, .git or /root/.ssh/**.")
    anchored = "/" in pattern.strip("/") or pattern.startswith("/")
    return parts if anchored else [_ANY_DEPTH, *parts]
