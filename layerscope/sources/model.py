"""What every source gives: an image, its layers oldest first, each layer openable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Reader(Protocol):
    """A forward reader of bytes: the two verbs under the tar scanner."""

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes, cheaply where the place allows; the number really passed."""

    def close(self) -> None:
        """Let go of the place."""


@runtime_checkable
class CheckedReader(Reader, Protocol):
    """A layer's reader that knows how much of the stored blob has come, and what its digest has to be."""

    @property
    def consumed(self) -> int:
        """Bytes of the blob that have come."""

    @property
    def total(self) -> int | None:
        """Bytes of the whole blob, where they are known."""

    def finish(self, goes_on: Callable[[], bool], /) -> None:
        """Read the blob to its end while ``goes_on``; DamagedImageError where its digest lies."""


class HistoryEntry(NamedTuple):
    """One line of the config's history (OCI image-spec, config.md, ``history``)."""

    created_by: str = ""
    created: str = ""
    comment: str = ""
    author: str = ""
    empty_layer: bool = False


@dataclass(eq=False, slots=True)
class Layer:
    """One layer as its source describes it.

    ``diff_id`` is the digest of the uncompressed tar, ``digest`` of the blob as stored; either is
    empty where the source does not tell. ``compressed_bytes`` is the blob's size where it is
    compressed, else None. ``opener`` opens the uncompressed tar; None where the bytes are gone
    (a forward-only source without a spool) or are not there (``missing`` says why).
    """

    name: str
    diff_id: str = ""
    digest: str = ""
    media_type: str = ""
    compressed_bytes: int | None = None
    seekable: bool = False
    opener: Callable[[], Reader] | None = None
    missing: str = ""
    verifier: Callable[[], Reader] | None = None
    """Opens the same, hashed on the way (a ``SummedReader``)."""
    lie: str = ""
    """How its blob is other than its image says, so much that its digest is not asked for; without a full stop."""


@dataclass(eq=False, slots=True)
class Image:
    """A manifest with its config and its layers, oldest first."""

    reference: str
    source: str
    id: str = ""
    tags: list[str] = field(default_factory=list)
    digest: str = ""
    platform: str = ""
    created: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    history: list[HistoryEntry] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    attestations: int = 0
    fault: str = ""
    """Why this need not be the whole image: its archive is damaged, or its documents name other numbers of layers."""
    warnings: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    """How its documents are other than their digests say."""
    verify: bool = False
    """Whether its layers are to be compared with their digests."""


#: Called for each layer-like member of a forward-only archive as its bytes pass, with the member's
#: name, a reader of its uncompressed bytes and the member's size in the archive (bytes).
Visit = Callable[[str, Reader, int], None]


#: Called while a source gets ready, with what goes on, the bytes done, and of how many where known.
Progress = Callable[[str, int, int | None], None]


class OpenSource(Protocol):
    """A place whose layers can be opened in any order, more than once."""

    def image(self) -> Image:
        """Find and parse the manifest and the config; reads no layer."""

    def close(self) -> None:
        """Let go of files, sockets and temporary folders."""


@runtime_checkable
class InterruptibleSource(OpenSource, Protocol):
    """One whose readers may wait for long, and can be woken."""

    def interrupt(self) -> None:
        """End what goes on in any thread with a CancelledError."""

    def resume(self) -> None:
        """Layers may be opened again."""


@runtime_checkable
class PassingSource(Protocol):
    """A place whose bytes come once, in their own order (an engine's export, a pipe)."""

    def read_through(self, visit: Visit) -> Image:
        """Read to the end, show each layer-like member to ``visit``, and tell which were layers."""

    def order(self) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, as far as what passed tells, and whether these are all."""

    def described(self) -> Image | None:
        """What is known of the image by now beside its bytes, as far as ``order`` goes; None while that is nothing.

        The same object until more is known; its layers need not be there, and cannot be opened.
        """

    def passed(self, name: str) -> Layer | None:
        """A layer that has passed; openable at once, in any thread, where the source keeps what passes."""

    def interrupt(self) -> None:
        """End a wait for bytes, in whichever thread, with a LayerscopeError; what passed is kept."""

    def close(self) -> None:
        """Let go of the connection."""
