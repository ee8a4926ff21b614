"""Image archives that come once, in their own order: an engine's export, a pipe, a compressed file."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from layerscope.core.drive import TarStream
from layerscope.core.tar import FILE
from layerscope.errors import CancelledError, DamagedImageError, NotAnImageError, SourceError
from layerscope.sources.archive import conclude, damage
from layerscope.sources.assembly import image_from_config, layer_of
from layerscope.sources.blobs import BLOCK, content_kind, decompressed
from layerscope.sources.contents import Blob, too_large
from layerscope.sources.documents import Descriptor
from layerscope.sources.limits import Limits
from layerscope.sources.members import Members, Stored
from layerscope.sources.model import Image, Layer, Reader, Visit
from layerscope.sources.order import PassingOrder
from layerscope.sources.readers import FileReader, PeekReader, PipeReader, read_all, read_out
from layerscope.sources.recognition import describe
from layerscope.sources.selection import Wish
from layerscope.sources.spool import Spool, SpoolingReader
from layerscope.sources.verification import VerifyingReader
from layerscope.text import shortened

#: Documents of the largest size that are kept in memory until the manifest says which are needed.
_KEPT = 16
_NAMES = ("json", "repositories")


class KeptContents:
    """What was kept of a passing archive: documents, the kinds of its members, perhaps a spool.

    ``told`` are the diff ids of its layers where they are known beforehand.
    """

    def __init__(self, label: str, limits: Limits, told: Sequence[str] = ()) -> None:
        self.label = label
        self.limits = limits
        self.members = Members(label, limits)
        self.kinds: dict[str, str] = {}
        self.looks: dict[str, str] = {}
        self.spool: Spool | None = None
        self._documents: dict[str, bytes] = {}
        self._kept = 0
        self._most = _KEPT * limits.document_bytes
        self._order = PassingOrder(limits, told)

    def names(self) -> Iterable[str]:
        """The names of all files, in the order of the archive."""
        return self.members.names()

    def keep(self, name: str, data: bytes) -> None:
        """Keep a document, as long as there is room."""
        if self._kept + len(data) <= self._most:
            self._kept += len(data)
            self._documents[name] = data
            self._order.note(name, data)

    def order(self) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, as far as they are known by now, and whether these are all."""
        return self._order.names(self.kinds, self._real)

    def config(self) -> str:
        """The name of the image's config, where it has passed and there is no doubt about it; else empty."""
        return self._order.config(*self.order(), self._real)

    def _real(self, name: str) -> str:
        found = self.members.find(name)
        return found[0] if found is not None else name

    def forget(self, name: str) -> None:
        """Drop what an earlier member of this name was: the last one counts."""
        for known in (self.kinds, self.looks):
            known.pop(name, None)
        self._kept -= len(self._documents.pop(name, b""))

    def document(self, name: str) -> bytes | None:
        """A kept document; None where there is none; LimitError where it was too large to keep."""
        found = self.members.find(name)
        if found is None:
            return None
        real, stored = found
        if real in self._documents:
            return self._documents[real]
        if stored.size > self.limits.document_bytes:
            raise too_large(name, stored.size, self.limits)
        if self._kept + stored.size > self._most:
            sentence = f"The documents of {self.label} have more than {self._most} bytes."
            raise self.limits.reached("document-bytes", sentence)
        return b""  # it was no document by its content

    def blob(self, name: str) -> Blob | None:
        """A member that may be a layer; openable where a spool keeps it."""
        found = self.members.find(name)
        if found is None:
            return None
        real, stored = found
        if real not in self.kinds and real not in self.looks:
            return None  # the archive broke off in front of its bytes
        kind = self.kinds.get(real, "")
        opener: Callable[[], Reader] | None = partial(self._open, self.spool, real, stored) if self.spool else None
        verifier: Callable[[], Reader] | None = None
        if not stored.size:
            opener = partial(PipeReader, io.BytesIO())
            verifier = partial(VerifyingReader, opener(), f"Layer {shortened(real)}", self.limits, compressed=False)
        seekable = opener is not None and kind in ("tar", "")
        return Blob(real, stored.size, kind, opener, seekable, self.looks.get(real, ""), verifier)

    def _open(self, spool: Spool, name: str, stored: Stored) -> Reader:
        window = FileReader(spool.file(self.label), stored.offset, stored.size)
        return decompressed(window, f"Layer {shortened(name)}", self.limits)


class PassingArchive:
    """An archive that is read once; with a spool folder its layers can be opened afterwards.

    Without ``partial`` one that ends before its manifest is refused: it can be had again. ``told`` are the
    diff ids of its layers where they are known beforehand.
    """

    def __init__(
        self,
        reader: Reader,
        wish: Wish,
        label: str,
        *,
        spool: Path | None = None,
        partial: bool = True,
        release: Callable[[], None] | None = None,
        told: Sequence[str] = (),
    ) -> None:
        self._reader = reader
        self._contents = KeptContents(label, wish.limits, told)
        self._wish = wish
        self._label = label
        self._folder = spool
        self._partial = partial
        self._release = release
        self._spool: Spool | None = None
        self._interrupted = False
        self._described: Image | None = None
        self._described_by: tuple[str, list[str]] = "", []

    def read_through(self, visit: Visit) -> Image:
        """Read to the end, show each layer-like member to ``visit``, and tell which were layers."""
        try:
            return self._read(visit)
        except BaseException as error:
            if not self._interrupted and not isinstance(error, CancelledError):
                self._drop_spool()
            raise

    def order(self) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, as far as what passed tells, and whether these are all."""
        return self._contents.order()

    def described(self) -> Image | None:
        """What the config says, and which layers it tells of, as soon as it has passed."""
        config, (layers, _) = self._contents.config(), self._contents.order()
        if self._described_by != (config, layers):
            self._described_by = config, layers
            image = Image(self._wish.reference, self._wish.source)
            self._described = image_from_config(self._contents, config, layers, image) if config else None
        return self._described

    def passed(self, name: str) -> Layer | None:
        """A layer that has passed; with a spool it can be opened while others still come."""
        contents = self._contents
        if name not in contents.kinds:
            return None
        return layer_of(contents, partial(contents.blob, name), name, Descriptor(""), "")[0]

    def interrupt(self) -> None:
        """End a wait for the bytes of a pipe with a CancelledError: files never make one wait."""
        self._interrupted = True
        if isinstance(self._reader, PipeReader):
            self._reader.interrupt()

    def close(self) -> None:
        """Let go of the connection and of the spool."""
        self._drop_spool()
        self._reader.close()
        if self._release is not None:
            self._release()

    def _read(self, visit: Visit) -> Image:
        plain = PeekReader(decompressed(self._reader, self._label, self._wish.limits))
        self._check(plain.peek(BLOCK))
        stream: Reader = plain
        if self._folder is not None:
            self._spool = self._contents.spool = Spool(self._folder, self._wish.limits)
            stream = SpoolingReader(plain, self._spool)
        tar = TarStream(stream)
        contents = self._contents
        fault = ""
        try:
            while member := tar.next():
                name = contents.members.add(member)
                if member.kind == FILE:
                    _take(contents, name, tar.data(), member.stored, visit, verify=self._wish.verify)
            read_out(stream)
        except DamagedImageError as error:
            fault = error.sentence
        if self._spool is not None:
            self._spool.finish()
        return conclude(contents, self._wish, fault or damage(self._label, tar.fault), partial=self._partial)

    def _check(self, head: bytes) -> None:
        if content_kind(head) != "tar" or not any(head):
            sentence = f"{self._label} is no image archive: it {describe(head)}."
            raise NotAnImageError(sentence, "layerscope reads what `docker save` and its like write.")

    def _drop_spool(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _take(contents: KeptContents, name: str, data: Reader, size: int, visit: Visit, *, verify: bool) -> None:
    """Show a layer to the visitor, keep a document, pass over anything else."""
    peeked = PeekReader(data)
    head = peeked.peek(BLOCK)
    kind = content_kind(head)
    contents.forget(name)
    if kind:
        contents.kinds[name] = kind
        label, limits = f"Layer {shortened(name)}", contents.limits
        if verify:
            plain: Reader = VerifyingReader(peeked, label, limits, compressed=kind != "tar")
        else:
            plain = decompressed(peeked, label, limits)
        try:
            visit(name, plain, size)
        except SourceError as error:
            sentence = f"{error.sentence.rstrip('.')} (in the middle of layer {_short(name)})."
            raise SourceError(sentence, error.hint) from error
        finally:
            plain.close()
        return
    contents.looks[name] = describe(head)
    base = posixpath.basename(name)
    wanted = base in _NAMES or base.endswith(".json") or head.lstrip()[:1] in (b"{", b"[")
    if wanted and size <= contents.limits.document_bytes:
        contents.keep(name, read_all(peeked, size) or b"")


def _short(name: str) -> str:
    """A layer's name in an archive as people know it: the beginning of its digest, or of its folder's."""
    stem = name.removesuffix("/layer.tar").rpartition("/")[2].removesuffix(".tar")
    return stem[:12]
