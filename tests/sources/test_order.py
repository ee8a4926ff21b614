"""Where a passing layer belongs, told by documents in any order and by an engine beforehand."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor
from layerscope.sources.limits import Limits
from layerscope.sources.order import PassingOrder

HEXES = [f"{number:064x}" for number in range(1, 9)]


def order(documents: dict[str, Any], told: list[str] | None = None) -> PassingOrder:
    """What is known once these documents have passed."""
    found = PassingOrder(Limits(), told or [])
    for name, document in documents.items():
        found.note(name, json.dumps(document).encode())
    return found


def names(found: PassingOrder, passed: list[str]) -> tuple[list[str], bool]:
    """The order, in an archive without links."""
    return found.names(passed, lambda name: name)


def blobs(*numbers: int) -> list[str]:
    """Where layers lie that are named by their digests."""
    return [f"blobs/sha256/{HEXES[number]}" for number in numbers]


def config(*numbers: int) -> dict[str, Any]:
    """A config of these layers."""
    return {"rootfs": {"type": "layers", "diff_ids": [f"sha256:{HEXES[number]}" for number in numbers]}}


def test_a_config_tells_where_plain_layers_belong() -> None:
    found = order({"blobs/sha256/c": config(2, 0, 1)})
    assert names(found, []) == ([], False)
    assert names(found, blobs(0)) == (blobs(2, 0, 1), True)
    assert names(found, [f"{HEXES[1]}.tar"]) == ([f"{HEXES[number]}.tar" for number in (2, 0, 1)], True)


def test_an_engine_tells_it_before_anything_has_passed() -> None:
    found = order({}, [f"sha256:{HEXES[number]}" for number in (1, 0)])
    assert names(found, blobs(0)) == (blobs(1, 0), True)
    assert names(found, ["elsewhere/layer.tar"]) == ([], False)


def test_a_manifest_tells_it_where_layers_are_packed() -> None:
    manifest = {
        "mediaType": OCI_MANIFEST,
        "config": descriptor(b"{}", OCI_CONFIG),
        "layers": [{"mediaType": OCI_LAYER, "size": 1, "digest": f"sha256:{HEXES[number]}"} for number in (4, 3)],
    }
    assert names(order({"m": manifest, "c": config(1, 0)}), blobs(3)) == (blobs(4, 3), True)


def test_of_two_images_nobody_tells_which() -> None:
    both = {"c": config(0, 1), "d": config(0, 1, 2)}
    assert names(order(both), blobs(0)) == ([], False)
    assert names(order(both), blobs(0, 2)) == (blobs(0, 1, 2), True)
    assert names(order({"c": config(0, 1)}), blobs(0, 2)) == ([], False)


@given(st.permutations(range(5)), st.integers(0, 5))
@example([4, 3, 2, 1, 0], 3)
def test_layers_that_name_the_one_below_are_placed_from_the_lowest_on(passing: list[int], count: int) -> None:
    documents = {}
    for number in passing[:count]:
        below = {"parent": HEXES[number - 1]} if number else {}
        documents[f"{HEXES[number]}/json"] = {"id": HEXES[number], **below}
    known = 0
    while known in passing[:count]:
        known += 1
    assert names(order(documents), []) == ([f"{name}/layer.tar" for name in HEXES[:known]], False)


def test_layers_on_a_fork_are_not_placed() -> None:
    documents = {f"{HEXES[0]}/json": {}, f"{HEXES[1]}/json": {"parent": HEXES[0]}}
    assert len(names(order(documents), [])[0]) == 2
    documents[f"{HEXES[2]}/json"] = {"parent": HEXES[0]}
    assert names(order(documents), [])[0] == [f"{HEXES[0]}/layer.tar"]
    documents[f"{HEXES[3]}/json"] = {}
    assert names(order(documents), [])[0] == []


def test_what_is_no_document_tells_nothing() -> None:
    found = PassingOrder(Limits())
    for data in (
        b"",
        b"{",
        b"[[[]]]",
        b"7",
        b'{"rootfs": 3}',
        b'{"rootfs": {"diff_ids": ["x"]}}',
        b'"' * 70,
        b"[" * 9_000,
    ):
        found.note("c", data)
    loop = {f"{HEXES[0]}/json": {"parent": HEXES[1]}, f"{HEXES[1]}/json": {"parent": HEXES[0]}}
    for name, document in loop.items():
        found.note(name, json.dumps(document).encode())
    assert names(found, blobs(0)) == ([], False)


def known_config(found: PassingOrder, passed: list[str]) -> str:
    """The config of the image, in an archive without links."""
    return found.config(*names(found, passed), lambda name: name)


def test_the_config_of_the_layers_that_passed_is_the_images() -> None:
    assert known_config(order({"blobs/sha256/c": config(2, 0)}), blobs(0)) == "blobs/sha256/c"
    assert known_config(order({"blobs/sha256/c": config(2, 0)}), blobs(1)) == ""
    two = {"c": config(0, 1), "d": config(2, 3)}
    assert known_config(order(two), blobs(3)) == "d"
    assert known_config(order({"c": config(0, 1), "d": config(0, 1)}), blobs(0)) == "", "nobody knows which"
    assert known_config(order({}, [f"sha256:{HEXES[0]}"]), blobs(0)) == "", "the engine told of the layers only"


def test_a_manifest_names_the_config_of_packed_layers() -> None:
    packed = {
        "mediaType": OCI_MANIFEST,
        "config": descriptor(b"{}", OCI_CONFIG) | {"digest": f"sha256:{HEXES[7]}"},
        "layers": [{"mediaType": OCI_LAYER, "size": 1, "digest": f"sha256:{HEXES[4]}"}],
    }
    (name,) = blobs(7)
    found = order({"m": packed})
    assert known_config(found, blobs(4)) == "", "it has not passed"
    found.note(name, json.dumps(config(0)).encode())
    assert known_config(found, blobs(4)) == name
    entry = [{"Config": "c.json", "Layers": ["a/layer.tar"]}]
    assert known_config(order({"c.json": config(0), "d.json": config(0), "m": entry}), ["a/layer.tar"]) == "c.json"


def test_the_one_config_of_dockers_older_form_is_the_images() -> None:
    documents = {f"{HEXES[0]}/json": {}, "c.json": config(0, 1)}
    layer = f"{HEXES[0]}/layer.tar"
    assert known_config(order(documents), [layer]) == "c.json"
    assert known_config(order(documents | {"d.json": config(0)}), [layer]) == "", "nobody knows which"
    assert known_config(order({"c.json": config(0, 1)}), ["strange/layer.tar"]) == ""
