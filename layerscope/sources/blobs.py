"""Compressed blobs: told by their first bytes, read as what they hold, in bounded memory.

Measured on a 250 MB layer of libraries and Python code (one core): gzip by isal 698 MB/s of
output, zlib-ng 638, zlib 401; zstd by the standard library's binding or its backport 1,990,
zstandard 2,050. isal and backports.zstd come as wheels and share one decompressor interface.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Protocol

from layerscope.errors import DamagedImageError, LayerscopeError, LimitError, MissingLibraryError, TrailingDataError
from layerscope.sources.limits import Limits
from layerscope.sources.model import Reader
from layerscope.sources.readers import FileReader, PeekReader, discard

BLOCK = 512
#: Bytes of compressed input given to a decompressor at once: the fewer reads, the less threads wait for each other.
STEP = 512 * 1024
#: Bytes that are taken, never touched, and given back, see ``_keep_memory``; more than any buffer here.
_LARGEST_BUFFER = 16 * 1024 * 1024
#: Members that a blob may have, and one more for so many bytes that come out: each costs a decompressor.
MAX_MEMBERS = 10_000
MEMBER_BYTES = 128
#: Working memory (bytes) that any stream may have, however many are read side by side: more than ``zstd -19``
#: needs. Those that ask for more are read one at a time.
SMALL_DECODER = 16 << 20
#: Bytes of a member in which it has said how much memory it needs.
_HEADER = 2048

_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
}


class Decompressor(Protocol):
    """One member, frame or stream, with the interface of ``bz2.BZ2Decompressor``."""

    @property
    def eof(self) -> bool:
        """The member's end was read."""

    @property
    def needs_input(self) -> bool:
        """Nothing more can come out without more input."""

    @property
    def unused_data(self) -> bytes:
        """Input behind the member's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes, at most ``max_length`` of them."""


class Codec(NamedTuple):
    """How to read one compression: a decompressor per member and what it raises on damage.

    ``start`` is given the working memory (bytes) that the decompressor may take.
    """

    name: str
    start: Callable[[int], Decompressor]
    errors: tuple[type[Exception], ...]


def compression(head: bytes) -> str:
    """``gzip``, ``zstd``, ``xz``, ``bzip2``, or nothing, told by the first bytes."""
    if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        return "zstd"  # a skippable frame (RFC 8878, 3.1.2), as zstd:chunked may begin with
    for magic, name in _MAGICS.items():
        if head.startswith(magic):
            return name
    return ""


def is_tar(head: bytes) -> bool:
    """Whether a file with these first bytes (a block of them) is a tar; an empty one is too."""
    if len(head) < BLOCK:
        return False
    block = head[:BLOCK]
    if block[257:262] == b"ustar" or not any(block):
        return True
    field = block[148:156].strip(b" \0")
    if not field or field.strip(b"01234567"):
        return False
    plain = sum(block) - sum(block[148:156]) + 8 * 0x20
    return int(field, 8) == plain  # v7 has no magic, only its checksum


def content_kind(head: bytes) -> str:
    """``tar``, a compression's name, or nothing where the bytes are neither."""
    return compression(head) or ("tar" if is_tar(head) else "")


def decompressed(reader: Reader, name: str, limits: Limits) -> Reader:
    """The reader itself where its bytes are plain, else one of what they decompress to; MissingLibraryError."""
    peekable = reader if isinstance(reader, FileReader) else PeekReader(reader)
    kind = compression(peekable.peek(8))
    if not kind:
        return peekable
    _keep_memory()
    try:
        codec = _CODECS[kind]()
    except ImportError as error:
        sentence = f"{name} is compressed with {kind}, which this Python was built without."
        raise MissingLibraryError(sentence, f"Use one that has the module {error.name}.") from error
    return DecompressingReader(peekable, codec, name, limits)


@cache
def _keep_memory() -> None:
    """Let the C library keep, once and for all, what the buffers of a decompressor are made of.

    glibc gives freed blocks of more than 128 kB back to the system, which then fills each new one with
    zeros, page by page: a fifth of the time of reading a layer. Once a larger block was freed, it keeps
    all that are smaller (mallopt(3), M_MMAP_THRESHOLD). Elsewhere this does nothing.
    """
    bytes(_LARGEST_BUFFER)


class DecompressingReader:
    """Reads all members of a compressed blob one after the other.

    Zeros behind the last member are ignored, the padding of tapes. Other data there, a signature
    perhaps, is a TrailingDataError for whoever reads on: a tar that ends before it is whole all the same.
    A blob that ends inside a member is a DamagedImageError once all before was read, one that grows
    out of all measure a LimitError.
    """

    def __init__(self, reader: Reader, codec: Codec, name: str, limits: Limits) -> None:
        self._reader = reader
        self._codec = codec
        self._name = name
        self._limits = limits
        self._has_turn = False
        self._rest = b""
        self._head: bytes | None = b""  # what the member was given while nothing had come out
        self._member = self._decompressor(SMALL_DECODER)
        self._ended = False
        self._has_more = False
        self._fault: LayerscopeError | None = None
        self._taken = 0
        self._given = 0
        self._members = 1

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end; DamagedImageError on damage; LimitError."""
        if self._fault is not None:
            raise self._fault  # what comes behind damage would be noise
        while count > 0 and not self._ended:
            member = self._member
            data = self._input() if member.needs_input else b""
            try:
                out = member.decompress(data, count)
            except self._codec.errors as error:
                if "memory" not in str(error).lower():
                    raise self._damaged(f"has damaged {self._codec.name} data") from error
                self._enlarge(data)
                continue
            self._given += len(out)
            if self._given > self._limits.expanded(self._taken):
                raise self._excessive("expanded-bytes", f"decompresses to more than {self._limits.expanded_text()}")
            if self._head is not None:
                self._head = None if out or len(self._head) > _HEADER else self._head + data
            if member.eof:
                self._finish_member()
            if out:
                return out
        if count > 0 and self._has_more:
            raise self._trailing()
        return b""

    def skip(self, count: int, /) -> int:
        """Decompress ``count`` bytes and drop them."""
        return discard(self, count)

    def close(self) -> None:
        """Close the reader below."""
        self._give_turn()
        self._reader.close()

    def _input(self) -> bytes:
        data, self._rest = self._rest or self._take(), b""
        if not data:
            raise self._damaged(f"ends in the middle of its {self._codec.name} data")
        return data

    def _take(self) -> bytes:
        data = self._reader.read(STEP)
        self._taken += len(data)
        return data

    def _finish_member(self) -> None:
        rest = self._member.unused_data.lstrip(b"\0")
        while len(rest) < 8:
            data = self._take()
            if not data:
                break
            rest = (rest + data).lstrip(b"\0")
        if compression(rest) != self._codec.name:
            self._ended = True
            self._has_more = bool(rest)
            self._give_turn()
            return
        self._start_member(rest)
        self._members += 1
        if self._members > MAX_MEMBERS + self._given // MEMBER_BYTES:
            limit = f"{MAX_MEMBERS} and one for {MEMBER_BYTES} bytes"
            raise self._excessive("", f"has more {self._codec.name} members than {limit}")

    def _start_member(self, rest: bytes) -> None:
        """Go on with the member that begins with these bytes."""
        self._give_turn()
        self._rest = rest
        self._head = b""
        self._member = self._decompressor(SMALL_DECODER)

    def _decompressor(self, memory: int) -> Decompressor:
        return self._codec.start(min(memory, self._limits.decoder_bytes))

    def _enlarge(self, data: bytes) -> None:
        """Begin the member anew with more memory, once no other reader has that; LimitError if that was not enough."""
        if self._has_turn or self._head is None:
            most = self._limits.decoder_bytes
            what = f"asks for more than {most} bytes of memory to read its {self._codec.name} data"
            raise self._excessive("decoder-bytes", what)
        self._limits.large_decoders.take()
        self._has_turn = True
        self._rest = self._head + data
        self._member = self._decompressor(self._limits.decoder_bytes)

    def _give_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._limits.large_decoders.give()

    def _excessive(self, option: str, what: str) -> LimitError:
        self._give_turn()
        sentence = f"{self._name} {what}."
        hint = "It may be made to do harm."
        self._fault = fault = self._limits.reached(option, sentence) if option else LimitError(sentence, hint)
        return fault

    def _trailing(self) -> TrailingDataError:
        sentence = f"{self._name} has other data behind its {self._codec.name} data."
        self._fault = fault = TrailingDataError(sentence, "Fetch or save the image again.")
        return fault

    def _damaged(self, what: str) -> DamagedImageError:
        self._give_turn()
        fault = DamagedImageError(f"{self._name} {what}.", "Fetch or save the image again.")
        self._fault = fault
        return fault


class _ZlibMember:
    """One gzip member by the standard library, which keeps unread input on our side."""

    def __init__(self) -> None:
        import zlib

        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max(max_length, 0))


def _gzip() -> Codec:
    try:
        from isal import igzip_lib
    except ImportError:
        import zlib

        return Codec("gzip", lambda _memory: _ZlibMember(), (zlib.error,))
    member = igzip_lib.IgzipDecompressor
    error: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub declares an instance
    return Codec("gzip", lambda _memory: member(flag=igzip_lib.DECOMP_GZIP), (error,))


def _zstd() -> Codec:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    def start(memory: int) -> Decompressor:
        parameter = zstd.DecompressionParameter.window_log_max
        lowest, highest = parameter.bounds()
        return zstd.ZstdDecompressor(options={parameter: max(lowest, min(highest, memory.bit_length() - 1))})

    return Codec("zstd", start, (zstd.ZstdError,))


def _xz() -> Codec:
    import lzma

    return Codec("xz", lambda memory: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory), (lzma.LZMAError,))


def _bzip2() -> Codec:
    import bz2

    return Codec("bzip2", lambda _memory: bz2.BZ2Decompressor(), (OSError, ValueError))


_CODECS: dict[str, Callable[[], Codec]] = {
    "gzip": _gzip,
    "zstd": _zstd,
    "xz": _xz,
    "bzip2": _bzip2,
}
