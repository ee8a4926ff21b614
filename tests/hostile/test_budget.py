"""What the layers of one image may hold together, and what each may cost to read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.archives import Forward, header, list_headers, list_stream, padded, pax
from images import docker_archive, docker_members, file, make_layer, oci_archive, pack, zstd
from layerscope.core.layer import MAX_DEPTH, MAX_TEXT
from layerscope.errors import LimitError
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from layerscope.sources.blobs import MAX_MEMBERS, decompressed
from layerscope.sources.limits import Limits

from .run import at_most

END = bytes(1024)


def indexed(folder: Path, archive: bytes, limits: Limits | None = None) -> ImageIndex:
    """The index of an archive."""
    path = folder / "image.tar"
    path.write_bytes(archive)
    source = open_source(str(path), limits=limits)
    try:
        return build_index(source, limits=limits)
    finally:
        source.close()


def named(name: bytes, flag: bytes = b"0", link: bytes = b"") -> bytes:
    """A member of any name, by a pax header."""
    records = [(b"path", name)] + ([(b"linkpath", link)] if link else [])
    return pax(*records) + header(b"short", flag)


def test_names_that_take_too_much_are_a_fault(tmp_path: Path) -> None:
    members = [named(b"%04d" % number + b"x" * 1_000_000) for number in range(MAX_TEXT // 1_000_000 + 5)]
    index = indexed(tmp_path, docker_archive([b"".join(members) + END, make_layer([file("a")])]))
    ((number, fault),) = index.faults
    assert (number, str(MAX_TEXT) in fault) == (0, True)
    assert index.tree.final_files > 1


def test_layers_add_up(tmp_path: Path) -> None:
    part = b"".join(named(b"%04d" % number + b"x" * 1_000_000) for number in range(MAX_TEXT // 1_000_000))
    index = indexed(tmp_path, docker_archive([named(b"%d" % number) + part + END for number in range(3)]))
    # Which of them goes beyond the limit hangs on the order in which they are read.
    assert ["of the image" in fault for _, fault in index.faults] == [True]


@pytest.mark.parametrize(("depth", "faults"), [(5000, 0), (MAX_DEPTH, 0), (MAX_DEPTH + 1, 1), (500_000, 1)])
def test_folders_in_folders(depth: int, faults: int, tmp_path: Path) -> None:
    index = indexed(tmp_path, docker_archive([named(b"d/" * depth + b"f") + END]))
    assert len(index.faults) == faults
    assert index.tree.node_count == (1 if faults else depth + 2)


def test_folders_that_are_only_implied_count(tmp_path: Path) -> None:
    members = b"".join(named(b"%d/" % number + b"d/" * 9000 + b"f") for number in range(40))
    index = indexed(tmp_path, docker_archive([members + END]))
    assert len(index.faults) == 1
    assert index.tree.node_count < 200_000


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_layers_decompress_to_a_limit(compress: object, tmp_path: Path) -> None:
    assert callable(compress)
    layer = make_layer([file("a"), file("zeros", bytes(8 << 20)), file("b")])
    index = indexed(tmp_path, oci_archive([layer], blobs=[compress(layer)]), Limits(expanded_bytes=1 << 20))
    ((_, fault),) = index.faults
    assert "decompresse" in fault or "decompress to more" in fault
    assert index.tree.final_files == 2


def test_a_compressed_archive_has_the_same_limit(tmp_path: Path) -> None:
    members = {**docker_members([make_layer([file("a")])]), "junk": bytes(8 << 20)}
    with pytest.raises(LimitError, match="decompresses to more than 1048576 bytes"):
        indexed(tmp_path, gzip.compress(pack(members)), Limits(expanded_bytes=1 << 20))


def test_a_blob_of_empty_members_is_a_limit() -> None:
    reader = decompressed(Forward(gzip.compress(b"") * (MAX_MEMBERS + 10)), "The blob", Limits())
    with pytest.raises(LimitError, match=str(MAX_MEMBERS)):
        reader.read(1)
    with pytest.raises(LimitError):
        reader.read(1)


def test_a_blob_that_is_listed_often_is_read_once(tmp_path: Path) -> None:
    layer = make_layer([file("a", b"a" * 1000)])
    index = indexed(tmp_path, oci_archive([layer] * 300))
    assert len({id(each) for each in index.layers}) == 1
    assert index.tree.wasted_bytes == 299 * 1000
    assert not index.faults


def test_headers_that_come_byte_by_byte_cost_no_square() -> None:
    archive = named(b"x" * 900_000) + header(b"after") + END
    with at_most():
        assert [row.name[:5] for row in list_stream(archive, 1).rows] == [b"xxxxx", b"after"]


@pytest.mark.parametrize("blocks", [1, 2047, 2048, 2049])
def test_a_map_of_a_sparse_file_may_be_long(blocks: int) -> None:
    first = bytearray(header(b"sparse", b"S", b"12", rest=b"ustar  \0"))
    first[482] = 1
    first[483:495] = b"00000100000\0"
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = (bytes(504) + b"\1" + bytes(7)) * (blocks - 1) + bytes(512)
    archive = bytes(first) + more + padded(b"0123456789") + header(b"after") + END
    with at_most():
        for listing in (list_headers(archive), list_headers(archive, Forward, 511), list_stream(archive, 511)):
            if blocks > 2048:
                assert "sparse map is larger" in listing.fault
                continue
            assert [(row.name, row.size, row.stored) for row in listing.rows] == [
                (b"sparse", 1 << 15, 10),
                (b"after", 0, 0),
            ]
            assert archive[listing.rows[0].offset :][:10] == b"0123456789"
            assert not listing.fault
