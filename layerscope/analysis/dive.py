"""dive's figures of an image, bit for bit, in time linear in its entries (scoring.md, section 2).

dive stacks the trees of all lower layers anew for every whiteout. One stack that grows layer by layer
gives the same sums. The stack is dive's own, not the union filesystem: opaque markers do nothing, the
children of a directory that became a file stay, and within one directory whiteouts and names act in
the order of their names.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from math import inf, nan

from layerscope.analysis.model import DiveFigures, DiveInefficiency
from layerscope.core.layer import METADATA, OPAQUE, WHITEOUT, LayerIndex
from layerscope.core.tar import DIRECTORY
from layerscope.text import decode

_PREFIX = b".wh."
_METADATA_PREFIX = b".wh..wh."


def find_dive_figures(layers: Sequence[LayerIndex]) -> DiveFigures:
    """dive's efficiency, wasted bytes and user wasted percent, and the paths that it lists."""
    paths = _Paths()
    stack = _Stack(paths)
    occurrences = _Occurrences(paths)
    for number, layer in enumerate(layers):
        tree = _LayerTree(paths, layer)
        for node, size in tree.leaves():
            occurrences.add(node, size)
        for node in tree.whiteouts:
            # A whiteout of what is not there makes dive give up the layer: not imitated, it counts for nothing.
            if number and stack.holds(node):
                occurrences.add(node, stack.removed_size(node))
        stack.apply(tree)
    sizes = [sum(layer.sizes) for layer in layers]
    return occurrences.figures(sum(sizes), sum(sizes[1:]))


class _Paths:
    """All paths of all layers as numbers; 0 is the root."""

    def __init__(self) -> None:
        self.names: list[bytes] = [b""]
        self.parents = array("i", [-1])
        self._children: list[dict[bytes, int] | None] = [None]

    def child(self, node: int, name: bytes) -> int:
        """The number of a name in a directory, made if new."""
        children = self._children[node]
        if children is None:
            children = self._children[node] = {}
        found = children.get(name, -1)
        if found < 0:
            found = children[name] = len(self.names)
            self.names.append(name)
            self.parents.append(node)
            self._children.append(None)
        return found

    def path(self, node: int) -> str:
        """The path with a leading slash, as dive writes it."""
        parts = []
        while node > 0:
            parts.append(self.names[node])
            node = self.parents[node]
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
        for entry, kind in enumerate(layer.kinds):
            parent, dropped = directories[layer.directories[entry]]
            self._imply(parent)
            name = layer.names[entry]
            if dropped:
                continue
            if kind == WHITEOUT:
                self._inner.add(parent)
                self.whiteouts.append(paths.child(parent, name.removeprefix(_PREFIX)))
            elif name and kind not in (OPAQUE, METADATA):
                self._inner.add(parent)
                self.entries[paths.child(parent, name)] = entry
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
            node = self._paths.parents[node]
            self._inner.add(node)

    def leaves(self) -> Iterator[tuple[int, int]]:
        """The paths without children in this layer, with their sizes."""
        sizes = self.layer.sizes
        for node, entry in self.entries.items():
            if node not in self._inner:
                yield node, sizes[entry] if entry >= 0 else 0


class _Stack:
    """dive's stack of layers: which paths it holds, their sizes, and which are directories."""

    def __init__(self, paths: _Paths) -> None:
        self._paths = paths
        self._sizes: dict[int, int] = {}
        self._directories: set[int] = set()
        self._children: dict[int, set[int]] = {}

    def holds(self, node: int) -> bool:
        """Is the path in the stack?"""
        return node in self._sizes

    def removed_size(self, node: int) -> int:
        """What dive counts for a whiteout: all below a directory, nothing for a file."""
        return sum(self._sizes[below] for below in self._subtree(node)) if node in self._directories else 0

    def apply(self, tree: _LayerTree) -> None:
        """Put a layer on the stack, siblings in the order of their names."""
        names = self._paths.names
        late = []
        for node in tree.whiteouts:
            if names[node] < _PREFIX + names[node]:
                late.append(node)
            else:
                self._remove(node)
        for node, entry in tree.entries.items():
            self._put(node, tree.layer, entry)
        for node in late:
            self._remove(node)

    def _put(self, node: int, layer: LayerIndex, entry: int) -> None:
        self._sizes[node] = layer.sizes[entry] if entry >= 0 else 0
        if entry >= 0 and layer.kinds[entry] == DIRECTORY:
            self._directories.add(node)
        else:
            self._directories.discard(node)
        self._children.setdefault(self._paths.parents[node], set()).add(node)

    def _subtree(self, node: int) -> list[int]:
        found = [node]
        for below in found:
            found.extend(self._children.get(below, ()))
        return found

    def _remove(self, node: int) -> None:
        if node not in self._sizes:
            return
        for below in self._subtree(node):
            del self._sizes[below]
            self._directories.discard(below)
            self._children.pop(below, None)
        self._children[self._paths.parents[node]].discard(node)


class _Occurrences:
    """Sums over the occurrences of each path."""

    def __init__(self, paths: _Paths) -> None:
        self._paths = paths
        self._totals: dict[int, int] = {}
        self._smallest: dict[int, int] = {}
        self._repeated: dict[int, int] = {}

    def add(self, node: int, size: int) -> None:
        """One more occurrence of a path."""
        if node in self._totals:
            self._totals[node] += size
            self._smallest[node] = min(self._smallest[node], size)
            self._repeated[node] = self._repeated.get(node, 1) + 1
        else:
            self._totals[node] = self._smallest[node] = size

    def figures(self, size: int, user_size: int) -> DiveFigures:
        """The figures; divisions of integers, as dive divides them."""
        found = sum(self._totals.values())
        wasted = sum(self._totals[node] for node in self._repeated)
        listed = [
            DiveInefficiency(self._paths.path(node), count, self._totals[node])
            for node, count in self._repeated.items()
        ]
        listed.sort(key=lambda row: (-row.bytes, row.path))
        return DiveFigures(
            efficiency=sum(self._smallest.values()) / found if found else 1.0,
            wasted_bytes=wasted,
            user_wasted_percent=wasted / user_size if user_size else (inf if wasted else nan),
            size_bytes=size,
            user_size_bytes=user_size,
            inefficiencies=tuple(listed),
        )
