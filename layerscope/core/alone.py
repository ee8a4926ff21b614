"""One layer as if there were no other: what it writes, and what it deletes of layers that nobody has seen yet."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import WHITEOUT, LayerIndex
from layerscope.core.merge import LayerMerge
from layerscope.core.tar import DIRECTORY, OTHER
from layerscope.core.tree import ImageTree

#: Entries per step: some milliseconds.
_STEP: Final = 4096


class LayerAlone:
    """Puts a layer on an image of which nothing is known but that it held what the layer deletes.

    In ``tree`` it has its ``number``, 1 at least, when ``step`` says False; 0 holds the deleted paths, of kind OTHER
    and without an entry, in folders that are only implied. What an opaque folder hides is not known.
    """

    def __init__(self, index: LayerIndex, number: int = 1) -> None:
        self.tree = ImageTree()
        self._index = index
        self._number = number
        self._directories: dict[int, int] = {0: 0}
        self._next: int = 0
        self._nothing = LayerIndex()
        self._nothing.finish()
        self._put_nothing()
        self._merge: LayerMerge | None = None

    def _put_nothing(self) -> None:
        below = LayerMerge(self.tree, self._nothing)
        while below.step():
            pass

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the tree is complete."""
        if self._merge is not None:
            return self._merge.step()
        kinds = self._index.kinds
        budget: i64 = _STEP
        entry: i64 = kinds.find(WHITEOUT, self._next)
        while entry >= 0 and budget > 0:
            self._expect(entry)
            entry = kinds.find(WHITEOUT, entry + 1)
            budget -= 1
        self._next = entry if entry >= 0 else len(kinds)
        while entry < 0 and budget > 0 and len(self.tree.layers) < self._number:
            self._put_nothing()
            budget -= 1
        if entry < 0 and len(self.tree.layers) == self._number:
            self._merge = LayerMerge(self.tree, self._index)
        return True

    def _expect(self, entry: i64) -> None:
        """Let there be what a whiteout deletes."""
        tree = self.tree
        node = tree.revive(self._directory(self._index.directories[entry]), self._index.names[entry][4:])
        if tree.newest_versions[node] < 0:
            tree.begin_version(node, -1, OTHER, 0)

    def _directory(self, directory: int) -> int:
        """The node of a directory of the layer."""
        tree, index = self.tree, self._index
        path: list[int] = []
        while directory not in self._directories:
            path.append(directory)
            directory = index.directory_parents[directory]
        node = self._directories[directory]
        while path:
            directory = path.pop()
            node = tree.revive(node, index.directory_names[directory])
            if tree.newest_versions[node] < 0:
                tree.begin_version(node, -1, DIRECTORY, 0)
            self._directories[directory] = node
        return node
