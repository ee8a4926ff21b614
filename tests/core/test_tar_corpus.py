"""Every tar of the corpus lists as Go's archive/tar lists it, or the difference has a reason here."""

from __future__ import annotations

import base64
import bz2
import calendar
import gzip
import json
import lzma
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.archives import Forward, Listing, Row, list_headers, list_stream, read_stream
from layerscope.core.tar import DIRECTORY, FILE, OTHER

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.corpus

TESTDATA = "golang+go/src/archive/tar/testdata/"

#: Archives that do not list here as they do in Go, with the reason.
DIFFERENT = {
    TESTDATA + "gnu-sparse-many-zeros.tar.bz2": "Go limits the map of a sparse file; here it is stepped over",
    TESTDATA + "pax-path-hdr.tar": "ends behind an extended header: complete to Go, here it lacks the member",
}

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.decompress,
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
    "zstd": zstd.decompress,
}

ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
ESCAPE = re.compile(rb"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2})|(.))", re.DOTALL)
CUT = re.compile(r"(.*)\.\.\.\((\d+) bytes\)", re.DOTALL)


def unquote(text: str) -> bytes:
    """The bytes that Go's %q wrote, without the quotes around them."""

    def replace(match: re.Match[bytes]) -> bytes:
        short, long, byte, letter = match.groups()
        if byte:
            return bytes([int(byte, 16)])
        return chr(int(short or long, 16)).encode() if short or long else ESCAPES.get(letter, letter)

    return ESCAPE.sub(replace, text.encode())


def same_text(ours: bytes, go: str) -> bool:
    """Is it the text in the listing, where long texts are cut after some hundred characters?"""
    if cut := CUT.fullmatch(go):
        return len(ours) == int(cut[2]) and ours.startswith(unquote(cut[1]))
    return ours == unquote(go)


def nanoseconds(text: str) -> int:
    """A time of the listing, ``2017-08-07T16:43:52.168352Z``, since the epoch."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 10**9 + int((fraction + "000000000")[:9])


def kind_of(flag: str) -> int:
    """The kind that a type of the listing is here."""
    if flag in "123456":
        return int(flag)
    return FILE if flag in "07S" else DIRECTORY if flag == "D" else OTHER


def difference(row: Row, go: dict[str, Any]) -> str:
    """The first field that differs from Go's, in words short enough to print; empty where none does."""
    if not same_text(row.name, go["name"]):
        return f"name {row.name[:60]!r}"
    if row.kind in (1, 2) and not same_text(row.link, go.get("link", "")):
        return f"link {row.link[:60]!r}"
    # Go repeats the size that a header claims for a link, directory or device; there are no such bytes.
    size = 0 if go["type"] in "123456" else go["size"]
    ours = (row.kind, row.size, row.mode, row.uid, row.gid, row.mtime, "{}:{}".format(*row.device))
    numbers = (size, go["mode"] & 0o7777, go["uid"], go["gid"], nanoseconds(go["mtime"]))
    theirs = (kind_of(go["type"]), *numbers, go.get("dev", "0:0"))
    return f"{row.name[:60]!r}: {ours} is {theirs} in Go" if ours != theirs else ""


def compare(listing: Listing, go: dict[str, Any]) -> str:
    """How a listing differs from Go's; empty where it does not."""
    # Go gives a global pax header as a member of its own. It is no file, and neither applies it.
    expected = [entry for entry in go.get("list") or [] if entry["type"] != "g"]
    if len(listing.rows) != len(expected):
        return f"{len(listing.rows)} members, {len(expected)} in Go"
    if bool(listing.fault) != ("error" in go):
        return f"fault {listing.fault!r}, error in Go {go.get('error')!r}"
    return next(filter(None, map(difference, listing.rows, expected)), "")


@pytest.fixture(scope="module")
def archives(corpus: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """By name: the uncompressed bytes of each archive on disk, and what Go says of it."""
    listed: dict[str, dict[str, Any]] = json.loads((corpus / "go-listing.json").read_text())
    there = {name: corpus / "public" / name for name in listed}
    return {
        name: (DECOMPRESS[listed[name]["compression"]](path.read_bytes()), listed[name])
        for name, path in there.items()
        if path.is_file()
    }


def test_lists_what_go_lists(archives: dict[str, tuple[bytes, dict[str, Any]]]) -> None:
    found = {name: compare(list_headers(data), go) for name, (data, go) in archives.items()}
    differing = {name: text for name, text in found.items() if text}
    assert len(archives) >= 175
    assert sorted(differing) == sorted(DIFFERENT), differing


def test_global_headers_are_seen_and_not_listed(archives: dict[str, tuple[bytes, dict[str, Any]]]) -> None:
    data, go = archives[TESTDATA + "pax-global-records.tar"]
    assert [entry["name"] for entry in go["list"] if entry["type"] != "g"] == ["file1", "file2", "file3", "file4"]
    # The second global header sets a path. Go reports it and applies it to nothing.
    assert [row.name for row in list_headers(data).rows] == [b"file1", b"file2", b"file3", b"file4"]


@pytest.mark.parametrize("piece", [1 << 20, 4096, 513])
def test_forward_only_input_gives_the_same_members(
    archives: dict[str, tuple[bytes, dict[str, Any]]], piece: int
) -> None:
    for name, (data, _) in archives.items():
        expected = list_headers(data)
        forward = list_headers(data, Forward, piece, whole=True)
        stream = list_stream(data, piece)
        assert forward.rows == expected.rows, name
        assert stream.rows == expected.rows, name
        assert bool(forward.fault) == bool(stream.fault) == bool(expected.fault), name


def test_data_lie_where_the_offsets_say(archives: dict[str, tuple[bytes, dict[str, Any]]]) -> None:
    for name, (data, _) in archives.items():
        rows = list_headers(data).rows
        assert read_stream(data) == [data[row.offset : row.offset + row.stored] for row in rows], name


@pytest.mark.parametrize(
    ("name", "member", "size", "fault"),
    [
        ("gnu-sparse-big.tar.base64", b"gnu-sparse", 60_000_000_000, False),
        ("pax-sparse-big.tar.base64", b"pax-sparse", 60_000_000_000, False),
        ("writer-big-long.tar.base64", b"longname/" * 15 + b"16gig.txt", 16 << 30, True),
        ("neg-size.tar.base64", b"", 0, True),
    ],
)
def test_archives_kept_as_base64(corpus: Path, name: str, member: bytes, size: int, fault: bool) -> None:
    listing = list_headers(base64.b64decode((corpus / "public" / TESTDATA / name).read_bytes()))
    assert [(row.name, row.size) for row in listing.rows] == ([(member, size)] if member else [])
    assert bool(listing.fault) == fault
