"""Which positions of an outline a filter finds: masks of one byte per path, made in bounded steps."""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import LayerIndex
from layerscope.core.outline import Outline
from layerscope.core.tar import BLOCK, CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK
from layerscope.core.tree import ImageTree
from layerscope.core.view import View

#: Bytes of names looked through in one step.
_NAME_STEP: Final = 1_048_576
_STEP: Final = 8_192
#: All bytes but a slash, and but the one that stands for a match.
_NEITHER: Final = bytes(range(1, 47)) + bytes(range(48, 256))
#: A name with a match, and one without.
_FLAGS: Final = bytes([0, 1]) + bytes(254)

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


class NameJoin:
    """All names in the order of positions, a slash in front of each and behind the last.

    Built in steps, complete when ``step`` says False. ``fold_case`` makes ASCII letters small. A byte
    of 0, which no filesystem takes, becomes 1.
    """

    def __init__(self, outline: Outline, fold_case: bool) -> None:
        self.joined: bytes = b""
        self._outline = outline
        self._fold_case = fold_case
        self._parts: list[bytes] = [b""]
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the text is complete."""
        names, nodes = self._outline.tree.names, self._outline.nodes
        stop: i64 = min(self._next + _STEP, len(nodes))
        some: list[bytes] = []
        position: i64 = self._next
        while position < stop:
            some.append(names[nodes[position]])
            position += 1
        if some:
            text = b"/".join(some).replace(b"\0", b"\1")
            self._parts.append(text.lower() if self._fold_case else text)
        self._next = stop
        if stop < len(nodes):
            return True
        self._parts.append(b"")
        self.joined = b"/".join(self._parts)
        self._parts = []
        return False


class NameSearch:
    """Names that contain a text, among those of ``joined`` (as ``NameJoin`` has them).

    A slash at the text's ends stands for those of a name. ``hits`` masks what was found. A stretch of
    names becomes a byte for each name by replacements alone, which are far faster than any loop.
    """

    def __init__(self, joined: bytes, needle: bytes) -> None:
        self.hits: bytearray = bytearray()
        self._joined = joined
        self._needle = needle
        self._at: int = 0
        self._sign: bytes = (b"/" if needle[:1] == b"/" else b"") + b"\0" + (b"/" if needle[-1:] == b"/" else b"")

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all names were looked at."""
        joined = self._joined
        # A stretch begins with the slash in front of a name and ends with the one behind another.
        end = joined.find(b"/", min(self._at + _NAME_STEP, len(joined) - 1))
        if end <= self._at:
            return False
        names = joined[self._at : end + 1].replace(self._needle, self._sign)
        if len(self._sign) == 3:
            names = names.replace(self._needle, self._sign)  # names side by side share a slash
        signs = names.translate(None, _NEITHER).replace(b"/\0", b"\1").translate(_FLAGS, b"\0")
        self.hits += signs[:-1]
        self._at = end
        return end < len(joined) - 1


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
        budget: i64 = _STEP
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
    mode = layer.modes[entry]
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
            if _is_rare(tree, version):
                position = outline.positions[tree.nodes[version]]
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
    if layer.modes[entry] & 0o7002:
        return True
    return layer.has_extras() and (layer.is_sparse(entry) or len(layer.xattrs(entry)) > 0)


class SizeSearch:
    """Among some positions, those without anything below them that have so many bytes, both ends included."""

    def __init__(self, view: View, among: bytearray, low: int, high: int) -> None:
        self.hits: bytearray = bytearray(len(among))
        self._sizes: array[int] = view.sizes
        self._among = among
        self._low = low
        self._high = high
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all positions were looked at."""
        sizes, among, hits = self._sizes, self._among, self.hits
        low: i64 = self._low
        high: i64 = self._high
        position: i64 = self._next
        stop: i64 = min(position + 4 * _STEP, len(among))
        while position < stop:
            if among[position]:
                size: i64 = sizes[position]
                if low <= size <= high:
                    hits[position] = 1
            position += 1
        self._next = stop
        return stop < len(among)


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

    def _take(self, start: i64, stop: i64) -> None:
        """What lies directly in a folder."""
        ends, among, hits = self._outline.ends, self._among, self.hits
        child = start
        while child < stop:
            if among[child]:
                hits[child] = 1
            child = ends[child]

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
