"""Outer archives: cut, damaged, with members that lie about their sizes, names and kinds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .fates import OPENED, REFUSED, WARNED
from .kinds import Inputs, Kind, family
from .makers import END, LOWER, UPPER, Make, archive, docker, edited, member, saved, tar

GOOD = docker(LOWER, UPPER)
LAYER = "l0/layer.tar"


def outer_kinds() -> Iterator[Kind]:
    """All kinds of outer archives."""
    yield from _cut()
    yield from family("outer", {REFUSED: _garbage()})
    headers = _headers()
    shown = {name: headers.pop(name) for name in ("size 8 GiB", "size one too small", "size one too large")}
    yield from family("outer header", {REFUSED: headers, WARNED: shown})
    yield from family("outer members", {OPENED: _members()})
    yield from family("outer links", _links())
    yield Kind("outer: 100,001 members", REFUSED, _many(100_001), "more than 100000 members", seconds=20)
    yield Kind("outer: 5,000 empty members", OPENED, _many(5000))
    names = (member("x" * 90, flag=b"0") for _ in range(2))
    yield Kind("outer: names of 1 MiB each", REFUSED, saved(tar(*names, *_long_names(40))))


def _cut() -> Iterator[Kind]:
    """Cut at each block: with the manifest first layers are missing, with the manifest last it is.

    Between two members the archive looks whole, and so there is no image in it.
    """
    first = archive(GOOD)
    last = archive(dict(reversed(GOOD.items())))
    documents = 512 * 4
    for at in range(0, len(first) - 1024, 512):
        fate = WARNED if at > documents - 512 else REFUSED
        yield Kind(f"outer: manifest first, cut at block {at // 512}", fate, saved(first[:at]))
    end = len(last) - 1024
    for at in range(512, end + 512, 512):
        fate = OPENED if at >= end else REFUSED if at // 512 in (1, 7, 17, 19) else WARNED
        yield Kind(f"outer: manifest last, cut at block {at // 512}", fate, saved(last[:at]))


def _garbage() -> dict[str, bytes]:
    whole = archive(GOOD)
    return {
        "empty": b"",
        "one byte": b"x",
        "one block of text": b"text " * 103,
        "zeros": bytes(10240),
        "only an end marker": END,
        "noise": bytes(number * 7919 % 251 for number in range(10_000)),
        "half a header": whole[:300],
        "magic alone": bytes(257) + b"ustar\x0000" + bytes(247),
        "zip": b"PK\x03\x04" + bytes(1000),
        "ELF": b"\x7fELF" + bytes(1000),
        "shifted by a byte": b"\0" + whole,
        "shifted by a block of noise": b"\xff" * 512 + whole,
        "shifted by a zero block": bytes(512) + whole,
        "end marker first": END + whole,
        "no manifest": archive({LAYER: LOWER}),
        "a layer": LOWER,
        "the archive in an archive": archive({"image.tar": whole}),
    }


def _headers() -> dict[str, bytes]:
    """The header of a layer that stands in front of everything else."""
    rest = dict(GOOD)
    first = member(LAYER, rest.pop(LAYER))
    behind = archive(rest)

    def sized(field: bytes) -> bytes:
        return edited(first[:512], 124, field) + first[512:] + behind

    broken = bytearray(first)
    broken[5] ^= 1
    return {
        "size 8 GiB": sized(b"77777777777\0"),
        "size 2 to the 61": sized(b"\x80" + bytes(3) + b"\x20" + bytes(7)),
        "size 2 to the 94": sized(b"\xbf" + b"\xff" * 11),
        "size minus one": sized(b"\xff" * 12),
        "size minus the most": sized(b"\xc0" + bytes(11)),
        "size of letters": sized(b"size of file"),
        "size one too small": sized(b"%011o\0" % (len(LOWER) - 512)),
        "size one too large": sized(b"%011o\0" % (len(LOWER) + 512)),
        "checksum wrong": bytes(broken) + behind,
    }


def _members() -> dict[str, bytes]:
    whole = archive(GOOD)
    named = {f"name {number}": name for number, name in enumerate(_bad_names())}
    kinds = {
        "manifest last": archive(dict(reversed(GOOD.items()))),
        "manifest twice": member("manifest.json", b"{") + whole,
        "layer twice": member(LAYER, b"no layer") + whole,
        "no end marker": whole[:-1024],
        "noise behind the end": whole + b"\xff" * 4096,
        "dot slash names": archive({f"./{name}": data for name, data in GOOD.items()}),
        "absolute names": archive({f"/{name}": data for name, data in GOOD.items()}),
        "names with detours": archive({f"x/.././{name}": data for name, data in GOOD.items()}),
    }
    return kinds | {key: member(name, b"x") + whole for key, name in named.items()}


def _bad_names() -> list[bytes]:
    names = ["../../x", "/etc/passwd", "..", ".", "", "/", "a/../../..", "new\nline", "\x1b[2J\x1b]0;x\x07", "‮gpj.exe"]
    return [*(name.encode() for name in names), b"\xff\xfe", b"a" * 100, b"/" * 100, b"manifest.json/x"]


def _links() -> Inputs:
    """The layer is a link, or something that is no file at all."""

    def instead(*members: bytes) -> bytes:
        return b"".join(members) + archive({name: data for name, data in GOOD.items() if name != LAYER})

    link = partial(member, LAYER)
    chain = [member(f"s{number}", flag=b"2", link=b"s%d" % (number + 1)) for number in range(40)]
    good = {"chain of 15": instead(link(flag=b"2", link=b"../s26"), *chain, member("s40", LOWER))}
    bad = {
        "to itself": instead(link(flag=b"2", link=b"layer.tar")),
        "hard, to itself": instead(link(flag=b"1", link=LAYER.encode())),
        "in a circle": instead(link(flag=b"2", link=b"b"), member("l0/b", flag=b"2", link=b"layer.tar")),
        "to etc passwd": instead(link(flag=b"2", link=b"/etc/passwd")),
        "upwards": instead(link(flag=b"2", link=b"../../../../etc/passwd")),
        "to nothing": instead(link(flag=b"2")),
        "hard, to nothing": instead(link(flag=b"1", link=b"nowhere")),
        "chain of 40": instead(link(flag=b"2", link=b"../s0"), *chain, member("s40", LOWER)),
        "to a folder": instead(link(flag=b"2", link=b"../d"), member("d/", flag=b"5")),
        "a fifo": instead(link(flag=b"6")),
        "a device": instead(link(flag=b"3")),
        "a folder": instead(link(flag=b"5")),
        "unknown flag": instead(link(flag=b"~")),
        "absent": instead(),
    }
    return {OPENED: good, WARNED: bad}


def _many(count: int) -> Make:
    data = archive(GOOD)

    def make(folder: Path) -> Path:
        path = folder / "image.tar"
        with path.open("wb") as file:
            one = bytearray(member("00000000"))
            for number in range(count):
                file.write(member(b"%08d" % number) if number < 64 else bytes(one))
            file.write(data)
        return path

    return make


def _long_names(count: int) -> list[bytes]:
    text = b"n" * (1 << 20)
    return [member("././@LongLink", text, b"L") + member("x") for _ in range(count)]
