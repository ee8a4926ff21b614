"""The tar scanner: bytes in, members out.

Reads v7, ustar, GNU (long names, base-256 numbers, old sparse files) and pax archives (POSIX.1-2017
pax; GNU tar manual, "Basic Tar Format" and "Storing Sparse Files"). It parses headers only: file
data is named by offset and passed over. Where archives differ from the books it does what Go's
archive/tar does, because that is the parser under the engines that wrote them.
"""

from __future__ import annotations

from typing import Final
from zlib import adler32

from mypy_extensions import i64, mypyc_attr

from layerscope.core.pax import XATTR, clamp_time, parse_number, parse_records, parse_time

# Kinds are the digits of POSIX type flags; OTHER is any flag that makes no file.
FILE: Final = 0
HARDLINK: Final = 1
SYMLINK: Final = 2
CHAR: Final = 3
BLOCK: Final = 4
DIRECTORY: Final = 5
FIFO: Final = 6
OTHER: Final = 7

BLOCK_BYTES: Final = 512
#: Longest payload of one extended header or long name, in bytes; Go's limit.
MAX_EXTENDED: Final = 1 << 20
_BAD: Final = -(1 << 62)
_MAX_SIZE: Final = 1 << 60
_ZEROS: Final = bytes(512)


@mypyc_attr(acyclic=True)
class Member:
    """One member of a tar: what its header says, and where its bytes lie.

    ``size`` is the logical size, ``stored`` the bytes in the archive (they differ for sparse files
    only), ``offset`` where those begin, from the start of the tar; ``mtime`` is in nanoseconds
    since the epoch. ``name`` and ``link`` are raw bytes as the archive has them.
    """

    __slots__ = (
        "gid",
        "kind",
        "link",
        "major",
        "minor",
        "mode",
        "mtime",
        "name",
        "offset",
        "size",
        "sparse",
        "stored",
        "typeflag",
        "uid",
        "xattrs",
    )

    def __init__(self, name: bytes, typeflag: i64, offset: i64) -> None:
        self.name: bytes = name
        self.link: bytes = b""
        self.xattrs: dict[bytes, bytes] | None = None
        self.offset: i64 = offset
        self.size: i64 = 0
        self.stored: i64 = 0
        self.mtime: i64 = 0
        self.uid: i64 = 0
        self.gid: i64 = 0
        self.mode: i64 = 0
        self.major: i64 = 0
        self.minor: i64 = 0
        self.kind: i64 = OTHER
        self.typeflag: i64 = typeflag
        self.sparse: bool = False


def _number(block: bytes, at: i64, width: i64) -> i64:
    """A numeric field: octal digits among blanks and NULs, or GNU base-256; _BAD where neither."""
    if block[at] & 0x80:
        return _base256(block[at : at + width])
    value: i64 = 0
    i: i64 = at
    end: i64 = at + width
    while i < end and (block[i] == 32 or block[i] == 0):
        i += 1
    while i < end:
        digit: i64 = block[i]
        if digit < 48 or digit > 55:
            break
        value = value * 8 + digit - 48
        i += 1
    if i < end and block[i] != 0:
        while i < end:
            if block[i] != 32 and block[i] != 0:
                return _BAD
            i += 1
    return value


def _base256(field: bytes) -> i64:
    """GNU base-256: two's complement, big endian, the top bit of the first byte set as a mark."""
    first = field[0]
    head = first & 0x7F if not first & 0x40 else first
    value = int.from_bytes(bytes([head]) + field[1:], "big", signed=bool(first & 0x40))
    if value > (1 << 61) or value < -(1 << 61):
        return _BAD
    return value


def _checksum_holds(block: bytes, at: i64) -> bool:
    """The header's sum, its own field counted as blanks, over unsigned or over signed bytes."""
    # The low half of an Adler-32 is one plus the sum of the bytes modulo 65,521, which 256 bytes
    # never reach: two calls into C take the place of 512 steps, compiled or not.
    total: i64 = (adler32(block[at : at + 256]) & 0xFFFF) + (adler32(block[at + 256 : at + 512]) & 0xFFFF) - 2
    for i in range(at + 148, at + 156):
        total += 32 - block[i]
    expected: i64 = _number(block, at + 148, 8)
    if total == expected:
        return True
    for i in range(at, at + 512):
        if block[i] > 127 and (i < at + 148 or i >= at + 156):
            total -= 256
    return total == expected


def _string(block: bytes, at: i64, width: i64) -> bytes:
    """A text field up to its first NUL."""
    end: i64 = block.find(b"\0", at, at + width)
    return block[at : end if end >= 0 else at + width]


def _is_zero(block: bytes, at: i64) -> bool:
    return block[at] == 0 and block[at : at + BLOCK_BYTES] == _ZEROS


def _kind(flag: i64, name: bytes) -> i64:
    """The kind of a type flag; a v7 header has none, and says "directory" by a trailing slash."""
    if flag == 48:
        return FILE
    if flag > 48 and flag <= 54:
        return flag - 48
    if flag == 0:
        return DIRECTORY if name.endswith(b"/") else FILE
    if flag == 55 or flag == 83:  # contiguous file, GNU sparse file
        return FILE
    return DIRECTORY if flag == 68 else OTHER  # GNU dumpdir: a directory with its listing as data


class Scanner:
    """Parses the headers of one tar out of buffers that are handed to it in order.

    ``members`` collects what was found; whoever drives takes and clears it. ``done`` is set at the
    end marker, ``fault`` to a sentence where the scan had to end early. ``need`` is how many bytes,
    counted from the returned position, the next call must see to get on.
    """

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.done: bool = False
        self.fault: str = ""
        self.need: i64 = BLOCK_BYTES
        self.offset: i64 = 0
        self._local: dict[bytes, bytes] = {}
        # A GNU sparse file whose map goes on in the blocks ahead of its data, and how many those are.
        self._mapped: Member | None = None
        self._map_bytes: i64 = 0
        self._long_name: bytes = b""
        self._long_link: bytes = b""

    def scan(self, buffer: bytes, position: int) -> int:
        """Parse what is whole in the buffer from ``position``; where the next header begins.

        That may lie behind the buffer's end (data to be passed over) or before it (keep the rest
        and append at least up to ``need``). The work is linear in the buffer: a megabyte takes
        about 2 ms compiled.
        """
        at: i64 = position
        end: i64 = len(buffer)
        self.need = BLOCK_BYTES
        while at + BLOCK_BYTES <= end and not self.done:
            step: i64 = self._header(buffer, at, end)
            if step <= 0:
                self.need = -step
                break
            at += step
            self.offset += step
        return at

    def _header(self, buffer: bytes, at: i64, end: i64) -> i64:
        """One header at ``at``; how many bytes it and its data take, or minus what is needed."""
        if self._mapped is not None:
            return self._map_block(self._mapped, buffer[at + 504] != 0)
        if _is_zero(buffer, at):
            return self._zero_block(buffer, at, end)
        if not _checksum_holds(buffer, at):
            return self._fail("a header's checksum is wrong")
        flag: i64 = buffer[at + 156]
        if flag == 120 or flag == 103 or flag == 76 or flag == 75:
            return self._extension(buffer, at, end, flag)
        if flag == 83:
            return self._old_sparse(buffer, at)
        return self._plain(buffer, at, flag)

    def _fail(self, sentence: str) -> i64:
        self.fault = f"{sentence} (at byte {self.offset})"
        self.done = True
        return 0

    def is_owed(self) -> bool:
        """Has a header been read whose member is still to come?"""
        return bool(self._local or self._long_name or self._long_link or self._mapped is not None)

    def _zero_block(self, buffer: bytes, at: i64, end: i64) -> i64:
        """Two zero blocks end the archive; one alone in front of more is damage."""
        if at + 2 * BLOCK_BYTES > end:
            return -2 * BLOCK_BYTES
        if not _is_zero(buffer, at + BLOCK_BYTES):
            return self._fail("a single zero block stands before more data")
        self.done = True
        return 2 * BLOCK_BYTES

    def _extension(self, buffer: bytes, at: i64, end: i64, flag: i64) -> i64:
        """A header whose data speaks of the next member: pax ``x`` and ``g``, GNU ``L`` and ``K``."""
        size: i64 = _number(buffer, at + 124, 12)
        if size < 0:
            return self._fail("an extended header has no valid size")
        if size > MAX_EXTENDED:
            return self._fail(f"an extended header is larger than the limit of {MAX_EXTENDED} bytes")
        total: i64 = BLOCK_BYTES + ((size + 511) & ~511)
        if at + BLOCK_BYTES + size > end:
            return -(BLOCK_BYTES + size)
        payload = buffer[at + BLOCK_BYTES : at + BLOCK_BYTES + size]
        if flag == 76 or flag == 75:
            text = payload.split(b"\0", 1)[0]
            if flag == 76:
                self._long_name = text
            else:
                self._long_link = text
            return total
        records = parse_records(payload)
        if records is None:
            return self._fail("a pax header is malformed")
        if flag == 120:  # a global header is checked and not applied: engines do not apply it either
            self._local = dict(records)
        return total

    def _old_sparse(self, buffer: bytes, at: i64) -> i64:
        """A GNU ``S`` header; its map may go on in blocks between it and the data."""
        step: i64 = self._plain(buffer, at, 83)
        if step <= 0:
            return step
        real: i64 = _number(buffer, at + 483, 12)
        member = self.members[len(self.members) - 1]
        if real < 0 or real > _MAX_SIZE:
            self.members.pop()
            return self._fail("a sparse file has no valid size")
        member.size = real
        member.sparse = True
        if buffer[at + 482] == 0:
            return step
        self._mapped = self.members.pop()
        self._map_bytes = 0
        return BLOCK_BYTES

    def _map_block(self, member: Member, goes_on: bool) -> i64:
        """One more block of a sparse file's map; the member is there with the last of them."""
        self._map_bytes += BLOCK_BYTES
        if self._map_bytes > MAX_EXTENDED:
            return self._fail(f"a sparse map is larger than the limit of {MAX_EXTENDED} bytes")
        if goes_on:
            return BLOCK_BYTES
        self._mapped = None
        member.offset += self._map_bytes
        self.members.append(member)
        return BLOCK_BYTES + ((member.stored + 511) & ~511)

    def _plain(self, buffer: bytes, at: i64, flag: i64) -> i64:
        """A member's own header, completed by what extensions before it said."""
        name = self._name(buffer, at)
        member = Member(name, flag, self.offset + BLOCK_BYTES)
        size: i64 = _number(buffer, at + 124, 12)
        seconds: i64 = _number(buffer, at + 136, 12)
        member.mode = _number(buffer, at + 100, 8)
        member.uid = _number(buffer, at + 108, 8)
        member.gid = _number(buffer, at + 116, 8)
        if size == _BAD or seconds == _BAD or member.mode == _BAD or member.uid == _BAD or member.gid == _BAD:
            return self._fail("a header holds a malformed number")
        member.mode &= 0o7777
        member.mtime = clamp_time(seconds)
        member.stored = size
        if flag == 49 or flag == 50:
            member.link = _string(buffer, at + 157, 100)
        elif flag == 51 or flag == 52:
            member.major = _number(buffer, at + 329, 8)
            member.minor = _number(buffer, at + 337, 8)
            if member.major == _BAD or member.minor == _BAD:
                return self._fail("a header holds a malformed number")
        if self._local and not self._apply_pax(member):
            return self._fail("a pax header holds a malformed value")
        if self._long_name:
            member.name = self._long_name
        if self._long_link and (flag == 49 or flag == 50):
            member.link = self._long_link
        return self._finish(member)

    def _name(self, buffer: bytes, at: i64) -> bytes:
        """The name field, with the prefix field in front where the format has one."""
        name = _string(buffer, at, 100)
        if buffer[at + 257] != 117 or buffer[at + 345] == 0 or buffer[at + 257 : at + 262] != b"ustar":
            return name
        if buffer[at + 262] == 0:  # whatever version stands behind the magic
            is_star = buffer[at + 508 : at + 512] == b"tar\0"
            return _string(buffer, at + 345, 131 if is_star else 155) + b"/" + name
        if buffer[at + 262] == 32 and _number(buffer, at + 345, 12) == _BAD:
            # GNU puts times where the prefix would be; old Go writers put a prefix there.
            prefix = _string(buffer, at + 345, 155)
            if prefix.isascii():
                return prefix + b"/" + name
        return name

    def _apply_pax(self, member: Member) -> bool:
        """Let the records of the pax header speak; False where one is malformed."""
        records = self._local
        sparse_name = b""
        for key, value in records.items():
            if not value and not key.startswith(XATTR):
                continue  # an empty value leaves what the header says
            if key == b"path":
                member.name = value
            elif key == b"linkpath":
                member.link = value
            elif key == b"size" or key == b"uid" or key == b"gid":
                parsed = parse_number(value)
                if parsed is None:
                    return False
                number: i64 = parsed
                if key == b"size":
                    member.stored = number
                elif key == b"uid":
                    member.uid = number
                else:
                    member.gid = number
            elif key == b"mtime":
                time = parse_time(value)
                if time is None:
                    return False
                member.mtime = time
            elif key.startswith(XATTR):
                if member.xattrs is None:
                    member.xattrs = {}
                member.xattrs[key[len(XATTR) :]] = value
            elif key == b"GNU.sparse.name":
                sparse_name = value
        if sparse_name:
            member.name = sparse_name
        return self._apply_sparse(member, records)

    def _apply_sparse(self, member: Member, records: dict[bytes, bytes]) -> bool:
        """The logical size of a pax sparse file (versions 0.0, 0.1: ``size``; 1.0: ``realsize``)."""
        real = records.get(b"GNU.sparse.realsize", records.get(b"GNU.sparse.size", b""))
        if not real:
            return True
        number = parse_number(real)
        if number is None or number < 0:
            return False
        member.size = number
        member.sparse = True
        return True

    def _finish(self, member: Member) -> i64:
        """Settle kind and sizes, take the member in, and tell how far its bytes reach."""
        self._local = {}
        self._long_name = b""
        self._long_link = b""
        kind: i64 = _kind(member.typeflag, member.name)
        member.kind = kind
        if member.typeflag >= 49 and member.typeflag <= 54:
            member.stored = 0  # links, devices, directories and fifos have no data, whatever they claim
        if member.stored < 0 or member.stored > _MAX_SIZE:
            return self._fail("a member has no valid size")
        if not member.sparse:
            member.size = member.stored
        self.members.append(member)
        return BLOCK_BYTES + ((member.stored + 511) & ~511)
