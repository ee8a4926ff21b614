"""Image folders: OCI image layouts, unpacked ``docker save`` archives, skopeo ``dir:`` folders."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from layerscope.errors import DamagedImageError, NotAnImageError, SourceError
from layerscope.sources.blobs import BLOCK, content_kind, decompressed
from layerscope.sources.contents import Blob, too_large
from layerscope.sources.limits import Limits
from layerscope.sources.model import Image, Reader
from layerscope.sources.readers import FileReader, SharedFile, read_all
from layerscope.sources.recognition import describe
from layerscope.sources.selection import Wish, find_image
from layerscope.sources.verification import VerifyingReader
from layerscope.text import shortened

_MARKS = ("index.json", "manifest.json", "oci-layout", "repositories")


def is_image_folder(folder: Path) -> bool:
    """Whether a folder holds any of the documents that an image folder begins with; OSError."""
    return any((folder / mark).exists() for mark in _MARKS)


class FolderContents:
    """The files of a folder; links out of it, pipes and devices are refused."""

    def __init__(self, folder: Path, label: str, limits: Limits) -> None:
        self.label = label
        self.limits = limits
        self._root = folder.resolve()

    def document(self, name: str) -> bytes | None:
        """A small file whole; None where there is none; LimitError where it is not small."""
        file = self._open(name)
        if file is None:
            return None
        try:
            data = read_all(FileReader(file), self.limits.document_bytes)
        finally:
            file.close()
        if data is None:
            raise too_large(name, file.size, self.limits)
        return data

    def blob(self, name: str) -> Blob | None:
        """A file that may be a layer; None where there is none."""
        file = self._open(name)
        if file is None:
            return None
        try:
            head = file.read_at(0, BLOCK)
        finally:
            file.close()
        kind = content_kind(head)
        seekable = kind in ("tar", "")
        opener, verifier = partial(self._layer, name), partial(self._verified, name, compressed=not seekable)
        return Blob(name, file.size, kind, opener, seekable, describe(head), verifier)

    def _layer(self, name: str) -> Reader:
        return decompressed(self._reader(name), f"Layer {shortened(name)}", self.limits)

    def _verified(self, name: str, *, compressed: bool) -> Reader:
        return VerifyingReader(self._reader(name), f"Layer {shortened(name)}", self.limits, compressed=compressed)

    def _reader(self, name: str) -> FileReader:
        file = self._open(name)
        if file is None:
            raise DamagedImageError(f"{name} is no longer in {self.label}.", "Copy the image again.")
        return FileReader(file, owned=True)

    def _open(self, name: str) -> SharedFile | None:
        try:
            path = (self._root / name).resolve()
            if not path.exists():
                return None
            if not path.is_relative_to(self._root):
                raise self._outside(name)
            return SharedFile.open(path, f"{shortened(name)} in {self.label}")
        except (OSError, ValueError, RuntimeError) as error:  # no permission, a NUL in the name, a loop of links
            reason = getattr(error, "strerror", None) or "its name leads nowhere"
            raise DamagedImageError(f"{shortened(name)} in {self.label} cannot be opened: {reason}.") from error

    def _outside(self, name: str) -> DamagedImageError:
        return DamagedImageError(
            f"{shortened(name)} in {self.label} is a link that leads out of the folder.",
            "Copy the image with its links resolved.",
        )


class LayoutSource:
    """An image folder; its layers are opened where they lie. ``label`` is what it is called in sentences."""

    def __init__(self, folder: Path, label: str, wish: Wish) -> None:
        self._folder = folder
        self._label = label
        self._wish = wish

    def image(self) -> Image:
        """Find and parse manifest and config; reads no layer."""
        try:
            known = is_image_folder(self._folder)
        except OSError as error:  # a folder that may be listed and not entered
            raise SourceError(f"{self._label} cannot be opened: {error.strerror}.", "Check its permissions.") from error
        if not known:
            raise NotAnImageError(
                f"The folder {self._label} holds no image: there is neither an index.json nor a manifest.json.",
                "Name an OCI layout folder, an archive file or an image.",
            )
        return find_image(FolderContents(self._folder, self._label, self._wish.limits), self._wish)

    def close(self) -> None:
        """Nothing: files are opened for each reader alone."""
