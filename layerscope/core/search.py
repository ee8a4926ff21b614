"""Which positions of an outline a filter finds: masks of one byte per path, made in bounded steps."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import LayerIndex
from layerscope.core.outline import Outline
from layerscope.core.rows import both, without
from layerscope.core.tar import BLOCK, CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK
from layerscope.core.tree import ImageTree
from layerscope.core.view import View

_STEP: Final = 8_192
#: Versions that are looked into in a step, which takes the longest.
_FEW: Final = 2_048

# What a path is; bits of ``KindSearch``.
IS_FILE: Final = 1
IS_FOLDER: Final = 2
IS_LINK: Final = 4
IS_HARDLINK: Final = 8
IS_DEVICE: Final = 16
IS_FIFO: Final = 32
IS_SETUID: Final = 64
IS_SETGID: Final = 128
IS_STICKY: Final = 256
IS_EXECUTABLE: Final = 512
IS_WRITABLE: Final = 1024
IS_EMPTY: Final = 2048
IS_SPARSE: Final = 4096
IS_CAPABLE: Final = 8192

#: What ``RareMarks`` has all of.
RARE: Final = (
    IS_LINK
    | IS_HARDLINK
    | IS_DEVICE
    | IS_FIFO
    | IS_SETUID
    | IS_SETGID
    | IS_STICKY
    | IS_WRITABLE
    | IS_SPARSE
    | IS_CAPABLE
)
_CAPABILITY: Final = b"security.capability"


class KindSearch:
    """Among some positions, those whose version in a view has all the properties in ``wanted``."""

    def __init__(self, view: View, outline: Outline, among: bytearray, wanted: int) -> None:
        self.hits: bytearray = bytearray(len(among))
        self._view = view
        self._outline = outline
        self._among = among
        self._wanted = wanted
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all positions were looked at."""
        budget: i64 = _FEW
        position: i64 = self._among.find(1, self._next)
        while position >= 0 and budget > 0:
            version = self._view.version(position)
            if version >= 0 and properties(self._outline, version) & self._wanted == self._wanted:
                self.hits[position] = 1
            position = self._among.find(1, position + 1)
            budget -= 1
        self._next = position
        return position >= 0


def properties(outline: Outline, version: int) -> int:
    """What a version is: the bits above."""
    tree = outline.tree
    kind = tree.kinds[version]
    found = 0
    if kind == FILE:
        found = IS_FILE | (IS_EMPTY if not tree.size(version) else 0)
    elif kind == DIRECTORY:
        found = IS_FOLDER
    elif kind == SYMLINK:
        return IS_LINK
    elif kind == HARDLINK:
        found = IS_HARDLINK | IS_FILE
    elif kind in (CHAR, BLOCK):
        found = IS_DEVICE
    elif kind == FIFO:
        found = IS_FIFO
    entry = tree.entries[version]
    if entry < 0:
        return found
    layer: LayerIndex = tree.layers[tree.version_layers[version]]
    mode = layer.mode(entry)
    if mode & 0o7000:
        found |= IS_SETUID if mode & 0o4000 else 0
        found |= IS_SETGID if mode & 0o2000 else 0
        found |= IS_STICKY if mode & 0o1000 else 0
    if mode & 0o002:
        found |= IS_WRITABLE
    if kind != DIRECTORY and mode & 0o111:
        found |= IS_EXECUTABLE
    if kind == FILE and layer.is_sparse(entry):
        found |= IS_SPARSE
    if _CAPABILITY in layer.xattrs(entry):
        found |= IS_CAPABLE
    return found


class TouchSearch:
    """Positions that a layer wrote, or that it removed."""

    def __init__(self, outline: Outline, layer: int) -> None:
        table = bytearray(256)
        for number, history in enumerate(outline.histories):
            table[number] = 1 if layer in history[1:] else 0
        self.hits: bytearray = bytearray(bytes(outline.numbers).translate(bytes(table)))
        self._outline = outline
        self._layer = layer
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all positions were looked at."""
        tree, many = self._outline.tree, self._outline.many
        number: i64 = self._next
        stop: i64 = min(number + _STEP, len(many))
        while number < stop:
            position = many[number]
            version: i64 = tree.newest_versions[self._outline.nodes[position]]
            while version >= 0:
                if tree.version_layers[version] == self._layer or tree.endings[version] == self._layer:
                    self.hits[position] = 1
                    break
                version = tree.olders[version]
            number += 1
        self._next = stop
        return stop < len(many)


class RareMarks:
    """Positions any version of which is neither plain file nor folder, or has a special mode or attribute.

    ``mask`` is whole when ``step`` says False.
    """

    def __init__(self, outline: Outline) -> None:
        self.mask: bytearray = bytearray(len(outline))
        self._outline = outline
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all versions were looked at."""
        outline, tree, mask = self._outline, self._outline.tree, self.mask
        version: i64 = self._next
        stop: i64 = min(version + _STEP, len(tree.nodes))
        while version < stop:
            node = tree.nodes[version]
            if node < len(outline.positions) and _is_rare(tree, version):  # the tree may have grown since
                position = outline.positions[node]
                if position >= 0:
                    mask[position] = 1
            version += 1
        self._next = stop
        return stop < len(tree.nodes)


def _is_rare(tree: ImageTree, version: i64) -> bool:
    kind: i64 = tree.kinds[version]
    if kind != FILE and kind != DIRECTORY:
        return True
    entry: i64 = tree.entries[version]
    if entry < 0:
        return False
    layer: LayerIndex = tree.layers[tree.version_layers[version]]
    if layer.mode(entry) & 0o7002:
        return True
    return layer.has_extras() and (layer.is_sparse(entry) or len(layer.xattrs(entry)) > 0)


def size_class(size: i64) -> i64:
    """The number of a range of sizes, in order: four to each doubling, so that few sizes share one."""
    if size < 4:
        return size if size > 0 else 0
    bits: i64 = 0
    rest = size
    while rest >= 8:
        rest >>= 1
        bits += 1
    return min(4 * bits + rest, 255)


class SizeClasses:
    """One byte per path for the stored bytes of its newest version: tells most sizes apart at once.

    ``classes`` is whole when ``step`` says False.
    """

    def __init__(self, outline: Outline) -> None:
        self.classes: bytearray = bytearray(len(outline))
        self._sizes: array[int] = outline.sizes
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all sizes were looked at."""
        sizes, classes = self._sizes, self.classes
        position: i64 = self._next
        stop: i64 = min(position + 2 * _STEP, len(sizes))
        while position < stop:
            size: i64 = sizes[position]
            if size:
                classes[position] = size_class(size)
            position += 1
        self._next = stop
        return stop < len(sizes)


class SizeSearch:
    """Among some positions, those without anything below them that have so many bytes, both ends included."""

    def __init__(self, outline: Outline, view: View, classes: bytearray, among: bytearray, low: int, high: int) -> None:
        self._sizes: array[int] = view.sizes
        self._many: array[int] = outline.many
        self._among = among
        self._low = low
        self._high = high
        self._next: int = 0
        self._next_many: int = 0
        first: i64 = size_class(low)
        last: i64 = size_class(high)
        inside = bytearray(256)
        edges = bytearray(256)
        number: i64 = first
        while number <= last:
            inside[number] = 1
            number += 1
        # Classes that hold other sizes, too.
        if low > 0 and size_class(low - 1) == first:
            edges[first] = 1
        if size_class(high + 1) == last:
            edges[last] = 1
        inside = without(inside, edges)
        self.hits: bytearray = both(among, classes.translate(bytes(inside)))
        #: Of those it takes a look at the size itself.
        self._unsure: bytearray = both(among, classes.translate(bytes(edges)))

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all positions were looked at."""
        budget: i64 = 2 * _STEP
        position: i64 = self._unsure.find(1, self._next)
        while position >= 0 and budget > 0:
            self._look_at(position)
            position = self._unsure.find(1, position + 1)
            budget -= 1
        if position >= 0:
            self._next = position
            return True
        self._next = len(self._among)
        # Sizes of these are the view's own.
        number: i64 = self._next_many
        stop: i64 = min(number + budget, len(self._many))
        while number < stop:
            self._look_at(self._many[number])
            number += 1
        self._next_many = stop
        return stop < len(self._many)

    def _look_at(self, position: i64) -> None:
        size: i64 = self._sizes[position]
        self.hits[position] = 1 if self._among[position] and self._low <= size <= self._high else 0


class PathSearch:
    """Among some positions, those that lie in folders of these names, from the outermost down.

    The outermost may be the end of a name; where it is empty, the next one lies at the top. Names are
    compared with small letters where ``fold_case``.
    """

    def __init__(self, outline: Outline, among: bytearray, folders: list[bytes], fold_case: bool) -> None:
        self.hits: bytearray = bytearray(len(among))
        self._outline = outline
        self._among = among
        self._folders = folders
        self._fold_case = fold_case
        self._at_top: bool = len(folders) == 1 and not folders[0]
        self._next: int = -1 if self._at_top else 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all folders were looked at."""
        folders = self._outline.folders
        if self._at_top:
            self._take(0, len(self._among))
            return False
        stop: i64 = min(self._next + _STEP // 8, len(folders))
        number: i64 = self._next
        while number < stop:
            folder = folders[number]
            if self._is_it(folder):
                self._take(folder + 1, self._outline.ends[folder])
            number += 1
        self._next = stop
        return stop < len(folders)

    def _take(self, start: int, stop: int) -> None:
        """What lies directly in a folder: what has nothing below it stretch by stretch."""
        outline, among = self._outline, self._among
        while start < stop:
            folder = outline.folder_mask.find(1, start, stop)
            end = folder + 1 if folder >= 0 else stop
            self.hits[start:end] = among[start:end]
            start = outline.ends[folder] if folder >= 0 else stop

    def _is_it(self, folder: int) -> bool:
        """Do the folder and those above it bear the names?"""
        number: i64 = len(self._folders) - 1
        while number >= 0:
            wanted = self._folders[number]
            if folder < 0:
                return number == 0 and not wanted
            name = self._outline.tree.names[self._outline.nodes[folder]]
            if self._fold_case:
                name = name.lower()
            if number == 0:
                return len(wanted) > 0 and name.endswith(wanted)
            if name != wanted:
                return False
            folder = self._outline.parent(folder)
            number -= 1
        return True
