"""Tars in memory: readers of both kinds over them, all drives side by side, members as plain rows."""

from __future__ import annotations

from typing import NamedTuple

from layerscope.core.drive import HeaderDrive, TarStream
from layerscope.core.tar import Member


class Seekable:
    """A reader that gives at most ``piece`` bytes at once and skips without reading, as over a file."""

    def __init__(self, data: bytes, piece: int = 1 << 20) -> None:
        self._data = data
        self._piece = piece
        self.position = 0
        self.closed = False

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes, at most ``piece``; empty only at the end."""
        piece = self._data[self.position : self.position + min(count, self._piece)]
        self.position += len(piece)
        return piece

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes; the number really passed."""
        passed = min(count, len(self._data) - self.position)
        self.position += passed
        return passed

    def close(self) -> None:
        """Note that nobody reads any more."""
        self.closed = True


class Forward(Seekable):
    """A reader that reads what it skips, as over a pipe."""

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes and drop them."""
        done = 0
        while done < count and (data := self.read(count - done)):
            done += len(data)
        return done


class Row(NamedTuple):
    """A member as a value; fields as in ``Member``."""

    name: bytes
    kind: int
    size: int
    mode: int
    uid: int
    gid: int
    mtime: int
    link: bytes
    device: tuple[int, int]
    xattrs: dict[bytes, bytes]
    stored: int
    offset: int
    typeflag: int

    @classmethod
    def of(cls, member: Member) -> Row:
        """The row of a member."""
        fixed = (member.name, member.kind, member.size, member.mode, member.uid, member.gid, member.mtime)
        places = (member.stored, member.offset, member.typeflag)
        return cls(*fixed, member.link, (member.major, member.minor), dict(member.xattrs or {}), *places)


class Listing(NamedTuple):
    """What a drive found, and why it ended early."""

    rows: list[Row]
    fault: str


def list_headers(
    data: bytes, reader: type[Seekable] = Seekable, piece: int = 1 << 20, *, whole: bool = False
) -> Listing:
    """All members as the batch-wise drive lists them, reading at most ``piece`` bytes at once."""
    drive = HeaderDrive(reader(data, piece), whole=whole)
    rows: list[Row] = []
    while batch := drive.next_batch():
        rows.extend(Row.of(member) for member in batch)
    return Listing(rows, drive.fault)


def list_stream(data: bytes, piece: int = 7919) -> Listing:
    """All members as the drive for archives of layers lists them, no member's data read."""
    stream = TarStream(Forward(data, piece))
    rows: list[Row] = []
    while member := stream.next():
        rows.append(Row.of(member))
    return Listing(rows, stream.fault)


def read_stream(data: bytes, piece: int = 7919) -> list[bytes]:
    """The stored bytes of every member, read through the stream that lists them."""
    stream = TarStream(Forward(data, piece))
    contents: list[bytes] = []
    while stream.next():
        parts: list[bytes] = []
        while part := stream.data().read(piece):
            parts.append(part)
        contents.append(b"".join(parts))
    return contents


def header(name: bytes, flag: bytes = b"0", size: bytes = b"0", link: bytes = b"", rest: bytes = b"") -> bytes:
    """A header block with a right checksum; ``rest`` is what stands from byte 257 (the magic) on."""
    numbers = b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0")[:12] + b"00000000000\0"
    block = name[:100].ljust(100, b"\0") + numbers + b" " * 8 + flag + link[:100].ljust(100, b"\0") + rest
    block = block[:512].ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(data: bytes) -> bytes:
    """Data filled up to whole blocks."""
    return data + bytes(-len(data) % 512)


def pax(*records: tuple[bytes, bytes], flag: bytes = b"x") -> bytes:
    """An extended header with records, in blocks."""
    payload = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        while length != len(text := b"%d %s=%s\n" % (length, key, value)):
            length = len(text)
        payload += text
    return header(b"PaxHeader", flag, b"%o" % len(payload)) + padded(payload)
