"""Single headers that archives really hold, and the odd ones that Go's archive/tar has an answer for."""

from __future__ import annotations

import pytest

from core.archives import Row, header, list_headers, list_stream, padded, pax
from layerscope.core.pax import clamp_time, parse_number, parse_records, parse_time
from layerscope.core.tar import DIRECTORY, FILE, MAX_EXTENDED, OTHER

END = bytes(1024)
USTAR = b"ustar\x0000"
GNU = b"ustar  \0"


def rest(magic: bytes, prefix: bytes, tail: bytes = b"") -> bytes:
    """A header from byte 257 on: magic, no owner names, no device, prefix field, last bytes."""
    return (magic.ljust(8, b"\0") + bytes(80) + prefix).ljust(255 - len(tail), b"\0") + tail


def only(data: bytes) -> Row:
    """The one member of an archive that is whole."""
    listing = list_headers(data + END)
    assert listing == list_stream(data + END)
    assert not listing.fault
    (row,) = listing.rows
    return row


def fault(data: bytes) -> str:
    """Why an archive ends early."""
    return list_headers(data).fault


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        (rest(USTAR, b"p/q"), b"p/q/n"),
        (rest(USTAR, b"p" * 155), b"p" * 155 + b"/n"),
        (rest(b"ustar\0\0\0", b"p"), b"p/n"),
        (rest(b"ustar\x0042", b"p"), b"p/n"),
        (rest(USTAR, b"p" * 155, b"tar\0"), b"p" * 131 + b"/n"),
        (rest(b"", b"p"), b"n"),
        (rest(GNU, b"14371351162\0"), b"n"),
        (rest(GNU, b"old/prefix"), b"old/prefix/n"),
        (rest(GNU, b"\xe9\xe8/prefix"), b"n"),
    ],
    ids=["ustar", "longest", "no version", "odd version", "star", "v7", "GNU times", "GNU prefix", "GNU garbage"],
)
def test_the_prefix_field(tail: bytes, name: bytes) -> None:
    assert only(header(b"n", rest=tail)).name == name


def test_a_name_may_fill_its_field() -> None:
    assert only(header(b"n" * 100)).name == b"n" * 100
    assert only(header(b"s", b"2", link=b"l" * 100)).link == b"l" * 100


def test_v7_says_directory_by_a_slash() -> None:
    assert [only(header(name, b"\0")).kind for name in (b"d/", b"f")] == [DIRECTORY, FILE]
    assert only(header(b"d/", b"0")).kind == FILE
    assert only(header(b"L", b"L", b"3") + padded(b"d/\0") + header(b"cut", b"\0")).kind == DIRECTORY


def test_unknown_flags_make_no_file_but_their_data_are_passed_over() -> None:
    rows = list_headers(header(b"v", b"V", b"600") + padded(b"x" * 384) + header(b"a") + END).rows
    assert [(row.name, row.kind) for row in rows] == [(b"v", OTHER), (b"a", FILE)]
    assert only(header(b"c", b"7")).kind == FILE


def test_long_names_stand_above_pax_above_the_header() -> None:
    long_name = header(b"L", b"L", b"5") + padded(b"long\0")
    assert only(pax((b"path", b"pax")) + header(b"short")).name == b"pax"
    assert only(pax((b"path", b"pax")) + long_name + header(b"short")).name == b"long"
    assert only(long_name + pax((b"path", b"pax")) + header(b"short")).name == b"long"
    assert only(pax((b"path", b"")) + header(b"short")).name == b"short"
    long_link = header(b"K", b"K", b"3") + padded(b"far")
    assert only(long_link + header(b"s", b"2", link=b"near")).link == b"far"


def test_extensions_speak_of_one_member_only() -> None:
    extended = pax((b"path", b"first"), (b"uid", b"7"), (b"SCHILY.xattr.user.a", b"1"))
    first, second = list_headers(extended + header(b"a") + header(b"b") + END).rows
    assert (first.name, first.uid, first.xattrs) == (b"first", 7, {b"user.a": b"1"})
    assert (second.name, second.uid, second.xattrs) == (b"b", 0, {})


def test_global_headers_are_checked_and_not_applied() -> None:
    assert only(pax((b"path", b"everywhere"), flag=b"g") + header(b"a")).name == b"a"
    assert only(pax((b"path", b"x")) + pax((b"path", b"g"), flag=b"g") + header(b"a")).name == b"x"
    assert "malformed" in fault(header(b"g", b"g", b"5") + padded(b"waste") + header(b"a") + END)


@pytest.mark.parametrize(
    ("field", "size"),
    [
        (b"00000000012\0", 10),
        (b"         12 ", 10),
        (b"12\0garbage", 10),
        (b"777777777777", 8**12 - 1),
        (b"", 0),
        (b"\x80" + bytes(9) + b"\x01\x00", 256),
    ],
)
def test_numbers(field: bytes, size: int) -> None:
    rows = list_headers(header(b"n", b"0", field) + bytes(1 << 12)).rows
    assert [row.size for row in rows] == [size]


@pytest.mark.parametrize("field", [b"12x", b"9", b"-1", b"1 2", b"\xff" * 12, b"\x80" + b"\xff" * 11])
def test_what_is_no_size(field: bytes) -> None:
    assert fault(header(b"a") + header(b"n", b"0", field) + END)
    assert len(list_headers(header(b"a") + header(b"n", b"0", field) + END).rows) == 1


def test_checksums_of_signed_bytes() -> None:
    block = bytearray(header(b"\xe9\xff" * 20))
    signed = sum(byte - 256 if byte > 127 else byte for byte in [*block[:148], *b" " * 8, *block[156:]])
    block[148:156] = b"%06o\0 " % signed
    assert only(bytes(block)).name == b"\xe9\xff" * 20
    block[148:156] = b"%06o\0 " % (signed + 1)
    assert "checksum" in fault(bytes(block) + END)


def test_the_end_marker() -> None:
    member = header(b"a")
    assert fault(member + END) == fault(member + bytes(512)) == fault(member) == fault(END) == fault(b"") == ""
    assert "single zero block" in fault(member + bytes(512) + member + END)
    assert len(list_headers(member + bytes(512) + member + END).rows) == 1
    assert len(list_headers(member + END + member + END).rows) == 1
    assert len(list_headers(member + bytes(512 * 21) + b"garbage").rows) == 1


def test_faults_say_where() -> None:
    assert "byte 1024" in fault(header(b"a") + header(b"b") + b"x" * 512)
    assert "88 bytes before" in fault(header(b"a", b"0", b"144") + b"x" * 12)
    assert "an extended header and the member" in fault(header(b"a") + pax((b"path", b"lost")))


def test_extensions_are_limited() -> None:
    most = header(b"L", b"L", b"%o" % MAX_EXTENDED) + b"n" * MAX_EXTENDED + header(b"a")
    assert len(only(most).name) == MAX_EXTENDED
    assert str(MAX_EXTENDED) in fault(header(b"L", b"L", b"%o" % (MAX_EXTENDED + 1)) + bytes(1 << 20))
    endless = header(b"s", b"S", rest=GNU.ljust(225, b"\0") + b"\1") + (bytes(504) + b"\1" + bytes(7)) * 2100
    assert str(MAX_EXTENDED) in fault(endless)


@pytest.mark.parametrize(
    ("payload", "records"),
    [
        (b"", []),
        (b"5 a=\n", [(b"a", b"")]),
        (b"9 a=b=\nc\n", [(b"a", b"b=\nc")]),
        (b"5 a=\n\0\0\0", [(b"a", b"")]),
        (b"6 a=b\n6 a=c\n", [(b"a", b"b"), (b"a", b"c")]),
        (b"4 =\n", None),
        (b"5 =a\n", None),
        (b"6 a=b", None),
        (b"7 a=b\n", None),
        (b"6 abc\n", None),
        (b"8 a\0b=c\n", None),
        (b"10 path=\0\n", None),
        (b"6a=b\n", None),
        (b" 6 a=b\n", None),
        (b"9223372036854775807 a=b\n", None),
        (b"9" * 30 + b" a=b\n", None),
    ],
)
def test_pax_records(payload: bytes, records: list[tuple[bytes, bytes]] | None) -> None:
    assert parse_records(payload) == records


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        (b"0", 0),
        (b"1.5", 1_500_000_000),
        (b"-1.5", -1_500_000_000),
        (b"1.", 1_000_000_000),
        (b"1.1234567899", 1_123_456_789),
        (b"99999999999999999999999999", clamp_time(1 << 62)),
        (b"", None),
        (b".5", None),
        (b"1e9", None),
        (b"1.-5", None),
        (b"nan", None),
    ],
)
def test_pax_times(text: bytes, nanoseconds: int | None) -> None:
    assert parse_time(text) == nanoseconds


def test_times_stay_within_64_bits() -> None:
    for seconds in (1 << 62, -(1 << 62), 1 << 40):
        assert -(1 << 63) < clamp_time(seconds) - 10**9 < clamp_time(seconds) + 10**9 < 1 << 63


@pytest.mark.parametrize(
    ("text", "number"),
    [(b"12", 12), (b"-12", -12), (b"+12", 12), (b"0" * 30 + b"7", 7), (b"9" * 19, None), (b"", None), (b"0x1", None)],
)
def test_pax_numbers(text: bytes, number: int | None) -> None:
    assert parse_number(text) == number
