"""Compressed blobs: every compression and every damage, read in pieces of any size."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import sys
import threading

if sys.version_info >= (3, 14):
    from compression import zstd as zstd_library
else:
    from backports import zstd as zstd_library

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archives import Forward
from images import gzipped, make_layer, zstd
from layerscope.errors import DamagedImageError, LimitError, MissingLibraryError, TrailingDataError
from layerscope.sources.blobs import compression, content_kind, decompressed, is_tar
from layerscope.sources.limits import Limits
from layerscope.sources.readers import PipeReader

TEXT = b"".join(b"line %d of a file\n" % number for number in range(20_000))
STORED = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip members": gzipped(TEXT, members=300),
    "gzip, zero padding": gzip.compress(TEXT) + bytes(10_000),
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
    reader = decompressed(PipeReader(io.BytesIO(data)), "The blob", Limits())
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


@pytest.mark.parametrize(
    ("form", "module"),
    [("xz", "lzma"), ("bzip2", "bz2"), ("zstd frames", zstd_library.__name__)],
)
def test_a_python_without_a_library_is_told(form: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr(sys.modules[module.rpartition(".")[0] or "sys"], "zstd", raising=False)
    with pytest.raises(MissingLibraryError, match=r"^The blob is compressed with \w+, which") as told:
        read_in(STORED[form], 1000)
    assert module in told.value.hint


@pytest.mark.parametrize("form", STORED)
def test_skips_as_far_as_it_reads(form: str) -> None:
    reader = decompressed(PipeReader(io.BytesIO(STORED[form])), "The blob", Limits())
    assert reader.skip(100_001) == 100_001
    assert reader.read(20) == TEXT[100_001:100_021][: len(reader.read(0)) or 20]
    assert reader.skip(1 << 30) == len(TEXT) - 100_021


@pytest.mark.parametrize("form", ["gzip", "zstd frames", "xz", "bzip2"])
def test_other_data_behind_is_told_to_whoever_reads_on(form: str) -> None:
    reader = decompressed(PipeReader(io.BytesIO(STORED[form] + bytes(100) + b"signature")), "The blob", Limits())
    assert reader.skip(len(TEXT)) == len(TEXT)
    for _ in range(2):
        with pytest.raises(TrailingDataError, match=r"The blob has other data behind its \w+ data\."):
            reader.read(1)


@pytest.mark.parametrize("form", ["gzip", "zstd frames", "xz", "bzip2"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_truncated_data_is_an_error_behind_all_that_is_whole(form: str, share: float) -> None:
    data = STORED[form][: int(len(STORED[form]) * share)]
    reader = decompressed(PipeReader(io.BytesIO(data)), "Layer x", Limits())
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
    with contextlib.suppress(DamagedImageError, LimitError):
        read_in(magic + data, 100)


def windowed(log: int) -> bytes:
    """TEXT as a zstd frame that asks for a window of so many bits."""
    parameter = zstd_library.CompressionParameter
    options: dict[int, int] = {parameter.window_log: log, parameter.compression_level: 1}
    compressor = zstd_library.ZstdCompressor(options=options)
    return compressor.compress(TEXT) + compressor.flush()


@pytest.mark.parametrize("piece", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    ("data", "times"),
    [
        (windowed(20), 1),
        (windowed(27), 1),
        (windowed(27) + windowed(20) + windowed(26), 3),
        (lzma.compress(TEXT, preset=9) + lzma.compress(TEXT, preset=1), 2),
    ],
    ids=["20 bits", "27 bits", "frames", "xz"],
)
def test_streams_that_need_much_memory_are_read_one_at_a_time(data: bytes, times: int, piece: int) -> None:
    limits = Limits()
    reader = decompressed(Forward(data, piece), "The blob", limits)
    parts = []
    while part := reader.read(5000):
        parts.append(part)
    assert b"".join(parts) == TEXT * times
    assert came(waiting(limits))


@pytest.mark.parametrize("data", [windowed(27), lzma.compress(TEXT, preset=9)], ids=["zstd", "xz"])
@pytest.mark.parametrize("end", ["closed", "damaged"])
def test_a_reader_gives_its_turn_back(data: bytes, end: str) -> None:
    limits = Limits()
    reader = decompressed(Forward(data[: len(data) // 2]), "The blob", limits)
    reader.read(100)
    thread = waiting(limits)
    assert not came(thread, 0.1)
    if end == "closed":
        reader.close()
    else:
        with pytest.raises(DamagedImageError):
            reader.skip(1 << 40)
    assert came(thread)


def waiting(limits: Limits) -> threading.Thread:
    """Another thread that wants to read a stream that needs much memory."""
    thread = threading.Thread(target=limits.large_decoders.take, daemon=True)
    thread.start()
    return thread


def came(thread: threading.Thread, seconds: float = 5) -> bool:
    """Whether its turn has come within some seconds."""
    thread.join(seconds)
    return not thread.is_alive()


@pytest.mark.parametrize("data", [windowed(27), lzma.compress(TEXT, preset=9)], ids=["zstd", "xz"])
def test_streams_that_need_more_than_is_allowed_are_a_limit(data: bytes) -> None:
    reader = decompressed(Forward(data), "The blob", Limits(decoder_bytes=32 << 20))
    with pytest.raises(LimitError, match="asks for more than 33554432 bytes of memory") as caught:
        reader.read(1)
    assert "--limit decoder-bytes=67108864" in caught.value.hint


def test_memory_does_not_grow_with_a_bomb() -> None:
    resource = pytest.importorskip("resource")
    bomb = gzip.compress(bytes(1 << 20), 9) * 600
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader = decompressed(PipeReader(io.BytesIO(bomb)), "The blob", Limits())
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
