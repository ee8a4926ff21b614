"""What extended headers say of a layer's members: pax records, GNU long names, sparse files."""

from __future__ import annotations

from collections.abc import Iterator

from core.archives import header, padded, pax

from .fates import OPENED, WARNED
from .headers import between
from .kinds import Inputs, Kind, each, family
from .makers import END, edited, member

#: What a pax header says of a sparse file of version 1.0.
ONE = ((b"major", b"1"), (b"minor", b"0"))


def record_kinds() -> Iterator[Kind]:
    """All kinds of extended headers."""
    yield from family("pax", _records())
    yield from family("pax, value", _values())
    yield from family("GNU", _long_names())
    yield from family("sparse", _sparse())


def _raw(payload: bytes, flag: bytes = b"x") -> bytes:
    return header(b"PaxHeader", flag, b"%o" % len(payload)) + padded(payload)


def _records() -> Inputs:
    """Payloads of extended headers that are malformed as such."""
    x = member("x", b"x" * 100)
    texts = {
        OPENED: {
            "empty": _raw(b"") + x,
            "only NULs": _raw(bytes(1000)) + x,
            "NULs behind the records": _raw(b"9 path=a\n"[:9].ljust(100, b"\0")) + x,
            "a line end in a value": pax((b"path", b"a\nb")) + x,
            "equals signs": pax((b"path", b"a=b=c")) + x,
            "a hundred thousand records": _raw(b"6 a=b\n" * 100_000) + x,
            "fifty thousand keys": pax(*((b"key%d" % number, b"v") for number in range(50_000))) + x,
            "the same key often": pax(*[(b"path", b"p%d" % number) for number in range(1000)]) + x,
            "keys that are not known": pax((b"VENDOR.x", b"1"), (b"\x1b[2J", b"2")) + x,
            "just within the limit": _raw(b"%d comment=%s\n" % (1 << 20, b"c" * ((1 << 20) - 17))) + x,
            "size of its header in base 256": edited(_raw(b"10 path=a\n"), 124, b"\x80" + bytes(10) + b"\x0a") + x,
            "two in a row": pax((b"path", b"a")) + pax((b"mtime", b"7")) + x,
            "a thousand in a row": pax((b"path", b"a")) * 1000 + x,
            "no member behind it": pax((b"path", b"a")) + END,
            "global, with a path": pax((b"path", b"everywhere"), flag=b"g") + x,
            "global, with a size": pax((b"size", b"1"), flag=b"g") + x,
            "global, a thousand": pax((b"comment", b"c" * 1000), flag=b"g") * 1000 + x,
            "for a global one": pax((b"path", b"a")) + pax((b"comment", b"c"), flag=b"g") + x,
            "for a long name": pax((b"path", b"a")) + member("././@LongLink", b"b\0", b"L") + x,
            "for itself": pax((b"path", b"a")) + edited(pax((b"path", b"b")), 0, b"x"),
        },
        WARNED: {
            "length 0": _raw(b"0 path=a\n") + x,
            "length too short": _raw(b"5 path=a\n") + x,
            "length too long": _raw(b"99 path=a\n") + x,
            "length one less": _raw(b"9 path=a\n\n") + x,
            "length negative": _raw(b"-9 path=a\n") + x,
            "length of letters": _raw(b"ten path=a\n") + x,
            "length of 5,000 digits": _raw(b"9" * 5000 + b" path=a\n") + x,
            "length with zeros in front": _raw(b"0000000017 path=a\n") + x,
            "length in other digits": _raw("１０ path=a\n".encode()) + x,
            "no equals sign": _raw(b"9 path a\n") + x,
            "no key": _raw(b"5 =a\n") + x,
            "no line end": _raw(b"9 path=aa") + x,
            "no blank": _raw(b"9path=aa\n") + x,
            "NUL in a key": pax((b"pa\0th", b"a")) + x,
            "one byte over the limit": _raw(b"%d comment=%s\n" % ((1 << 20) + 1, b"c" * ((1 << 20) - 15))) + x,
            "size of its header negative": edited(_raw(b"10 path=a\n"), 124, b"\xff" * 12) + x,
            "global, malformed": _raw(b"x", b"g") + x,
        },
    }
    return each(between, texts)


def _values() -> Inputs:
    """Values of records that do not fit their keys."""
    xattr = b"SCHILY.xattr."
    records = {
        OPENED: {
            "path empty": [(b"path", b"")],
            "path of no UTF-8": [(b"path", b"\xff\xfe")],
            "path of 1 MB": [(b"path", b"p" * 1_000_000)],
            "linkpath of a file": [(b"linkpath", b"/etc/passwd")],
            "size empty": [(b"size", b"")],
            "size of zeros": [(b"size", b"0" * 10_000 + b"100")],
            "size smaller than the header's": [(b"size", b"1")],
            "uid negative": [(b"uid", b"-1")],
            "gid of 2 to the 62": [(b"gid", b"4611686018427387904"[:18])],
            "mtime of 10,000 digits": [(b"mtime", b"9" * 10_000)],
            "mtime of 10,000 decimals": [(b"mtime", b"1." + b"9" * 10_000)],
            "mtime negative, huge": [(b"mtime", b"-99999999999999999999.5")],
            "xattr without a name": [(xattr, b"v")],
            "xattr of 1 MB": [(xattr + b"user.x", b"v" * 1_000_000)],
            "ten thousand xattrs": [(xattr + b"user.%d" % number, b"v") for number in range(10_000)],
            "capability too short": [(xattr + b"security.capability", b"\x01")],
            "capability of noise": [(xattr + b"security.capability", b"\xff" * 64)],
            "hdrcharset binary": [(b"hdrcharset", b"BINARY"), (b"path", b"\xff")],
            "charset not known": [(b"hdrcharset", b"KLINGON")],
            "device numbers": [(b"SCHILY.devmajor", b"-1"), (b"SCHILY.devminor", b"9" * 50)],
        },
        WARNED: {
            "path with a NUL": [(b"path", b"a\0b")],
            "path of slashes": [(b"path", b"/" * 100_000)],
            "path of dots": [(b"path", b"../" * 100_000)],
            "size negative": [(b"size", b"-1")],
            "size with a fraction": [(b"size", b"1.5")],
            "size of letters": [(b"size", b"many")],
            "size of 10,000 digits": [(b"size", b"9" * 10_000)],
            "size of 2 to the 64": [(b"size", b"18446744073709551616")],
            "size of a terabyte": [(b"size", b"1099511627776")],
            "size in other digits": [(b"size", "１００".encode())],
            "uid beyond 64 bits": [(b"uid", b"9" * 30)],
            "gid of letters": [(b"gid", b"wheel")],
            "mtime not a number": [(b"mtime", b"nan")],
            "mtime infinite": [(b"mtime", b"inf")],
            "mtime with an exponent": [(b"mtime", b"1e9")],
            "mtime of two points": [(b"mtime", b"1.2.3")],
        },
    }
    return each(lambda found: between(pax(*found) + member("x", b"x" * 100)), records)


def _long(text: bytes, flag: bytes = b"L") -> bytes:
    return member("././@LongLink", text, flag)


def _long_names() -> Inputs:
    """GNU long names and links."""
    x, link = member("x", b"x" * 100), member("s", flag=b"2", link=b"t")
    texts = {
        OPENED: {
            "name empty": _long(b"") + x,
            "name only a NUL": _long(b"\0") + x,
            "name without an end": _long(b"n" * 300) + x,
            "name with bytes behind its end": _long(b"name\0more\0") + x,
            "name upwards": _long(b"../" * 100 + b"etc/passwd\0") + x,
            "name of 1 MiB": _long(b"n" * (1 << 20)) + x,
            "name twice": _long(b"one\0") + _long(b"two\0") + x,
            "name a thousand times": _long(b"n" * 200) * 1000 + x,
            "name and link": _long(b"name\0") + _long(b"link\0", b"K") + link,
            "link for a file": _long(b"link\0", b"K") + x,
            "link and no name": _long(b"t" * 300, b"K") + link,
            "name for a folder": _long(b"d" * 200 + b"/\0") + member("d/", flag=b"5"),
            "name at the end": _long(b"name\0") + END,
            "name with a size in base 256": edited(_long(b"name\0"), 124, b"\x80" + bytes(10) + b"\x05") + x,
            "name, then pax": _long(b"gnu\0") + pax((b"path", b"pax")) + x,
            "multi-volume": member("x", b"x" * 100, b"M"),
            "volume label": member("label", b"", b"V"),
            "dumpdir": member("d/", b"Yfile\0Nother\0\0", b"D"),
        },
        WARNED: {
            "name one byte over the limit": _long(b"n" * ((1 << 20) + 1)) + x,
            "name with a negative size": edited(_long(b"name\0"), 124, b"\xff" * 12) + x,
            "name of a terabyte": edited(_long(b"name\0"), 124, b"\x80\0\0\0\0\0\x01\0\0\0\0\0") + x,
        },
    }
    return each(between, texts)


def _map(*blocks: tuple[int, int], real: bytes = b"00000100000\0", more: int = 0, data: bytes = b"d" * 100) -> bytes:
    """An old GNU sparse file."""
    block = header(b"sparse", b"S", b"%o" % len(data), rest=b"ustar  \0")
    for number, (offset, size) in enumerate(blocks[:4]):
        block = edited(block, 386 + 24 * number, b"%011o\0%011o\0" % (offset, size))
    block = edited(block, 482, bytes([more]) + real)
    return block + padded(data)


def _pax_sparse(*records: tuple[bytes, bytes], data: bytes = b"d" * 100) -> bytes:
    return pax(*((b"GNU.sparse." + key, value) for key, value in records)) + member("./GNUSparseFile.0/x", data)


def _sparse() -> Inputs:
    """Sparse files of GNU's old form and of pax 0.0, 0.1 and 1.0."""
    tera = b"1099511627776"
    texts = {
        OPENED: {
            "old, a terabyte": _map((0, 100), real=b"\x80\0\0\0\0\0\x01\0\0\0\0\0"),
            "old, real size 0": _map((0, 100), real=b"00000000000\0"),
            "old, smaller than what is stored": _map((0, 100), real=b"00000000001\0"),
            "old, no map": _map(),
            "old, map overlaps": _map((0, 100), (50, 100)),
            "old, map backwards": _map((1000, 50), (0, 50)),
            "old, map beyond the file": _map((1 << 32, 100)),
            "old, map of more than is stored": _map((0, 1 << 32)),
            "old, with a ustar magic": edited(_map((0, 100)), 257, b"ustar\x0000"),
            "0.0": _pax_sparse((b"size", b"1000"), (b"numblocks", b"1"), (b"offset", b"0"), (b"numbytes", b"100")),
            "0.0, blocks that are not there": _pax_sparse((b"size", b"1000"), (b"numblocks", b"1000000")),
            "0.1": _pax_sparse((b"size", b"1000"), (b"numblocks", b"1"), (b"map", b"0,100"), (b"name", b"x")),
            "0.1, a terabyte": _pax_sparse((b"size", tera), (b"numblocks", b"1"), (b"map", b"0,100")),
            "0.1, map of letters": _pax_sparse((b"size", b"1000"), (b"map", b"a,b,c")),
            "0.1, map of 1 MB": _pax_sparse((b"size", b"1000"), (b"map", b"0,0," * 250_000)),
            "1.0": _pax_sparse(*ONE, (b"realsize", b"1000"), (b"name", b"x"), data=padded(b"1\n0\n100\n") + b"d" * 100),
            "1.0, a terabyte": _pax_sparse(*ONE, (b"realsize", tera), data=padded(b"1\n0\n0\n")),
            "1.0, no map": _pax_sparse(*ONE, (b"realsize", b"9"), data=b""),
            "1.0, map of 5,000 digits": _pax_sparse(*ONE, (b"realsize", b"9"), data=b"9" * 5000),
            "version 9.9": _pax_sparse((b"major", b"9"), (b"minor", b"9"), (b"realsize", b"1000")),
            "name empty": _pax_sparse((b"realsize", b"9"), (b"name", b"")),
            "name upwards": _pax_sparse((b"realsize", b"9"), (b"name", b"../../x")),
            "of a folder": pax((b"GNU.sparse.realsize", b"1000")) + member("d/", flag=b"5"),
            "of a link": pax((b"GNU.sparse.realsize", b"1000")) + member("s", flag=b"2", link=b"t"),
            "a thousand of a terabyte": _pax_sparse((b"size", tera)) * 1000,
        },
        WARNED: {
            "old, real size negative": _map((0, 100), real=b"\xff" * 12),
            "old, real size of letters": _map((0, 100), real=b"real size !!"),
            "old, extended": _map((0, 100), more=1, data=bytes(512) + b"d" * 100),
            "old, extended without an end": _map((0, 100), more=1, data=(bytes(504) + b"\1" + bytes(7)) * 3000),
            "old, cut in its map": _map((0, 100), more=1, data=b"")[:512],
            "real size negative": _pax_sparse((b"realsize", b"-1")),
            "real size of letters": _pax_sparse((b"realsize", b"large")),
            "real size of 10,000 digits": _pax_sparse((b"realsize", b"9" * 10_000)),
        },
    }
    return each(between, texts)
