"""Files and folders out of an image onto disk, and nothing anywhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layerscope.core.tar import DIRECTORY, SYMLINK
from layerscope.errors import DamagedImageError, LayerscopeError, UsageError
from layerscope.text import decode, size
from layerscope.tui.entrywords import kind_word

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from layerscope.sources.model import Reader
    from layerscope.tui.contents import Watch
    from layerscope.tui.insides import Openable

_PIECE: Final = 1 << 20
#: Bytes that are passed over at once.
_SKIP: Final = 1 << 24


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
        if len(self.skipped) == 1 and not (self.files or self.folders or self.links):
            return f"wrote nothing: {why}"
        return f"{said}; skipped {len(self.skipped):,}: {path} ({why}){'…' if len(self.skipped) > 1 else ''}"


def extract(
    index: Openable,
    node: int,
    version_of: Callable[[int], int],
    target: Path,
    watch: Watch,
    lock: AbstractContextManager[object] | None = None,
) -> Extracted:
    """Write a path and all below it to ``target``, which must not exist yet.

    ``version_of`` gives the version of a node that is wanted, -1 for none. Owners, setuid bits and
    times are not taken over; special files, sparse files and links that lead out of the target are
    skipped. ``watch`` is told of bytes read and says whether to go on; ``lock`` is held for each folder whose
    names are listed. UsageError where the target
    cannot be made; what cannot be read, or that the disk refuses, ends up in ``skipped``.
    """
    if target.is_symlink() or target.exists():
        raise UsageError(f"{target} exists already.", "Give a name that does not exist yet.")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder.", "Give a place in a folder that exists.")
    work = _Extraction(index, target, watch)
    work.plan(node, version_of, lock or nullcontext())
    for layer in sorted(work.wanted):
        work.write_layer(layer, sorted(work.wanted[layer]))
    for path, link in work.links:
        work.write_link(path, link)
    return work.done


class _Extraction:
    """What is wanted of each layer, as (offset, path, version), and what has been done."""

    def __init__(self, index: Openable, target: Path, watch: Watch) -> None:
        self.done = Extracted()
        self.wanted: dict[int, list[tuple[int, Path, int]]] = {}
        self.links: list[tuple[Path, bytes]] = []
        self._index = index
        self._tree = index.tree
        self._target = target
        self._watch = watch
        self._total = 0
        self._passed = 0

    def plan(self, node: int, version_of: Callable[[int], int], lock: AbstractContextManager[object]) -> None:
        """Make all folders, and note what is to lie in them; a name never holds a slash, and is never ``..``."""
        tree = self._tree
        waiting = [(node, self._target)]
        while waiting:
            here, path = waiting.pop()
            version = version_of(here)
            if version < 0:
                continue
            if tree.kind(version) == DIRECTORY:
                if self._make_folder(path):
                    with lock:
                        children = tree.children(here)
                    waiting += [(child, path / decode(tree.name(child))) for child in children]
            else:
                self._want(path, version)
        for places in self.wanted.values():
            last = max(places)
            self._total += last[0] + tree.stored_size(tree.data(last[2]))

    def _make_folder(self, path: Path) -> bool:
        try:
            path.mkdir()
        except (OSError, ValueError) as error:
            if path == self._target:
                raise UsageError(f"{path} cannot be written: {_reason(error)}.", "Choose another place.") from error
            self._skip(path, _reason(error))
            return False
        self.done.folders += 1
        return True

    def _want(self, path: Path, version: int) -> None:
        tree = self._tree
        kind, data = tree.kind(version), tree.data(version)
        if data >= 0:
            layer, entry = tree.version_layer(data), tree.version_entry(data)
            if tree.layers[layer].is_sparse(entry):
                self._skip(path, "a sparse file, whose holes are not kept")
                return
            place = (tree.layers[layer].offset(entry), path, version)
            self.wanted.setdefault(layer, []).append(place)
        elif kind == SYMLINK:
            self.links.append((path, tree.layers[tree.version_layer(version)].link(tree.version_entry(version))))
        else:
            self._skip(path, f"a {kind_word(kind)}")

    def _skip(self, path: Path, why: str) -> None:
        self.done.skipped.append((str(path), why))

    def write_layer(self, layer: int, places: list[tuple[int, Path, int]]) -> None:
        """All files of one layer in one pass over it."""
        opener = self._index.described(layer).opener
        through = 0
        why = f"layer {layer + 1} is not at hand"
        try:
            if opener is not None:
                with closing(opener()) as reader:
                    for number in self._write_through(reader, places):
                        through = number
                        if not self._watch(self._passed, self._total):
                            why = "stopped"
                            break
        except LayerscopeError as error:
            why = error.sentence
        for _offset, path, _version in places[through:]:
            self._skip(path, why)

    def _write_through(self, reader: Reader, places: list[tuple[int, Path, int]]) -> Iterator[int]:
        """Write files in the order in which they lie; after each, how many are through."""
        tree = self._tree
        at = 0
        last: tuple[int, Path] | None = None
        yield 0
        for number, (offset, path, version) in enumerate(places):
            if last is not None and last[0] == offset:
                self._write(path, _pieces_of(last[1]), version)  # another name of the same bytes
            elif at > offset:
                self._skip(path, "another name of bytes that could not be written")
            else:
                stored = tree.stored_size(tree.data(version))
                while at < offset and (passed := reader.skip(min(_SKIP, offset - at))):
                    at += passed
                    self._passed += passed
                    if not self._watch(self._passed, self._total):
                        yield number
                if self._write(path, self._pieces(reader.read, stored), version):
                    last = (offset, path)
                at += stored
            yield number + 1

    def _pieces(self, read: Callable[[int], bytes], count: int) -> Iterator[bytes]:
        while count > 0:
            piece = read(min(_PIECE, count))
            if not piece:
                raise DamagedImageError("The layer ends before this file does.", "Save the image again.")
            count -= len(piece)
            self._passed += len(piece)
            self._watch(self._passed, self._total)
            yield piece

    def _write(self, path: Path, pieces: Iterator[bytes], version: int) -> bool:
        """Write a new file; where the disk refuses it, nothing stays of it, and the bytes are passed over."""
        tree = self._tree
        mode = tree.layers[tree.version_layer(version)].mode(tree.version_entry(version)) & 0o777
        try:
            # Never through a link, never over something that is there.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode | 0o600)
        except (OSError, ValueError) as error:
            self._skip(path, _reason(error))
            for _piece in pieces:
                pass
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                self.done.bytes += file.tell()
        except LayerscopeError:
            path.unlink(missing_ok=True)
            raise
        except OSError as error:
            path.unlink(missing_ok=True)
            self._skip(path, _reason(error))
            for _piece in pieces:
                pass
            return False
        self.done.files += 1
        return True

    def write_link(self, path: Path, link: bytes) -> None:
        """A symbolic link, if what it names lies in the target."""
        text = os.fsdecode(link)
        if not _stays_inside(text, len(path.relative_to(self._target).parts) - 1):
            self._skip(path, "a link that leads elsewhere")
            return
        try:
            path.symlink_to(text)
            self.done.links += 1
        except (OSError, ValueError) as error:
            self._skip(path, _reason(error))


def _reason(error: OSError | ValueError) -> str:
    """Why the disk refuses a name, in a few words."""
    return (error.strerror or "refused") if isinstance(error, OSError) else "a name that no disk takes"


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _stays_inside(link: str, depth: int) -> bool:
    """Whether a link in a folder ``depth`` below the target leads to something in it.

    Going up is fine at the link's beginning only, where the folders are real ones: after the name of
    another link it would start from wherever that leads.
    """
    parts = [part for part in link.split("/") if part not in ("", ".")]
    ups = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    return not link.startswith("/") and ups <= depth and ".." not in parts[ups:]
