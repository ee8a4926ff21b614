"""dive's stack of layers, as far as whiteouts ask for it.

The stack is dive's own, not the union filesystem: opaque markers do nothing, the children of a
directory that became a file stay, and within one directory whiteouts and names act in the order of
their names. One stack grows layer by layer, where dive makes a new one for every whiteout.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import LayerIndex
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree

#: Paths per step: some milliseconds.
_STEP: Final = 4096


class DivePaths:
    """All paths of all layers as numbers: the image tree's nodes, and after them the few that dive alone knows.

    Those are directories that hold nothing but markers, and what whiteouts name without its being there.
    A path's number is higher than its directory's.
    """

    def __init__(self, tree: ImageTree) -> None:
        self._tree = tree
        self._known: int = tree.node_count
        self._more: dict[tuple[int, bytes], int] = {}
        self._more_paths: list[tuple[int, bytes]] = []
        self._more_children: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self._known + len(self._more_paths)

    def child(self, path: int, name: bytes) -> int:
        """The number of a name in a directory, made if new."""
        found = self._tree.child(path, name) if path < self._known else -1
        if found >= 0:
            return found
        key = (path, name)
        found = self._more.get(key, -1)
        if found < 0:
            found = len(self)
            self._more[key] = found
            self._more_paths.append(key)
            self._more_children.setdefault(path, []).append(found)
        return found

    def children(self, path: int) -> list[int]:
        """What lies right below a path in any layer."""
        found = self._tree.children(path) if path < self._known else []
        if path in self._more_children:
            found.extend(self._more_children[path])
        return found

    def parent(self, path: int) -> int:
        """The directory that a path lies in; -1 for the root."""
        return self._tree.parents[path] if path < self._known else self._more_paths[path - self._known][0]

    def name(self, path: int) -> bytes:
        """The last part of a path."""
        return self._tree.names[path] if path < self._known else self._more_paths[path - self._known][1]

    def written(self, path: int) -> bytes:
        """The path with a leading slash, as dive writes it."""
        parts: list[bytes] = []
        while path > 0:
            parts.append(self.name(path))
            path = self.parent(path)
        parts.append(b"")
        parts.reverse()
        return b"/".join(parts)


class DiveStack:
    """Which paths the stack holds, their sizes in bytes, and which of them are directories.

    Only watched paths are kept: those that whiteouts name, and what lies below. They stand in columns by
    path, counted from the first of them; those of one directory that are in the stack form a list, linked both ways.
    """

    def __init__(self, paths: DivePaths) -> None:
        self.watched: list[int] = []
        self.total: i64 = 0
        self._paths = paths
        self._left: i64 = _STEP
        self._low: int = 0
        self._below: list[int] = []
        self._is_watched: bytearray = bytearray()
        self._sizes: array[int] = array("q")
        self._directories: bytearray = bytearray()
        self._first: array[int] = array("i")
        self._next: array[int] = array("i")
        self._previous: array[int] = array("i")

    def watch(self, paths: list[int]) -> Iterator[None]:
        """Keep these paths and what lies below them; comes back every few milliseconds."""
        if not self._is_watched:
            self._is_watched = bytearray(len(self._paths))
        self._below = list(paths)
        while self._watch_below():
            yield None

    def make_room(self) -> None:
        """Columns for what lies between the first and the last path watched; a size of -1: it is not there."""
        if not self.watched:
            return
        self._low = min(self.watched)
        count = max(self.watched) + 1 - self._low
        none = array("i", [-1]) * count
        self._directories = bytearray(count)
        self._sizes = array("q", [-1]) * count
        self._first, self._next, self._previous = none, none[:], none[:]

    def _watch_below(self) -> bool:
        self._left = _STEP
        while self._below and self._left > 0:
            self._left -= 1
            path = self._below.pop()
            if not self._is_watched[path]:
                self._is_watched[path] = 1
                self.watched.append(path)
                self._below.extend(self._paths.children(path))
        return len(self._below) > 0

    def is_tired(self) -> bool:
        """Has a step's work been done since this was last so?"""
        self._left -= 1
        if self._left > 0:
            return False
        self._left = _STEP
        return True

    def holds(self, path: int) -> bool:
        """Is a watched path in the stack?"""
        return self._sizes[path - self._low] >= 0

    def begin(self, path: int) -> None:
        """Begin to add up what dive counts for a whiteout: all below a directory, nothing for a file."""
        self.total = 0
        self._below = [path - self._low] if self._directories[path - self._low] else []

    def add_up(self) -> bool:
        """Add sizes to ``total``; False when all are in it."""
        while self._below:
            place = self._below.pop()
            size: i64 = self._sizes[place]
            self.total += size
            self._push_children(place)
            if self.is_tired():
                return True
        return False

    def _push_children(self, place: int) -> None:
        below: int = self._first[place]
        while below >= 0:
            self._below.append(below)
            below = self._next[below]

    def put(self, path: int, index: LayerIndex, entry: int) -> None:
        """Put a layer's path on the stack; an entry of -1 is a directory that is only implied."""
        if not self._is_watched or not self._is_watched[path]:
            return
        place = path - self._low
        if self._sizes[place] < 0:
            parent = self._paths.parent(path) - self._low
            if parent >= 0:  # below that nobody asks what lies in it
                head: i64 = self._first[parent]
                self._next[place] = head
                if head >= 0:
                    self._previous[head] = place
                self._first[parent] = place
        self._sizes[place] = index.sizes[entry] if entry >= 0 else 0
        self._directories[place] = entry >= 0 and index.kinds[entry] == DIRECTORY

    def remove(self, path: int) -> None:
        """Take a path out of its directory; ``clear`` then forgets what lies below."""
        place = path - self._low
        if self._sizes[place] < 0:
            return
        before: i64 = self._previous[place]
        after: i64 = self._next[place]
        parent = self._paths.parent(path) - self._low
        if before >= 0:
            self._next[before] = after
        elif parent >= 0:
            self._first[parent] = after
        if after >= 0:
            self._previous[after] = before
        self._below = [place]

    def clear(self) -> bool:
        """Forget removed paths; False when none is left."""
        while self._below:
            place = self._below.pop()
            self._push_children(place)
            self._sizes[place] = self._first[place] = self._next[place] = self._previous[place] = -1
            self._directories[place] = 0
            if self.is_tired():
                return True
        return False
