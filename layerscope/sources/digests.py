"""Contents of files digested while the tar that holds them is read through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from layerscope.core.layer import LayerIndex
from layerscope.core.tar import FILE
from layerscope.errors import TrailingDataError
from layerscope.sources.budget import Budget
from layerscope.sources.model import Reader
from layerscope.sources.readers import CHUNK, discard

#: Bytes read at once where contents are digested: what a processor's cache holds.
PIECE: Final = 1 << 18


class DigestingReader:
    """Stands between a forward-only reader and the scan, and digests file contents as they pass.

    The scan reads all there is, piece by piece. Files that lie whole in a piece are digested once the scan
    has found them there; the last one may reach into the pieces behind, of which it takes the front as they pass.
    """

    def __init__(
        self, reader: Reader, budget: Budget, keep: Callable[[bytes, int], bool] | None, goes_on: Callable[[], bool]
    ) -> None:
        from xxhash import xxh3_128, xxh3_128_digest

        self.bytes_done = 0
        self._budget = budget
        self.stopped = False
        self._goes_on = goes_on
        self._digest, self._hasher = xxh3_128_digest, xxh3_128
        self._reader = reader
        self._keep = keep
        self._index: LayerIndex | None = None
        self._entry, self._left = -1, 0
        self._state = xxh3_128()
        self._parts: list[bytes] | None = None

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end, and where reading was stopped: that is asked each time."""
        if self.stopped or not self._goes_on():
            self.stopped = True
            return b""
        piece = self._reader.read(count)
        self.bytes_done += len(piece)
        self._budget.expand(len(piece))
        if self._left:
            self._take(piece if len(piece) <= self._left else memoryview(piece)[: self._left])
        return piece

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes and drop them."""
        return discard(self, count)

    def look_on(self) -> None:
        """Read one piece more behind what is no tar: damage of compressed data is often told a little later.

        DamagedImageError, LimitError.
        """
        with suppress(TrailingDataError):
            self.read(PIECE)

    def read_out(self) -> bool:
        """Read what stands behind the end of the tar, where compressed data has its checksum; False where stopped.

        DamagedImageError where it breaks off there, LimitError.
        """
        with suppress(TrailingDataError):
            while self.read(CHUNK):
                pass
        return not self.stopped

    def close(self) -> None:
        """Close the reader below."""
        self._reader.close()

    def see(self, index: LayerIndex, first: int, buffer: bytes, base: int) -> None:
        """Digest the files among the entries from ``first`` on, whose bytes begin in the buffer."""
        view = memoryview(buffer)
        keep, count = self._keep, len(index)
        entry = first
        while entry < count:
            if keep is None:
                entry = index.digest_files(entry, view, base, self._digest)
            if entry < count:
                self._begin(index, entry, view, base)
                entry += 1

    def _begin(self, index: LayerIndex, entry: int, view: memoryview, base: int) -> None:
        """Digest a file piece by piece: what the buffer has of it, and then what passes."""
        stored = index.stored(entry) if index.kind(entry) == FILE else 0
        if stored:
            self._index, self._entry, self._left = index, entry, stored
            self._state = self._hasher()
            self._parts = [] if self._keep is not None and self._keep(index.path(entry), stored) else None
            start = index.offset(entry) - base
            self._take(view[start : start + stored])

    def _take(self, piece: bytes | memoryview) -> None:
        self._state.update(piece)
        if self._parts is not None:
            self._parts.append(bytes(piece))
        self._left -= len(piece)
        if not self._left and self._index is not None:
            self._index.set_digest(self._entry, self._state.digest())
            if self._parts is not None:
                self._index.kept[self._entry] = b"".join(self._parts)
