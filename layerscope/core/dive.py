"""dive's sums over an image, in time linear in its entries (scoring.md, section 2).

An occurrence is a leaf of one layer's own tree, or a whiteout of a path that dive's stack of the lower
layers holds. Most paths occur once: those count by the sums of their layers' sizes alone, and only
paths that are written again, or that a whiteout names, are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mypy_extensions import i64

from layerscope.core.divestack import DivePaths, DiveStack
from layerscope.core.layer import METADATA, OPAQUE, WHITEOUT, LayerIndex
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree

#: Versions, entries or directories per step: some milliseconds.
_STEP: Final = 4096
_PREFIX: Final = b".wh."
_METADATA_PREFIX: Final = b".wh..wh."


class Occurrences:
    """What is known of a path that is looked at one by one; sizes in bytes."""

    def __init__(self, size: i64) -> None:
        self.count: i64 = 1
        self.total: i64 = size
        self.least: i64 = size


class _Layer:
    """What dive's tree of one layer holds beside its entries, as numbers of paths.

    ``bare`` are the directories that hold nothing but markers, and are leaves. Those of AUFS metadata
    are dropped.
    """

    def __init__(self, index: LayerIndex) -> None:
        self.index = index
        self.bare: list[int] = []
        self.whiteouts: list[int] = []
        self._known: dict[int, int] = {0: 0}
        self._filled = bytearray()

    def prepare(self, paths: DivePaths) -> Iterator[None]:
        """Number the paths; comes back every few milliseconds."""
        index = self.index
        position = index.kinds.find(WHITEOUT)
        while position >= 0:
            position = self._find_whiteouts(paths, position)
            yield None
        # A path twice in the tar is one node of the tree.
        self.whiteouts = list(dict.fromkeys(self.whiteouts))
        if index.kinds.find(OPAQUE) < 0 and index.kinds.find(METADATA) < 0:
            return
        self._filled = bytearray(len(index.directory_names))
        for start in range(0, len(index), _STEP):
            self._fill(start)
            yield None
        for start in range(len(index.directory_names) - 1, 0, -_STEP):
            self._find_bare(paths, start)
            yield None

    def _find_whiteouts(self, paths: DivePaths, position: int) -> int:
        """Number what the next whiteouts name; where to go on, -1 after the last."""
        index = self.index
        left = _STEP
        while position >= 0 and left > 0:
            parent = self._directory(paths, index.directories[position])
            self.whiteouts.append(paths.child(parent, index.names[position][len(_PREFIX) :]))
            position = index.kinds.find(WHITEOUT, position + 1)
            left -= 1
        return position

    def _directory(self, paths: DivePaths, number: int) -> int:
        """The path of a directory of the layer's index; -1 for AUFS metadata."""
        index, known = self.index, self._known
        above: list[int] = []
        while number not in known:
            above.append(number)
            number = index.directory_parents[number]
        path = known[number]
        while above:
            number = above.pop()
            name = index.directory_names[number]
            path = -1 if path < 0 or name.startswith(_METADATA_PREFIX) else paths.child(path, name)
            known[number] = path
        return path

    def _fill(self, start: int) -> None:
        """Note which directories hold more than markers."""
        index = self.index
        for entry in range(start, min(start + _STEP, len(index))):
            if index.kinds[entry] not in (OPAQUE, METADATA):
                self._filled[index.directories[entry]] = 1

    def _find_bare(self, paths: DivePaths, start: int) -> None:
        """Find the directories without contents, those below first."""
        index = self.index
        for number in range(start, max(start - _STEP, 0), -1):
            path = self._directory(paths, number)
            if path > 0 and not self._filled[number]:
                self.bare.append(path)
            if path >= 0:
                self._filled[index.directory_parents[number]] = 1


class DiveSums:
    """dive's sums; ``work`` does them.

    ``layer_bytes`` sums the sizes in each layer's headers, ``total`` those of all occurrences,
    ``smallest`` those of each path's smallest one. ``repeated`` are the paths that occur twice or more.
    """

    def __init__(self, tree: ImageTree) -> None:
        self.layer_bytes: list[int] = []
        self.total: i64 = 0
        self.smallest: i64 = 0
        self.repeated: dict[int, Occurrences] = {}
        self.paths = DivePaths(tree)
        self._tree = tree
        self._layers: list[_Layer] = []
        self._found: dict[int, Occurrences] = {}
        self._marked: list[bool] = []  # by path: is it looked at one by one?
        self._filled: list[int] = []  # by path: the last layer in which something lies in it
        self._own: dict[int, int] = {}  # of one layer: marked paths that it has entries for
        self._implied: list[int] = []  # of one layer: marked paths in which something lies
        self._once: i64 = 0  # the bytes of all other paths

    def work(self) -> Iterator[None]:
        """Do the sums; comes back every few milliseconds."""
        for index in self._tree.layers:
            layer = _Layer(index)
            yield from layer.prepare(self.paths)
            self._layers.append(layer)
        self._marked = [False] * len(self.paths)
        self._filled = [-1] * len(self.paths)
        yield None
        yield from self._mark()
        stack = DiveStack(self.paths)
        # The stack is asked by whiteouts alone: above the last of them nobody does.
        last = -1
        for number, layer in enumerate(self._layers):
            if layer.whiteouts:
                last = number
                yield from stack.watch(layer.whiteouts)
        stack.make_room()
        yield from self._mark_watched(stack)
        first = 0
        for number, layer in enumerate(self._layers):
            end = self._end_of(number, first)
            yield from self._count(number, layer, first, end)
            yield from self._count_whiteouts(number, layer, stack)
            if number < last:
                yield from self._apply(layer, stack)
            first = end
        yield from self._finish()

    def _end_of(self, layer: int, first: int) -> int:
        """Where the versions of a layer end: they are numbered layer by layer."""
        from bisect import bisect_right

        return bisect_right(self._tree.version_layers, layer, first)

    def _mark(self) -> Iterator[None]:
        """Mark the paths that may occur more than once."""
        for start in range(0, self._tree.version_count, _STEP):
            self._mark_rewritten(start)
            yield None
        for layer in self._layers:
            for path in layer.bare:
                self._marked[path] = True
            for markers in (layer.whiteouts, layer.bare):
                seen: set[int] = {0}
                for start in range(0, len(markers), _STEP):
                    self._mark_filled(markers[start : start + _STEP], seen)
                    yield None

    def _mark_filled(self, markers: list[int], seen: set[int]) -> None:
        """Mark files that hold markers, which makes them no leaves; other contents would make them directories."""
        tree = self._tree
        for path in markers:
            path = self.paths.parent(path)
            while path > 0 and path not in seen:
                seen.add(path)
                version: i64 = tree.newest_versions[path] if path < tree.node_count else -1
                if version >= 0 and tree.kinds[version] != DIRECTORY:
                    self._marked[path] = True
                path = self.paths.parent(path)

    def _mark_rewritten(self, start: int) -> None:
        tree, marked = self._tree, self._marked
        version = start
        for older in tree.olders[start : start + _STEP].tolist():
            if older >= 0:
                marked[tree.nodes[version]] = True
            version += 1

    def _mark_watched(self, stack: DiveStack) -> Iterator[None]:
        for start in range(0, len(stack.watched), _STEP):
            for path in stack.watched[start : start + _STEP]:
                self._marked[path] = True
            yield None

    def _count(self, number: int, layer: _Layer, first: int, end: int) -> Iterator[None]:
        """Count the leaves of a layer's own tree."""
        index = layer.index
        total = 0
        for start in range(0, len(index), _STEP):
            total += sum(index.sizes[start : start + _STEP])
            yield None
        self.layer_bytes.append(total)
        self._once += total
        self._own = {}
        self._implied = []
        for start in range(first, end, _STEP):
            self._gather(number, index, start, min(start + _STEP, end))
            yield None
        for markers in (layer.whiteouts, layer.bare):
            for start in range(0, len(markers), _STEP):
                for path in markers[start : start + _STEP]:
                    self._enter(self.paths.parent(path), number)
                yield None
        own = list(self._own)
        for start in range(0, len(own), _STEP):
            for path in own[start : start + _STEP]:
                if self._filled[path] != number:
                    self._add(path, index.sizes[self._own[path]])
            yield None
        for path in layer.bare:
            if path not in self._own:
                self._add(path, 0)

    def _gather(self, number: int, index: LayerIndex, start: int, end: int) -> None:
        """Find the marked paths among versions of one layer; of several entries of one path the last counts."""
        tree, marked, filled = self._tree, self._marked, self._filled
        version: i64 = start
        for path in tree.nodes[start:end].tolist():
            parent: int = tree.parents[path]
            if parent > 0 and filled[parent] != number:
                self._enter(parent, number)
            if marked[path]:
                entry: i64 = tree.entries[version]
                if entry >= 0 and path > 0:
                    self._own[path] = entry
                    size: i64 = index.sizes[entry]
                    self._once -= size
            version += 1

    def _enter(self, path: int, number: int) -> None:
        """Something lies in the path in this layer, and so in all directories above."""
        while path > 0 and self._filled[path] != number:
            self._filled[path] = number
            if self._marked[path]:
                self._implied.append(path)
            path = self.paths.parent(path)

    def _count_whiteouts(self, number: int, layer: _Layer, stack: DiveStack) -> Iterator[None]:
        """Count what a layer's whiteouts name.

        A whiteout of what is not there makes dive give up the layer: not imitated, it counts for nothing.
        """
        for path in layer.whiteouts:
            if number and stack.holds(path):
                stack.begin(path)
                while stack.add_up():
                    yield None
                self._add(path, stack.total)
            if stack.is_tired():
                yield None

    def _apply(self, layer: _Layer, stack: DiveStack) -> Iterator[None]:
        """Put a layer on the stack, siblings in the order of their names."""
        late: list[int] = []
        for path in layer.whiteouts:
            name = self.paths.name(path)
            if name < _PREFIX + name:
                late.append(path)
            else:
                stack.remove(path)
                while stack.clear():
                    yield None
        for path in self._own:
            stack.put(path, layer.index, self._own[path])
            if stack.is_tired():
                yield None
        for implied in (self._implied, layer.bare):
            for path in implied:
                if path not in self._own:
                    stack.put(path, layer.index, -1)
                if stack.is_tired():
                    yield None
        for path in late:
            stack.remove(path)
            while stack.clear():
                yield None

    def _add(self, path: int, size: i64) -> None:
        """One more occurrence of a marked path."""
        found = self._found.get(path)
        if found is None:
            self._found[path] = Occurrences(size)
            return
        found.count += 1
        found.total += size
        if size < found.least:
            found.least = size

    def _finish(self) -> Iterator[None]:
        """Add the paths that were looked at one by one to the others."""
        self.total = self.smallest = self._once
        paths = list(self._found)
        for start in range(0, len(paths), _STEP):
            yield None
            for path in paths[start : start + _STEP]:
                found = self._found[path]
                self.total += found.total
                self.smallest += found.least
                if found.count > 1:
                    self.repeated[path] = found
