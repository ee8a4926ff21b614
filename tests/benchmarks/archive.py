"""Writes large ``docker save`` archives fast: headers from a template, long contents as holes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

BLOCK = 512
END = bytes(2 * BLOCK)

# From this size on, zeros are not written but passed over: the filesystem keeps a hole.
_HOLE = 1 << 16
_ZEROS = bytes(_HOLE)
_CHUNK = 4096  # headers and contents gathered before a write

FILE, DIRECTORY = b"0", b"5"


class Row(NamedTuple):
    """One entry of a layer; its contents are ``size`` zero bytes."""

    path: str
    size: int = 0
    kind: bytes = FILE
    uid: int = 0


def header(row: Row) -> bytes:
    """The ustar header of an entry. The path has at most 100 bytes, the size less than 8 GiB."""
    name = row.path.encode()
    numbers = b"0000755\0%07o\0%07o\0%011o\00014670531250\0" % (row.uid, row.uid, row.size)
    rest = row.kind + bytes(100) + b"ustar\00000"
    # The sum counts the checksum field itself as eight blanks.
    checksum = sum(name) + sum(numbers) + sum(rest) + 8 * 32
    return (name.ljust(100, b"\0") + numbers + b"%06o\0 " % checksum + rest).ljust(BLOCK, b"\0")


def padded(size: int) -> int:
    """A size rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def write_rows(stream: BinaryIO, rows: Iterable[Row]) -> int:
    """Write the entries of one tar without its end marker; gives their number."""
    pending: list[bytes] = []
    count = 0
    for row in rows:
        count += 1
        pending.append(header(row))
        room = padded(row.size)
        if room < _HOLE:
            pending.append(_ZEROS[:room])
        if room >= _HOLE or len(pending) >= _CHUNK:
            stream.write(b"".join(pending))
            pending.clear()
        if room >= _HOLE:
            stream.seek(room, 1)
    stream.write(b"".join(pending))
    return count


@contextmanager
def _member(stream: BinaryIO, name: str) -> Iterator[None]:
    """A member of the outer tar whose size is known only after it was written."""
    start = stream.tell()
    stream.seek(BLOCK, 1)
    yield
    end = stream.tell()
    size = end - start - BLOCK
    stream.seek(start)
    stream.write(header(Row(name, size)))
    stream.seek(start + BLOCK + padded(size))


def write_image(target: Path, layers: Iterable[Iterable[Row]]) -> int:
    """Write an archive of these layers, oldest first; gives the number of entries in all layers.

    Diff ids are made up (hashing the contents would cost more than writing them).
    """
    digests: list[str] = []
    entries = 0
    with target.open("wb") as stream:
        for number, rows in enumerate(layers):
            digests.append(hashlib.sha256(f"{target.name} layer {number}".encode()).hexdigest())
            with _member(stream, f"blobs/sha256/{digests[-1]}"):
                entries += write_rows(stream, rows)
                stream.write(END)
        config = _config(digests)
        name = f"blobs/sha256/{hashlib.sha256(config).hexdigest()}"
        tag = f"benchmark/{target.stem}:latest"
        paths = [f"blobs/sha256/{digest}" for digest in digests]
        manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": paths}]).encode()
        for path, data in ((name, config), ("manifest.json", manifest)):
            with _member(stream, path):
                stream.write(data)
        stream.write(END)
        stream.truncate()
    return entries


def _config(digests: list[str]) -> bytes:
    history = [{"created_by": f"RUN make layer-{number}"} for number in range(len(digests))]
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]}
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs, "history": history}).encode()
