"""Which versions of paths a filter finds in any layer, and what each layer did to them."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from layerscope.core.outline import Outline, same_directory
from layerscope.core.search import properties, size_class
from layerscope.core.view import ADDED, MODIFIED, REMOVED, UNCHANGED

_STEP: Final = 8_192


class VersionSearch:
    """Among some positions, those with a version that has all of ``kinds`` and so many bytes.

    ``kinds`` are the bits of core/search.py; ``low`` and ``high`` (bytes stored, both ends included; low
    is -1 for any) and ``marks`` (those of core/view.py; empty for any) do not find folders. A mark asks
    what a layer did with the version, compared with the layer below it. ``counts[layer]`` is the number
    of paths that a layer's own changes show so; ``newest[p]`` the newest version that was found, kept
    where it is not the newest of the path.
    """

    def __init__(
        self, outline: Outline, among: bytearray, kinds: int, low: int, high: int, marks: frozenset[int]
    ) -> None:
        self.hits: bytearray = bytearray(len(among))
        self.newest: dict[int, int] = {}
        self.counts: list[int] = [0] * len(outline.tree.layers)
        self._outline = outline
        self._among = among
        self._kinds = kinds
        self._low = low
        self._high = high
        wanted = bytearray(256)
        for mark in marks or (ADDED, MODIFIED, REMOVED):
            wanted[mark] = 1
        self._wanted: bytes = bytes(wanted)
        self._any: bool = not marks
        self._next: int = 0

    def step(self) -> bool:
        """Do a bounded piece of the work; False when all positions were looked at."""
        budget: i64 = _STEP
        position: i64 = self._among.find(1, self._next)
        while position >= 0 and budget > 0:
            budget -= self._look_at(position)
            position = self._among.find(1, position + 1)
        self._next = position
        return position >= 0

    def _look_at(self, position: i64) -> i64:
        """All versions of a path, the newest first; how many there are."""
        tree = self._outline.tree
        newest: i64 = tree.newest_versions[self._outline.nodes[position]]
        version = newest
        above: i64 = -1
        seen: i64 = 1
        while version >= 0 and tree.version_layers[version] >= len(self.counts):
            version = tree.olders[version]  # of a layer that came since
        while version >= 0:
            if self._is_it(version) and (self._count(version, above) or self._any) and not self.hits[position]:
                self.hits[position] = 1
                if version != newest:
                    self.newest[position] = version
            above = version
            version = tree.olders[version]
            seen += 1
        return seen

    def _is_it(self, version: i64) -> bool:
        if self._low >= 0 and not self._low <= self._outline.tree.stored_size(version) <= self._high:
            return False
        return not self._kinds or properties(self._outline, version) & self._kinds == self._kinds

    def _count(self, version: i64, above: i64) -> bool:
        """Count the layers whose changes show the version as it is wanted; are there any?"""
        tree, wanted = self._outline.tree, self._wanted
        layer: i64 = tree.version_layers[version]
        end: i64 = tree.endings[version]
        if end >= len(self.counts):
            end = -1
        if end == layer:
            return False  # no layer shows what it wrote and dropped itself
        found = False
        mark = self._mark(version, layer)
        if wanted[mark]:
            self.counts[layer] += 1
            found = True
        if wanted[UNCHANGED] and layer + 1 < len(self.counts) and end != layer + 1:
            self.counts[layer + 1] += 1
            found = True
        if end >= 0 and wanted[REMOVED] and not self._stands(above, end):
            self.counts[end] += 1
            found = True
        return found

    def _stands(self, version: i64, layer: i64) -> bool:
        """Is there a version after the layer that made it, and is it this layer?"""
        tree = self._outline.tree
        return version >= 0 and tree.version_layers[version] == layer and tree.endings[version] != layer

    def _mark(self, version: i64, layer: i64) -> int:
        """What the layer that made a version did with it."""
        tree = self._outline.tree
        older: i64 = tree.olders[version]
        while older >= 0 and tree.version_layers[older] == layer:
            older = tree.olders[older]
        if older < 0 or 0 <= tree.endings[older] < layer:
            return ADDED
        return UNCHANGED if same_directory(tree, older, version) else MODIFIED


def sized(outline: Outline, classes: bytearray, low: int, high: int) -> bytearray:
    """Positions any version of which may have so many bytes; ``classes`` are those of the newest ones."""
    table = bytearray(256)
    number: i64 = size_class(low)
    last: i64 = size_class(high)
    while number <= last:
        table[number] = 1
        number += 1
    found = bytearray(classes.translate(bytes(table)))
    for position in outline.many:
        found[position] = 1
    return found


def changing(outline: Outline) -> bytearray:
    """Positions that more than one layer may have touched."""
    table = bytearray(b"\x01") * 256
    for number, history in enumerate(outline.histories):
        table[number] = 1 if len(history) > 3 or history[2] >= 0 else 0
    return bytearray(bytes(outline.numbers).translate(bytes(table)))
