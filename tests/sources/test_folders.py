"""Image folders: OCI layouts and their relatives, and what must not be followed out of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from images import (
    blob_path,
    docker_members,
    file,
    gzipped,
    make_index,
    make_layer,
    oci_members,
    whiteout,
    write_folder,
    zstd,
)
from layerscope.errors import DamagedImageError, ImageNotFoundError, LayerscopeError, LimitError, NotAnImageError
from layerscope.sources.candidates import SeveralImagesError
from layerscope.sources.limits import Limits
from opening import content, open_image

LAYERS = [make_layer([file("a", b"a" * 3000)]), make_layer([whiteout("a"), file("b")])]
NAMES = [[b"a"], [b".wh.a", b"b"]]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """An OCI layout with plain layers."""
    return write_folder(tmp_path / "layout", oci_members(LAYERS))


@pytest.mark.parametrize("scheme", ["", "oci:", "oci-layout://", "docker-archive:"])
def test_a_layout_opens_by_any_of_its_names(scheme: str, layout: Path) -> None:
    opened = open_image(f"{scheme}{layout}")
    assert opened.layers == NAMES
    assert opened.image.tags == ["sample:1"]
    assert opened.image.digest.startswith("sha256:")
    assert [layer.seekable for layer in opened.image.layers] == [True, True]
    assert [content(layer) for layer in opened.image.layers] == LAYERS


@pytest.mark.parametrize("compress", [gzipped, zstd])
def test_compressed_layers(compress: object, tmp_path: Path) -> None:
    assert callable(compress)
    blobs = [compress(layer) for layer in LAYERS]
    opened = open_image(write_folder(tmp_path, oci_members(LAYERS, blobs=blobs)))
    assert opened.layers == NAMES
    assert [layer.compressed_bytes for layer in opened.image.layers] == [len(blob) for blob in blobs]


def test_one_of_several_by_its_name(layout: Path) -> None:
    other = oci_members(LAYERS[:1], tag="other")
    roots = [
        json.loads(data)["manifests"][0]
        for data in ((layout / "index.json").read_bytes(), bytes(other["index.json"]))  # type: ignore[arg-type]
    ]
    write_folder(layout, other | {"index.json": make_index(roots)})
    assert len(open_image(f"oci:{layout}:other").layers) == 1
    assert len(open_image(layout, image="sample:1").layers) == 2
    with pytest.raises(SeveralImagesError) as caught:
        open_image(layout)
    assert caught.value.choices == ["sample:1", "other"]


def test_an_unpacked_docker_archive(tmp_path: Path) -> None:
    assert open_image(write_folder(tmp_path, docker_members(LAYERS))).layers == NAMES


def test_a_skopeo_folder(tmp_path: Path) -> None:
    members = {name.rpartition("/")[2]: data for name, data in oci_members(LAYERS).items()}
    index = json.loads(bytes(members.pop("index.json")))  # type: ignore[arg-type]
    manifest = members.pop(index["manifests"][0]["digest"].removeprefix("sha256:"))
    opened = open_image(write_folder(tmp_path, members | {"manifest.json": manifest}))
    assert opened.layers == NAMES
    assert opened.image.platform == "linux/amd64"


def test_what_leads_out_of_the_folder_is_refused(layout: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(LAYERS[0])
    blob = layout / blob_path(LAYERS[0])
    blob.unlink()
    blob.symlink_to(secret)
    opened = open_image(layout)
    assert "leads out of the folder" in opened.image.layers[0].missing
    assert opened.layers[1] == NAMES[1]
    blob.unlink()
    blob.symlink_to(layout / blob_path(LAYERS[1]))
    assert open_image(layout).layers == [NAMES[1], NAMES[1]]


def test_climbing_digests_name_nothing(layout: Path) -> None:
    index = json.loads((layout / "index.json").read_bytes())
    index["manifests"][0]["digest"] = "sha256:../../../../etc/passwd"
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(DamagedImageError, match="without a valid digest"):
        open_image(layout)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_are_no_blobs(layout: Path) -> None:
    blob = layout / blob_path(LAYERS[0])
    blob.unlink()
    os.mkfifo(blob)
    assert "is no regular file" in open_image(layout).image.layers[0].missing
    (layout / "index.json").unlink()
    (layout / "index.json").symlink_to("/dev/zero")
    with pytest.raises((NotAnImageError, DamagedImageError)):
        open_image(layout)


def test_missing_blobs(layout: Path) -> None:
    (layout / blob_path(LAYERS[0])).unlink()
    opened = open_image(layout)
    assert "does not hold this layer" in opened.image.layers[0].missing
    assert opened.layers[1] == NAMES[1]


def test_sizes_that_lie_are_told(layout: Path) -> None:
    with (layout / blob_path(LAYERS[0])).open("ab") as blob:
        blob.write(bytes(10))
    (warning,) = open_image(layout).image.warnings
    assert warning.startswith("Layer 1 has ")


def test_documents_have_a_limit(layout: Path) -> None:
    os.truncate(layout / "index.json", Limits().document_bytes + 1)
    with pytest.raises(LimitError, match="a document may have"):
        open_image(layout)


def test_folders_without_an_image(tmp_path: Path) -> None:
    with pytest.raises(NotAnImageError, match="neither an index"):
        open_image(tmp_path)
    with pytest.raises(ImageNotFoundError, match="There is no file or folder"):
        open_image(f"oci:{tmp_path}/absent:latest")


def test_paths_are_told_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.tar").write_text("a text", encoding="utf-8")
    (tmp_path / "settings.toml").write_text("[rules]\nmax-size = 1\n", encoding="utf-8")
    (tmp_path / "manifest.json").write_text('[\n  {"Config": ""}]', encoding="utf-8")
    (tmp_path / "cut.tgz").write_bytes(b"\x1f\x8b\x08")
    long = "a" * 300
    told = {
        "oci:./missing:latest": "There is no file or folder ./missing:latest.",
        f"oci:{long}": f"There is no file or folder {long}.",
        "oci:./empty:1": "The folder ./empty holds no image",
        "./note.tar": "./note.tar is no image archive: it is text.",
        "./settings.toml": "./settings.toml is no image archive: it is text.",
        "./manifest.json": "./manifest.json is no image archive: it is a JSON document.",
        "docker-archive:./note.tar": "./note.tar is no image archive",
        "./cut.tgz": "./cut.tgz ends in the middle",
    }
    for reference, words in told.items():
        with pytest.raises(LayerscopeError) as caught:
            open_image(reference)
        assert caught.value.sentence.startswith(words)
