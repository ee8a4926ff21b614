"""All paths of a tree in reading order, in columns: what every view of the explorer is made from.

A position is a path's place in preorder, siblings by name; the root has none.
"""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import LayerIndex
from layerscope.core.sorting import StepSort
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree

#: Positions whose bytes are summed together: a folder's sum then looks at few of them one by one.
BLOCK: Final = 256
#: The number of the paths that have to be looked at one by one.
MANY: Final = 255

#: Children of a folder above which they are sorted in steps.
LARGE: Final = 4_096

_STEP: Final = 2_048
_NOWHERE: Final[dict[bytes, int]] = {}
#: Versions of a path that a history may tell.
_MOST_VERSIONS: Final = 4


def same_directory(tree: ImageTree, old: i64, new: i64) -> bool:
    """Two versions of one directory with the same owner, mode and attributes."""
    if tree.kinds[old] != DIRECTORY or tree.kinds[new] != DIRECTORY:
        return False
    first: i64 = tree.entries[old]
    second: i64 = tree.entries[new]
    if first < 0 or second < 0:
        return True
    below: LayerIndex = tree.layers[tree.version_layers[old]]
    above: LayerIndex = tree.layers[tree.version_layers[new]]
    return (
        below.mode(first) == above.mode(second)
        and below.uid(first) == above.uid(second)
        and below.gid(first) == above.gid(second)
        and below.xattrs(first) == above.xattrs(second)
    )


class Outline:
    """All paths of a tree in preorder; built in steps, complete when ``step`` says False.

    ``nodes[p]`` is the node at position ``p``, ``ends[p]`` the position after its last descendant,
    ``depths[p]`` how many directories it lies in (255 for more), ``is_directory[p]`` 1 where any version
    of it is a directory, ``sizes[p]`` the stored bytes of its newest version. ``folders`` are the
    positions with something below them, in order; ``folder_mask`` has 1 for each; ``over_folders`` are
    those whose first child is such a folder, too; ``large`` those with more than LARGE paths right in them, -1
    for the root. ``positions[node]`` leads back; the root's is -1.

    Paths with the same history share a number, ``histories`` tells what it means: whether the path is
    a directory, then layer and end of each version, the newest first. ``numbers[p]`` is MANY where
    that does not tell all, and such positions are in ``many``. ``paths_of[number]`` counts paths that
    are no directories. Bytes are summed up by number for each BLOCK of positions: those of block ``b``
    stand in ``block_bytes`` up to ``block_ends[b]``, their numbers in ``block_numbers``.
    """

    def __init__(self, tree: ImageTree) -> None:
        self.tree = tree
        self.nodes: array[int] = array("i")
        self.ends: array[int] = array("i")
        self.depths: bytearray = bytearray()
        self.positions: array[int] = array("i", bytes(4 * tree.node_count))
        self.is_directory: bytearray = bytearray()
        self.sizes: array[int] = array("q")
        self.folders: array[int] = array("i")
        self.over_folders: array[int] = array("i")
        self.large: list[int] = []
        self.folder_mask: bytearray = bytearray()
        self._folder_number: int = -1
        self.numbers: bytearray = bytearray()
        self.histories: list[tuple[int, ...]] = []
        self.paths_of: list[int] = []
        self.many: array[int] = array("i")
        self.block_ends: array[int] = array("i")
        self.block_numbers: bytearray = bytearray()
        self.block_bytes: array[int] = array("q")
        self._known: dict[tuple[int, ...], int] = {}
        self._block: dict[int, int] = {}
        self._waiting: list[int] = []
        self._depth: int = 0
        self._sort: StepSort | None = None
        self._sorted: list[bytes] = []
        self._folder: int = -1  # whose very many children are being sorted
        self.positions[0] = -1
        self._push_children(0, -1)

    def __len__(self) -> int:
        return len(self.nodes)

    def folder_number(self) -> int:
        """The bytes of the complete ``folder_mask`` as one little-endian number, to combine with others."""
        if self._folder_number < 0:
            self._folder_number = int.from_bytes(self.folder_mask, "little")
        return self._folder_number

    def parent(self, position: int) -> int:
        """The position of the folder that a position lies in; -1 at the top."""
        return self.positions[self.tree.parents[self.nodes[position]]]

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the outline is complete."""
        for _ in range(_STEP):
            if self._folder >= 0:
                self._push_sorted()
                return True
            if not self._waiting:
                if self._block:
                    self._close_block()
                return False
            node = self._waiting.pop()
            if node < 0:
                self.ends[-1 - node] = len(self.nodes)
                self._depth -= 1
            else:
                self._append(node)
        return True

    def _push_children(self, node: int, position: int) -> bool:
        """Put a directory's children on the stack, the first by name on top; were there any?"""
        if self.tree.child_count(node) > LARGE:
            self.large.append(position)
            self._folder = node
            self._sort = StepSort(self.tree.child_names(node))
            return True
        names = self.tree.names
        # Names sort three times as fast as pairs do.
        named: dict[bytes, int] = {}
        for child in self.tree.children(node):
            named[names[child]] = child
        ordered = list(named)
        ordered.sort(reverse=True)
        for name in ordered:
            self._waiting.append(named[name])
        return len(ordered) > 0

    def _push_sorted(self) -> None:
        """The same of very many children, piece by piece: sort them first, then put them on the stack."""
        if self._sort is not None:
            if not self._sort.step():
                self._sorted = self._sort.items
                self._sort = None
            return
        there = self.tree.live.get(self._folder, _NOWHERE)
        for name in reversed(self._sorted[-_STEP:]):
            child = there.get(name, -1)
            self._waiting.append(child if child >= 0 else self.tree.child(self._folder, name))
        del self._sorted[-_STEP:]
        if not self._sorted:
            self._folder = -1

    def _append(self, node: int) -> None:
        position = len(self.nodes)
        tree = self.tree
        version: i64 = tree.newest_versions[node]
        size = tree.stored_size(version) if version >= 0 else 0
        self.nodes.append(node)
        self.depths.append(min(self._depth, 255))
        self.positions[node] = position
        self.ends.append(position + 1)
        self.sizes.append(size)
        number = self._number(version)
        self.numbers.append(number)
        folder = False
        while version >= 0 and not folder:
            folder = tree.kinds[version] == DIRECTORY
            version = tree.olders[version]
        self.is_directory.append(1 if folder else 0)
        if number == MANY:
            self.many.append(position)
        else:
            self.paths_of[number] += 0 if folder else 1
            self._block[number] = self._block.get(number, 0) + size
        if len(self.nodes) % BLOCK == 0:
            self._close_block()
        self.folder_mask.append(0)
        if node in tree.live or node in tree.gone:
            self._waiting.append(-1 - position)
            self._depth += 1
            if self._push_children(node, position):
                if self.folders and self.folders[-1] == position - 1:
                    self.over_folders.append(position - 1)
                self.folders.append(position)
                self.folder_mask[position] = 1

    def _close_block(self) -> None:
        """All positions of a block are there."""
        for number, size in self._block.items():
            if size:
                self.block_numbers.append(number)
                self.block_bytes.append(size)
        self.block_ends.append(len(self.block_numbers))
        self._block = {}

    def _number(self, version: i64) -> int:
        """The number of all paths that have the history of this newest version."""
        if version < 0:
            return MANY
        history = self._history(version)
        if not history:
            return MANY
        number = self._known.get(history, -1)
        if number < 0:
            if len(self.histories) >= MANY:
                return MANY
            number = len(self.histories)
            self._known[history] = number
            self.histories.append(history)
            self.paths_of.append(0)
        return number

    def _history(self, newest: i64) -> tuple[int, ...]:
        """What ``histories`` tells; empty where versions differ in more than their layers."""
        tree = self.tree
        folder = tree.kinds[newest] == DIRECTORY
        size = tree.stored_size(newest)
        told: list[int] = [1 if folder else 0]
        version = newest
        while version >= 0:
            if len(told) > 2 * _MOST_VERSIONS or (tree.kinds[version] == DIRECTORY) != folder:
                return ()
            if version != newest:
                if folder:
                    if not same_directory(tree, version, newest):
                        return ()
                elif tree.stored_size(version) != size:
                    return ()
            told.append(tree.version_layers[version])
            told.append(tree.endings[version])
            version = tree.olders[version]
        return tuple(told)


def outline_of(tree: ImageTree) -> Outline:
    """The complete outline of a tree, in one go: for tests and small trees."""
    outline = Outline(tree)
    while outline.step():
        pass
    return outline
