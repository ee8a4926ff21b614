"""Forward readers over files, pipes and chunks: read and skip, the two verbs under the scanner."""

from __future__ import annotations

import os
import select
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from layerscope.errors import CancelledError, DamagedImageError, NotAnImageError, TrailingDataError
from layerscope.sources.model import Reader

#: Whether a file can be read at a position that is no other reader's. (Windows cannot.)
HAS_PREAD = hasattr(os, "pread")
#: Bytes asked for at once where nothing else decides.
CHUNK = 256 * 1024
#: How an HTTP answer broke off that is shorter than it says.
ENDED_EARLY = "the answer ended early"
_BEHIND = 1024 * 1024
#: Milliseconds after which a wait for a pipe looks up.
_LOOK_EVERY = 250


class SharedFile:
    """A regular file that many readers read at positions of their own, from any thread."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.name = name
        self._number = file.fileno()
        self.size = os.fstat(self._number).st_size

    @classmethod
    def open(cls, path: Path, name: str = "") -> SharedFile:
        """Open a regular file; a folder, a pipe or a device is a NotAnImageError."""
        # A pipe without a writer would block the open for ever, hence O_NONBLOCK.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        number = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(number).st_mode):  # before Python refuses a folder and leaves it open
            os.close(number)
            raise NotAnImageError(
                f"{name or path} is no regular file.", "Give an archive file or an OCI layout folder."
            )
        return cls(os.fdopen(number, "rb", buffering=0), name or str(path))

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``offset``; empty only at the end; OSError as DamagedImageError."""
        try:
            if HAS_PREAD:
                return os.pread(self._number, count, offset)
            with self._lock:  # Windows has no pread
                self._file.seek(offset)
                return self._file.read(count)
        except OSError as error:
            message = f"{self.name} cannot be read at byte {offset}: {error.strerror}."
            raise DamagedImageError(message, "Check the disk, or copy the file again.") from error

    def close(self) -> None:
        """Let go of the file; readers over it fail from then on."""
        self._number = -1  # the system gives the number to the next file that is opened
        self._file.close()


class FileReader:
    """A window of a file: ``length`` bytes from ``offset``, or what the file has of them."""

    def __init__(self, file: SharedFile, offset: int = 0, length: int | None = None, *, owned: bool = False) -> None:
        self._file = file
        self._owned = owned
        self._position = min(offset, file.size)
        self._end = file.size if length is None else min(file.size, offset + length)

    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer only where the end comes before, without passing them."""
        return self._file.read_at(self._position, max(0, min(count, self._end - self._position)))

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""
        # Called once per file of an image: comparisons cost less than min and max.
        left = self._end - self._position
        wanted = count if count < left else left
        if wanted <= 0:
            return b""
        data = self._file.read_at(self._position, wanted)
        self._position += len(data)
        return data

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes without reading them."""
        left = self._end - self._position
        passed = count if 0 <= count <= left else max(0, min(count, left))
        self._position += passed
        return passed

    def close(self) -> None:
        """Close the file where it was opened for this reader alone."""
        if self._owned:
            self._file.close()


class _Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...


class PipeReader:
    """A forward-only reader over a pipe of which nothing was read yet, or another object with ``read``."""

    def __init__(self, file: _Readable) -> None:
        self._file = file
        self._number = _pollable(file)
        self._interrupted = False

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes, which it waits for; empty only at the end. CancelledError once interrupted."""
        wanted = min(count, CHUNK)
        if self._number < 0:
            return self._file.read(wanted)
        parts = []
        while wanted and (piece := self._piece(wanted)):
            parts.append(piece)
            wanted -= len(piece)
        return b"".join(parts)

    def _piece(self, wanted: int) -> bytes:
        poll = select.poll()
        poll.register(self._number, select.POLLIN)
        while not poll.poll(_LOOK_EVERY):
            if self._interrupted:
                raise CancelledError("Reading was stopped.")
        return os.read(self._number, wanted)

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes and drop them."""
        return discard(self, count)

    def interrupt(self) -> None:
        """End a wait for bytes, in whichever thread, as far as the system can wait for a while only."""
        self._interrupted = True

    def close(self) -> None:
        """Nothing: the pipe belongs to whoever opened it."""


def _pollable(file: _Readable) -> int:
    """The number of a file that can be waited for; -1 for other objects, and on Windows."""
    try:
        number: int = getattr(file, "fileno", lambda: -1)()
    except (OSError, ValueError):  # it is memory, or closed
        return -1
    return number if hasattr(select, "poll") else -1


class ChunkReader:
    """A forward-only reader over byte strings of any length, as HTTP clients give them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._position = 0

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""
        while self._position >= len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._chunk, self._position = chunk, 0
        start = self._position
        self._position = min(start + count, len(self._chunk))
        return self._chunk[start : self._position]

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes and drop them."""
        return discard(self, count)

    def close(self) -> None:
        """Nothing: the connection belongs to whoever opened it."""


class PeekReader:
    """A reader whose next bytes can be looked at before they are read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._head = b""

    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer only where the end comes before."""
        while len(self._head) < count:
            data = self._reader.read(count - len(self._head))
            if not data:
                break
            self._head += data
        return self._head[:count]

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""
        if not self._head:
            return self._reader.read(count)
        data, self._head = self._head[:count], self._head[count:]
        return data

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes as the reader below does."""
        kept = min(count, len(self._head))
        self._head = self._head[kept:]
        return kept + (self._reader.skip(count - kept) if count > kept else 0)

    def close(self) -> None:
        """Close the reader below."""
        self._reader.close()


def discard(reader: Reader, count: int) -> int:
    """Read up to ``count`` bytes and drop them; the number really read."""
    left = count
    while left > 0:
        data = reader.read(min(left, CHUNK))
        if not data:
            break
        left -= len(data)
    return count - left


def read_out(reader: Reader) -> None:
    """Read what stands behind the end of a tar, a megabyte at most; DamagedImageError where it breaks off there.

    The checksum of compressed data stands at its end, and whoever writes a pipe wants to finish.
    """
    with suppress(TrailingDataError):
        discard(reader, _BEHIND)


def read_all(reader: Reader, limit: int) -> bytes | None:
    """Everything up to the end; None where that is more than ``limit`` bytes."""
    parts: list[bytes] = []
    length = 0
    while data := reader.read(min(CHUNK, limit + 1 - length)):
        parts.append(data)
        length += len(data)
        if length > limit:
            return None
    return b"".join(parts)
