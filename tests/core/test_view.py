"""The outline and its views, against the same questions asked of the tree path by path."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.core.layer import LayerIndex
from layerscope.core.merge import LayerMerge
from layerscope.core.outline import outline_of
from layerscope.core.tar import DIRECTORY, FILE, Member
from layerscope.core.tree import ImageTree
from layerscope.core.view import ABSENT, ADDED, MODIFIED, REMOVED, UNCHANGED, View, view_of

NAMES = st.sampled_from(["a", "b", "c", ".wh.a", ".wh.b", ".wh..wh..opq"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.tuples(PATHS, st.sampled_from([FILE, DIRECTORY]), st.integers(0, 99), st.sampled_from([0o644, 0o755]))
LAYERS = st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=5)

Entry = tuple[str, int, int, int]


def tree_of(layers: Sequence[Sequence[Entry]]) -> ImageTree:
    """The tree of layers given as lists of (path, kind, size, mode)."""
    tree = ImageTree()
    for entries in layers:
        index = LayerIndex()
        for path, kind, size, mode in entries:
            member = Member(path.encode(), 48 + kind, 512)
            member.kind, member.mode = kind, mode
            member.size = member.stored = size if kind == FILE else 0
            index.add([member])
        index.finish()
        merge = LayerMerge(tree, index)
        while merge.step():
            pass
    return tree


def kind_at(tree: ImageTree, node: int, layer: int) -> int | None:
    """The kind that a path has after a layer; None where it is not there."""
    version = tree.version_at(node, layer)
    return tree.kind(version) if version >= 0 else None


@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_outline_is_every_path_in_preorder(layers: list[list[Entry]]) -> None:
    tree = tree_of(layers)
    outline = outline_of(tree)
    paths = [tree.path(node).split(b"/") for node in outline.nodes]
    assert paths == sorted(paths)
    assert len(paths) == tree.node_count - 1
    for position, path in enumerate(paths):
        below = [other for other in paths if other[: len(path)] == path]
        assert outline.ends[position] == position + len(below)
        assert outline.depths[position] == len(path) - 1
        assert outline.positions[outline.nodes[position]] == position


@settings(max_examples=150, deadline=None)
@given(LAYERS, st.integers(-1, 4), st.integers(0, 4))
def test_view_agrees_with_the_tree(layers: list[list[Entry]], before: int, after: int) -> None:
    tree = tree_of(layers)
    after = min(after, len(layers) - 1)
    before = min(before, after)
    outline = outline_of(tree)
    view = view_of(outline, before, after)
    counts = {ADDED: 0, MODIFIED: 0, REMOVED: 0}
    for position, node in enumerate(outline.nodes):
        was, now = kind_at(tree, node, before), kind_at(tree, node, after)
        mark = view.mark(position)
        if was is None or now is None:
            assert mark == (ADDED if now is not None else REMOVED if was is not None else ABSENT)
        elif was != DIRECTORY or now != DIRECTORY:
            assert (mark == UNCHANGED) == (tree.version_at(node, before) == tree.version_at(node, after))
        else:
            inside = range(position + 1, outline.ends[position])
            if any(view.mark(other) not in (ABSENT, UNCHANGED) for other in inside):
                assert mark == MODIFIED
        was_file, now_file = was == FILE, now == FILE
        if now_file and was_file:
            counts[MODIFIED] += mark == MODIFIED
        elif now_file or was_file:
            counts[ADDED if now_file else REMOVED] += 1
        if now_file:
            assert view.size(position) == tree.size(tree.version_at(node, after))
    assert (view.added, view.modified, view.removed) == (counts[ADDED], counts[MODIFIED], counts[REMOVED])


@settings(max_examples=150, deadline=None)
@given(LAYERS)
def test_a_layers_view_counts_what_the_merge_counted(layers: list[list[Entry]]) -> None:
    tree = tree_of(layers)
    outline = outline_of(tree)
    for layer in range(len(layers)):
        view = view_of(outline, layer - 1, layer)
        assert (view.added, view.modified, view.removed) == (
            tree.added[layer],
            tree.modified[layer],
            tree.removed[layer],
        )


def sizes_by_path(tree: ImageTree, view: View) -> dict[str, tuple[int, int]]:
    """Mark and size of each path of a view."""
    outline = outline_of(tree)
    return {
        tree.path(node).decode(): (view.mark(position), view.size(position))
        for position, node in enumerate(outline.nodes)
    }


def test_directories_show_what_the_range_wrote_or_all_they_hold() -> None:
    tree = tree_of(
        [
            [("etc/conf", FILE, 10, 0o644), ("usr/lib/old", FILE, 100, 0o644), ("usr/share/doc", FILE, 7, 0o644)],
            [("usr/lib/new", FILE, 40, 0o644), ("usr/share/.wh.doc", FILE, 0, 0o644)],
        ]
    )
    outline = outline_of(tree)
    assert sizes_by_path(tree, view_of(outline, 0, 1)) == {
        "etc": (UNCHANGED, 10),
        "etc/conf": (UNCHANGED, 10),
        "usr": (MODIFIED, 40),
        "usr/lib": (MODIFIED, 40),
        "usr/lib/new": (ADDED, 40),
        "usr/lib/old": (UNCHANGED, 100),
        "usr/share": (MODIFIED, 0),
        "usr/share/doc": (REMOVED, 7),
    }


def test_more_lifetimes_than_one_byte_holds() -> None:
    layers: list[list[Entry]] = [[(f"f{number}", FILE, number, 0o644)] for number in range(300)]
    tree = tree_of(layers)
    view = view_of(outline_of(tree), 270, 280)
    assert (view.added, view.modified, view.removed) == (10, 0, 0)


@settings(max_examples=150, deadline=None)
@given(LAYERS, st.integers(-1, 4), st.integers(0, 4))
def test_all_sizes_at_the_top_together(layers: list[list[Entry]], before: int, after: int) -> None:
    after = min(after, len(layers) - 1)
    outline = outline_of(tree_of(layers))
    view = view_of(outline, min(before, after), after)
    tops = [position for position in range(len(outline)) if not outline.depths[position]]
    assert view.total() == sum(view.size(position) for position in tops if view.marks[position])


def test_very_many_files_at_the_top_and_versions_that_differ() -> None:
    lower: list[Entry] = [(f"f{number:05}", FILE, number, 0o644) for number in range(9_000)]
    upper: list[Entry] = [(f"f{number:05}", FILE, 7, 0o644) for number in range(0, 9_000, 2)]
    outline = outline_of(tree_of([[*lower, ("b/x", FILE, 5, 0o644), ("z/x", FILE, 9, 0o644)], upper]))
    for before, after in ((-1, 0), (0, 1), (-1, 1)):
        view = View(outline, before, after)
        steps = 1
        while view.step():
            steps += 1
        assert steps > 2
        assert not view.step()
        tops = [position for position in range(len(outline)) if not outline.depths[position]]
        assert view.total() == sum(view.size(position) for position in tops)
