"""Compressed blobs: every compression and every damage, read in pieces of any size."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import gzipped, make_layer, zstd
from layerscope.errors import DamagedImageError
from layerscope.sources.blobs import compression, content_kind, decompressed, is_tar
from layerscope.sources.readers import PipeReader

TEXT = b"".join(b"line %d of a file\n" % number for number in range(20_000))
STORED = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip members": gzipped(TEXT, members=300),
    "gzip, zero padding": gzip.compress(TEXT) + bytes(10_000),
    "gzip, garbage behind": gzip.compress(TEXT) + b"signature",
    "gzip, empty member": gzip.compress(b"") + gzip.compress(TEXT),
    "zstd, skippable frames": zstd(TEXT),
    "zstd frames": zstd(TEXT[:1000]) + zstd(TEXT[1000:]),
    "xz": lzma.compress(TEXT),
    "xz streams": lzma.compress(TEXT[:5]) + bytes(8) + lzma.compress(TEXT[5:]),
    "bzip2": bz2.compress(TEXT),
    "bzip2 streams": bz2.compress(TEXT[:5]) + bz2.compress(TEXT[5:]),
}


def read_in(data: bytes, *counts: int) -> bytes:
    """What the blob decompresses to, read in pieces of these sizes in turn."""
    reader = decompressed(PipeReader(io.BytesIO(data)), "The blob")
    parts, turn = [], 0
    while piece := reader.read(counts[turn % len(counts)]):
        parts.append(piece)
        turn += 1
    return b"".join(parts)


@pytest.mark.parametrize("form", STORED)
@pytest.mark.parametrize("counts", [(1 << 20,), (512, 65_536), (7, 300_000)])
def test_reads_what_was_compressed(form: str, counts: tuple[int, ...]) -> None:
    assert read_in(STORED[form], *counts) == TEXT


@pytest.mark.parametrize("form", ["gzip", "gzip members", "zstd, skippable frames"])
def test_reads_the_same_without_the_fast_library(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    assert read_in(STORED[form], 1000, 100_000) == TEXT
    with pytest.raises(DamagedImageError):
        read_in(STORED["gzip"][:-9], 1000)


@pytest.mark.parametrize("form", STORED)
def test_skips_as_far_as_it_reads(form: str) -> None:
    reader = decompressed(PipeReader(io.BytesIO(STORED[form])), "The blob")
    assert reader.skip(100_001) == 100_001
    assert reader.read(20) == TEXT[100_001:100_021][: len(reader.read(0)) or 20]
    assert reader.skip(1 << 30) == len(TEXT) - 100_021


@pytest.mark.parametrize("form", ["gzip", "zstd frames", "xz", "bzip2"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_truncated_data_is_an_error_behind_all_that_is_whole(form: str, share: float) -> None:
    data = STORED[form][: int(len(STORED[form]) * share)]
    reader = decompressed(PipeReader(io.BytesIO(data)), "Layer x")
    parts: list[bytes] = []
    with pytest.raises(DamagedImageError, match=r"^Layer x ends in the middle of its \w+ data\.$"):
        parts.extend(iter(lambda: reader.read(4096), b""))
    assert TEXT.startswith(b"".join(parts))
    with pytest.raises(DamagedImageError):
        reader.read(1)


@pytest.mark.parametrize("form", ["gzip", "zstd frames", "xz", "bzip2"])
def test_damaged_data_is_an_error(form: str) -> None:
    data = bytearray(STORED[form])
    for place in range(len(data) // 2, len(data) // 2 + 40):
        data[place] ^= 0x5A
    with pytest.raises(DamagedImageError, match="The blob"):
        read_in(bytes(data), 4096)


@given(st.binary(max_size=600), st.sampled_from([b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh9", b""]))
def test_any_bytes_are_read_or_refused(data: bytes, magic: bytes) -> None:
    with contextlib.suppress(DamagedImageError):
        read_in(magic + data, 100)


def test_memory_does_not_grow_with_a_bomb() -> None:
    resource = pytest.importorskip("resource")
    bomb = gzip.compress(bytes(1 << 20), 9) * 600
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader = decompressed(PipeReader(io.BytesIO(bomb)), "The blob")
    assert reader.skip(1 << 40) == 600 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


def test_kinds_are_told_by_first_bytes() -> None:
    assert compression(STORED["zstd frames"]) == "zstd"
    assert compression(b"P*M\x18") == "zstd"
    assert compression(b"PK\x03\x04") == ""
    assert content_kind(make_layer([])) == "tar"
    assert content_kind(b"{}") == content_kind(b"") == ""
    v7 = bytearray(make_layer([])[:512])
    v7[:5], v7[124:136] = b"a.txt", b"00000000000\0"
    v7[148:156] = b"%06o\0 " % (sum(v7) + 8 * 32)
    assert is_tar(bytes(v7))
    v7[0] ^= 1
    assert not is_tar(bytes(v7))
