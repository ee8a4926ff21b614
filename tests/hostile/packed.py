"""Compression of layers and of whole archives: cut, damaged, garbage around it, bombs, and huge windows."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import sys
import zlib
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

from core.archives import header

from .fates import OPENED, REFUSED, WARNED, Fate
from .kinds import Inputs, Kind, each, family
from .makers import END, LOWER, UPPER, Make, archive, docker, layered, saved

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Pack = Callable[[bytes], bytes]
PACK: dict[str, Pack] = {
    "gzip": partial(gzip.compress, mtime=0),
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
WHOLE = archive(docker(LOWER, UPPER))


_CUT_LATE = {"cut at 5 of 8", "cut at 6 of 8", "cut at 7 of 8"}
_END = {"the beginning of another behind", "cut in the last byte", "damaged checksum"}
#: What of a damaged archive leaves documents and layers to show; of one block there is all or nothing.
SHOWN = {
    "gzip": _CUT_LATE | _END,
    "zstd": {"the beginning of another behind"},
    "xz": _CUT_LATE | _END,
    "bzip2": _END,
}


def packed_kinds() -> Iterator[Kind]:
    """All kinds of compressed input."""
    for name, pack in PACK.items():
        yield from family(f"{name} layer", _around(pack, LOWER, lambda data: layered(data, UPPER), ()))
        yield from family(f"{name} archive", _around(pack, WHOLE, saved, SHOWN[name]))
    yield from family("gzip header", _gzip_headers())
    yield from family("zstd frame", _zstd_frames())
    yield from family("xz stream", _xz_streams())
    yield from family("compression mixed", _mixed())
    yield from _bombs()


def _around(pack: Pack, whole: bytes, make: Callable[[bytes], Make], shown: Collection[str]) -> Inputs:
    """What can happen to compressed bytes, whatever their format; ``shown`` is what leaves something to look at."""
    good = pack(whole)
    middle = bytearray(good)
    middle[len(good) // 2] ^= 0xFF
    last = bytearray(good)
    last[-3] ^= 0xFF
    fine = {
        "garbage behind": good + b"\xff" * 5000,
        "text behind": good + b"-----BEGIN SIGNATURE-----\n",
        "zeros behind": good + bytes(5000),
        "an empty member in front": pack(b"") + good,
        "an empty member behind": good + pack(b""),
        "a hundred empty members in front": pack(b"") * 100 + good,
    }
    damaged = {f"cut at {part} of 8": good[: len(good) * part // 8] for part in range(1, 8)}
    damaged |= {
        "cut behind the magic": good[:6],
        "cut in the last byte": good[:-1],
        "the beginning of another behind": good + good[:9],
        "damaged in the middle": bytes(middle),
        "damaged checksum": bytes(last),
        "only empty members, 20,000": pack(b"") * 20_000,
        "its magic, then noise": good[:4] + bytes(number * 7919 % 251 for number in range(5000)),
        "its magic, then zeros": good[:4] + bytes(5000),
    }
    found: dict[Fate, dict[str, Make]] = {OPENED: {}, WARNED: {}, REFUSED: {}}
    for name, data in (fine | damaged).items():
        fate = OPENED if name in fine else WARNED if not shown or name in shown else REFUSED
        found[fate][name] = make(data)
    return found


def _gzip_headers() -> Inputs:
    raw = zlib.compressobj(wbits=-15)
    body = raw.compress(LOWER) + raw.flush()
    end = struct.pack("<II", zlib.crc32(LOWER), len(LOWER))

    def headed(flags: int, more: bytes = b"", method: int = 8) -> Make:
        return layered(b"\x1f\x8b" + bytes([method, flags]) + bytes(6) + more + body + end, UPPER)

    return {
        OPENED: {
            "with an extra field": headed(4, b"\x04\0abcd"),
            "with an extra field of 64 kB": headed(4, b"\xff\xff" + bytes(65_535)),
            "with a name of 1 MB": headed(8, b"n" * 1_000_000 + b"\0"),
            "with a name that drives a terminal": headed(8, b"\x1b[2J\0"),
            "with a comment of 1 MB": headed(16, b"c" * 1_000_000 + b"\0"),
            "with reserved flags": headed(0xE0),
        },
        WARNED: {
            "with a name without an end": layered(b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 1_000_000, UPPER),
            "with a checksum that lies": headed(2, b"\0\0"),
            "of another method": headed(0, method=7),
            "size in the end lies": layered(gzip.compress(LOWER)[:-4] + b"\xff" * 4, UPPER),
        },
    }


def _frame(
    content: bytes, *, window: int = 0x50, flags: int = 0x00, size: bytes = b"", dictionary: bytes = b""
) -> bytes:
    """A zstd frame of raw blocks (RFC 8878) with any header."""
    single = flags & 0x20
    head = b"\x28\xb5\x2f\xfd" + bytes([flags]) + (b"" if single else bytes([window])) + dictionary + size
    parts = [content[at : at + 65_536] for at in range(0, len(content), 65_536)] or [b""]
    blocks = [
        struct.pack("<I", len(part) << 3 | (number == len(parts) - 1))[:3] + part for number, part in enumerate(parts)
    ]
    return head + b"".join(blocks)


def _skippable(size: int, data: bytes = b"", number: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, size) + data


def _zstd_frames() -> Inputs:
    good = zstd.compress(LOWER)
    repeat = struct.pack("<I", (1 << 17) << 3 | 2 | 1)[:3] + b"\0"
    texts = {
        OPENED: {
            "raw blocks": _frame(LOWER),
            "a window of 128 MiB": _frame(LOWER, window=17 << 3),
            "a content size of 16 EiB": _frame(LOWER, flags=0xC0, size=b"\xff" * 8),
            "a block that repeats": _frame(b"")[:6] + repeat,
            "skippable frames of all numbers": b"".join(_skippable(3, b"abc", number) for number in range(16)) + good,
            "a skippable frame of 1 MB": _skippable(1_000_000, bytes(1_000_000)) + good,
            "a skippable frame alone": _skippable(4, b"abcd"),
            "a skippable frame behind": good + _skippable(4, b"abcd"),
            "a skippable frame between": zstd.compress(LOWER[:2000])
            + _skippable(2, b"ab")
            + zstd.compress(LOWER[2000:]),
        },
        WARNED: {
            "a window of 256 MiB": _frame(LOWER, window=18 << 3),
            "a window of 2 GiB": _frame(LOWER, window=21 << 3),
            "a window of 3.75 TiB": _frame(LOWER, window=0xFF),
            "a content size that lies": _frame(LOWER, flags=0x80, size=struct.pack("<I", 7)),
            "a single segment of 3 GiB": _frame(LOWER, flags=0xA0, size=struct.pack("<I", 3 << 30)),
            "a single segment of 16 EiB": _frame(LOWER, flags=0xE0, size=b"\xff" * 8),
            "a dictionary that is not there": _frame(LOWER, flags=0x01, dictionary=b"\x07"),
            "a reserved bit": _frame(LOWER, flags=0x08),
            "a checksum that lies": _frame(LOWER, flags=0x04) + b"\0\0\0\0",
            "a checksum that is cut": _frame(LOWER, flags=0x04) + b"\0\0",
            "a block of a reserved type": _frame(b"")[:6] + b"\x07\0\0" + b"x" * 100,
            "a block larger than the window": _frame(b"")[:6] + struct.pack("<I", 9 << 20 | 1)[:3] + bytes(1 << 20),
            "a skippable frame of 4 GiB": _skippable((1 << 32) - 1, bytes(1000)),
            "a skippable frame that is cut": _skippable(4, b"ab"),
            "20,000 skippable frames": _skippable(0) * 20_000 + good,
            "the magic of an old version": b"\x27\xb5\x2f\xfd" + good[4:],
        },
    }
    return each(lambda data: layered(data, UPPER), texts)


def _xz_streams() -> Inputs:
    def filtered(**options: int) -> bytes:
        return lzma.compress(LOWER, filters=[{"id": lzma.FILTER_LZMA2, **options}])

    good = lzma.compress(LOWER)
    huge = bytearray(good)
    at = huge.index(b"\x21\x01", 12) + 2  # the dictionary's size in the block's header, whose checksum follows
    huge[at] = 40
    start, length = 12, (huge[12] + 1) * 4
    huge[start + length - 4 : start + length] = struct.pack("<I", zlib.crc32(bytes(huge[start : start + length - 4])))
    texts = {
        OPENED: {
            "no check": lzma.compress(LOWER, check=lzma.CHECK_NONE),
            "check sha256": lzma.compress(LOWER, check=lzma.CHECK_SHA256),
            "a dictionary of 48 MiB": filtered(dict_size=48 << 20),
            "streams with different checks": lzma.compress(LOWER[:2000], check=lzma.CHECK_CRC32)
            + lzma.compress(LOWER[2000:]),
            "padding of four bytes between": lzma.compress(LOWER[:2000]) + bytes(4) + lzma.compress(LOWER[2000:]),
            "padding of three bytes between": lzma.compress(LOWER[:2000]) + bytes(3) + lzma.compress(LOWER[2000:]),
            "an x86 filter": lzma.compress(LOWER, filters=[{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2}]),
        },
        WARNED: {
            "a dictionary of 4 GiB": bytes(huge),
            "lzma alone": lzma.compress(LOWER, format=lzma.FORMAT_ALONE),
            "a footer of another stream": good[:-12] + lzma.compress(b"x" * 99)[-12:],
        },
    }
    return each(lambda data: layered(data, UPPER), texts)


def _mixed() -> Inputs:
    found: dict[str, Make] = {}
    for one, pack in PACK.items():
        for other, again in PACK.items():
            found[f"{one} in {other}"] = layered(again(pack(LOWER)), UPPER)
            if one != other:
                found[f"{one}, then {other}"] = layered(pack(LOWER[:2000]) + again(LOWER[2000:]), UPPER)
    found |= {
        "compress (LZW)": layered(b"\x1f\x9d\x90" + bytes(1000), UPPER),
        "lz4": layered(b"\x04\x22\x4d\x18" + bytes(1000), UPPER),
        "zlib without gzip": layered(zlib.compress(LOWER), UPPER),
        "bzip2 of level 0": layered(b"BZh0" + bz2.compress(LOWER)[4:], UPPER),
    }
    layers = [pack(LOWER) for pack in PACK.values()]
    fine = {
        "each layer another": layered(*layers, UPPER),
        "a compressed archive of them": saved(gzip.compress(archive(docker(*layers)))),
    }
    return {OPENED: fine, WARNED: found}


def _bombs() -> Iterator[Kind]:
    """Ten gigabytes of zeros in some kilobytes or megabytes: in a file of a layer, and around the image."""
    size = 10 << 30
    file = header(b"zeros", size=b"\x80" + size.to_bytes(11, "big"), rest=b"ustar\x0000")
    for name, pack in PACK.items():
        unit = 1 << 30 if name == "zstd" else 16 << 20
        zeros = partial(_zeros, pack, unit, size // unit)
        limit = ("--limit", "expanded-bytes=1GB" if name in ("gzip", "zstd") else "expanded-bytes=50MB")

        def inside(folder: Path, pack: Pack = pack, zeros: Callable[[], bytes] = zeros) -> Path:
            return layered(pack(file) + zeros() + pack(END), UPPER)(folder)

        def around(folder: Path, pack: Pack = pack, zeros: Callable[[], bytes] = zeros) -> Path:
            return saved(pack(WHOLE[:-1024] + file) + zeros() + pack(END))(folder)

        yield Kind(f"bomb: {name} in a layer", WARNED, inside, "decompresses to more", seconds=30, options=limit)
        yield Kind(
            f"bomb: {name} around the archive", REFUSED, around, "decompresses to more", seconds=30, options=limit
        )


def _zeros(pack: Pack, unit: int, times: int) -> bytes:
    """So many members of so many zeros."""
    if unit < 1 << 30:
        return pack(bytes(unit)) * times
    compressor = zstd.ZstdCompressor()
    one = b"".join(compressor.compress(bytes(16 << 20)) for _ in range(unit >> 24)) + compressor.flush()
    return one * times
