"""One layer's own tree as dive's JSON export lists it: children first, siblings by name (dive.md, 1.5)."""

from __future__ import annotations

from collections.abc import Iterator

from layerscope.analysis.model import DiveFile
from layerscope.core.layer import METADATA, OPAQUE, WHITEOUT, LayerIndex
from layerscope.core.tar import BLOCK, CHAR, DIRECTORY, FIFO, FILE, SYMLINK
from layerscope.text import decode

# Go's os.FileMode: type bits above the permissions.
_TYPE_BITS = {
    DIRECTORY: 1 << 31,
    SYMLINK: 1 << 27,
    BLOCK: 1 << 26,
    CHAR: 1 << 26 | 1 << 21,
    FIFO: 1 << 25,
}
_SETUID, _SETGID, _STICKY = 1 << 23, 1 << 22, 1 << 20


def list_dive_files(layer: LayerIndex) -> Iterator[DiveFile]:
    """The layer's records in dive's order; whiteouts keep their names, AUFS metadata is left out."""
    files, directories = _sorted_children(layer)
    # Without recursion: a directory is opened once, and closed when it is met again.
    waiting: list[tuple[int, int, bool]] = [(0, -1, False)]
    while waiting:
        directory, entry, opened = waiting.pop()
        if directory < 0 or opened:
            if entry >= 0:
                yield _file(layer, entry)
            elif directory > 0:
                yield DiveFile()
            continue
        own = entry
        waiting.append((directory, own, True))
        below = dict.fromkeys([*files.get(directory, ()), *directories.get(directory, ())])
        for name in sorted(below, reverse=True):
            waiting.append(
                (directories.get(directory, {}).get(name, -1), files.get(directory, {}).get(name, -1), False)
            )


def _sorted_children(layer: LayerIndex) -> tuple[dict[int, dict[bytes, int]], dict[int, dict[bytes, int]]]:
    """By directory: the last entry of each name, and the number of each name that is a directory."""
    directories: dict[int, dict[bytes, int]] = {}
    for number in range(1, len(layer.directory_names)):
        name = layer.directory_names[number]
        if not name.startswith(b".wh..wh."):
            directories.setdefault(layer.directory_parents[number], {})[name] = number
    files: dict[int, dict[bytes, int]] = {}
    for entry, kind in enumerate(layer.kinds):
        if kind not in (OPAQUE, METADATA) and layer.names[entry]:
            files.setdefault(layer.directories[entry], {})[layer.names[entry]] = entry
    return files, directories


def _file(layer: LayerIndex, entry: int) -> DiveFile:
    kind = layer.kind(entry)
    kind = FILE if kind == WHITEOUT else kind
    mode = layer.mode(entry)
    return DiveFile(
        path=decode(layer.path(entry)),
        type_flag=ord("0") + kind,
        link_name=decode(layer.link(entry)),
        size=layer.size(entry),
        file_mode=(mode & 0o777)
        | _TYPE_BITS.get(kind, 0)
        | (_SETUID if mode & 0o4000 else 0)
        | (_SETGID if mode & 0o2000 else 0)
        | (_STICKY if mode & 0o1000 else 0),
        uid=layer.uid(entry),
        gid=layer.gid(entry),
        is_dir=kind == DIRECTORY,
    )
