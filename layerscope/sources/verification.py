"""Layers hashed while they are read, and compared with the digests that their image names.

Engines and registries do so with what they pull. Of an archive, a folder or a pipe it is done where the user
asks for it (``--verify``): it takes reading bytes that are skipped otherwise, and their sha256.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from layerscope.sources.blobs import decompressed
from layerscope.sources.limits import Limits
from layerscope.sources.model import Layer, Reader
from layerscope.sources.readers import CHUNK, discard

_ALGORITHM = "sha256"


class Sums(NamedTuple):
    """Digests of a layer: of its uncompressed tar, and of its blob as stored; that one empty where it was compared."""

    plain: str
    stored: str = ""


@runtime_checkable
class SummedReader(Reader, Protocol):
    """A layer's reader that hashes what is read and skipped."""

    def sums(self, goes_on: Callable[[], bool], /) -> Sums:
        """The digests, once the tar was read to its end and while ``goes_on`` the rest; DamagedImageError."""


class HashingReader:
    """Hashes what passes."""

    def __init__(self, reader: Reader) -> None:
        import hashlib

        self._reader = reader
        self._state = hashlib.sha256()

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""
        data = self._reader.read(count)
        self._state.update(data)
        return data

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes, hash and drop them."""
        return discard(self, count)

    def close(self) -> None:
        """Close the reader below."""
        self._reader.close()

    def digest(self) -> str:
        """The digest of all that passed."""
        return f"{_ALGORITHM}:{self._state.hexdigest()}"


class VerifyingReader:
    """A layer uncompressed, over its blob as stored; both are hashed, once where they are the same."""

    def __init__(self, stored: Reader, name: str, limits: Limits, *, compressed: bool) -> None:
        self._stored = HashingReader(stored)
        plain = decompressed(self._stored, name, limits)
        self._plain = HashingReader(plain) if compressed else None
        self._reader = self._plain or plain
        self.read = self._reader.read
        self.skip = self._reader.skip

    def close(self) -> None:
        """Close the readers below."""
        self._reader.close()

    def sums(self, goes_on: Callable[[], bool], /) -> Sums:
        """The digests, once the tar was read to its end; of what was read where it is not to go on."""
        while goes_on() and self._stored.read(CHUNK):
            pass
        stored = self._stored.digest()
        return Sums(self._plain.digest() if self._plain else stored, stored)


def mismatch(layer: Layer, sums: Sums | None) -> str:
    """How a layer is other than its image says, without a full stop; empty where it is what it should be."""
    if layer.lie:
        return layer.lie
    if sums is None or not (layer.diff_id or layer.digest):
        return "it cannot be verified: the image names no digest of it"
    for what, teller, told, found in (
        ("its contents have", "the config", layer.diff_id, sums.plain),
        ("its stored bytes have", "the manifest", layer.digest, sums.stored),
    ):
        if not told or not found or told == found:
            continue
        if not told.startswith(f"{_ALGORITHM}:"):
            return f"it cannot be verified: {teller} names {told}, which is no {_ALGORITHM}"
        return f"{what} the digest {found}, {teller} says {told}"
    return ""
