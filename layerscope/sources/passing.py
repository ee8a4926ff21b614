"""Image archives that come once, in their own order: an engine's export, a pipe, a compressed file."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from functools import partial
from pathlib import Path

from layerscope.core.drive import TarStream
from layerscope.core.tar import FILE
from layerscope.errors import DamagedImageError, LimitError, NotAnImageError
from layerscope.sources.archive import conclude
from layerscope.sources.blobs import BLOCK, content_kind, decompressed
from layerscope.sources.contents import Blob, too_large
from layerscope.sources.documents import MAX_DOCUMENT
from layerscope.sources.members import Members, Stored
from layerscope.sources.model import Image, Reader, Visit
from layerscope.sources.readers import FileReader, PeekReader, SharedFile, discard, read_all
from layerscope.sources.recognition import describe
from layerscope.sources.selection import Wish
from layerscope.sources.spool import Spool, SpoolingReader

#: Bytes of documents that are kept in memory until the manifest says which are needed.
MAX_KEPT = 64 * 1024 * 1024

#: Bytes read behind the archive's end marker, so that whoever writes the pipe can finish its padding.
_PADDING = 1024 * 1024
_NAMES = ("json", "repositories")


class KeptContents:
    """What was kept of a passing archive: documents, the kinds of its members, perhaps a spool."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.members = Members(label)
        self.kinds: dict[str, str] = {}
        self.looks: dict[str, str] = {}
        self.file: SharedFile | None = None
        self._documents: dict[str, bytes] = {}
        self._kept = 0

    def keep(self, name: str, data: bytes) -> None:
        """Keep a document, as long as there is room."""
        if self._kept + len(data) <= MAX_KEPT:
            self._kept += len(data)
            self._documents[name] = data

    def document(self, name: str) -> bytes | None:
        """A kept document; None where there is none; LimitError where it was too large to keep."""
        found = self.members.find(name)
        if found is None:
            return None
        real, stored = found
        if real in self._documents:
            return self._documents[real]
        if stored.size > MAX_DOCUMENT:
            raise too_large(name, stored.size)
        if self._kept + stored.size > MAX_KEPT:
            raise LimitError(f"The documents of {self.label} have more than {MAX_KEPT} bytes.", "Open it as a file.")
        return b""  # it was no document by its content

    def blob(self, name: str) -> Blob | None:
        """A member that may be a layer; openable where a spool keeps it."""
        found = self.members.find(name)
        if found is None:
            return None
        real, stored = found
        kind = self.kinds.get(real, "")
        opener = partial(self._open, self.file, real, stored) if self.file else None
        seekable = opener is not None and kind in ("tar", "")
        return Blob(real, stored.size, kind, opener, seekable, self.looks.get(real, ""))

    @staticmethod
    def _open(file: SharedFile, name: str, stored: Stored) -> Reader:
        return decompressed(FileReader(file, stored.offset, stored.size), f"Layer {name}")


class PassingArchive:
    """An archive that is read once; with a spool folder its layers can be opened afterwards."""

    def __init__(
        self,
        reader: Reader,
        wish: Wish,
        label: str,
        *,
        spool: Path | None = None,
        release: Callable[[], None] | None = None,
    ) -> None:
        self._reader = reader
        self._wish = wish
        self._label = label
        self._folder = spool
        self._release = release
        self._spool: Spool | None = None

    def read_through(self, visit: Visit) -> Image:
        """Read to the end, show each layer-like member to ``visit``, and tell which were layers."""
        try:
            return self._read(visit)
        except BaseException:
            self._drop_spool()
            raise

    def close(self) -> None:
        """Let go of the connection and of the spool."""
        self._drop_spool()
        self._reader.close()
        if self._release is not None:
            self._release()

    def _read(self, visit: Visit) -> Image:
        plain = PeekReader(decompressed(self._reader, self._label))
        self._check(plain.peek(BLOCK))
        stream: Reader = plain
        if self._folder is not None:
            self._spool = Spool(self._folder)
            stream = SpoolingReader(plain, self._spool)
        tar = TarStream(stream)
        contents = KeptContents(self._label)
        fault = ""
        try:
            while member := tar.next():
                name = contents.members.add(member)
                if member.kind == FILE:
                    _take(contents, name, tar.data(), member.stored, visit)
            discard(stream, _PADDING)
        except DamagedImageError as error:
            fault = error.sentence.rstrip(".")
        if self._spool is not None:
            contents.file = self._spool.finish(self._label)
        return conclude(contents, self._wish, fault or tar.fault)

    def _check(self, head: bytes) -> None:
        if content_kind(head) != "tar" or not any(head):
            sentence = f"{self._label} is no image archive: it {describe(head)}."
            raise NotAnImageError(sentence, "layerscope reads what `docker save` and its like write.")

    def _drop_spool(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _take(contents: KeptContents, name: str, data: Reader, size: int, visit: Visit) -> None:
    """Show a layer to the visitor, keep a document, pass over anything else."""
    peeked = PeekReader(data)
    head = peeked.peek(BLOCK)
    kind = content_kind(head)
    if kind:
        contents.kinds[name] = kind
        visit(name, decompressed(peeked, f"Layer {name}"), size)
        return
    contents.looks[name] = describe(head)
    base = posixpath.basename(name)
    wanted = base in _NAMES or base.endswith(".json") or head.lstrip()[:1] in (b"{", b"[")
    if wanted and size <= MAX_DOCUMENT:
        contents.keep(name, read_all(peeked, MAX_DOCUMENT) or b"")
