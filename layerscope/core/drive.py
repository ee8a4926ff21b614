"""Driving the scanner over a reader, in calls that are bounded by the bytes and the members they may take.

Readers are interpreted: with each read other threads and signals get their turn.
"""

from __future__ import annotations

from typing import Final, Protocol

from mypy_extensions import mypyc_attr

from layerscope.core.tar import BLOCK_BYTES, Member, Scanner

_SMALLEST_READ: Final = 1024
_PASSING_READ: Final = 1 << 18
_LARGEST_READ: Final = 1 << 20
#: Bytes from header to header above which data is skipped rather than read.
_SPARSE: Final = 16 << 10
#: Members that are handed out together, some milliseconds of work; and bytes of headers, which may hold long names.
_BATCH: Final = 2048
_BATCH_BYTES: Final = 4 << 20
_MEMBER_OWED: Final = "it ends between an extended header and the member that it belongs to"


class ByteReader(Protocol):
    """The two verbs that a scan needs."""

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end."""

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes; the number really passed, less only at the end."""


class HeaderDrive:
    """Lists the members of a tar batch by batch and never looks at file data.

    Reads are large where headers stand close together and small where data lies between them, so
    that a seekable archive of large files costs one short read per file. With ``whole`` all bytes are
    read and none skipped: in pieces that a processor's cache holds, and a batch is what one ``buffer`` holds.
    """

    def __init__(self, reader: ByteReader, *, whole: bool = False) -> None:
        self.scanner = Scanner()
        self._reader = reader
        self._buffer = b""
        self._position = 0
        self._whole = whole
        self._chunk = _PASSING_READ
        self._padding = 0  # behind the last member's data: an archive may end without it

    @property
    def fault(self) -> str:
        """Why the scan ended early; empty while there is no reason."""
        return self.scanner.fault

    @property
    def bytes_done(self) -> int:
        """How far into the tar the scan has come, in bytes."""
        return self.scanner.offset

    @property
    def buffer(self) -> bytes:
        """The bytes that the last batch was found in."""
        return self._buffer

    @property
    def buffer_offset(self) -> int:
        """Where that buffer begins, in bytes from the start of the tar."""
        return self.scanner.offset - self._position

    def next_batch(self) -> list[Member]:
        """The members of the next stretch of the tar; empty only at the end."""
        scanner = self.scanner
        batch: list[Member] = []
        scanned = 0
        while not scanner.done and self._refill():
            scanned += len(self._buffer)
            before = self._position
            self._position = scanner.scan(self._buffer, before)
            if scanner.members:
                found = scanner.members
                scanner.members = []
                self._padding = -found[-1].stored % BLOCK_BYTES
                self._adapt((self._position - before) // len(found))
                batch += found
                if self._whole or len(batch) >= _BATCH or scanned >= _BATCH_BYTES:
                    break
        return batch

    def _adapt(self, stride: int) -> None:
        """Choose the next read by how far apart the headers stand, in bytes.

        A read costs about as much as copying 16 kB: below that it is cheaper to take the data along.
        """
        if self._whole:
            return
        if stride >= _SPARSE:
            self._chunk = _SMALLEST_READ
        else:
            self._chunk = min(_LARGEST_READ, self._chunk * 2)

    def _refill(self) -> bool:
        """Make the buffer hold what the scanner needs next; False where the tar ends."""
        gap = self._position - len(self._buffer)
        if gap >= 0 and not (self._read_over(gap) if self._whole else self._skip_over(gap)):
            return False
        wanted = self._position + self.scanner.need
        return len(self._buffer) >= wanted or self._extend(wanted)

    def _skip_over(self, gap: int) -> bool:
        """Begin a buffer behind so many bytes; False where the tar ends."""
        passed = self._reader.skip(gap) if gap else 0
        self._buffer = self._reader.read(self._chunk) if passed == gap else b""
        self._position = 0
        if not self._buffer:
            self._end(missing=gap - passed)
        return len(self._buffer) > 0

    def _read_over(self, gap: int) -> bool:
        """Read as far, always in whole pieces: what is scanned next may begin in the middle of one."""
        self._buffer = b""  # its memory, which the caches hold, is the next one's
        self._buffer = self._reader.read(self._chunk)
        while self._buffer and gap >= len(self._buffer):
            gap -= len(self._buffer)
            self._buffer = b""
            self._buffer = self._reader.read(self._chunk)
        self._position = gap
        if not self._buffer:
            self._position = 0
            self._end(missing=gap)
        return len(self._buffer) > 0

    def _extend(self, wanted: int) -> bool:
        """Keep the unread rest and append until ``wanted`` bytes are there; False where they are not."""
        parts = [self._buffer[self._position :]]
        have, wanted = len(parts[0]), wanted - self._position
        while have < wanted:
            piece = self._reader.read(max(wanted - have, self._chunk))
            if not piece:
                break
            parts.append(piece)
            have += len(piece)
        self._buffer, self._position = b"".join(parts), 0
        if have < wanted:
            self._end_short(have)
        return have >= wanted

    def _end_short(self, have: int) -> None:
        """The tar ends inside a header block, an extended header or the end marker."""
        only_zeros = not self._buffer.strip(b"\0")
        self.scanner.done = True
        if have and not only_zeros:
            self.scanner.fault = f"it ends in the middle of a header (at byte {self.scanner.offset + have})"
        elif self.scanner.is_owed():
            self.scanner.fault = _MEMBER_OWED

    def _end(self, missing: int) -> None:
        """The tar ends where a header could stand: fine, unless data was still owed."""
        self.scanner.done = True
        owed = missing - self._padding
        if owed > 0:
            self.scanner.fault = f"it ends {owed} bytes before the end of its last file"
        elif self.scanner.is_owed():
            self.scanner.fault = _MEMBER_OWED


@mypyc_attr(allow_interpreted_subclasses=True)
class BoundedReader:
    """The stored bytes of one member, read through the stream that lists the members."""

    def __init__(self, reader: ByteReader, left: int) -> None:
        self._reader = reader
        self.left = left

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty at the end of the member or of the stream."""
        piece = self._reader.read(min(count, self.left)) if self.left else b""
        self.left -= len(piece)
        return piece

    def skip(self, count: int, /) -> int:
        """Pass over up to ``count`` bytes of the member; the number really passed."""
        passed = self._reader.skip(min(count, self.left)) if self.left else 0
        self.left -= passed
        return passed

    def close(self) -> None:
        """Nothing to let go of: the stream belongs to whoever lists the members."""


class TarStream:
    """The members of a tar one by one, each with its bytes: for archives that hold layers."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._scanner = Scanner()
        self._data = BoundedReader(reader, 0)
        self._padding = 0

    @property
    def fault(self) -> str:
        """Why the listing ended early; empty while there is no reason."""
        return self._scanner.fault

    def next(self) -> Member | None:
        """The next member, or None at the end; unread bytes of the one before are passed over."""
        scanner = self._scanner
        self._data.skip(self._data.left)
        if self._data.left:
            scanner.fault = f"it ends {self._data.left} bytes before the end of a member"
            scanner.done = True
        elif self._padding:
            self._reader.skip(self._padding)
        buffer = b""
        while not scanner.done:
            wanted = max(scanner.need, BLOCK_BYTES)
            buffer = self._filled(buffer, wanted)
            if len(buffer) < wanted:
                break
            position = scanner.scan(buffer, 0)
            if scanner.members:
                return self._enter(scanner.members.pop())
            if position > len(buffer):  # the padding of an extended header
                self._reader.skip(position - len(buffer))
            buffer = buffer[position:]
        return None

    def _filled(self, buffer: bytes, wanted: int) -> bytes:
        """The buffer with as many bytes as the scanner needs, and not one of a member's data."""
        parts = [buffer]  # a reader may give a byte at a time
        have = len(buffer)
        while have < wanted and (piece := self._reader.read(wanted - have)):
            parts.append(piece)
            have += len(piece)
        buffer = b"".join(parts)
        if have < wanted:
            self._scanner.done = True
            if buffer.strip(b"\0"):
                self._scanner.fault = "it ends in the middle of a header"
            elif self._scanner.is_owed():
                self._scanner.fault = _MEMBER_OWED
        return buffer

    def _enter(self, member: Member) -> Member:
        self._data = BoundedReader(self._reader, member.stored)
        self._padding = -member.stored % BLOCK_BYTES
        return member

    def data(self) -> BoundedReader:
        """The stored bytes of the current member."""
        return self._data
