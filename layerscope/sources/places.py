"""Files, folders and pipes, opened by what their first bytes say."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

from layerscope.errors import DamagedImageError, ImageNotFoundError, NotAnImageError, SourceError, UsageError
from layerscope.sources.archive import ArchiveSource
from layerscope.sources.blobs import BLOCK, compression, content_kind, is_tar
from layerscope.sources.layout import LayoutSource, is_image_folder
from layerscope.sources.model import OpenSource, PassingSource
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import FileReader, PipeReader, SharedFile
from layerscope.sources.recognition import describe
from layerscope.sources.references import Reference, exists
from layerscope.sources.selection import Wish

_FORMATS = "layerscope reads what `docker save`, `podman save`, `skopeo copy` and image builders write."


def is_meant(path: Path, reference: Reference) -> bool:
    """Whether an existing path is meant, and not the image that bears the same name.

    ``layerscope nginx`` means the image even where a folder or a program ``nginx`` lies about.
    """
    if not exists(path):
        return False
    if reference.looks_like_path or os.sep in reference.place or path.suffix:
        return True
    try:
        if path.is_dir():
            return is_image_folder(path)
    except OSError:  # opening it says why it cannot be
        return True
    return not path.is_file() or _is_archive(path)


def open_place(place: str, wish: Wish, spool: Path | None) -> OpenSource | PassingSource:
    """The source for an existing path, as it was written; NotAnImageError says what it is where it is no image."""
    path = Path(place).expanduser()
    if not exists(path):
        raise ImageNotFoundError(f"There is no file or folder {place}.", "Check the path.")
    try:
        if path.is_dir():
            return LayoutSource(path, place, replace(wish, source=wish.source or "layout"))
        wish = replace(wish, source=wish.source or "archive")
        if stat.S_ISFIFO(path.stat().st_mode):  # a named pipe or a process substitution
            pipe = path.open("rb")
            return PassingArchive(PipeReader(pipe), wish, place, spool=spool, release=pipe.close)
        return _open_file(path, place, wish, spool)
    except OSError as error:
        raise SourceError(f"{place} cannot be opened: {error.strerror}.", "Check its permissions.") from error


def open_standard_input(wish: Wish, spool: Path | None) -> PassingSource:
    """The archive on standard input; UsageError where that is a terminal or closed."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("Nothing comes on standard input.", "Write: docker save IMAGE | layerscope -")
    return PassingArchive(PipeReader(sys.stdin.buffer), wish, "Standard input", spool=spool)


def _open_file(path: Path, place: str, wish: Wish, spool: Path | None) -> OpenSource | PassingSource:
    """In place where the file is a tar, passing where it is compressed."""
    file = SharedFile.open(path, place)
    head = file.read_at(0, BLOCK)
    if compression(head):
        return PassingArchive(FileReader(file, owned=True), wish, place, spool=spool)
    if is_tar(head) and any(head):
        return ArchiveSource(file, wish)
    file.close()
    if 257 + 5 <= len(head) < BLOCK and head[257:262] == b"ustar":
        raise DamagedImageError(f"{place} ends in its first header.", "Save or copy the image again, whole.")
    what = describe(head)
    hint = "Where it is part of an image, give the folder that it lies in." if "JSON" in what else _FORMATS
    raise NotAnImageError(f"{place} is no image archive: it {what}.", hint)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return content_kind(file.read(BLOCK)) != ""
    except OSError:
        return False
