"""Limits one by one: what a small document could otherwise make large, or slow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from images import OCI_MANIFEST, descriptor, docker_members, file, make_index, make_layer, oci_members, pack, symlink
from layerscope.analysis.history import clean
from layerscope.errors import LayerscopeError, LimitError
from layerscope.sources import documents
from opening import Opened, open_image

from .run import at_most

LAYER = make_layer([file("a", b"a" * 100)])
HEX = "e" * 64


def opened(folder: Path, members: dict[str, object]) -> Opened:
    """Open an archive of these members."""
    path = folder / "image.tar"
    path.write_bytes(pack(members))  # type: ignore[arg-type]
    return open_image(path)


@pytest.mark.parametrize(
    "command",
    [
        "a" + " " * 400_000 + "b",
        "|1 " + "/" * 400_000,
        "|1 " + "/a" * 200_000,
        "|1" + " /bin/sh -a" * 40_000,
        "|" + "1" * 400_000,
        "|1 " + "/bin/sh" + " -e" * 100_000,
    ],
    ids=["blanks", "slashes", "path", "shells", "digits", "options"],
)
def test_a_command_of_any_form_is_cleaned_in_linear_time(command: str) -> None:
    with at_most():
        clean(command)


def test_commands_and_history_are_cut(tmp_path: Path) -> None:
    lines = [{"created_by": "x" * 70_000}, *({"empty_layer": True},) * 20_000]
    config = {"history": lines, "rootfs": {"diff_ids": ["sha256:abcd"]}}
    image = opened(tmp_path, {**docker_members([LAYER], config=config)}).image
    assert len(image.history) == documents.MAX_HISTORY
    assert len(image.history[0].created_by) == documents.MAX_COMMAND


@pytest.mark.parametrize(
    "manifest",
    [
        [{"Config": "c", "Layers": ["a/layer.tar"] * 40_000}],
        [{"Config": "c", "Layers": []}] * 3000,
    ],
)
def test_too_many_layers_or_images_are_a_limit(manifest: object, tmp_path: Path) -> None:
    members: dict[str, object] = {"a/layer.tar": LAYER, "manifest.json": json.dumps(manifest).encode()}
    with pytest.raises(LimitError, match=r"lists more than \d+ (layers|images)"):
        opened(tmp_path, members)


def test_many_names_of_an_image_cost_no_square(tmp_path: Path) -> None:
    members = oci_members([LAYER], docker=True)
    written = members["manifest.json"]
    assert isinstance(written, bytes)
    entry = json.loads(written)[0]
    tags = [f"t:{number}" for number in range(150_000)]
    members["manifest.json"] = json.dumps([{**entry, "RepoTags": tags}]).encode()
    with at_most():
        assert len(opened(tmp_path, {**members}).image.tags) == len(tags) + 1


def test_many_images_of_one_name_are_listed_in_time(tmp_path: Path) -> None:
    members: dict[str, object] = {}
    roots = []
    for number in range(1500):
        body = json.dumps({"config": {"digest": f"sha256:{number:064x}"}, "layers": []}).encode()
        root = descriptor(body, OCI_MANIFEST, annotations={"org.opencontainers.image.ref.name": "same:1"})
        members["blobs/" + str(root["digest"]).replace(":", "/")] = body
        roots.append(root)
    members["index.json"] = make_index(roots)
    with at_most(), pytest.raises(LayerscopeError, match="holds 1500 images"):
        opened(tmp_path, members)


def test_one_document_read_often_is_a_limit(tmp_path: Path) -> None:
    manifest = json.dumps({"config": {"digest": "sha256:" + "c" * 64}, "layers": [], "x": "y" * 100_000}).encode()
    digests = [f"{number:064x}" for number in range(1000)]
    members: dict[str, object] = {"m": manifest, "index.json": make_index([{"digest": f"sha256:{d}"} for d in digests])}
    members |= {f"blobs/sha256/{each}": symlink(f"blobs/sha256/{each}", "../../m") for each in digests}
    with at_most(), pytest.raises(LayerscopeError) as caught:
        opened(tmp_path, members)
    assert str(32 << 20) in caught.value.sentence or "images" in caught.value.sentence


def test_a_chain_of_parents_that_loops_ends(tmp_path: Path) -> None:
    one = json.dumps({"id": HEX, "parent": HEX, "x": "y" * 10_000}).encode()
    members: dict[str, object] = {
        "repositories": json.dumps({"a": {"b": HEX}}).encode(),
        f"{HEX}/json": one,
        f"{HEX}/layer.tar": LAYER,
    }
    with at_most(), pytest.raises(LimitError, match="chains more than"):
        opened(tmp_path, members)


@pytest.mark.parametrize("size", ["true", "-5", "1e300", "9" * 40, '"7"', "null"])
def test_sizes_that_are_none_are_not_told(size: str) -> None:
    text = f'{{"digest": "sha256:{HEX}", "size": {size}}}'
    assert documents.descriptor(json.loads(text)).size == -1
