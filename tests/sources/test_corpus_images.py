"""Every archive and folder of the corpus opens as the truth has it, or is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.sources.candidates import SeveralImagesError
from opening import Opened, open_image

pytestmark = pytest.mark.corpus

#: What another tool refuses to copy and we show: with a fault named where there is one.
SHOWN = {
    "aufs-docker-v2-manifest": "The config has 1485 bytes, the manifest says 2.",
    "hello-world-cosign-manifest": "",
    "hello-world-cosign-manifest-list": "",
    "test_index4": "is missing: history and platform are not known.",
    "test_index5": "does not hold this layer",
    "delete_image_only_one_image": "The config has 740 bytes, the manifest says 585.",
}
REFUSED = {
    "null_manifest.tar": "lists no image",
    "overlayfs-docker-v2-manifest": "holds a squashfs file system",
    "test_gc_image_unknown_mediatype": "does not hold the document",
    "test_index2": "neither a manifest.json nor an index.json",
    "test_index3": "does not hold the document",
    "delete_image_shared_blobs_dir": "does not hold the document",
}


def opened_first(path: Path) -> Opened:
    """Open an image, the first where there are several: as the makers of the truth did."""
    try:
        return open_image(path)
    except SeveralImagesError as error:
        return open_image(path, image=error.choices[0])


@pytest.fixture(scope="module")
def truth(corpus: Path) -> dict[str, dict[str, Any]]:
    """What is true of the images, by their paths in the corpus."""
    with (corpus / "truth.json").open() as file:
        return dict(json.load(file))


def test_images_open_as_the_truth_has_them(corpus: Path, truth: dict[str, dict[str, Any]]) -> None:
    known = {path: facts for path, facts in truth.items() if "layers" in facts}
    assert len(known) == 63
    for path, facts in known.items():
        opened = opened_first(corpus / path)
        image = opened.image
        assert (len(image.layers), len(image.history)) == (facts["layers"], facts["history"]), path
        if facts["diff_ids"] is not None:
            assert [layer.diff_id for layer in image.layers] == facts["diff_ids"], path
        assert image.platform.removesuffix("/v8") == facts["platform"].strip("/"), path
        readable = [layer for layer in facts["per_layer"] if "error" not in layer]
        if len(readable) == len(image.layers):
            assert [len(names) for names in opened.layers] == [layer.get("entries", 0) for layer in readable], path
        assert all(
            "error" not in facts or layer.missing for layer, facts in zip(image.layers, facts["per_layer"], strict=True)
        )
        assert opened.faults == {}, path


@pytest.mark.parametrize("name", SHOWN)
def test_what_others_refuse_is_shown_with_its_fault(name: str, corpus: Path, truth: dict[str, dict[str, Any]]) -> None:
    image = opened_first(corpus / the_path(truth, name)).image
    told = [*image.warnings, *(layer.missing for layer in image.layers)]
    assert any(SHOWN[name] in sentence for sentence in told)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_open_is_refused_with_a_sentence(name: str, corpus: Path, truth: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(LayerscopeError, match=REFUSED[name]) as caught:
        open_image(corpus / the_path(truth, name))
    assert caught.value.hint


def the_path(truth: dict[str, dict[str, Any]], name: str) -> str:
    """The path in the corpus of an image that another tool refused."""
    (path,) = (path for path, facts in truth.items() if path.rstrip("/").endswith(f"/{name}") and "layers" not in facts)
    return path


def test_every_file_and_folder_opens_or_is_refused(corpus: Path) -> None:
    listed = json.loads((corpus / "public" / "MANIFEST.json").read_bytes())
    paths = [corpus / "public" / item["file"] for item in [*listed["files"], *listed["layout_dirs"]]]
    paths += sorted((corpus / "engine28").iterdir())
    opened, refusals = 0, []
    for path in paths:
        try:
            opened_first(path)
            opened += 1
        except LayerscopeError as error:
            refusals.append(error)
    assert opened >= 69, [error.sentence for error in refusals]
    assert all(error.sentence.endswith(".") and error.hint for error in refusals)


def test_one_image_in_four_compressions_is_the_same(corpus: Path) -> None:
    """By buildkit, eStargz among them; what makes it seekable lies behind the end of the tar."""
    for compression in ("uncompressed", "gzip", "estargz", "zstd"):
        opened = open_image(corpus / "public/wagoodman+dive/.data" / f"test-oci-{compression}-image.tar")
        assert opened.layers == [[b"README.md"]], compression
        assert (opened.faults, opened.image.warnings) == ({}, []), compression
