"""What an archive, a folder or a registry holds, by name: documents and layer blobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from layerscope.errors import DamagedImageError, LimitError
from layerscope.sources.documents import Descriptor
from layerscope.sources.limits import DOCUMENTS, Limits
from layerscope.sources.model import Reader
from layerscope.text import shortened

#: Algorithms of digests that the OCI image specification registers.
ALGORITHMS = ("sha256", "sha384", "sha512")


class Blob(NamedTuple):
    """A stored file that may be a layer: its real name, size in bytes, kind and how to open it.

    ``kind`` is ``tar``, a compression's name, or empty for anything else, of which ``looks`` tells
    more. ``opener`` opens the uncompressed bytes and is None where they passed and were not kept; ``verifier``
    does so hashing them (a ``SummedReader``).
    """

    name: str
    size: int
    kind: str
    opener: Callable[[], Reader] | None
    seekable: bool = False
    looks: str = ""
    verifier: Callable[[], Reader] | None = None


class Contents(Protocol):
    """Files by their names in the archive or the folder."""

    @property
    def label(self) -> str:
        """What the contents are called in a sentence: the archive's or the folder's name."""

    @property
    def limits(self) -> Limits:
        """What the user allows an image."""

    def document(self, name: str) -> bytes | None:
        """A small file whole; None where there is none; LimitError where it is not small."""

    def blob(self, name: str) -> Blob | None:
        """A file that may be a layer; None where there is none."""


class MeteredContents:
    """Contents that give documents until they come to too many bytes: a small archive can name one often."""

    def __init__(self, contents: Contents) -> None:
        self.label = contents.label
        self.limits = contents.limits
        self._contents = contents
        self._left = DOCUMENTS * contents.limits.document_bytes

    def document(self, name: str) -> bytes | None:
        """A small file whole; None where there is none; LimitError where they come to too much."""
        data = self._contents.document(name)
        self._left -= len(data or b"")
        if self._left < 0:
            most = DOCUMENTS * self.limits.document_bytes
            sentence = f"The manifests and configs of {self.label} come to more than {most} bytes."
            raise self.limits.reached("document-bytes", sentence)
        return data

    def blob(self, name: str) -> Blob | None:
        """A file that may be a layer; None where there is none."""
        return self._contents.blob(name)


def too_large(name: str, size: int, limits: Limits) -> LimitError:
    """The error for a document above the limit."""
    sentence = f"{shortened(name)} has {size} bytes; a document may have {limits.document_bytes}."
    return limits.reached("document-bytes", sentence)


def blob_names(digest: str) -> tuple[str, ...]:
    """Where a blob lies by its digest: in an OCI layout, and in a skopeo ``dir:`` folder."""
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}", encoded, f"{encoded}.manifest.json"


def blob_of(contents: Contents, digest: str) -> Blob | None:
    """The blob with this digest; None where it is not there."""
    names = blob_names(digest) if digest else ()
    return next((blob for name in names if (blob := contents.blob(name))), None)


def document_of(contents: Contents, digest: str) -> bytes | None:
    """The document with this digest; None where it is not there."""
    names = blob_names(digest) if digest else ()
    return next((data for name in names if (data := contents.document(name)) is not None), None)


def needed(contents: Contents, digest: str) -> bytes:
    """The document with this digest; DamagedImageError where it is not there."""
    if not digest:
        message = f"An index in {contents.label} names a manifest without a valid digest."
        raise DamagedImageError(message, "Save or copy the image again, whole.")
    data = document_of(contents, digest)
    if data is None:
        message = f"{contents.label} does not hold the document {digest}."
        raise DamagedImageError(message, "Save or copy the image again, whole.")
    return data


def doubt(what: str, data: bytes, told: Descriptor, teller: str) -> str:
    """How a document is other than its descriptor in the teller says, as a sentence; empty where it is not."""
    if told.size not in (-1, len(data)):
        return f"{what} has {len(data)} bytes, {teller} says {told.size}."
    import hashlib

    algorithm, _, encoded = told.digest.partition(":")
    if algorithm not in ALGORITHMS or hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() == encoded:
        return ""
    return f"{what} does not have its digest ({told.digest}): it was changed."
