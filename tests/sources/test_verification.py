"""``--verify``: layers, manifests and configs that are other than their digests say, in every form."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import commandline
from images import (
    OCI_LAYER,
    Entry,
    blob_path,
    digest,
    docker_members,
    file,
    folder,
    make_config,
    make_layer,
    oci_members,
    pack,
    write_folder,
    zstd,
)
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from registries import push, registry

LAYERS = [make_layer([folder("d"), file("d/a", b"a" * 300_000)]), make_layer([file("b", b"b" * 70_000)])]
OTHER = digest(b"another layer")
SILENT = {**make_config(LAYERS), "rootfs": {}}
LYING = {**make_config(LAYERS), "rootfs": {"type": "layers", "diff_ids": [digest(LAYERS[0]), OTHER]}}

Members = dict[str, bytes | Entry]
#: Images whose config may name any diff ids, in the forms that archives and folders have.
FORMS: dict[str, Callable[[dict[str, object]], Members]] = {
    "docker-archive": lambda config: docker_members(LAYERS, config=config),
    "oci, plain": lambda config: oci_members(LAYERS, config=config),
    "oci, gzip": lambda config: oci_members(LAYERS, config=config, blobs=[gzip.compress(each) for each in LAYERS]),
    "oci, zstd": lambda config: oci_members(LAYERS, config=config, blobs=[zstd(each) for each in LAYERS]),
    "docker 25": lambda config: oci_members(LAYERS, config=config, docker=True),
}
#: Where these can be read from.
PLACES = ("archive", "packed", "pipe", "folder")


def indexed(
    members: Members, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: bool
) -> ImageIndex:
    """The index of an image that lies in such a place."""
    data, reference = pack(members), tmp_path / f"image-{len(list(tmp_path.iterdir()))}"
    if place == "folder":
        write_folder(reference, members)
    elif place == "pipe":
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    else:
        reference.write_bytes(gzip.compress(data) if place == "packed" else data)
    return index_of("-" if place == "pipe" else str(reference), **options)


def index_of(reference: str, **options: bool) -> ImageIndex:
    """The index of an image."""
    source = open_source(reference, **options)  # type: ignore[arg-type]  # bools are for the one option that is one
    try:
        return build_index(source)
    finally:
        source.close()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_an_honest_image_is_found_honest(
    form: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = indexed(FORMS[form](make_config(LAYERS)), place, tmp_path, monkeypatch, verify=True)
    assert (index.faults, index.image.fault, index.image.warnings) == ([], "", [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_diff_id_is_the_layers_fault_where_it_is_asked_for(
    form: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = indexed(FORMS[form](LYING), place, tmp_path, monkeypatch, verify=True)
    assert found.faults == [(1, f"its contents have the digest {digest(LAYERS[1])}, the config says {OTHER}")]
    assert len(found.layers[1]) == 1, "what is there is shown"
    assert indexed(FORMS[form](LYING), place, tmp_path, monkeypatch).faults == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pack_layer", [gzip.compress, zstd])
def test_a_blob_that_was_packed_anew_has_another_digest(
    pack_layer: Callable[[bytes], bytes], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, other = pack_layer(LAYERS[1]), pack_layer(LAYERS[1][:512]) + pack_layer(LAYERS[1][512:])
    members = oci_members(LAYERS, blobs=[pack_layer(LAYERS[0]), blob])
    members[blob_path(blob)] = other
    found = indexed(members, place, tmp_path, monkeypatch, verify=True)
    assert found.faults == [(1, f"its stored bytes have the digest {digest(other)}, the manifest says {digest(blob)}")]


def behind_the_end(layers: Sequence[bytes]) -> Members:
    """Bytes that no reader of tars looks at were added to the second layer."""
    blobs = [gzip.compress(layers[0]), gzip.compress(layers[1] + b"behind the end")]
    return oci_members(layers, blobs=blobs)


def behind_the_blob(layers: Sequence[bytes]) -> Members:
    """Bytes behind the compressed data of the second layer, which decompress to nothing."""
    blob = gzip.compress(layers[1])
    members = oci_members(layers, blobs=[gzip.compress(layers[0]), blob])
    members[blob_path(blob)] = blob + b"behind the end" * 100_000
    return members


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("make", "words"), [(behind_the_end, "contents"), (behind_the_blob, "stored bytes")])
def test_bytes_behind_the_end_count(
    make: Callable[[Sequence[bytes]], Members],
    words: str,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((number, fault),) = indexed(make(LAYERS), place, tmp_path, monkeypatch, verify=True).faults
    assert number == 1
    assert fault.startswith(f"its {words} have the digest")


@pytest.mark.parametrize("place", PLACES)
def test_a_layer_without_a_digest_is_no_verified_one(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = indexed(docker_members(LAYERS, config=SILENT), place, tmp_path, monkeypatch, verify=True)
    assert index.faults == [(n, "it cannot be verified: the image names no digest of it") for n in (0, 1)]
    index = indexed(oci_members(LAYERS, config=SILENT), "pipe", tmp_path, monkeypatch, verify=True)
    assert index.faults == [], "the manifest's digests are enough"


@pytest.mark.parametrize("place", PLACES)
def test_other_algorithms_are_told(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diff_ids = [digest(LAYERS[0]), f"sha512:{hashlib.sha512(LAYERS[1]).hexdigest()}"]
    config = {**make_config(LAYERS), "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    ((_, fault),) = indexed(docker_members(LAYERS, config=config), place, tmp_path, monkeypatch, verify=True).faults
    assert fault == f"it cannot be verified: the config names {diff_ids[1]}, which is no sha256"


@pytest.mark.parametrize("place", PLACES)
def test_an_empty_blob_has_a_digest_as_well(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = docker_members([*LAYERS, b""])
    assert indexed(honest, place, tmp_path, monkeypatch, verify=True).faults == []
    lying = docker_members([*LAYERS, b""], config=make_config([*LAYERS, b"x"]))
    assert len(indexed(lying, place, tmp_path, monkeypatch, verify=True).faults) == 1


@pytest.mark.parametrize("place", PLACES)
def test_one_blob_with_two_diff_ids_is_not_trusted(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = docker_members(LAYERS[:1], config=make_config([LAYERS[0], LAYERS[1]]))
    (described,) = json.loads(bytes(members["manifest.json"]))  # type: ignore[arg-type]
    members["manifest.json"] = json.dumps([{**described, "Layers": described["Layers"] * 2}]).encode()
    assert indexed(members, place, tmp_path, monkeypatch, verify=True).faults


@pytest.mark.parametrize("place", PLACES)
def test_documents_that_were_changed_are_the_images_fault(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = oci_members(LAYERS)
    config = next(name for name, data in members.items() if isinstance(data, bytes) and b'"rootfs"' in data)
    members[config] = json.dumps({**make_config(LAYERS), "os": "Linux"}).encode()
    index = indexed(members, place, tmp_path, monkeypatch, verify=True)
    assert "it was changed" in index.image.fault or "the manifest says" in index.image.fault


def test_a_registry_whose_config_lies(tmp_path: Path) -> None:
    with registry(tmp_path) as address:
        push(address, "lying", "1", LAYERS, rootfs=LYING["rootfs"], blobs=[gzip.compress(each) for each in LAYERS])
        push(address, "honest", "1", LAYERS, blobs=[gzip.compress(each) for each in LAYERS], layer_type=OCI_LAYER)
        index = index_of(f"registry:{address}/lying:1", verify=True)
        assert index.faults == [(1, f"its contents have the digest {digest(LAYERS[1])}, the config says {OTHER}")]
        assert index_of(f"registry:{address}/honest:1", verify=True).faults == []


def test_check_could_not_trust_it(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(pack(docker_members(LAYERS, config=LYING)))
    assert commandline.run("check", str(path)).returncode == 0
    done = commandline.run("check", str(path), "--verify")
    assert done.returncode == 2
    assert "layer 2 was read and cannot be trusted: its contents" in done.stderr
    assert f"Layer 2: its contents have the digest {digest(LAYERS[1])}, the config says {OTHER}." in done.stdout
    (tmp_path / "layerscope.toml").write_text("verify = true")
    assert commandline.run("check", str(path), cwd=tmp_path).returncode == 2
    assert commandline.run("report", str(path), "--verify").returncode == 2
    path.write_bytes(pack(docker_members(LAYERS)))
    assert commandline.run("check", str(path), "--verify").returncode == 0


def test_a_hole_of_a_terabyte_is_told_by_its_size(tmp_path: Path) -> None:
    layout = write_folder(tmp_path / "layout", oci_members(LAYERS))
    os.truncate(layout / blob_path(LAYERS[1]), 1 << 40)
    index = index_of(str(layout), verify=True)
    assert index.faults == [(1, f"it has {1 << 40} bytes, the manifest says {len(LAYERS[1])}")]
    assert index.layers[1].untrusted
    assert len(index.layers[1]) == 1, "what is there is shown"
