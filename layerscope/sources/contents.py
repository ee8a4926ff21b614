"""What an archive, a folder or a registry holds, by name: documents and layer blobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from layerscope.errors import DamagedImageError, LimitError
from layerscope.sources import documents
from layerscope.sources.limits import DOCUMENTS, Limits
from layerscope.sources.model import Reader


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file that may be a layer: its real name, size in bytes, kind and how to open it.

    ``kind`` is ``tar``, a compression's name, or empty for anything else, of which ``looks`` tells
    more. ``opener`` opens the uncompressed bytes and is None where they passed and were not kept.
    """

    name: str
    size: int
    kind: str
    opener: Callable[[], Reader] | None
    seekable: bool = False
    looks: str = ""


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
    sentence = f"{name} has {size} bytes; a document may have {limits.document_bytes}."
    return limits.reached("document-bytes", sentence)


def blob_names(digest: str) -> tuple[str, str]:
    """Where a blob lies by its digest: in an OCI layout, and in a skopeo ``dir:`` folder."""
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}", encoded


def blob_of(contents: Contents, digest: str) -> Blob | None:
    """The blob with this digest; None where it is not there."""
    names = blob_names(digest) if digest else ()
    return next((blob for name in names if (blob := contents.blob(name))), None)


def document_of(contents: Contents, digest: str) -> bytes | None:
    """The document with this digest; None where it is not there."""
    names = blob_names(digest) if digest else ()
    return next((data for name in names if (data := contents.document(name)) is not None), None)


def parsed(contents: Contents, digest: str) -> Any:
    """The JSON value of the document with this digest; DamagedImageError where absent or damaged."""
    data = document_of(contents, digest)
    if data is None:
        message = f"{contents.label} does not hold the document {digest or 'without a digest'}."
        raise DamagedImageError(message, "Save or copy the image again, whole.")
    return documents.parse(data, f"{digest} in {contents.label}")
