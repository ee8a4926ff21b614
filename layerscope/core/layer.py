"""The index of one layer: every entry of its tar, in tar order, in columns.

An index is whole without its image: layers are content-addressed, so the same index serves every
image that shares the layer. Columns keep 400,000 entries in some tens of megabytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

from mypy_extensions import i64

from layerscope.core.tar import DIRECTORY, FILE, HARDLINK, OTHER, SYMLINK, Member

# Kinds beyond those of the tar: OCI image-spec, layer.md, "Whiteouts".
WHITEOUT: Final = 8
OPAQUE: Final = 9
#: ``.wh..wh.*`` other than the opaque marker: AUFS housekeeping, no file of the image.
METADATA: Final = 10

#: Folders that one path may lead through; Linux takes 2,048 in one call.
MAX_DEPTH: Final = 10_000
#: Bytes that names, targets, attributes and folders of a layer may take, and more of them for each entry.
MAX_TEXT: Final = 64 << 20
TEXT_PER_ENTRY: Final = 1024
#: What a folder counts for: with its places in lists and dictionaries it takes about that many bytes.
_FOLDER_TEXT: Final = 512

_PREFIX: Final = b".wh."
_METADATA_PREFIX: Final = b".wh..wh."
_UNKNOWN_DIGEST: Final = bytes(16)
#: Added to what is negative in a column of unsigned numbers of 64 bits.
_WRAP: Final = 1 << 64
_OPAQUE_NAME: Final = b".wh..wh..opq"


def normalise(path: bytes) -> bytes:
    """A path as the union filesystem sees it: no leading slash, no empty, ``.`` or ``..`` parts."""
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            if parts:
                parts.pop()
        elif part and part != b".":
            parts.append(part)
    return b"/".join(parts)


class LayerIndex:
    """All entries of one layer, numbered from 0 in tar order.

    ``entries`` counts the members of the tar, ``stored_bytes`` sums the bytes of its regular files,
    ``hidden_bytes`` those that whiteouts and AUFS metadata ship all the same,
    ``fault`` says why the tar could not be read to its end, ``limit`` is the option behind that
    where it is a limit, ``untrusted`` that it was read to its end and is not what its image names,
    ``skipped`` counts members that make no file, ``kept`` holds contents that were asked for beforehand,
    by entry, ``text`` is about how many bytes names, targets, attributes and folders take. Directories of
    the layer have numbers of their own, 0 is the root and each stands behind the one that it is in;
    ``directory_files`` counts the files with bytes right in each. ``rights`` has a number for owner, group and mode.
    """

    def __init__(self, max_depth: int = MAX_DEPTH, max_text: int = MAX_TEXT) -> None:
        self._max_depth: i64 = max_depth
        self._max_text: i64 = max_text
        self.fault: str = ""
        self.limit: str = ""
        self.untrusted: bool = False
        self.entries: int = 0
        self.stored_bytes: int = 0
        self.hidden_bytes: int = 0
        self.skipped: int = 0
        self.text: i64 = 0
        self._digests: bytearray = bytearray()
        self.kept: dict[int, bytes] = {}
        self.kinds: bytearray = bytearray()
        self.names: list[bytes] = []
        # Unsigned columns of 32 or 64 bits: what goes into any other takes a detour through a parser of arguments.
        self.directories: array[int] = array("I")
        self.sizes: array[int] = array("Q")
        self.offsets: array[int] = array("Q")
        self._times: array[int] = array("Q")  # two's complement
        self.rights: array[int] = array("I")
        # Owner, group and mode repeat: a number stands for all three.
        self._right_table: list[tuple[int, int, int]] = []
        self._right_numbers: dict[tuple[int, int, int], int] = {}
        self._last_uid: i64 = -1
        self._last_gid: i64 = -1
        self._last_mode: i64 = -1
        self._last_right: int = 0
        self._links: dict[int, bytes] = {}
        self._xattrs: dict[int, dict[bytes, bytes]] = {}
        self._devices: dict[int, tuple[int, int]] = {}
        self._stored: dict[int, int] = {}
        self.directory_parents: list[int] = [-1]
        self.directory_names: list[bytes] = [b""]
        self.directory_files: list[int] = [0]
        self._by_path: dict[bytes, int] = {b"": 0}
        self._children: dict[tuple[int, bytes], int] = {}
        self._metadata: set[int] = set()  # directories of AUFS and what lies in them
        self._last_path: bytes = b""
        self._last_directory: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def add(self, members: list[Member]) -> None:
        """Take in members in tar order, up to a limit that is the layer's fault; about 1 us each compiled."""
        for member in members:
            if self.fault or not self._fits(member):
                return
            self.entries += 1
            if member.kind == OTHER:
                self.skipped += 1
            else:
                self._add(member)

    def _fits(self, member: Member) -> bool:
        """Count what a member takes, and say whether it is within the limits."""
        self.text += len(member.name) + len(member.link)
        if member.xattrs is not None:
            for key, value in member.xattrs.items():
                self.text += len(key) + len(value)
        if len(member.name) > self._max_depth and member.name.count(b"/") > self._max_depth:
            self.fault = f"a path leads through more than {self._max_depth} folders, which is the limit"
            self.limit = "depth"
        elif self.text > self._max_text + TEXT_PER_ENTRY * self.entries:
            most = f"{self._max_text} bytes and {TEXT_PER_ENTRY} per entry"
            self.fault = f"its names and attributes take more than the limit of {most}"
            self.limit = "name-bytes"
        return not self.fault

    def finish(self) -> None:
        """Drop what only adding needs."""
        self._by_path = {}
        self._children = {}
        self._right_numbers = {}

    def _add(self, member: Member) -> None:
        raw = member.name
        end: i64 = len(raw)
        while end > 0 and raw[end - 1] == 47:
            end -= 1
        slash: i64 = raw.rfind(b"/", 0, end)
        name = raw[slash + 1 : end]
        if name == b"." or name == b".." or not name:
            path = normalise(raw)
            slash = path.rfind(b"/")
            name = path[slash + 1 :]
            self._place(member, path[:slash] if slash > 0 else b"", name)
        else:
            self._place(member, raw[:slash] if slash > 0 else b"", name)

    def _place(self, member: Member, parent: bytes, name: bytes) -> None:
        if not name and member.kind != DIRECTORY:
            self.skipped += 1  # only a directory can be the root
            return
        if parent != self._last_path:
            self._last_directory = self._directory(parent)
            self._last_path = parent
        number = len(self.names)
        kind: i64 = member.kind
        if name.startswith(_PREFIX):
            if name == _OPAQUE_NAME:
                kind = OPAQUE
            elif name.startswith(_METADATA_PREFIX) or name == _PREFIX:
                kind = METADATA
            else:
                kind = WHITEOUT
        if self._metadata and self._last_directory in self._metadata:
            kind = METADATA
        self.names.append(name)
        self.directories.append(self._last_directory)
        self.kinds.append(kind)
        self.sizes.append(member.size if kind == FILE else 0)
        self.offsets.append(member.offset)
        self._times.append(member.mtime if member.mtime >= 0 else int(member.mtime) + _WRAP)
        if member.mode != self._last_mode or member.uid != self._last_uid or member.gid != self._last_gid:
            self._take_rights(member)
        self.rights.append(self._last_right)
        if kind == FILE:
            self.stored_bytes += member.stored
            if member.stored:
                files: i64 = self.directory_files[self._last_directory]
                self.directory_files[self._last_directory] = files + 1
            if member.sparse:
                self._stored[number] = member.stored
        elif kind >= WHITEOUT:
            if member.kind == FILE:
                self.hidden_bytes += member.stored
        elif kind in (HARDLINK, SYMLINK):
            self._links[number] = member.link
        elif member.major or member.minor:
            self._devices[number] = (member.major, member.minor)
        if member.xattrs is not None:
            self._xattrs[number] = member.xattrs

    def _take_rights(self, member: Member) -> None:
        """Find the number of a member's owner, group and mode."""
        self._last_uid, self._last_gid, self._last_mode = member.uid, member.gid, member.mode
        rights = (int(member.uid), int(member.gid), int(member.mode))
        number = self._right_numbers.get(rights, -1)
        if number < 0:
            number = len(self._right_table)
            self._right_numbers[rights] = number
            self._right_table.append(rights)
        self._last_right = number

    def _directory(self, raw: bytes) -> int:
        """The number of a directory by its path as written; made, with its parents, if new."""
        known = self._by_path.get(raw, -1)
        if known >= 0:
            return known
        slash: i64 = raw.rfind(b"/")
        above = self._by_path.get(raw[:slash], -1) if slash > 0 else -1
        name = raw[slash + 1 :]
        if above >= 0 and name and name != b"." and name != b"..":
            directory = self._child(above, name)
        else:
            directory = 0
            for part in normalise(raw).split(b"/"):
                if part:
                    directory = self._child(directory, part)
        self._by_path[raw] = directory
        return directory

    def _child(self, parent: int, name: bytes) -> int:
        """The number of a directory in another; made if new."""
        key = (parent, name)
        directory = self._children.get(key, -1)
        if directory < 0:
            directory = len(self.directory_names)
            self.directory_parents.append(parent)
            self.directory_names.append(name)
            self.directory_files.append(0)
            self._children[key] = directory
            self.text += len(name) + _FOLDER_TEXT
            if name.startswith(_METADATA_PREFIX) or parent in self._metadata:
                self._metadata.add(directory)
        return directory

    def digest(self, entry: int) -> bytes:
        """The xxh3-128 of the entry's stored bytes; empty where it was not computed."""
        found = bytes(self._digests[entry * 16 : entry * 16 + 16])
        return found if len(found) == 16 and found != _UNKNOWN_DIGEST else b""

    def set_digest(self, entry: int, digest: bytes) -> None:
        """Keep the 16 bytes of an entry's digest."""
        self._reach(entry + 1)
        self._digests[entry * 16 : entry * 16 + 16] = digest

    def _reach(self, count: int) -> None:
        """Have room for the digests of so many entries."""
        missing = count * 16 - len(self._digests)
        if missing > 0:
            self._digests += bytes(missing)

    def digest_files(self, first: int, buffer: memoryview, base: int, digest: Callable[[memoryview], bytes]) -> int:
        """Digest the files from an entry on that lie whole in a buffer; the first that does not, or the count.

        ``base`` is where the buffer begins in the layer's tar, in bytes; no entry from the first on has a digest.
        """
        length: i64 = len(buffer)
        entry: i64 = first
        count: i64 = len(self.names)
        found: list[bytes] = []
        known: i64 = 0  # up to the last that is a file
        while entry < count:
            stored: i64 = self.stored(entry) if self.kinds[entry] == FILE else 0
            if stored:
                start: i64 = self.offsets[entry] - base
                if start + stored > length:
                    break
                found.append(digest(buffer[start : start + stored]))
                known = len(found)
            else:
                found.append(_UNKNOWN_DIGEST)
            entry += 1
        if known:
            self._reach(first)
            self._digests += b"".join(found[:known])
        return entry

    def kind(self, entry: int) -> int:
        """The kind: a tar kind, WHITEOUT, OPAQUE or METADATA."""
        return self.kinds[entry]

    def is_whiteout(self, entry: int) -> bool:
        """Does the entry hide one path of the layers below?"""
        return self.kinds[entry] == WHITEOUT

    def is_opaque(self, entry: int) -> bool:
        """Does the entry hide all that lower layers have in its directory?"""
        return self.kinds[entry] == OPAQUE

    def name(self, entry: int) -> bytes:
        """The last component of the path, as stored; a whiteout keeps its prefix."""
        return self.names[entry]

    def directory_path(self, directory: int) -> bytes:
        """The path of a directory by its number, without slashes at its ends."""
        parts: list[bytes] = []
        while directory > 0:
            parts.append(self.directory_names[directory])
            directory = self.directory_parents[directory]
        parts.reverse()
        return b"/".join(parts)

    def path(self, entry: int) -> bytes:
        """The normalised path, without a leading slash."""
        parent = self.directory_path(self.directories[entry])
        return parent + b"/" + self.names[entry] if parent else self.names[entry]

    def mode(self, entry: int) -> int:
        """Permission bits with setuid, setgid and sticky."""
        return self._right_table[self.rights[entry]][2]

    def rights_with(self, bits: int) -> set[int]:
        """The numbers in ``rights`` of those whose mode has any of the bits."""
        return {number for number, rights in enumerate(self._right_table) if rights[2] & bits}

    def uid(self, entry: int) -> int:
        """Numeric owner."""
        return self._right_table[self.rights[entry]][0]

    def gid(self, entry: int) -> int:
        """Numeric group."""
        return self._right_table[self.rights[entry]][1]

    def mtime(self, entry: int) -> int:
        """Time of last change, nanoseconds since the epoch."""
        wrapped = self._times[entry]
        return wrapped if wrapped < _WRAP >> 1 else wrapped - _WRAP

    def size(self, entry: int) -> int:
        """Logical size in bytes; 0 for anything but a regular file."""
        return self.sizes[entry]

    def stored(self, entry: int) -> int:
        """Bytes in the archive: the size, but for sparse files."""
        if self._stored:
            return self._stored.get(entry, self.sizes[entry])
        return self.sizes[entry]

    def is_sparse(self, entry: int) -> bool:
        """Is the file stored without its holes?"""
        return entry in self._stored

    def has_extras(self) -> bool:
        """Is any file sparse, or has any entry extended attributes?"""
        return len(self._stored) > 0 or len(self._xattrs) > 0

    def offset(self, entry: int) -> int:
        """Where the entry's bytes begin, from the start of the layer's tar."""
        return self.offsets[entry]

    def link(self, entry: int) -> bytes:
        """The target of a link as stored; empty for anything else."""
        return self._links.get(entry, b"")

    def xattrs(self, entry: int) -> dict[bytes, bytes]:
        """Extended attributes by name (``security.capability``…)."""
        return self._xattrs.get(entry, {})

    def device(self, entry: int) -> tuple[int, int]:
        """Major and minor number of a device, zeros for anything else."""
        return self._devices.get(entry, (0, 0))
