"""Files and folders out of an image onto disk, and nothing anywhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layerscope.core.tar import DIRECTORY, SYMLINK
from layerscope.errors import DamagedImageError, LayerscopeError, UsageError
from layerscope.text import decode, size
from layerscope.tui.entrywords import kind_word

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree
    from layerscope.index import ImageIndex

_PIECE: Final = 1 << 20


@dataclass(slots=True)
class Extracted:
    """What was written, and what was not and why (paths are hostile text)."""

    files: int = 0
    folders: int = 0
    links: int = 0
    bytes: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        said = f"wrote {self.files:,} file{'' if self.files == 1 else 's'}, {size(self.bytes)}"
        if not self.skipped:
            return said
        path, why = self.skipped[0]
        return f"{said}; skipped {len(self.skipped):,}: {path} ({why}){'…' if len(self.skipped) > 1 else ''}"


def extract(
    index: ImageIndex, node: int, version_of: Callable[[int], int], target: Path, cancelled: Callable[[], bool]
) -> Extracted:
    """Write a path and all below it to ``target``, which must not exist yet.

    ``version_of`` gives the version of a node that is wanted, -1 for none. Owners, setuid bits and
    times are not taken over; special files and links that lead out of the target are skipped.
    UsageError where the target cannot be made; layers that cannot be read end up in ``skipped``.
    """
    done = Extracted()
    wanted: dict[int, list[tuple[int, Path, int]]] = {}
    links: list[tuple[Path, bytes]] = []
    tree = index.tree
    if target.is_symlink() or target.exists():
        raise UsageError(f"{target} exists already.", "Give a name that does not exist yet.")
    try:
        for path, version in _walk(tree, node, version_of, target):
            kind, data = tree.kind(version), tree.data(version)
            if kind == DIRECTORY:
                path.mkdir()
                done.folders += 1
            elif data >= 0:
                place = (tree.layers[tree.version_layer(data)].offset(tree.version_entry(data)), path, version)
                wanted.setdefault(tree.version_layer(data), []).append(place)
            elif kind == SYMLINK:
                links.append((path, tree.layers[tree.version_layer(version)].link(tree.version_entry(version))))
            else:
                done.skipped.append((str(path), f"a {kind_word(kind)}"))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.", "Choose another place.") from error
    for layer, places in wanted.items():
        _write_layer(index, layer, sorted(places), done, cancelled)
    for path, link in links:
        _write_link(path, link, target, done)
    return done


def _walk(tree: ImageTree, node: int, version_of: Callable[[int], int], target: Path) -> Iterator[tuple[Path, int]]:
    """Folders before what lies in them; a name never holds a slash, and is never ``..``."""
    waiting = [(node, target)]
    while waiting:
        here, path = waiting.pop()
        version = version_of(here)
        if version < 0:
            continue
        yield path, version
        if tree.kind(version) == DIRECTORY:
            waiting += [(child, path / decode(tree.name(child))) for child in tree.children(here)]


def _write_layer(
    index: ImageIndex, layer: int, places: list[tuple[int, Path, int]], done: Extracted, cancelled: Callable[[], bool]
) -> None:
    """All files of one layer in one pass over it."""
    opener = index.image.layers[layer].opener
    tree = index.tree
    if opener is None:
        done.skipped += [(str(path), f"layer {layer + 1} is not at hand") for _offset, path, _version in places]
        return
    try:
        reader = opener()
    except LayerscopeError as error:
        done.skipped += [(str(path), error.sentence) for _offset, path, _version in places]
        return
    at = 0
    last: tuple[int, Path] | None = None
    try:
        for offset, path, version in places:
            if cancelled():
                done.skipped.append((str(path), "stopped"))
                return
            data = tree.data(version)
            stored = tree.layers[layer].stored(tree.version_entry(data))
            if last is not None and last[0] == offset:
                _write(path, _pieces_of(last[1]), version, tree, done)  # another name of the same bytes
                continue
            at += reader.skip(offset - at)
            at += _write(path, _pieces(reader.read, stored), version, tree, done)
            last = (offset, path)
    except LayerscopeError as error:
        done.skipped.append((str(places[0][1]), error.sentence))
    finally:
        reader.close()


def _pieces(read: Callable[[int], bytes], count: int) -> Iterator[bytes]:
    while count > 0:
        piece = read(min(_PIECE, count))
        if not piece:
            raise DamagedImageError("The layer ends before this file does.", "Save the image again.")
        count -= len(piece)
        yield piece


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _write(path: Path, pieces: Iterator[bytes], version: int, tree: ImageTree, done: Extracted) -> int:
    """Write a new file; the bytes taken from the layer. A name that the disk refuses is skipped."""
    mode = tree.layers[tree.version_layer(version)].mode(tree.version_entry(version)) & 0o777
    taken = 0
    try:
        # Never through a link, never over something that is there.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode | 0o600)
    except OSError as error:
        done.skipped.append((str(path), error.strerror or "refused"))
        return sum(map(len, pieces))
    with os.fdopen(handle, "wb") as file:
        for piece in pieces:
            file.write(piece)
            taken += len(piece)
    done.files += 1
    done.bytes += taken
    return taken


def _write_link(path: Path, link: bytes, target: Path, done: Extracted) -> None:
    """A symbolic link, if what it names lies in the target."""
    text = os.fsdecode(link)
    if not _stays_inside(text, len(path.relative_to(target).parts) - 1):
        done.skipped.append((str(path), "a link that leads elsewhere"))
        return
    try:
        path.symlink_to(text)
        done.links += 1
    except OSError as error:
        done.skipped.append((str(path), error.strerror or "refused"))


def _stays_inside(link: str, depth: int) -> bool:
    """Whether a link in a folder ``depth`` below the target leads to something in it.

    Going up is fine at the link's beginning only, where the folders are real ones: after the name of
    another link it would start from wherever that leads.
    """
    parts = [part for part in link.split("/") if part not in ("", ".")]
    ups = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    return not link.startswith("/") and ups <= depth and ".." not in parts[ups:]
