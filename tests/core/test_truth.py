"""Images whose truth is known: entries, bytes and the final filesystem are equal to it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from layerscope.core.tar import BLOCK, CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK
from layerscope.core.tree import ImageTree
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from layerscope.sources.candidates import SeveralImagesError

pytestmark = pytest.mark.corpus

WORDS = {
    FILE: "file",
    HARDLINK: "file",
    SYMLINK: "symlink",
    CHAR: "char",
    BLOCK: "block",
    DIRECTORY: "dir",
    FIFO: "fifo",
}


def index_first(reference: str, image: str = "") -> ImageIndex:
    """The index of an image, of the first where there are several: as the makers of the truth did."""
    try:
        source = open_source(reference, image=image)
        try:
            return build_index(source)
        finally:
            source.close()
    except SeveralImagesError as error:
        return index_first(reference, error.choices[0])


def merged(tree: ImageTree) -> dict[str, Any]:
    """The final filesystem in the terms of ``truth.json``."""
    living = [tree.newest(node) for node in range(1, tree.node_count)]
    living = [version for version in living if tree.ended(version) < 0]
    words = {version: WORDS[tree.kind(version)] for version in living}
    lines = sorted(
        b"%s\0%s\0%d\n" % (tree.path(tree.version_node(version)), word.encode(), tree.size(version))
        for version, word in words.items()
    )
    stored = {tree.data(version) for version in living} - {-1}
    return {
        "nodes": len(living),
        **Counter(words.values()),
        "file_bytes_hardlinks_once": sum(tree.size(version) for version in stored),
        "hidden_bytes": tree.wasted_bytes,
        "sha256_of_path_kind_size": hashlib.sha256(b"".join(lines)).hexdigest(),
    }


def differences(index: ImageIndex, facts: dict[str, Any]) -> list[str]:
    """What is not as the truth has it, and which sums do not fit together."""
    tree, layers = index.tree, facts["per_layer"]
    pairs: list[tuple[str, object, object]] = [
        ("entries", [layer.entries for layer in index.layers], [layer.get("entries", 0) for layer in layers]),
        ("stored", [layer.stored_bytes for layer in index.layers], [layer["file_bytes"] for layer in layers]),
        ("merged", merged(tree), facts["merged"]),
        ("faults", [layer for layer, _ in index.faults], [at for at, layer in enumerate(layers) if "error" in layer]),
        ("image bytes", tree.image_bytes, merged(tree)["file_bytes_hardlinks_once"] + tree.wasted_bytes),
        ("wasted", (sum(tree.wasted_in), sum(tree.wasted_by)), (tree.wasted_bytes, tree.wasted_bytes)),
        ("files", tree.final_files, merged(tree)["nodes"] - merged(tree).get("dir", 0)),
        ("counts", sum(tree.added) - sum(tree.removed), tree.final_files),
    ]
    return [f"{name}: {ours} instead of {theirs}" for name, ours, theirs in pairs if ours != theirs]


def test_every_image_is_as_the_truth_has_it(corpus: Path) -> None:
    with (corpus / "truth.json").open() as file:
        known = {path: facts for path, facts in json.load(file).items() if "layers" in facts}
    found = {path: differences(index_first(str(corpus / path)), facts) for path, facts in known.items()}
    assert len(known) == 63
    assert {path: texts for path, texts in found.items() if texts} == {}
