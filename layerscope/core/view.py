"""The tree in reading order, and what a range of layers changed in it: the explorer's columns.

A position is a path's place in preorder, siblings by name; the root has none. Columns are laid out
so that another range of layers costs one pass of some tens of nanoseconds per path.
"""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import LayerIndex
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree

# How a path stands after a range of layers, compared with before it.
ABSENT: Final = 0
UNCHANGED: Final = 1
ADDED: Final = 2
MODIFIED: Final = 3
REMOVED: Final = 4

_STEP: Final = 8_192
_SUM_STEP: Final = 131_072
#: A lifetime's number in one byte; the last one marks paths that have to be looked at one by one.
_MANY: Final = 255


class Outline:
    """All paths of a tree in preorder; built in steps, complete when ``step`` says False.

    ``nodes[p]`` is the node at position ``p``, ``ends[p]`` the position after its last descendant,
    ``depths[p]`` how many directories it lies in, ``is_directory[p]`` 1 where any version of it is a
    directory. ``positions[node]`` leads back; the root's is -1.
    """

    def __init__(self, tree: ImageTree) -> None:
        self.tree = tree
        self.nodes: array[int] = array("i")
        self.ends: array[int] = array("i")
        self.depths: array[int] = array("i")
        self.positions: array[int] = array("i", bytes(4 * tree.node_count))
        self.is_directory: bytearray = bytearray()
        self.sizes: array[int] = array("q")
        self.lifetimes: bytearray = bytearray()
        self.lifetime_table: list[tuple[int, int]] = []
        self.many: array[int] = array("i")
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: list[int] = []
        self._depth: int = 0
        self.positions[0] = -1
        self._push_children(0)

    def __len__(self) -> int:
        return len(self.nodes)

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the outline is complete."""
        for _ in range(_STEP):
            if not self._waiting:
                return False
            node = self._waiting.pop()
            if node < 0:
                self.ends[-1 - node] = len(self.nodes)
                self._depth -= 1
            else:
                self._append(node)
        return True

    def _push_children(self, node: int) -> None:
        """Put a directory's children on the stack, the first by name on top."""
        names = self.tree.names
        named: list[tuple[bytes, int]] = []
        for child in self.tree.children(node):
            named.append((names[child], child))
        named.sort(reverse=True)
        for pair in named:
            self._waiting.append(pair[1])

    def _append(self, node: int) -> None:
        position = len(self.nodes)
        tree = self.tree
        self.nodes.append(node)
        self.depths.append(self._depth)
        self.positions[node] = position
        self.ends.append(position + 1)
        version: i64 = tree.newest_versions[node]
        self._note_lifetime(position, version)
        self.sizes.append(tree.stored_size(version) if version >= 0 else 0)
        folder = False
        while version >= 0 and not folder:
            folder = tree.kinds[version] == DIRECTORY
            version = tree.olders[version]
        self.is_directory.append(1 if folder else 0)
        if node in tree.live or node in tree.gone:
            self._waiting.append(-1 - position)
            self._depth += 1
            self._push_children(node)

    def _note_lifetime(self, position: int, version: i64) -> None:
        """Paths with one version share a number with all that came and went in the same layers."""
        number = _MANY
        if version >= 0 and self.tree.olders[version] < 0:
            lifetime = (self.tree.version_layers[version], self.tree.endings[version])
            number = self._numbers.get(lifetime, -1)
            if number < 0:
                number = min(len(self.lifetime_table), _MANY)
                if number < _MANY:
                    self._numbers[lifetime] = number
                    self.lifetime_table.append(lifetime)
        if number == _MANY:
            self.many.append(position)
        self.lifetimes.append(number)


class View:
    """How each position stands after layer ``after``, compared with after layer ``before``.

    ``before`` is -1 to compare with nothing. Built in steps, complete when ``step`` says False:
    ``marks[p]`` is ABSENT, UNCHANGED, ADDED, MODIFIED or REMOVED; a directory is MODIFIED when
    anything below it changed. ``sizes[p]`` is in stored bytes, of which links have none, so that those
    of hard links count once: of a file after the range (of a removed one, before it); of a directory
    that changed, what the range wrote below it; of one that did not, all that is below it; of a
    removed one, what was. ``added``, ``modified`` and ``removed`` count paths
    that are no directories.
    """

    def __init__(self, outline: Outline, before: int, after: int) -> None:
        self._outline = outline
        self._before = before
        self._after = after
        self.marks: bytearray = bytearray(bytes(outline.lifetimes).translate(self._table()))
        self.sizes: array[int] = array("q", outline.sizes)
        self.added: int = 0
        self.modified: int = 0
        self.removed: int = 0
        self._next_many: int = 0
        self._next: int = 0
        # The open directories from the top down: position, end, bytes written, there and removed.
        self._open: list[int] = []
        self._ends: list[int] = []
        self._written: list[int] = []
        self._total: list[int] = []
        self._removed: list[int] = []
        self._changed: list[bool] = []

    def _table(self) -> bytes:
        """The mark of each lifetime."""
        table = bytearray(256)
        for number, (born, ended) in enumerate(self._outline.lifetime_table):
            stood = born <= self._before and (ended < 0 or ended > self._before)
            stands = born <= self._after and (ended < 0 or ended > self._after)
            if stands:
                table[number] = UNCHANGED if stood else ADDED
            elif stood:
                table[number] = REMOVED
        return bytes(table)

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the view is complete."""
        if self._next_many < len(self._outline.many):
            self._mark_many()
            return True
        self._sum()
        return self._next < len(self._outline.nodes)

    def _mark_many(self) -> None:
        """Positions with several versions, one by one."""
        many = self._outline.many
        stop: i64 = min(self._next_many + _STEP, len(many))
        i: i64 = self._next_many
        while i < stop:
            self._mark(many[i])
            i += 1
        self._next_many = stop

    def _mark(self, position: int) -> None:
        tree = self._outline.tree
        node = self._outline.nodes[position]
        old: i64 = tree.version_at(node, self._before)
        new: i64 = tree.version_at(node, self._after)
        mark = ABSENT
        if new >= 0:
            mark = ADDED if old < 0 else UNCHANGED
            if old >= 0 and old != new and not self._same_directory(old, new):
                mark = MODIFIED
            self.sizes[position] = tree.stored_size(new)
        elif old >= 0:
            mark = REMOVED
            self.sizes[position] = tree.stored_size(old)
        self.marks[position] = mark

    def _same_directory(self, old: i64, new: i64) -> bool:
        """Two versions of one directory with the same owner and mode."""
        tree = self._outline.tree
        if tree.kinds[old] != DIRECTORY or tree.kinds[new] != DIRECTORY:
            return False
        first: i64 = tree.entries[old]
        second: i64 = tree.entries[new]
        if first < 0 or second < 0:
            return True
        below: LayerIndex = tree.layers[tree.version_layers[old]]
        above: LayerIndex = tree.layers[tree.version_layers[new]]
        return (
            below.modes[first] == above.modes[second]
            and below.uid(first) == above.uid(second)
            and below.gid(first) == above.gid(second)
            and below.xattrs(first) == above.xattrs(second)
        )

    def _sum(self) -> None:
        """Carry bytes and changes up to the directories, a stretch of positions at a time."""
        outline = self._outline
        marks = bytes(self.marks)
        folders = bytes(outline.is_directory)
        sizes = self.sizes
        count: i64 = len(marks)
        position: i64 = self._next
        stop: i64 = min(position + _SUM_STEP, count)
        end: i64 = self._ends[-1] if self._ends else count
        written: i64 = 0
        total: i64 = 0
        removed: i64 = 0
        changed = False
        while position < stop:
            if position >= end:
                self._pour(written, total, removed, changed)
                written = total = removed = 0
                changed = False
                end = self._close_until(position)
            mark: i64 = marks[position]
            if folders[position]:
                self._pour(written, total, removed, changed or mark > UNCHANGED)
                written = total = removed = 0
                changed = False
                if mark != ABSENT:
                    self._count_other(position, mark)
                end = self._open_directory(position)
            elif mark == UNCHANGED:
                total += sizes[position]
            elif mark != ABSENT:
                changed = True
                size: i64 = sizes[position]
                if mark == REMOVED:
                    removed += size
                    self.removed += 1
                else:
                    written += size
                    total += size
                    if mark == ADDED:
                        self.added += 1
                    else:
                        self.modified += 1
            position += 1
        self._pour(written, total, removed, changed)
        self._next = position
        self._close_until(position)

    def _close_until(self, position: i64) -> i64:
        """Close the directories that end at or before a position; where the innermost open one ends."""
        while self._ends and position >= self._ends[-1]:
            self._close()
        return self._ends[-1] if self._ends else len(self._outline.nodes)

    def _pour(self, written: i64, total: i64, removed: i64, changed: bool) -> None:
        """Add to the innermost open directory."""
        if self._open:
            self._written[-1] += written
            self._total[-1] += total
            self._removed[-1] += removed
            if changed:
                self._changed[-1] = True

    def _open_directory(self, position: i64) -> i64:
        end: i64 = self._outline.ends[position]
        self._open.append(position)
        self._ends.append(end)
        self._written.append(0)
        self._total.append(0)
        self._removed.append(0)
        self._changed.append(False)
        return end

    def _close(self) -> None:
        """A directory is complete: its own figures, and what they add to the one above."""
        position = self._open.pop()
        self._ends.pop()
        written = self._written.pop()
        total = self._total.pop()
        removed = self._removed.pop()
        changed = self._changed.pop()
        mark = self.marks[position]
        if mark == UNCHANGED and changed:
            mark = MODIFIED
            self.marks[position] = MODIFIED
        if not self._stands_as_file(position, mark):
            self.sizes[position] = removed if mark == REMOVED else written if changed or mark != UNCHANGED else total
        elif mark == REMOVED:
            removed += self.sizes[position]
        else:
            total += self.sizes[position]
            if mark != UNCHANGED:
                written += self.sizes[position]
        self._pour(written, total, removed, changed or mark > UNCHANGED)

    def _stands_as_file(self, position: int, mark: i64) -> bool:
        """Is a path that was a directory at one time something else in this view?"""
        tree = self._outline.tree
        layer = self._before if mark == REMOVED else self._after
        version = tree.version_at(self._outline.nodes[position], layer)
        return version >= 0 and tree.kinds[version] != DIRECTORY

    def _count_other(self, position: i64, mark: i64) -> None:
        """Count a path that was a directory at one time and is, or was, something else here."""
        tree = self._outline.tree
        node = self._outline.nodes[position]
        old = tree.version_at(node, self._before)
        new = tree.version_at(node, self._after)
        was_file = old >= 0 and tree.kinds[old] != DIRECTORY
        is_file = new >= 0 and tree.kinds[new] != DIRECTORY
        if was_file and is_file:
            self.modified += 1 if mark == MODIFIED else 0
        elif is_file:
            self.added += 1
        elif was_file:
            self.removed += 1


def outline_of(tree: ImageTree) -> Outline:
    """The complete outline of a tree, in one go: for tests and small trees."""
    outline = Outline(tree)
    while outline.step():
        pass
    return outline


def view_of(outline: Outline, before: int, after: int) -> View:
    """A complete view, in one go: for tests and small trees."""
    view = View(outline, before, after)
    while view.step():
        pass
    return view
