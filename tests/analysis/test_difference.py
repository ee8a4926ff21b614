"""What changed between two images: against their final filesystems, put together another way."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handmade import Entry, file, folder, hard_link, make_index, opaque, whiteout
from layerscope.analysis.difference import ADDED, MODIFIED, REMOVED, FileChange, compare_configs, compare_files
from layerscope.core.tar import DIRECTORY
from layerscope.errors import DamagedImageError
from layerscope.index import ImageIndex
from layerscope.text import decode

PATHS = st.lists(st.sampled_from(["a", "b", ".c"]), min_size=1, max_size=3).map("/".join)
FILLS = st.sampled_from([b"x", b"y"])
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 3), FILLS, mode=st.sampled_from([0o644, 0o755])),
    st.builds(folder, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)
LAYERS = st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=3)


def changes(old: Sequence[Sequence[Entry]], new: Sequence[Sequence[Entry]]) -> list[FileChange]:
    """What changed; every layer has a diff id of its own."""
    first, second = make_index(old), make_index(new)
    for layer in second.image.layers:
        layer.diff_id += "-new"
    return list(compare_files(first, second))


def final(index: ImageIndex, contents: Sequence[Sequence[Entry]]) -> dict[str, Any]:
    """Every path of the final filesystem but folders, with its size, mode and bytes."""
    tree = index.tree
    found = {}
    for node in range(1, tree.node_count):
        version = tree.newest(node)
        if version >= 0 and tree.ended(version) < 0 and tree.kind(version) != DIRECTORY:
            path = decode(tree.path(node))
            layer = contents[tree.version_layer(version)]
            data = next(entry.data for entry in reversed(layer) if entry.path == path)
            found[path] = (data, tree.layers[tree.version_layer(version)].mode(tree.version_entry(version)))
    return found


@given(LAYERS, LAYERS)
def test_the_files_that_differ_are_those_that_are_named(old: list[list[Entry]], new: list[list[Entry]]) -> None:
    before, after = final(make_index(old), old), final(make_index(new), new)
    differing = {path for path in {**before, **after} if before.get(path) != after.get(path)}
    named = set()
    for change in changes(old, new):
        whole = change.path if change.path.endswith("/") else f"{change.path}/"
        below = {path for path in {**before, **after} if path.startswith(whole) or path == change.path}
        if change.kind == MODIFIED and change.what != ("type",):
            below &= {change.path}
        named |= below
        if change.kind != MODIFIED:
            assert change.files == len(below)
    # A folder may differ by its mode alone, and one that came empty holds no file.
    assert differing == named
    total = sum(len(data) for data, _ in after.values()) - sum(len(data) for data, _ in before.values())
    assert sum(change.bytes for change in changes(old, new)) == total


@given(LAYERS)
def test_an_image_is_like_itself(layers: list[list[Entry]]) -> None:
    assert changes(layers, layers) == []


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ([file("a", 3)], [file("a", 3, b"y")], FileChange("a", MODIFIED, 3, 3, what=("content",))),
        ([file("a", 3)], [file("a", 5)], FileChange("a", MODIFIED, 3, 5, what=("size",))),
        ([file("a", 3)], [file("a", 3, mode=0o600)], FileChange("a", MODIFIED, 3, 3, what=("mode",))),
        ([file("a", 3)], [file("a", 3, owner=(1, 2))], FileChange("a", MODIFIED, 3, 3, what=("owner",))),
        ([file("a", 3)], [file("a", 3, xattrs={"user.x": "1"})], FileChange("a", MODIFIED, 3, 3, what=("xattrs",))),
        ([file("a", 3)], [], FileChange("a", REMOVED, 3, 0)),
        ([], [file("d/e/a", 3), file("d/b", 1)], FileChange("d/", ADDED, 0, 4, 2)),
        ([file("a", 3)], [file("a/b", 5)], FileChange("a", MODIFIED, 3, 5, what=("type",))),
        (
            [Entry("l", kind=tarfile.SYMTYPE, link="x")],
            [Entry("l", kind=tarfile.SYMTYPE, link="y")],
            FileChange("l", MODIFIED, 0, 0, what=("target",)),
        ),
        ([folder("d")], [folder("d", owner=(7, 7))], FileChange("d/", MODIFIED, 0, 0, what=("owner",))),
    ],
)
def test_one_change(old: list[Entry], new: list[Entry], change: FileChange) -> None:
    assert changes([old], [new]) == [change]


def test_times_and_hard_links_make_no_difference() -> None:
    assert changes([[file("a", 3, mtime=1)]], [[file("a", 3, mtime=2)]]) == []
    assert changes([[file("a", 3), file("b", 3)]], [[file("a", 3), hard_link("b", "a")]]) == []


def test_a_layer_in_common_is_not_read() -> None:
    layers = [[file("a", 3)]]
    old, new = make_index(layers), make_index(layers)

    def refuse() -> Any:
        raise AssertionError("read")

    for index in (old, new):
        index.image.layers[0].opener = refuse
    assert compare_files(old, new) == ()


def test_configs() -> None:
    old = {"created": "x", "config": {"User": "", "Cmd": ["a"], "Env": ["A=1"]}}
    new = {"created": "y", "config": {"Cmd": ["b"], "Env": ["A=1"], "Labels": {"k": "ü"}}}
    found = [(change.key, change.before, change.after) for change in compare_configs(old, new)]
    assert found == [("Cmd", '["a"]', '["b"]'), ("Labels", "", '{"k": "ü"}')]
    assert compare_configs({}, {"config": None}) == ()
    assert compare_configs({"config": {"Image": "sha256:1"}}, {"config": {"Image": "sha256:2"}}) == ()


def test_bytes_that_cannot_be_had_may_be_anything() -> None:
    old, new = make_index([[file("a", 3)]]), make_index([[file("a", 3)]])
    new.image.layers[0].diff_id += "-new"

    def fail() -> Any:
        raise DamagedImageError("gone")

    for index in (old, new):
        index.image.layers[0].opener = fail
    assert [change.what for change in compare_files(old, new)] == [("content",)]
