"""Archives that end before their manifest: what can be read is shown."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from images import Entry, blob_path, docker_members, file, folder, make_layer, oci_archive, oci_members, pack, whiteout
from layerscope.errors import DamagedImageError
from layerscope.index import build_index
from layerscope.sources import open_source
from opening import both, open_image, save

NOISE = random.Random(2).randbytes(20_000)
LAYERS = [
    make_layer([folder("etc"), file("etc/a", b"a" * 3000), file("noise", NOISE)]),
    make_layer([whiteout("etc/a"), file("b", b"b")]),
    make_layer([file("c", NOISE)]),
]
NAMES = [[b"etc/", b"etc/a", b"noise"], [b"etc/.wh.a", b"b"], [b"c"]]


def cut_at(members: dict[str, bytes | Entry], name: str) -> bytes:
    """The archive as far as the middle of that member."""
    whole = pack(members)
    data = bytes(members[name])  # type: ignore[arg-type]
    return whole[: whole.index(data) + len(data) // 2]


def test_an_archive_cut_before_its_manifest_shows_its_layers(tmp_path: Path) -> None:
    members = docker_members(LAYERS)
    config, *layers, manifest = members
    saved = {name: members[name] for name in (*layers, config, manifest)}
    opened = both(tmp_path, cut_at(saved, config))
    assert opened.layers == NAMES
    assert "is damaged: it ends" in opened.image.fault
    assert "need not be theirs" in opened.image.warnings[0]
    short = open_image(save(tmp_path, cut_at(saved, layers[2])))
    assert short.layers[:2] == NAMES[:2]
    assert list(short.faults) == layers[2:]
    with pytest.raises(DamagedImageError, match="is damaged"):
        open_image(save(tmp_path, cut_at(saved, layers[2])), image="one")


def test_a_config_in_a_cut_archive_tells_the_layers(tmp_path: Path) -> None:
    members = oci_members(LAYERS)
    blobs = {blob_path(layer): layer for layer in reversed(LAYERS)}
    config, manifest = list(members)[3:5]
    del blobs[blob_path(LAYERS[1])]
    opened = both(tmp_path, cut_at({**blobs, config: members[config], manifest: members[manifest]}, manifest))
    assert [opened.layers[0], opened.layers[2]] == [NAMES[0], NAMES[2]]
    assert opened.image.layers[1].missing.endswith("ends before this layer.")
    assert opened.image.history
    assert opened.image.platform == "linux/amd64"


def test_damage_behind_the_manifest_is_a_fault_of_the_image(tmp_path: Path) -> None:
    whole = pack({"manifest.json": b"", **docker_members(LAYERS)})
    packed = gzip.compress(whole)
    changed = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    for data, words in (
        (cut_at(docker_members(LAYERS) | {"last": b"last" * 999}, "last"), "is damaged: it ends"),
        (packed[:-6], "ends in the middle of its gzip data"),
        (bz2.compress(whole)[:-4], "ends in the middle of its bzip2 data"),
        (lzma.compress(whole)[:-12], "ends in the middle of its xz data"),
        (changed, "has damaged gzip data"),
    ):
        opened = open_image(save(tmp_path, data))
        assert opened.layers == NAMES
        assert words in opened.image.fault
    assert not open_image(save(tmp_path, packed + b"signature")).image.fault


def test_a_cut_file_system_is_no_image(tmp_path: Path) -> None:
    rootfs = make_layer([file("usr/share/doc.tar", LAYERS[0]), file("etc/x", b"x" * 5000)])
    with pytest.raises(DamagedImageError, match="is damaged"):
        open_image(save(tmp_path, rootfs[:-6000]))


@pytest.mark.parametrize("padding", [0, 10_000, 3 << 20])
@pytest.mark.parametrize(("compress", "cut"), [(gzip.compress, 6), (lzma.compress, 12), (bz2.compress, 4)])
def test_a_compressed_layer_is_read_to_its_end(
    padding: int, compress: Callable[[bytes], bytes], cut: int, tmp_path: Path
) -> None:
    layer = LAYERS[0] + bytes(padding)
    blob = compress(layer)
    for stored, words in ((blob, ""), (blob[:-cut], "ends in the middle of its"), (blob + b"signature", "")):
        data = oci_archive([layer], blobs=[stored])
        for archive in (data, gzip.compress(data, 1)):
            source = open_source(str(save(tmp_path, archive)))
            index = build_index(source)
            source.close()
            assert len(index.layers[0]) == len(NAMES[0])
            assert [words in sentence for _, sentence in index.faults] == ([True] if words else [])
