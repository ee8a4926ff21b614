"""The scanner against tarfile, against itself in other pieces, and against damage."""

from __future__ import annotations

import io
import tarfile
from typing import Any, Final, Literal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.archives import Forward, Listing, Row, Seekable, header, list_headers, list_stream, padded, pax, read_stream

FEW = settings(max_examples=60)
Format = Literal[0, 1, 2]
FORMATS: Final[tuple[Format, ...]] = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
FLAGS = {
    0: tarfile.REGTYPE,
    1: tarfile.LNKTYPE,
    2: tarfile.SYMTYPE,
    3: tarfile.CHRTYPE,
    4: tarfile.BLKTYPE,
    5: tarfile.DIRTYPE,
    6: tarfile.FIFOTYPE,
}

components = st.one_of(
    st.sampled_from(
        [b"a", b"b", b"usr", b".wh.a", b".wh..wh..opq", b"x y", b"\xff\xfe", b"\x1b[31m", "žluťoučký".encode()]
    ),
    st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"0").replace(b"/", b"-")),
    st.integers(1, 300).map(lambda length: b"n" * length),
)
paths = st.builds(
    lambda lead, parts: lead + b"/".join(parts),
    st.sampled_from([b"", b"", b"./", b"/"]),
    st.lists(components, min_size=1, max_size=6),
)
values = st.binary(max_size=40)


@st.composite
def members(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """A member's fields and contents, for every format that can hold them."""
    kind = draw(st.sampled_from([0, 0, 0, *range(7)]))
    data = draw(st.binary(max_size=3)) * draw(st.sampled_from([0, 1, 170, 171, 700])) if kind == 0 else b""
    fields = {
        "kind": kind,
        "name": draw(paths),
        "mode": draw(st.integers(0, 0o7777)),
        "uid": draw(st.sampled_from([0, 1000, 8**7 - 1, 8**7, 2**31 - 1])),
        "gid": draw(st.integers(0, 2**21)),
        "mtime": draw(st.sampled_from([0, 1, 8**11 - 1, 8**11, -1, -86400, 1.25, -1.25, -0.5, 1700000000.75])),
        "link": draw(paths) if kind in (1, 2) else b"",
        "device": (draw(st.integers(0, 4095)), draw(st.integers(0, 8**7 - 1))) if kind in (3, 4) else (0, 0),
        "xattrs": draw(st.dictionaries(st.sampled_from([b"user.a", b"security.capability"]), values, max_size=2)),
    }
    return fields, data


def text(raw: bytes) -> str:
    """Bytes as tarfile takes them."""
    return raw.decode("utf-8", "surrogateescape")


def make_tar(wanted: list[tuple[dict[str, Any], bytes]], form: Format) -> bytes:
    """What tarfile writes for the members; those that the format cannot hold are left out."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
        for fields, data in wanted:
            info = tarfile.TarInfo(text(fields["name"]))
            info.type, info.size = FLAGS[fields["kind"]], len(data)
            info.mode, info.uid, info.gid = fields["mode"], fields["uid"], fields["gid"]
            info.mtime = fields["mtime"] if form == tarfile.PAX_FORMAT else int(fields["mtime"])
            info.linkname = text(fields["link"])
            info.devmajor, info.devminor = fields["device"]
            if form == tarfile.PAX_FORMAT:
                info.pax_headers = {
                    f"SCHILY.xattr.{key.decode()}": text(value) for key, value in fields["xattrs"].items()
                }
            try:
                info.tobuf(form, "utf-8", "surrogateescape")
            except ValueError:  # too long or too large for this format
                continue
            tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


archives = st.builds(make_tar, st.lists(members(), max_size=6), st.sampled_from(FORMATS))


def tarfile_rows(data: bytes) -> list[Row]:
    """What tarfile lists, as rows."""
    kinds = {flag: kind for kind, flag in FLAGS.items()}
    rows = []
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as tar:
        for info in tar.getmembers():
            raw = [value.encode("utf-8", "surrogateescape") for value in (info.name, info.linkname)]
            kind = kinds[info.type]
            device = (info.devmajor, info.devminor) if kind in (3, 4) else (0, 0)
            xattrs = {
                key.removeprefix("SCHILY.xattr.").encode(): value.encode("utf-8", "surrogateescape")
                for key, value in info.pax_headers.items()
                if key.startswith("SCHILY.xattr.")
            }
            owner = (info.mode & 0o7777, info.uid, info.gid, round(info.mtime * 4) * 250_000_000)
            places = (info.size, info.offset_data, info.type[0])
            rows.append(Row(raw[0], kind, info.size, *owner, raw[1], device, xattrs, *places))
    return rows


def comparable(row: Row) -> Row:
    """tarfile takes the slash off a directory's name."""
    return row._replace(name=row.name.rstrip(b"/")) if row.kind == 5 else row


@given(archives)
def test_agrees_with_tarfile(data: bytes) -> None:
    listing = list_headers(data)
    assert [comparable(row) for row in listing.rows] == tarfile_rows(data)
    assert not listing.fault


@given(archives, st.integers(1, 2000), st.booleans())
def test_pieces_of_any_size_give_the_same(data: bytes, piece: int, whole: bool) -> None:
    expected = list_headers(data)
    assert list_headers(data, Forward, piece, whole=whole) == expected
    assert list_headers(data, Seekable, piece, whole=whole) == expected
    assert list_stream(data, piece) == expected
    assert read_stream(data, piece) == [data[row.offset : row.offset + row.stored] for row in expected.rows]


def check_cut(full: list[Row], data: bytes, listing: Listing) -> None:
    """A cut archive gives the members in front of the cut, and a fault but where a member just ended.

    Nothing but zeros after a member may be the beginning of the end marker, and is no fault.
    """
    cut = len(data)
    assert listing.rows == [row for row in full if row.offset <= cut]
    complete = [(0, 0), *((row.offset + row.stored, row.offset + -(-row.stored // 512) * 512) for row in full)]
    ended = any(first <= cut and not data[last:].strip(b"\0") for first, last in complete)
    assert bool(listing.fault) == (not ended)


#: ustar splits a long name at a slash, this one at its last: the header's own name field is empty.
EMPTY_NAME_FIELD = header(b"", tarfile.DIRTYPE, rest=b"ustar\x0000" + bytes(80) + b"n" * 150)


@given(archives, st.integers(0, 1 << 16), st.integers(-513, 513) | st.none())
@example(EMPTY_NAME_FIELD, 50, None)
@example(EMPTY_NAME_FIELD, 101, None)
def test_a_cut_archive_gives_what_came_before(data: bytes, place: int, beside: int | None) -> None:
    full = list_headers(data).rows
    edges = [0, len(data), *(edge for row in full for edge in (row.offset, row.offset + row.stored))]
    cut = place % (len(data) + 1) if beside is None else max(0, edges[place % len(edges)] + beside)
    for listing in (list_headers(data[:cut]), list_headers(data[:cut], Forward), list_stream(data[:cut])):
        check_cut(full, data[:cut], listing)


def test_every_cut_of_one_archive() -> None:
    fields = {
        "mode": 0o644,
        "uid": 8**7,
        "gid": 0,
        "mtime": 1.25,
        "link": b"",
        "device": (0, 0),
        "xattrs": {b"user.a": b"1"},
    }
    wanted = [
        ({**fields, "kind": 0, "name": name}, data)
        for name, data in ((b"a", b"1" * 600), (b"n" * 300, b""), (b"c", b"x" * 512))
    ]
    for form in FORMATS[1:]:
        data = make_tar(wanted, form)
        full = list_headers(data).rows
        assert len(full) == 3
        for cut in range(len(data)):
            check_cut(full, data[:cut], list_headers(data[:cut], piece=512))
            check_cut(full, data[:cut], list_stream(data[:cut]))


def check_total(data: bytes) -> None:
    """Any bytes give members and perhaps a fault, the same from every drive, and never an exception."""
    expected = list_headers(data)
    for other in (list_headers(data, Forward), list_headers(data, piece=100, whole=True), list_stream(data, 511)):
        assert other.rows == expected.rows
        assert bool(other.fault) == bool(expected.fault)


@FEW
@given(st.binary(max_size=3000))
def test_random_bytes_never_raise(data: bytes) -> None:
    check_total(data)


@given(archives, st.lists(st.tuples(st.integers(0), st.integers(0, 7)), min_size=1, max_size=8))
def test_flipped_bits_never_raise(data: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, bit in flips:
        damaged[place % len(damaged)] ^= 1 << bit
    check_total(bytes(damaged))


numbers = st.one_of(
    st.sampled_from(
        [b"0", b"17", b"777777777777", b" 12 ", b"9", b"-1", b"\x80" + bytes(11), b"\xff" * 12, b"\xff" + bytes(11)]
    ),
    st.binary(max_size=12),
)
records = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda length, key, value: length + b" " + key + b"=" + value + b"\n",
        st.sampled_from(
            [b"5", b"11", b"14", b"20", b"9223372036854775807", b"9999999999999999999", b"-3", b"+14", b"014"]
        ),
        st.sampled_from(
            [b"path", b"size", b"mtime", b"GNU.sparse.size", b"GNU.sparse.name", b"SCHILY.xattr.a", b"uid", b""]
        ),
        st.sampled_from([b"", b"1", b"-1", b"1.5", b"-1.", b"x", b"9" * 18, b"9" * 30, b"1e9", b"a/b", b"\0"]),
    ),
)


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Blocks whose checksums hold and whose fields are anything."""
    data = b""
    for _ in range(draw(st.integers(1, 4))):
        flag = draw(
            st.sampled_from([b"0", b"\0", b"1", b"2", b"3", b"5", b"7", b"D", b"K", b"L", b"S", b"V", b"g", b"x", b"x"])
        )
        payload = b"".join(draw(st.lists(records, max_size=3)))
        size = draw(st.just(b"%o" % len(payload)) | numbers)
        magic = draw(st.sampled_from([b"", b"ustar\x0000", b"ustar  \0", b"ustar\0\0\0"]))
        rest = magic + draw(st.binary(max_size=255))
        data += header(draw(st.binary(max_size=100)), flag, size, draw(st.binary(max_size=100)), rest) + padded(payload)
    return data + draw(st.sampled_from([b"", bytes(512), bytes(1024), bytes(1536)]))


@settings(max_examples=300)
@given(hostile())
@example(header(b"x", b"x", b"30") + padded(b"9999999999999999999 path=aaaa"))
@example(header(b"x", b"x", b"30") + padded(b"9223372036854775807 path=aaa\n"))
def test_hostile_headers_never_raise(data: bytes) -> None:
    check_total(data)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.binary(max_size=8)), max_size=4))
def test_records_come_back_as_written(pairs: list[tuple[bytes, bytes]]) -> None:
    assume(not any(b"\0" in key or b"=" in key for key, _ in pairs))
    wanted = {b"SCHILY.xattr." + key: value for key, value in pairs}
    rows = list_headers(pax(*wanted.items()) + header(b"a") + bytes(1024)).rows
    assert [row.xattrs for row in rows] == [
        {key.removeprefix(b"SCHILY.xattr."): value for key, value in wanted.items()}
    ]


@pytest.mark.parametrize("sizes", [[0], [100, 900], [0] * 50 + [200_000], [30_000], [300_000, 0, 0, 5]], ids=str)
def test_archives_larger_than_any_buffer(sizes: list[int]) -> None:
    count = min(6000, 6_000_000 // (512 + sum(sizes) // len(sizes)))
    wanted = [(b"%d" % number, sizes[number % len(sizes)]) for number in range(count)]
    data = b"".join(
        header(name, b"0", b"%o" % size) + padded(name * size)[: -(-size // 512) * 512] for name, size in wanted
    )
    expected = list_headers(data)
    assert [(row.name, row.size) for row in expected.rows] == wanted
    assert not expected.fault
    assert (
        list_headers(data, Forward, whole=True) == list_headers(data, Seekable, 70_001) == list_stream(data) == expected
    )
