"""Headers of a layer's members: every field, every type flag."""

from __future__ import annotations

from collections.abc import Iterator

from .fates import OPENED, WARNED, Fate
from .kinds import Inputs, Kind, each, family
from .makers import END, LOWER, UPPER, Make, edited, layered, member

#: Where fields stand (POSIX ustar): offset and width in bytes.
NUMBERS = {
    "mode": (100, 8),
    "uid": (108, 8),
    "gid": (116, 8),
    "size": (124, 12),
    "mtime": (136, 12),
    "major": (329, 8),
    "minor": (337, 8),
}
FIRST = member("first", b"f" * 100)
LAST = member("last", b"l" * 100)


def header_kinds() -> Iterator[Kind]:
    """All kinds of headers."""
    yield from family("header", _fields())
    yield from family("header, number", _numbers())
    yield from family("header, type flag", _flags())


def between(data: bytes) -> Make:
    """Writes an image with a layer that has these bytes between two good members."""
    return layered(LOWER, FIRST + data + LAST + END, UPPER)


def _numbers() -> Inputs:
    """Numbers that are none, negative or huge, in each field that holds one."""
    found: dict[Fate, dict[str, bytes]] = {OPENED: {}, WARNED: {}}
    for field, (at, width) in NUMBERS.items():
        texts = {
            "letters": b"letters!".ljust(width, b"x"),
            "decimal": b"99".ljust(width, b"\0"),
            "negative": b"-1".ljust(width, b"\0"),
            "hexadecimal": b"0x1f".ljust(width, b"\0"),
            "the least in base 256": b"\xc0" + bytes(width - 1),
            "the most in base 256": b"\xbf" + b"\xff" * (width - 1),
        }
        fine = {
            "blank": b" " * width,
            "NULs": bytes(width),
            "without an end": b"7" * width,
            "digits behind a NUL": b"0\0" + b"1" * (width - 2),
            "minus one in base 256": b"\xff" * width,
        }
        is_device = field in ("major", "minor")
        whole = member("x", b"" if is_device else b"x" * 100, b"3" if is_device else b"0")
        for name, text in (texts | fine).items():
            fate = OPENED if name in fine and field != "size" else WARNED
            found[fate][f"{field}, {name}"] = edited(whole, at, text)
    return each(between, found)


def _fields() -> Inputs:
    """Fields that are no numbers, and sizes beside the truth."""
    good = member("x", b"x" * 100)
    block, data = good[:512], good[512:]
    wrong = bytearray(good)
    wrong[0] ^= 1
    flipped = [
        bytes(edited(good, 148, text)) for text in (b"000000\0 ", b"       \0", b"77777777", b"\xff" * 8, b"-1\0     ")
    ]
    texts = {
        OPENED: {
            "name empty": edited(good, 0, bytes(100)),
            "name without an end": edited(good, 0, b"n" * 100),
            "name with bytes behind its end": edited(good, 0, b"x\0y\0z"),
            "link name of a file": edited(good, 157, b"/etc/passwd"),
            "magic of nobody": edited(good, 257, b"magic\0\0\0"),
            "magic without version": edited(good, 257, b"ustar\0\xff\xff"),
            "magic of GNU with a prefix": edited(edited(good, 257, b"ustar  \0"), 345, b"prefix"),
            "owner names that drive a terminal": edited(good, 265, b"\x1b[2J\x07\xff\xfe"),
            "owner names without an end": edited(good, 265, b"u" * 64),
            "prefix without an end": edited(good, 345, b"p" * 155),
            "prefix upwards": edited(good, 345, b"../../.."),
            "prefix of slashes": edited(good, 345, b"/" * 155),
            "star's end, wrong prefix": edited(edited(good, 345, b"p" * 155), 508, b"tar\0"),
            "bytes in the padding of the header": edited(good, 500, b"\xff" * 12),
            "a v7 header": edited(edited(good, 257, bytes(8)), 156, b"\0"),
            "a v7 folder with data": edited(edited(edited(good, 257, bytes(8)), 156, b"\0"), 0, b"x/\0"),
        },
        WARNED: {
            "checksum wrong": bytes(wrong),
            "checksum zero": flipped[0],
            "checksum blank": flipped[1],
            "checksum too large": flipped[2],
            "checksum in base 256": flipped[3],
            "checksum negative": flipped[4],
            "size too small": edited(block, 124, b"00000000000\0") + data,
            "size too large": edited(block, 124, b"00000010000\0") + data,
            "size of 8 GiB": edited(block, 124, b"77777777777\0") + data,
            "size of a terabyte": edited(block, 124, b"\x80\0\0\0\0\0\x01\0\0\0\0\0") + data,
            "size of 2 to the 59": edited(block, 124, b"\x80\0\0\0\x08\0\0\0\0\0\0\0") + data,
            "all bytes set": edited(b"\xff" * 512, 156, b"0"),
            "all bytes seven": edited(b"7" * 512, 156, b"0"),
        },
    }
    return each(between, texts)


def _flags() -> Inputs:
    """Type flags that are rare, not known, or not for such a member."""
    names = {bytes([flag]): f"byte {flag:#04x}" for flag in (0, 1, 0x1B, 0x7F, 0x80, 0xFF)}
    names |= {flag.encode(): f"letter {flag}" for flag in "89ADEIMNSVXZagx~"}
    texts = {name: member("x", b"x" * 600, flag) for flag, name in names.items()}
    texts["all, one after the other"] = b"".join(
        member(b"x%02x" % flag, b"x" * 600, bytes([flag])) for flag in range(256) if bytes([flag]) not in b"123456xgLKS"
    )
    bad = {name: texts.pop(name) for name in ("letter g", "letter x")}
    return each(between, {OPENED: texts, WARNED: bad})
