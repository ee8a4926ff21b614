"""What an archive inside an image holds: tar in any compression, zip, deb, ar; bounded, nothing unpacked to disk."""

from __future__ import annotations

import io
import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from layerscope.core.drive import BoundedReader, ByteReader, TarStream
from layerscope.core.tar import BLOCK_BYTES, DIRECTORY, SYMLINK
from layerscope.errors import DamagedImageError, LimitError, MissingLibraryError
from layerscope.sources.blobs import compression, decompressed, is_tar
from layerscope.sources.limits import Limits
from layerscope.sources.readers import PeekReader, PipeReader
from layerscope.text import decode, size

if TYPE_CHECKING:
    from layerscope.sources.model import Reader

#: Members that are listed.
MAX_MEMBERS: Final = 20_000
#: A zip is read whole, as its list stands at its end (bytes).
MAX_ZIP: Final = 64_000_000
#: Bytes of a tar, unpacked, that are gone through for its list.
MAX_READ: Final = 1_000_000_000

_ZIP: Final = b"PK\x03\x04"
#: The end of a zip: 22 bytes and a comment of up to 65,535 (APPNOTE.TXT 4.3.16).
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 22 + 65_535
_ZIP_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_PIECE: Final = 4_194_304
#: ar(5): a member's header is name, time, owner, group, mode and size in text, and ends with a backtick and a newline.
_AR: Final = b"!<arch>\n"
_AR_HEADER: Final = 60
#: Bytes of GNU's table of long names that are looked at.
_MAX_AR_NAMES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Listing:
    """A line per member (not printable), and what the archive is."""

    lines: list[str]
    remark: str


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is compressed, a tar, a zip or an ar archive, as packages of Debian are."""
    return bool(compression(head)) or head.startswith((_ZIP, _AR)) or (any(head[:BLOCK_BYTES]) and is_tar(head))


def listing(reader: Reader, head: bytes, whole: int) -> Listing | None:
    """The members of the archive that a reader gives; None where it is none after all.

    ``head`` is its beginning, ``whole`` its size in bytes. Damage ends the list with a remark;
    CancelledError passes.
    """
    if head.startswith(_ZIP):
        return _zip_listing(reader, whole)
    if head.startswith(_AR):
        reader.skip(len(_AR))
        return _ar_listing(_Counted(reader))
    kind = compression(head)
    if kind:
        opened = unpacked(head, BLOCK_BYTES)
        if opened is None or not any(opened[1]) or not is_tar(opened[1]):
            return None
    return _tar_listing(decompressed(reader, "it", Limits()), kind)


def unpacked(data: bytes, limit: int) -> tuple[str, bytes] | None:
    """The name of the compression and up to ``limit`` bytes; None where nothing can be unpacked."""
    found = b""
    try:
        reader = decompressed(PipeReader(io.BytesIO(data)), "it", Limits())
        while len(found) < limit and (piece := reader.read(limit - len(found))):
            found += piece
    except (DamagedImageError, LimitError, MissingLibraryError):
        pass  # the data may be only the beginning of a file
    kind = compression(data)
    return (kind, found) if kind and found else None


def _tar_listing(reader: Reader, kind: str) -> Listing:
    counted = _Counted(reader)
    stream = TarStream(counted)
    lines: list[str] = []
    fault = ""
    try:
        while (member := stream.next()) is not None:
            if len(lines) == MAX_MEMBERS or counted.passed > MAX_READ:
                fault = "the rest is left out"
                break
            types = {DIRECTORY: stat.S_IFDIR, SYMLINK: stat.S_IFLNK}
            mode = stat.filemode(types.get(member.kind, stat.S_IFREG) | member.mode & 0o7777)
            link = f" → {decode(member.link)}" if member.link else ""
            lines.append(f"{mode} {size(member.size):>9}  {decode(member.name)}{link}")
        fault = fault or stream.fault
    except (DamagedImageError, LimitError) as error:
        fault = error.sentence
    what = f"a tar in {kind}, " if kind else "a tar, "
    return Listing(lines, what + _members(len(lines)) + (f"; {fault}" if fault else ""))


class _Counted:
    """Counts the bytes that are read and passed over."""

    def __init__(self, reader: Reader) -> None:
        self.passed = 0
        self._reader = reader

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes."""
        data = self._reader.read(count)
        self.passed += len(data)
        return data

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes, no more than the limit."""
        done = 0
        while done < count and self.passed <= MAX_READ:
            passed = self._reader.skip(min(_PIECE, count - done))
            if not passed:
                break
            done += passed
            self.passed += passed
        return done


def _zip_listing(reader: Reader, whole: int) -> Listing | None:
    if whole > MAX_ZIP:
        return Listing(
            [], f"a zip of {size(whole)}; its list is at its end, and only {size(MAX_ZIP)} are read for that"
        )
    parts = []
    while piece := reader.read(_PIECE):
        parts.append(piece)
    data = b"".join(parts)
    end = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_TAIL))
    if end < 0 or end + 22 > len(data):
        return None
    _size, at = struct.unpack_from("<II", data, end + 12)
    lines: list[str] = []
    while len(lines) < MAX_MEMBERS and at + _ZIP_ENTRY.size <= end and data[at : at + 4] == b"PK\x01\x02":
        fields = _ZIP_ENTRY.unpack_from(data, at)
        bytes_, lengths = fields[9], fields[10:13]  # of name, extra field and comment
        at += _ZIP_ENTRY.size
        lines.append(f"{size(bytes_):>9}  {decode(data[at : at + lengths[0]])}")
        at += sum(lengths)
    return Listing(lines, "a zip, " + _members(len(lines)))


def _ar_listing(reader: _Counted) -> Listing:
    """The members of an ar archive; of a package of Debian (deb(5)), the files that it installs."""
    lines: list[str] = []
    names = b""
    fault = ""
    while header := take(reader, _AR_HEADER):
        digits = header[48:58].strip()
        if len(header) < _AR_HEADER or not header.endswith(b"`\n") or not digits.isdigit():
            fault = "; it ends too early or is damaged"
            break
        data = BoundedReader(reader, int(digits))
        padding, name = data.left & 1, header[:16].rstrip()
        if name.startswith(b"data.tar"):
            return _deb_listing(data)
        if len(lines) == MAX_MEMBERS or reader.passed > MAX_READ:
            fault = "; the rest is left out"
            break
        if name == b"//":
            names = take(data, min(data.left, _MAX_AR_NAMES))
        elif name.startswith(b"#1/") and name[3:].isdigit():  # BSD: the name stands before the data
            name = take(data, min(int(name[3:]), data.left)).rstrip(b"\0")
            lines.append(f"{size(data.left):>9}  {decode(name)}")
        elif name not in (b"/", b"/SYM64/"):  # GNU: the table of symbols
            lines.append(f"{size(data.left):>9}  {decode(_ar_name(name, names))}")
        while data.left and data.skip(data.left):
            pass
        reader.skip(padding)
    return Listing(lines, "an ar archive, " + _members(len(lines)) + fault)


def _ar_name(name: bytes, names: bytes) -> bytes:
    """A member's name: GNU ends it with a slash, or tells where it stands in the table of long names."""
    if name.startswith(b"/") and name[1:].isdigit():
        return names[int(name[1:]) :].split(b"/\n", 1)[0]
    return name.removesuffix(b"/")


def _deb_listing(data: BoundedReader) -> Listing:
    """The tar with what a package of Debian installs."""
    peekable = PeekReader(data)
    kind = compression(peekable.peek(8))
    told = _tar_listing(decompressed(peekable, "it", Limits()), kind)
    return Listing(told.lines, "a package of Debian: " + told.remark)


def take(reader: ByteReader, limit: int) -> bytes:
    """Up to ``limit`` bytes, fewer only where there are no more."""
    parts = []
    while limit > 0 and (piece := reader.read(limit)):
        parts.append(piece)
        limit -= len(piece)
    return b"".join(parts)


def _members(count: int) -> str:
    return f"{count:,} member{'' if count == 1 else 's'}"
