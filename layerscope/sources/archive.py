"""Image archives in seekable files: only the outer headers are scanned, layers are opened in place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from layerscope.core.drive import TarStream
from layerscope.errors import DamagedImageError, LimitError, NotAnImageError
from layerscope.sources.blobs import BLOCK, content_kind, decompressed
from layerscope.sources.contents import Blob, too_large
from layerscope.sources.limits import Limits
from layerscope.sources.members import Members, Stored
from layerscope.sources.model import Image, Reader
from layerscope.sources.readers import FileReader, SharedFile, read_all
from layerscope.sources.recognition import describe
from layerscope.sources.salvage import NamedContents, salvage
from layerscope.sources.selection import Wish, find_image
from layerscope.sources.verification import VerifyingReader
from layerscope.text import shortened


class FileContents:
    """The members of an uncompressed archive that lies in a file."""

    def __init__(self, file: SharedFile, members: Members, label: str, limits: Limits) -> None:
        self.label = label
        self.limits = limits
        self._file = file
        self._members = members

    def names(self) -> Iterable[str]:
        """The names of all files, in the order of the archive."""
        return self._members.names()

    def document(self, name: str) -> bytes | None:
        """A small member whole; None where there is none; LimitError where it is not small."""
        found = self._members.find(name)
        if found is None:
            return None
        data = read_all(self._window(found[1]), self.limits.document_bytes)
        if data is None:
            raise too_large(name, found[1].size, self.limits)
        return data

    def blob(self, name: str) -> Blob | None:
        """A member that may be a layer; None where there is none."""
        found = self._members.find(name)
        if found is None:
            return None
        real, stored = found
        head = self._window(stored).read(BLOCK)
        kind = content_kind(head)
        seekable = kind in ("tar", "")
        opener, verifier = partial(self._open, real, stored), partial(self._verified, real, stored, not seekable)
        return Blob(real, stored.size, kind, opener, seekable, describe(head), verifier)

    def _open(self, name: str, stored: Stored) -> Reader:
        return decompressed(self._window(stored), f"Layer {shortened(name)}", self.limits)

    def _verified(self, name: str, stored: Stored, compressed: bool) -> Reader:
        return VerifyingReader(self._window(stored), f"Layer {shortened(name)}", self.limits, compressed=compressed)

    def _window(self, stored: Stored) -> FileReader:
        return FileReader(self._file, stored.offset, stored.size)


class ArchiveSource:
    """An uncompressed archive file: ``docker save``, OCI archive, and what else writes such tars."""

    def __init__(self, file: SharedFile, wish: Wish) -> None:
        self._file = file
        self._wish = wish

    def image(self) -> Image:
        """Scan the outer headers, find and parse manifest and config; reads no layer."""
        label = self._file.name
        stream = TarStream(FileReader(self._file))
        members = Members(label, self._wish.limits)
        while member := stream.next():
            members.add(member)
        return conclude(
            FileContents(self._file, members, label, self._wish.limits), self._wish, damage(label, stream.fault)
        )

    def close(self) -> None:
        """Close the file; openers of its layers fail from then on."""
        self._file.close()


def conclude(contents: NamedContents, wish: Wish, fault: str, *, partial: bool = True) -> Image:
    """The image of a scanned archive.

    A fault of the scan, a sentence, is the image's own, as engines load no such archive. Where the manifest came
    before it all is shown, else what could be salvaged; DamagedImageError where that is nothing, or not wanted
    (``partial``).
    """
    try:
        image = find_image(contents, wish)
    except (NotAnImageError, DamagedImageError, LimitError) as error:
        if not fault:
            raise
        broken = DamagedImageError(fault, "Save or copy the image again, whole.")
        image = Image(wish.reference, wish.source, fault=broken.sentence)
        if wish.image or not partial or not salvage(contents, image):
            raise broken from error
        return image
    image.fault = " ".join(filter(None, (fault, image.fault)))
    return image


def damage(label: str, fault: str) -> str:
    """The sentence about an outer archive whose scan ended early; empty where it did not."""
    return f"{label} is damaged: {fault}." if fault else ""
