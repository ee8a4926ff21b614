"""What changed between two images: their figures, their files in the end, their config."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from layerscope.analysis.model import Comparison
from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import ImageTree
from layerscope.index import ImageIndex
from layerscope.text import decode

ADDED, MODIFIED, REMOVED = "added", "modified", "removed"
_FILES = (FILE, HARDLINK)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path that only one image has in the end, or that both have and not alike; a folder's ends in a slash.

    A folder that came or went stands for all ``files`` in it. ``what`` says what was modified: type,
    content, size, mode, owner, target, xattrs. Times are not compared.
    """

    path: str
    kind: str
    before: int
    after: int
    files: int = 1
    what: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """How much was added; negative where it shrank."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A key of the images' configs, its values as JSON; empty where one has none."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Two images beside each other; ``files`` and ``config`` are None where one of them is only a baseline."""

    old: str
    new: str
    comparison: Comparison
    files: tuple[FileChange, ...] | None = None
    config: tuple[ConfigChange, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the images are the same: layers, files and config."""
        return not (self.comparison.layers or self.comparison.new_layers or self.files or self.config)


def compare_configs(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[ConfigChange, ...]:
    """The keys of the part that says how a container runs, where they differ, by name."""
    first, second = _running(old), _running(new)
    return tuple(
        ConfigChange(key, _written(first.get(key)), _written(second.get(key)))
        for key in sorted({**first, **second})
        if (first.get(key) or None) != (second.get(key) or None)
    )


def _running(config: Mapping[str, Any]) -> dict[str, Any]:
    found = config.get("config")
    # The classic builder notes from which image it made this one: nothing that a container runs.
    return {key: value for key, value in found.items() if key != "Image"} if isinstance(found, dict) else {}


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def compare_files(old: ImageIndex, new: ImageIndex) -> tuple[FileChange, ...]:
    """The paths of the final filesystems that differ, the largest difference first.

    Contents are read where a file has the same size in both and does not come from the same layer.
    """
    walk = _Walk(old, new)
    changes = list(walk.changes())
    changes += walk.compare_contents()
    return tuple(sorted(changes, key=lambda change: (-abs(change.bytes), change.path)))


class _Walk:
    """Both trees side by side, from the root down, without recursion."""

    def __init__(self, old: ImageIndex, new: ImageIndex) -> None:
        self._indexes = old, new
        self._old, self._new = old.tree, new.tree
        # Files that may be the same: path, versions, and what else differs.
        self._candidates: list[tuple[str, int, int, tuple[str, ...]]] = []

    def changes(self) -> Iterator[FileChange]:
        """All changes but those that only contents can tell."""
        waiting = [(0, 0, "")]
        while waiting:
            old, new, path = waiting.pop()
            before, after = self._old.live.get(old, {}), self._new.live.get(new, {})
            for name, node in before.items():
                if name not in after:
                    yield _whole(self._old, node, path + decode(name), REMOVED)
            for name, node in after.items():
                below = path + decode(name)
                twin = before.get(name)
                if twin is None:
                    yield _whole(self._new, node, below, ADDED)
                    continue
                yield from self._both(twin, node, below)
                if self._are_folders(twin, node):
                    waiting.append((twin, node, below + "/"))

    def _are_folders(self, old: int, new: int) -> bool:
        kinds = self._old.kind(self._old.newest(old)), self._new.kind(self._new.newest(new))
        return kinds == (DIRECTORY, DIRECTORY)

    def _both(self, old: int, new: int, path: str) -> Iterator[FileChange]:
        """A path that both images have."""
        first, second = self._old.newest(old), self._new.newest(new)
        kinds = [FILE if kind in _FILES else kind for kind in (self._old.kind(first), self._new.kind(second))]
        if kinds[0] != kinds[1]:
            before, after = _weigh(self._old, old)[0], _weigh(self._new, new)[0]
            yield FileChange(path, MODIFIED, before, after, what=("type",))
            return
        what = self._what(first, second)
        if kinds[0] == FILE:
            before, after = self._old.size(first), self._new.size(second)
            if before != after:
                yield FileChange(path, MODIFIED, before, after, what=("size", *what))
                return
            if before and not self._same_place(first, second):
                self._candidates.append((path, first, second, what))
                return
        if what:
            yield FileChange(path + ("/" if kinds[0] == DIRECTORY else ""), MODIFIED, 0, 0, what=what)

    def _what(self, first: int, second: int) -> tuple[str, ...]:
        old_entry, new_entry = self._old.version_entry(first), self._new.version_entry(second)
        if old_entry < 0 or new_entry < 0:
            return ()
        old = self._old.layers[self._old.version_layer(first)]
        new = self._new.layers[self._new.version_layer(second)]
        is_file = self._old.kind(first) in _FILES
        pairs = (
            ("mode", old.mode(old_entry), new.mode(new_entry)),
            ("owner", (old.uid(old_entry), old.gid(old_entry)), (new.uid(new_entry), new.gid(new_entry))),
            ("target", b"" if is_file else old.link(old_entry), b"" if is_file else new.link(new_entry)),
            ("xattrs", old.xattrs(old_entry), new.xattrs(new_entry)),
        )
        return tuple(name for name, before, after in pairs if before != after)

    def _data(self, number: int, version: int) -> tuple[int, int]:
        """The layer and the entry that store a file's bytes, in the old (0) or the new (1) image."""
        tree = (self._old, self._new)[number]
        data = tree.data(version)
        return tree.version_layer(data), tree.version_entry(data)

    def _same_place(self, first: int, second: int) -> bool:
        """Are the bytes those of the same entry of the same layer?"""
        (old_layer, old_entry), (new_layer, new_entry) = self._data(0, first), self._data(1, second)
        old, new = self._indexes
        ids = old.image.layers[old_layer].diff_id, new.image.layers[new_layer].diff_id
        return bool(ids[0]) and ids[0] == ids[1] and old_entry == new_entry

    def compare_contents(self) -> Iterator[FileChange]:
        """Digest what has to be compared, each layer from its front to its back."""
        for number, index in enumerate(self._indexes):
            wanted: dict[int, array[int]] = {}
            for _, *versions, _what in self._candidates:
                layer, entry = self._data(number, versions[number])
                wanted.setdefault(layer, array("i")).append(entry)
            for layer, entries in wanted.items():
                index.digest_all(layer, entries)
        for path, first, second, what in self._candidates:
            old, new = (self._digest(number, version) for number, version in enumerate((first, second)))
            # Bytes that cannot be had may be anything.
            different = ("content",) if not old or old != new else ()
            if different or what:
                size = self._old.size(first)
                yield FileChange(path, MODIFIED, size, size, what=different + what)

    def _digest(self, number: int, version: int) -> bytes:
        layer, entry = self._data(number, version)
        return (self._old, self._new)[number].layers[layer].digest(entry)


def _whole(tree: ImageTree, node: int, path: str, kind: str) -> FileChange:
    """A path that came or went, with all below it."""
    size, files = _weigh(tree, node)
    folder = tree.kind(tree.newest(node)) == DIRECTORY
    before, after = (0, size) if kind == ADDED else (size, 0)
    return FileChange(path + ("/" if folder else ""), kind, before, after, files)


def _weigh(tree: ImageTree, top: int) -> tuple[int, int]:
    """The bytes and the number of paths but folders under a node of the final filesystem."""
    size = files = 0
    waiting = [top]
    while waiting:
        node = waiting.pop()
        version = tree.newest(node)
        if tree.kind(version) == DIRECTORY:
            waiting.extend(tree.live.get(node, {}).values())
        else:
            size += tree.size(version)
            files += 1
    return size, files
