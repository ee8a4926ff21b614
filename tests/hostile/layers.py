"""Layers: no tars at all, cut ones, links, whiteouts and duplicates of every odd form."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from core.archives import pax

from .fates import OPENED, WARNED, Fate
from .kinds import Inputs, Kind, each, family
from .makers import END, LOWER, UPPER, Make, archive, docker, layered, member, tar

LINK, SYMBOLIC, FOLDER = b"1", b"2", b"5"


def layer_kinds() -> Iterator[Kind]:
    """All kinds of layers."""
    yield from family("layer", _no_tars())
    yield from family("layer, cut", _cut())
    yield from family("layer, links", _links())
    yield from family("layer, whiteout", _whiteouts())
    yield from family("layer, name of a whiteout", _whiteout_names())
    yield from family("layer, paths", _collisions())


def _no_tars() -> Inputs:
    """What is no layer, or is one of something else; a good layer is above it."""
    image = archive(docker(LOWER))
    texts = {
        OPENED: {
            "empty": b"",
            "only an end marker": END,
            "zeros": bytes(1 << 20),
            "one zero block": bytes(512),
            "another image": image,
            "a layer in a layer": tar(member("layer.tar", LOWER)),
            "noise behind the end marker": LOWER + b"\xff" * 5000,
            "another tar behind the end marker": LOWER + LOWER,
            "gzip of nothing": gzip.compress(b""),
            "gzip of zeros": gzip.compress(bytes(1 << 20)),
        },
        WARNED: {
            "one zero block, then more": LOWER[:-1024] + bytes(512) + UPPER,
            "text": b"no layer\n" * 100,
            "a short text": b"x",
            "JSON": b'{"layers": []}',
            "a zip": b"PK\x03\x04" + bytes(2000),
            "a program": b"\x7fELF" + bytes(2000),
            "a squashfs": b"hsqs" + bytes(2000),
            "a Singularity image": b"#!/usr/bin/env run-singularity\n" + bytes(2000),
            "noise": bytes(number * 7919 % 251 for number in range(10_000)),
            "half a header": LOWER[:256],
            "the magic alone": bytes(257) + b"ustar\x0000" + bytes(247),
            "gzip twice": gzip.compress(gzip.compress(LOWER)),
            "gzip of text": gzip.compress(b"no layer\n" * 100),
            "gzip of noise": gzip.compress(bytes(number * 7919 % 251 for number in range(10_000))),
            "shifted by a byte": b"\0" + LOWER,
            "headers in capitals": LOWER.replace(b"ustar", b"USTAR"),
        },
    }
    return each(lambda data: layered(data, UPPER), texts)


def _cut() -> Inputs:
    """A layer cut at each half of its blocks: between its members it may end."""
    found: dict[Fate, dict[str, Make]] = {OPENED: {}, WARNED: {}}
    for at in range(256, len(LOWER), 256):
        fate = OPENED if at in (512, 1792, 2048) or at >= 3328 else WARNED
        found[fate][f"at byte {at}"] = layered(LOWER[:at], UPPER)
    return found


def _links() -> Inputs:
    hundred = [member(f"l{number}", flag=LINK, link=b"l%d" % (number + 1)) for number in range(100)]
    texts = {
        OPENED: {
            "hard, to nothing": tar(member("a", flag=LINK, link=b"gone")),
            "hard, to itself": tar(member("a", flag=LINK, link=b"a")),
            "hard, in a ring of two": tar(member("a", flag=LINK, link=b"b"), member("b", flag=LINK, link=b"a")),
            "hard, in a ring of a hundred": tar(*hundred, member("l100", flag=LINK, link=b"l0")),
            "hard, a chain written backwards": tar(*hundred, member("l100", b"x" * 100)),
            "hard, before the target": tar(member("a", flag=LINK, link=b"b"), member("b", b"x" * 100)),
            "hard, to a folder": tar(member("d/", flag=FOLDER), member("a", flag=LINK, link=b"d")),
            "hard, to the root": tar(member("a", flag=LINK, link=b"/")),
            "hard, to an empty name": tar(member("a", flag=LINK)),
            "hard, upwards": tar(member("a", flag=LINK, link=b"../../../etc/passwd")),
            "hard, absolute": tar(member("b", b"x"), member("a", flag=LINK, link=b"/b")),
            "hard, to a symbolic one": tar(member("s", flag=SYMBOLIC, link=b"b"), member("a", flag=LINK, link=b"s")),
            "hard, to a device": tar(member("n", flag=b"3"), member("a", flag=LINK, link=b"n")),
            "hard, to a whiteout": tar(member(".wh.x"), member("a", flag=LINK, link=b".wh.x")),
            "hard, to what it replaces": tar(member("a", b"x" * 9), member("a", flag=LINK, link=b"a")),
            "hard, as a whiteout": tar(member("a", b"x"), member(".wh.b", flag=LINK, link=b"a")),
            "symbolic, to itself": tar(member("a", flag=SYMBOLIC, link=b"a")),
            "symbolic, to nothing": tar(member("a", flag=SYMBOLIC)),
            "symbolic, and then files below it": tar(
                member("a", flag=SYMBOLIC, link=b"/etc"), member("a/passwd", b"x")
            ),
            "symbolic, as the root": tar(member("./", flag=SYMBOLIC, link=b"/etc"), member("passwd", b"x")),
            "symbolic, target of 1 MB": tar(pax((b"linkpath", b"t" * 1_000_000)) + member("a", flag=SYMBOLIC)),
        },
        WARNED: {
            "hard, with data behind it": tar(member("a", b"x" * 600), member("b", b"y" * 600, LINK, b"a")),
            "symbolic, with data behind it": tar(member("a", b"y" * 600, SYMBOLIC, b"b")),
            "a folder with data behind it": tar(member("d/", b"y" * 600, FOLDER), member("d/a", b"x")),
            "a device with data behind it": tar(member("n", b"y" * 600, b"3"), member("a", b"x")),
            "a fifo with data behind it": tar(member("p", b"y" * 600, b"6"), member("a", b"x")),
        },
    }
    return each(lambda data: layered(LOWER, data, UPPER), texts)


def _whiteout_names() -> Inputs:
    """Names that begin as whiteouts do, and whiteouts of what cannot be removed."""
    names = (
        ".wh. .wh.. .wh... .wh..wh. .wh..wh..opq .wh..wh..opq/ .wh..wh..opq/a d/.wh..wh..opq b/.wh..wh..opq "
        "gone/.wh..wh..opq .wh..wh..opq.opq .wh..wh.plnk/1.2 .wh..wh.aufs .wh.d .wh.d/ .wh.d/a .wh.gone gone/.wh.a "
        "b/.wh.a d/.wh.a d/.wh. d/.wh.. d/.wh../b .wh./b /.wh.b ./.wh.b d/../.wh.b .wh.d/../b .WH.b .wh.b.wh. "
        ".wh..wh.b .wh.* d/.wh.* .wh"
    ).split()
    raw = [b".wh.\xff\xfe", b".wh.\x1b[2J", b".wh.new\nline", b".wh. b", b".wh.b ", b".wh." + b"x" * 90]
    found = {ascii(name.decode("latin-1"))[:40]: name for name in [*map(str.encode, names), *raw]}
    return each(lambda name: layered(LOWER, tar(member(name)), UPPER), {OPENED: found})


def _whiteouts() -> Inputs:
    """Whiteouts of odd types and in odd places."""
    texts = {
        OPENED: {
            "a folder": tar(member(".wh.d", flag=FOLDER)),
            "a symbolic link": tar(member(".wh.b", flag=SYMBOLIC, link=b"d/a")),
            "a device 0/0": tar(member("b", flag=b"3")),
            "a fifo": tar(member(".wh.b", flag=b"6")),
            "twice": tar(member(".wh.b") * 2),
            "and the file, after it": tar(member(".wh.b") + member("b", b"x")),
            "and the file, before it": tar(member("b", b"x") + member(".wh.b")),
            "an opaque folder": tar(member("d/.wh..wh..opq", flag=FOLDER) + member("d/n", b"x")),
            "opaque, before and after": tar(member("d/m", b"x") + member("d/.wh..wh..opq") + member("d/n", b"x")),
            "of a folder that the layer fills": tar(member("d/n", b"x") + member(".wh.d")),
            "of what is itself a whiteout": tar(member(".wh..wh.b") + member(".wh.b")),
            "below a file": tar(member("b/.wh.x") + member("b/.wh..wh..opq")),
            "in a name of 1 MB": tar(pax((b"path", b".wh." + b"w" * 1_000_000)) + member("a")),
            "five thousand deep": tar(pax((b"path", b"d/" * 5000 + b".wh.x")) + member("a")),
        },
        WARNED: {
            "with data": tar(member(".wh.b", b"x" * 600)),
            "opaque twice, with data": tar(member("d/.wh..wh..opq", b"x" * 600) * 2),
        },
    }
    return each(lambda data: layered(LOWER, data, UPPER), texts)


def _collisions() -> Inputs:
    """Paths that the layer writes more than once, as different things."""
    file, folder = member("x", b"x" * 100), member("x/", flag=FOLDER)
    below = member("x/y", b"y" * 100)
    link = member("x", flag=SYMBOLIC, link=b"d")
    texts = {
        OPENED: {
            "a file twice": tar(file, file),
            "a file a thousand times": tar(*[file] * 1000),
            "a folder a thousand times": tar(*[folder] * 1000),
            "a file, then a folder": tar(file, folder),
            "a folder, then a file": tar(folder, below, file),
            "a file, then a file below it": tar(file, below),
            "a file below it, then the file": tar(below, file, below),
            "a link, then a file below it": tar(link, below),
            "to and fro a hundred times": tar(*[file, folder, below, link] * 100),
            "a folder, then a whiteout of it": tar(folder, below, member(".wh.x")),
            "the root as a file": tar(member("."), member("/"), member("./", b"x")),
            "the root as a folder, often": tar(*[member("./", flag=FOLDER), member("/", flag=FOLDER)] * 10),
            "one name, many spellings": tar(
                *(member(name, b"x") for name in ("x", "./x", "/x", "//x", "a/../x", "x/.", "./././x"))
            ),
            "only parents that are implied": tar(member("a/b/c/d/e/f/g", b"x"), member("a/b/c2/d/e", b"x")),
            "the other layer's folder is a file here": tar(member("d", b"x")),
            "the other layer's file is a folder here": tar(member("b/n", b"x")),
        },
    }
    return each(lambda data: layered(LOWER, data, UPPER), texts)
