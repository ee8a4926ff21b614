"""dive's figures of an image, bit for bit, in time linear in its entries (scoring.md, section 2).

dive stacks the trees of all lower layers anew for every whiteout. One stack that grows layer by layer
gives the same sums. The stack is dive's own, not the union filesystem: opaque markers do nothing, the
children of a directory that became a file stay, and within one directory whiteouts and names act in
the order of their names.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from math import inf, nan

from layerscope.analysis.model import DiveFigures, DiveInefficiency
from layerscope.core.layer import METADATA, OPAQUE, WHITEOUT, LayerIndex
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree
from layerscope.text import decode

_PREFIX = b".wh."
_METADATA_PREFIX = b".wh..wh."


def find_dive_figures(tree: ImageTree) -> DiveFigures:
    """dive's efficiency, wasted bytes and user wasted percent, and the paths that it lists."""
    paths = _Paths(tree)
    stack = _Stack(paths)
    occurrences = _Occurrences(paths)
    # The stack is asked by whiteouts alone: above the last of them nobody does.
    last = max((number for number, layer in enumerate(tree.layers) if WHITEOUT in layer.kinds), default=0)
    for number, layer in enumerate(tree.layers):
        own = _LayerTree(paths, layer)
        occurrences.add_all(own.leaves())
        for node in own.whiteouts:
            # A whiteout of what is not there makes dive give up the layer: not imitated, it counts for nothing.
            if number and stack.holds(node):
                occurrences.add(node, stack.removed_size(node))
        if number < last:
            stack.apply(own)
    sizes = [sum(layer.sizes) for layer in tree.layers]
    return occurrences.figures(sum(sizes), sum(sizes[1:]))


class _Paths:
    """All paths of all layers as numbers: the image tree's nodes, and after them the few that dive alone knows.

    Those are directories that hold nothing but markers, and what whiteouts name without its being there.
    """

    def __init__(self, tree: ImageTree) -> None:
        self._tree = tree
        self._known = tree.node_count
        self._more: dict[tuple[int, bytes], int] = {}
        self._more_paths: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return self._known + len(self._more)

    def child(self, node: int, name: bytes) -> int:
        """The number of a name in a directory, made if new."""
        found = self._tree.child(node, name) if node < self._known else -1
        if found < 0:
            found = self._more.setdefault((node, name), len(self))
            if found == self._known + len(self._more_paths):
                self._more_paths.append((node, name))
        return found

    def parent(self, node: int) -> int:
        """The directory that a path lies in; -1 for the root."""
        return self._tree.parents[node] if node < self._known else self._more_paths[node - self._known][0]

    def name(self, node: int) -> bytes:
        """The last part of a path."""
        return self._tree.names[node] if node < self._known else self._more_paths[node - self._known][1]

    def path(self, node: int) -> str:
        """The path with a leading slash, as dive writes it."""
        parts = []
        while node > 0:
            parts.append(self.name(node))
            node = self.parent(node)
        return "/" + decode(b"/".join(reversed(parts)))


class _LayerTree:
    """One layer's own tree: each path's last entry (-1 for implied directories), and its whiteouts."""

    def __init__(self, paths: _Paths, layer: LayerIndex) -> None:
        self.layer = layer
        self.entries: dict[int, int] = {}
        self.whiteouts: list[int] = []
        self._inner: set[int] = set()
        self._paths = paths
        directories = self._directories(layer)
        entries, child, last = self.entries, paths.child, -1
        for entry, (kind, directory, name) in enumerate(zip(layer.kinds, layer.directories, layer.names, strict=True)):
            parent, dropped = directories[directory]
            if parent != last:
                self._imply(parent)
                last = parent
            if dropped:
                continue
            if kind == WHITEOUT:
                self._inner.add(parent)
                self.whiteouts.append(child(parent, name.removeprefix(_PREFIX)))
            elif name and kind not in (OPAQUE, METADATA):
                self._inner.add(parent)
                entries[child(parent, name)] = entry
        # A path twice in the tar is one node of the tree.
        self.whiteouts = list(dict.fromkeys(self.whiteouts))

    def _directories(self, layer: LayerIndex) -> list[tuple[int, bool]]:
        """The path of each of the layer's directories, and whether it lies in AUFS metadata, which dive drops."""
        found = [(0, False)]
        for number in range(1, len(layer.directory_names)):
            parent, dropped = found[layer.directory_parents[number]]
            name = layer.directory_names[number]
            dropped = dropped or name.startswith(_METADATA_PREFIX)
            found.append((parent if dropped else self._paths.child(parent, name), dropped))
        return found

    def _imply(self, node: int) -> None:
        while node > 0 and node not in self.entries:
            self.entries[node] = -1
            node = self._paths.parent(node)
            self._inner.add(node)

    def leaves(self) -> Iterator[tuple[int, int]]:
        """The paths without children in this layer, with their sizes."""
        sizes = self.layer.sizes
        for node, entry in self.entries.items():
            if node not in self._inner:
                yield node, sizes[entry] if entry >= 0 else 0


class _Stack:
    """dive's stack of layers: which paths it holds, their sizes, and which are directories.

    In columns by path; the paths of one directory that are in the stack form a list, linked both ways.
    """

    def __init__(self, paths: _Paths) -> None:
        self._paths = paths
        self._sizes = array("q")
        self._directories = bytearray()
        self._first = array("i")
        self._next = array("i")
        self._previous = array("i")

    def _grow(self) -> None:
        """Have room for every path that is known by now; a size of -1 says that a path is not there."""
        missing = len(self._paths) - len(self._sizes)
        none = array("i", [-1]) * missing
        self._sizes.extend(array("q", [-1]) * missing)
        self._directories.extend(bytes(missing))
        for column in (self._first, self._next, self._previous):
            column.extend(none)

    def holds(self, node: int) -> bool:
        """Is the path in the stack?"""
        return node < len(self._sizes) and self._sizes[node] >= 0

    def removed_size(self, node: int) -> int:
        """What dive counts for a whiteout: all below a directory, nothing for a file."""
        return sum(self._sizes[below] for below in self._subtree(node)) if self._directories[node] else 0

    def apply(self, tree: _LayerTree) -> None:
        """Put a layer on the stack, siblings in the order of their names."""
        self._grow()
        late = []
        for node in tree.whiteouts:
            name = self._paths.name(node)
            if name < _PREFIX + name:
                late.append(node)
            else:
                self._remove(node)
        self._put_all(tree)
        for node in late:
            self._remove(node)

    def _put_all(self, tree: _LayerTree) -> None:
        """Put the layer's paths on the stack; one loop, as it is passed once for every entry of the image."""
        sizes, directories = self._sizes, self._directories
        first, following, previous = self._first, self._next, self._previous
        parent_of, own_sizes, kinds = self._paths.parent, tree.layer.sizes, tree.layer.kinds
        for node, entry in tree.entries.items():
            if sizes[node] < 0:
                parent = parent_of(node)
                head = first[parent]
                following[node] = head
                if head >= 0:
                    previous[head] = node
                first[parent] = node
            sizes[node] = own_sizes[entry] if entry >= 0 else 0
            directories[node] = entry >= 0 and kinds[entry] == DIRECTORY

    def _subtree(self, node: int) -> list[int]:
        found = [node]
        for above in found:
            below = self._first[above]
            while below >= 0:
                found.append(below)
                below = self._next[below]
        return found

    def _remove(self, node: int) -> None:
        if self._sizes[node] < 0:
            return
        before, after = self._previous[node], self._next[node]
        if before >= 0:
            self._next[before] = after
        else:
            self._first[self._paths.parent(node)] = after
        if after >= 0:
            self._previous[after] = before
        for below in self._subtree(node):
            self._sizes[below] = -1
            self._directories[below] = 0
            self._first[below] = self._next[below] = self._previous[below] = -1


class _Occurrences:
    """Sums over the occurrences of each path."""

    def __init__(self, paths: _Paths) -> None:
        self._paths = paths
        self._smallest = array("q")
        self._total = 0
        # Most paths occur once, and need no more than their size.
        self._repeated: dict[int, tuple[int, int]] = {}

    def add(self, node: int, size: int) -> None:
        """One more occurrence of a path."""
        self.add_all([(node, size)])

    def add_all(self, found: Iterable[tuple[int, int]]) -> None:
        """One more occurrence of each of these paths."""
        smallest, repeated = self._smallest, self._repeated
        smallest.extend(array("q", [-1]) * (len(self._paths) - len(smallest)))
        total = 0
        for node, size in found:
            total += size
            least = smallest[node]
            if least < 0:
                smallest[node] = size
                continue
            count, sum_ = repeated.get(node, (1, least))
            repeated[node] = (count + 1, sum_ + size)
            if size < least:
                smallest[node] = size
        self._total += total

    def figures(self, size: int, user_size: int) -> DiveFigures:
        """The figures; divisions of integers, as dive divides them."""
        wasted = sum(total for _, total in self._repeated.values())
        listed = [
            DiveInefficiency(self._paths.path(node), count, total) for node, (count, total) in self._repeated.items()
        ]
        listed.sort(key=lambda row: (-row.bytes, row.path))
        smallest = sum(size for size in self._smallest if size > 0)
        return DiveFigures(
            efficiency=smallest / self._total if self._total else 1.0,
            wasted_bytes=wasted,
            user_wasted_percent=wasted / user_size if user_size else (inf if wasted else nan),
            size_bytes=size,
            user_size_bytes=user_size,
            inefficiencies=tuple(listed),
        )
