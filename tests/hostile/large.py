"""Input that is large, deep or many: few of these, each in linear time and bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import layerscope.core.tar
from core.archives import header, pax

from .documents import CONFIG
from .fates import OPENED, REFUSED, WARNED
from .kinds import Kind
from .makers import END, LOWER, UPPER, Make, archive, docker, layered, member

#: What a layer's name in a ``docker save`` archive is.
LAYER = "l0/layer.tar"


def large_kinds() -> Iterator[Kind]:
    """All kinds of large input."""
    many = 1_000_000 if layerscope.core.tar.__file__.endswith(".so") else 200_000
    name = f"large: {many:,} names in one folder"
    yield Kind(name, OPENED, streamed(many), entries=many, seconds=30, piped=False)
    yield Kind("large: folders 5,000 deep", OPENED, layered(deep(5000) + END, UPPER))
    yield Kind("large: folders 5,000 deep, and removed", OPENED, layered(deep(5000) + END, member(".wh.d") + END))
    yield Kind(
        "large: 2,000 files, each deeper than the one before",
        OPENED,
        layered(_at_the_end(2000) + END, UPPER),
        entries=4000,
    )
    yield Kind("large: folders 10,001 deep", WARNED, layered(deep(10_001) + END, UPPER), "--limit depth")
    yield Kind("large: JSON of 100 MB", REFUSED, _document("manifest.json", 100), "--limit document-bytes")
    yield Kind("large: a text of 100 MB in the config", WARNED, _document("config.json", 100), "a document may have")
    yield Kind("large: a sparse file of a terabyte", OPENED, layered(_sparse() + END, UPPER))
    yield Kind(
        "large: 100,000 whiteouts of nothing", OPENED, layered(_whiteouts(100_000) + END, UPPER), entries=100_000
    )
    yield Kind("large: 50,000 hard links in a chain", OPENED, layered(chain(50_000) + END), entries=50_000)
    yield Kind("large: 50,000 hard links to one file", OPENED, layered(star(50_000) + END), entries=50_000)
    yield Kind("large: 400 layers that rewrite 100 files", OPENED, rewritten(400, 100), entries=40_000)
    yield Kind("large: 200 layers that hide 200 files", OPENED, _hidden(200, 200), entries=40_000)
    yield Kind("large: a layer of 100 MB, absent", WARNED, _absent(100 << 20))
    yield Kind("large: xattrs of 200 MB", WARNED, layered(_xattrs(200) + END, UPPER), "--limit name-bytes")


def streamed(count: int) -> Make:
    """Writes an image with a layer of so many empty files, piece by piece."""

    def make(folder: Path) -> Path:
        path = folder / "image.tar"
        members = docker(b"")
        del members[LAYER]
        with path.open("wb") as file:
            file.write(b"".join(member(name, data) for name, data in members.items()))
            start = file.tell()
            file.write(bytes(512))
            for piece in _names(count):
                file.write(piece)
            size = file.tell() - start - 512
            file.write(bytes(-size % 512) + END)
            file.seek(start)
            file.write(header(LAYER.encode(), size=b"%011o" % size, rest=b"ustar\x0000"))
        return path

    return make


def _names(count: int) -> Iterator[bytes]:
    """So many empty files in one folder; only the name and the checksum are made anew."""
    blank = bytearray(member("folder/0000000"))
    before = sum(blank) - sum(blank[148:156]) + 8 * 32 - sum(blank[7:14])
    for start in range(0, count, 1000):
        piece = bytearray()
        for number in range(start, start + 1000):
            digits = b"%07d" % number
            blank[7:14] = digits
            blank[148:156] = b"%06o\0 " % (before + sum(digits))
            piece += blank
        yield bytes(piece)
    yield END


def deep(depth: int) -> bytes:
    """A file at the end of a path through so many folders."""
    return pax((b"path", b"d/" * depth + b"f")) + member("x", b"x" * 100)


def _at_the_end(count: int) -> bytes:
    """Files, each one folder deeper than the one before."""
    return b"".join(pax((b"path", b"d/" * depth + b"f")) + member("x") for depth in range(count))


def _document(name: str, megabytes: int) -> Make:
    def make(folder: Path) -> Path:
        body = json.dumps(CONFIG)[:-1] + ', "x": "' + "x" * (megabytes * 1_000_000) + '"}'
        if name == "manifest.json":
            return layered_with(manifest=f"[{body}]".encode())(folder)
        return layered_with(config=body.encode())(folder)

    return make


def layered_with(**documents: bytes) -> Make:
    """Writes an image of two layers with one document replaced."""

    def make(folder: Path) -> Path:
        path = folder / "image.tar"
        path.write_bytes(archive(docker(LOWER, UPPER, **documents)))
        return path

    return make


def _sparse() -> bytes:
    size = (b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.realsize", b"%d" % (1 << 40))
    return pax(*size, (b"GNU.sparse.name", b"hole")) + member("x", b"1\n0\n100\n".ljust(512, b"\0") + b"d" * 100)


def each(make: Callable[[int], bytes], count: int) -> bytes:
    """What is made of so many numbers, one behind the other."""
    return b"".join(map(make, range(count)))


def _whiteouts(count: int) -> bytes:
    return each(lambda number: member(b"gone/.wh.%d" % number), count)


def chain(count: int) -> bytes:
    """Links that each name the next one, the file last."""
    return each(lambda number: member(b"%d" % number, flag=b"1", link=b"%d" % (number + 1)), count) + member(
        b"%d" % count
    )


def star(count: int) -> bytes:
    """So many links to one file."""
    return member("x", b"x" * 100) + each(lambda number: member(b"%d" % number, flag=b"1", link=b"x"), count)


def rewritten(layers: int, files: int) -> Make:
    """Writes an image whose layers all have the same files."""
    one = each(lambda number: member(b"%d" % number, b"x"), files) + END
    return layered(*[one] * layers)


def _hidden(layers: int, files: int) -> Make:
    one = member("d/.wh..wh..opq") + each(lambda number: member(b"d/%d" % number, b"x"), files) + END
    return layered(*[one] * layers)


def _absent(size: int) -> Make:
    """A layer whose header promises more than the archive has."""

    def make(folder: Path) -> Path:
        path = folder / "image.tar"
        front = {name: data for name, data in docker(LOWER).items() if name != LAYER}
        parts = [member(name, data) for name, data in front.items()]
        path.write_bytes(b"".join(parts) + header(LAYER.encode(), size=b"%o" % size, rest=b"ustar\x0000") + LOWER)
        return path

    return make


def _xattrs(megabytes: int) -> bytes:
    one = pax((b"SCHILY.xattr.user.x", b"v" * 1_000_000)) + member("x")
    return one * megabytes
