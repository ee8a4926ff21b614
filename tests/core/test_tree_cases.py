"""Single cases of the union rules: those that the scoring works out, and those that images really hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.stacks import Entry, index_layer, merge_layers
from effort import effort
from layerscope.core import tree as core_tree
from layerscope.core.layer import METADATA, OPAQUE, WHITEOUT, normalise
from layerscope.core.tar import CHAR, DIRECTORY, FILE, HARDLINK, SYMLINK
from layerscope.core.tree import DUPLICATE, HIDDEN, OVERWRITTEN, REMOVED, REPLACED, ImageTree

#: path, bytes, the layer that stores them, the layer that made them waste, the reason
Waste = tuple[str, int, int, int, int]
Layers = list[list[Entry]]


def file(name: str, size: int = 0) -> Entry:
    """A regular file of some bytes."""
    return Entry(name, FILE, size)


def link(name: str, target: str) -> Entry:
    """A hard link."""
    return Entry(name, HARDLINK, 0, target)


def waste(tree: ImageTree) -> list[Waste]:
    """The wasted bytes by path."""
    rows = []
    for version in tree.wasted():
        path = tree.path(tree.version_node(version)).decode()
        rows.append((path, tree.stored_size(version), tree.version_layer(version), *tree.waster(version)))
    return sorted(rows)


def final(tree: ImageTree) -> dict[str, int]:
    """Path to kind of what the last layer leaves, without the root."""
    newest = {node: tree.newest(node) for node in range(1, tree.node_count)}
    return {tree.path(node).decode(): tree.kind(it) for node, it in newest.items() if it >= 0 and tree.ended(it) < 0}


WORKED: dict[str, tuple[Layers, int, int, float, list[Waste]]] = {
    "other or same bytes": ([[file("a", 100)], [file("a", 100)]], 200, 100, 0.5, [("a", 100, 0, 1, OVERWRITTEN)]),
    "directory removed": (
        [[file("d/x", 60), file("d/y", 40)], [file(".wh.d")]],
        *(100, 100, 0.0),
        [("d/x", 60, 0, 1, REMOVED), ("d/y", 40, 0, 1, REMOVED)],
    ),
    "opaque": (
        [[file("d/x", 60)], [file("d/y", 40), file("d/.wh..wh..opq")]],
        *(100, 60, 0.4),
        [("d/x", 60, 0, 1, HIDDEN)],
    ),
    "a link keeps the bytes": ([[file("a", 100), link("b", "a")], [file(".wh.a")]], 100, 0, 1.0, []),
    "both names go": (
        [[file("a", 100), link("b", "a")], [file(".wh.a"), file(".wh.b")]],
        *(100, 100, 0.0),
        [("a", 100, 0, 1, REMOVED)],
    ),
    "whiteout behind the file": (
        [[file("a", 100)], [file("a", 30), file(".wh.a")]],
        *(130, 100, 0.2308),
        [("a", 100, 0, 1, OVERWRITTEN)],
    ),
    "whiteout of nothing": ([[file("a", 100)], [file(".wh.zzz")]], 100, 0, 1.0, []),
    "whiteout in the lowest layer": ([[file(".wh.a"), file("a", 100)]], 100, 0, 1.0, []),
    "twice in one tar": ([[file("a", 10), file("a", 20)]], 30, 10, 0.6667, [("a", 10, 0, 0, DUPLICATE)]),
    "a file becomes a directory": ([[file("p", 50)], [file("p/q", 5)]], 55, 50, 0.0909, [("p", 50, 0, 1, REPLACED)]),
    "empty": ([[]], 0, 0, 1.0, []),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_case(name: str) -> None:
    layers, size, wasted, efficiency, items = WORKED[name]
    tree = merge_layers(layers)
    assert (tree.image_bytes, tree.wasted_bytes) == (size, wasted)
    assert round(1 - wasted / size if size else 1.0, 4) == efficiency
    assert waste(tree) == items


@pytest.mark.parametrize(
    ("layers", "items"),
    [
        ([[file("p/q", 5), file("p/r", 6)], [file("p", 1)]], [("p/q", 5, 0, 1, REPLACED), ("p/r", 6, 0, 1, REPLACED)]),
        ([[file("a", 5)], [Entry("a", SYMLINK, 0, "b")]], [("a", 5, 0, 1, REPLACED)]),
        ([[file("a", 5)], [link("a", "b"), file("b", 7)]], [("a", 5, 0, 1, OVERWRITTEN)]),
        ([[file("a", 5)], [file(".wh.a"), Entry("a", DIRECTORY)]], [("a", 5, 0, 1, REPLACED)]),
        ([[file("d/a", 5)], [file(".wh.d"), file("d/a", 6)]], [("d/a", 5, 0, 1, OVERWRITTEN)]),
        ([[file("d/a", 5)], [file("d/.wh..wh..opq"), file("d/a", 6)]], [("d/a", 5, 0, 1, OVERWRITTEN)]),
        ([[file("a", 5)], [file(".wh.a")], [file("a", 6)]], [("a", 5, 0, 1, REMOVED)]),
        ([[file("a", 5), link("b", "a")], [file("a", 1)], [file(".wh.b")]], [("a", 5, 0, 2, REMOVED)]),
        ([[file("a", 5), link("b", "a")], [file(".wh.b")], [file("a", 1)]], [("a", 5, 0, 2, OVERWRITTEN)]),
    ],
)
def test_reasons(layers: Layers, items: list[Waste]) -> None:
    assert waste(merge_layers(layers)) == items


def test_a_link_that_is_written_again_is_overwritten_though_it_has_no_bytes() -> None:
    tree = merge_layers([[Entry("a", SYMLINK, 0, "b")], [Entry("a", SYMLINK, 0, "c")]])
    older = tree.older(tree.newest(tree.find(b"a")))
    assert (tree.ended(older), tree.reason(older), tree.modified) == (1, OVERWRITTEN, [0, 1])


@pytest.mark.parametrize("place", range(4))
def test_a_whiteout_hides_what_is_below_wherever_it_stands(place: int) -> None:
    upper = [file("d/y", 1), file("e", 2), file("d/z", 3)]
    upper.insert(place, file(".wh.d"))
    tree = merge_layers([[file("d/x", 60)], upper])
    assert sorted(final(tree)) == ["d", "d/y", "d/z", "e"]
    assert (tree.wasted_bytes, tree.added, tree.removed) == (60, [1, 3], [0, 1])


@pytest.mark.parametrize("place", range(3))
def test_an_opaque_directory_keeps_its_own_layers_files(place: int) -> None:
    upper = [file("d/y", 1), file("d/e/z", 3)]
    upper.insert(place, file("d/.wh..wh..opq"))
    tree = merge_layers([[file("d/x", 60), file("d/e/w", 5), file("o", 1)], upper])
    assert sorted(final(tree)) == ["d", "d/e", "d/e/z", "d/y", "o"]
    assert waste(tree) == [("d/e/w", 5, 0, 1, HIDDEN), ("d/x", 60, 0, 1, HIDDEN)]


def test_an_opaque_root_hides_everything_below() -> None:
    tree = merge_layers([[file("a", 1), file("d/b", 2)], [file(".wh..wh..opq"), file("c", 4)]])
    assert final(tree) == {"c": FILE}
    assert tree.wasted_bytes == 3


def test_a_whiteout_and_an_opaque_marker_together() -> None:
    tree = merge_layers([[file("d/a", 1), file("d/b", 2)], [file("d/.wh.a"), file("d/.wh..wh..opq"), file(".wh.d")]])
    assert final(tree) == {}
    assert (tree.wasted_bytes, tree.removed) == (3, [0, 2])


@pytest.mark.parametrize("order", [1, -1])
def test_hard_links_before_and_behind_their_target(order: int) -> None:
    tree = merge_layers([[file("a", 100), link("b", "a"), link("c", "./b"), link("d", "/a")][::order], [file(".wh.a")]])
    assert sorted(final(tree)) == ["b", "c", "d"]
    assert (tree.image_bytes, tree.wasted_bytes, tree.broken_links) == (100, 0, [])
    assert [tree.size(tree.newest(tree.find(name))) for name in (b"b", b"c", b"d")] == [100, 100, 100]
    assert tree.data(tree.newest(tree.find(b"d"))) == tree.newest(tree.find(b"a"))


def test_a_hard_link_to_a_file_of_a_lower_layer() -> None:
    tree = merge_layers([[file("a", 100)], [link("b", "a")], [file(".wh.a")], [file(".wh.b")]])
    assert waste(tree) == [("a", 100, 0, 3, REMOVED)]
    last = tree.last_name(tree.wasted()[0])
    assert tree.path(tree.version_node(last)) == b"b"


def test_a_hard_link_to_itself() -> None:
    alone = merge_layers([[link("a", "a")]])
    assert (final(alone), alone.image_bytes, alone.data(1 - 1)) == ({"a": HARDLINK}, 0, -1)
    assert alone.broken_links == [0]
    over_a_file = merge_layers([[file("a", 9)], [link("a", "a")]])
    assert (over_a_file.wasted_bytes, over_a_file.size(over_a_file.newest(1))) == (0, 9)


@pytest.mark.parametrize("target", ["no/such", "d", "s", "", "/", "../.."])
def test_a_hard_link_to_no_file_shares_nothing(target: str) -> None:
    tree = merge_layers([[Entry("d", DIRECTORY), Entry("s", SYMLINK, 0, "d"), link("l", target)]])
    version = tree.newest(tree.find(b"l"))
    assert (tree.data(version), tree.size(version), tree.broken_links) == (-1, 0, [version])


def test_a_file_under_a_lower_layers_symbolic_link_makes_it_a_directory() -> None:
    tree = merge_layers([[Entry("lib", SYMLINK, 0, "usr/lib"), file("usr/lib/x", 1)], [file("lib/y", 2)]])
    assert final(tree) == {"lib": DIRECTORY, "lib/y": FILE, "usr": DIRECTORY, "usr/lib": DIRECTORY, "usr/lib/x": FILE}
    assert (tree.added, tree.removed, tree.wasted_bytes) == ([2, 1], [0, 1], 0)


def test_a_whiteout_under_a_symbolic_link_hides_nothing() -> None:
    tree = merge_layers([[Entry("lib", SYMLINK, 0, "usr/lib"), file("usr/lib/x", 1)], [file("lib/.wh.x")]])
    assert final(tree)["usr/lib/x"] == FILE
    assert final(tree)["lib"] == SYMLINK


def test_types_change_there_and_back_in_one_layer() -> None:
    tree = merge_layers([[file("p", 1)], [file("p/q", 2), file("p", 4), file("p/r", 8)]])
    assert final(tree) == {"p": DIRECTORY, "p/r": FILE}
    assert tree.wasted_by == [0, 7]
    assert (tree.added, tree.modified, tree.removed) == ([1, 1], [0, 0], [0, 1])


def test_a_directory_written_again_keeps_what_is_in_it() -> None:
    tree = merge_layers([[Entry("d", DIRECTORY), file("d/x", 5)], [Entry("d/", DIRECTORY)]])
    assert final(tree) == {"d": DIRECTORY, "d/x": FILE}
    node = tree.find(b"d")
    assert (tree.version_layer(tree.newest(node)), tree.wasted_bytes) == (1, 0)
    assert tree.version_layer(tree.version_at(node, 0)) == 0


def test_missing_parents_are_implied_once() -> None:
    tree = merge_layers([[file("a/b/c", 1), file("a/b/d", 1)], [file("a/b/e", 1)]])
    node = tree.find(b"a/b")
    assert (tree.kind(tree.newest(node)), tree.version_entry(tree.newest(node))) == (DIRECTORY, -1)
    assert tree.older(tree.newest(node)) == -1
    assert (tree.files, tree.final_files) == (3, 3)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./a", "a"),
        ("/a", "a"),
        ("a//b", "a/b"),
        ("a/../b", "b"),
        ("a/./b/", "a/b"),
        ("../../a", "a"),
        ("a/b/..", "a"),
        ("//a/", "a"),
        (".../a", ".../a"),
        ("./", ""),
        ("/", ""),
        (".", ""),
        ("a/..", ""),
    ],
)
def test_names_are_normalised(name: str, path: str) -> None:
    assert normalise(name.encode()) == path.encode()
    index = index_layer([Entry(name, DIRECTORY)])
    assert [index.path(0), index.kind(0)] == [path.encode(), DIRECTORY]
    tree = merge_layers([[Entry(name, DIRECTORY)]])
    assert tree.version_entry(tree.newest(tree.find(path.encode()))) == 0


def test_the_same_path_written_differently_is_one_path() -> None:
    tree = merge_layers([[file("a/b", 1)], [file("./a//b", 2)], [file("/x/../a/b", 4)], [file("a/.wh.b")]])
    assert (final(tree), tree.wasted_bytes) == ({"a": DIRECTORY}, 7)


def test_only_a_directory_can_be_the_root() -> None:
    index = index_layer([file("/", 5), file("..", 5), Entry("./", DIRECTORY)])
    assert (index.entries, len(index), index.skipped, index.stored_bytes) == (3, 1, 2, 0)


def test_whiteouts_store_nothing() -> None:
    index = index_layer([file(".wh.a", 5), file("d/.wh..wh..opq", 6), file(".wh..wh.plnk", 7), file("b", 8)])
    assert [index.kind(entry) for entry in range(4)] == [WHITEOUT, OPAQUE, METADATA, FILE]
    assert [index.is_whiteout(0), index.is_opaque(1), index.is_whiteout(1)] == [True, True, False]
    assert (index.stored_bytes, index.stored(0), index.name(0)) == (8, 0, b".wh.a")


def test_aufs_metadata_is_no_part_of_the_image() -> None:
    layer = [
        Entry(".wh..wh.plnk", DIRECTORY),
        file(".wh..wh.plnk/12.34", 0),
        Entry(".wh..wh.orph/", DIRECTORY),
        file(".wh..wh.aufs"),
        file("d/.wh..wh.x/y/z"),
        file("a", 5),
    ]
    tree = merge_layers([[file("plnk", 1), file("d/e")], layer])
    assert final(tree) == {"a": FILE, "plnk": FILE, "d": DIRECTORY, "d/e": FILE}
    assert tree.removed == [0, 0]


def test_a_name_that_only_begins_like_a_whiteout() -> None:
    assert final(merge_layers([[file(".whale", 1), file(".w", 1), file("a.wh.b", 1)]])).keys() == {
        ".whale",
        ".w",
        "a.wh.b",
    }


def test_devices_links_and_attributes_are_kept() -> None:
    index = index_layer([Entry("s", SYMLINK, 0, "target"), Entry("n", CHAR), file("f", 3)])
    assert (index.link(0), index.link(2), index.device(2), index.xattrs(2)) == (b"target", b"", (0, 0), {})
    assert [index.size(entry) for entry in range(3)] == [0, 0, 3]


def test_paths_five_thousand_deep() -> None:
    deep = "/".join("d" * 5000)
    tree = merge_layers([[file(deep + "/x", 5)], [file(deep + "/x", 6), file(deep + "/y", 1)], [file(".wh.d")]])
    assert (tree.wasted_bytes, tree.final_files, final(tree)) == (12, 0, {})
    assert tree.path(tree.find(deep.encode())) == deep.encode()


def test_a_hundred_and_twenty_layers() -> None:
    layers = [
        [file("same", 10), file(f"own/{number}", 1), *([file("own/.wh..wh..opq")] if number % 10 == 0 else [])]
        for number in range(120)
    ]
    tree = merge_layers(layers)
    assert (tree.image_bytes, len(tree.stored)) == (1320, 120)
    assert tree.wasted_bytes == 119 * 10 + 110
    node = tree.find(b"same")
    assert [tree.version_layer(tree.version_at(node, layer)) for layer in range(120)] == list(range(120))
    assert [tree.version_at(tree.find(b"own/57"), layer) >= 0 for layer in (56, 57, 59, 60)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.skipif(not str(core_tree.__file__).endswith(".py"), reason="lines of compiled code are not counted")
@pytest.mark.parametrize(
    "make",
    [
        lambda count: [[file("a", 1)] * count],
        lambda count: [[file("a", 1), Entry("a", DIRECTORY)] * (count // 2)],
        lambda count: [
            [file(f"d/{number}", 1) for number in range(count)],
            [file(f"d/.wh.{number}") for number in range(count)],
        ],
        lambda count: [[file("a", 1), *(link(f"l{number}", "a") for number in range(count))], [file(".wh.a")]],
        lambda count: [[*(link(f"l{number}", f"l{number + 1}") for number in range(count)), file(f"l{count}", 1)]],
        lambda count: [[file(f"d/{number}")] for number in range(count // 40) for _ in range(2)],
    ],
    ids=["duplicates", "type changes", "deletions", "links", "chains of links", "layers"],
)
def test_eight_times_the_entries_are_eight_times_the_work(make: Callable[[int], Layers]) -> None:
    few, many = make(400), make(3200)
    assert effort(lambda: merge_layers(many)) < 9 * effort(lambda: merge_layers(few))
