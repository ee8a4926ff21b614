"""A layer without those below it: what it writes, and the names of what it deletes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from core.stacks import Entry, Path, index_layer, merge_layers, parts, paths
from layerscope.core.alone import LayerAlone
from layerscope.core.outline import outline_of
from layerscope.core.tar import DIRECTORY, OTHER
from layerscope.core.tree import ImageTree
from layerscope.core.view import ABSENT, ADDED, MODIFIED, REMOVED, UNCHANGED, View, view_of

whiteouts = st.builds(
    lambda folder, name: Entry("".join(f"{part}/" for part in folder) + f".wh.{name}"),
    st.lists(parts, max_size=3),
    parts,
)
layers = st.lists(
    st.one_of(whiteouts, st.builds(lambda path, size: Entry(path, 0, size), paths, st.integers(0, 9))), max_size=12
)


def alone(entries: list[Entry]) -> ImageTree:
    """The tree of one layer."""
    found = LayerAlone(index_layer(entries))
    while found.step():
        pass
    return found.tree


def marks(tree: ImageTree, view: View) -> dict[Path, int]:
    """What is told of each path that is no folder above others."""
    outline = outline_of(tree)
    return {
        tuple(tree.path(node).decode().split("/")): view.marks[position]
        for position, node in enumerate(outline.nodes)
        if view.marks[position] != ABSENT and outline.ends[position] == position + 1
    }


@given(layers)
@example([Entry(".wh.a"), Entry("a/.wh.b")])
@example([Entry("a/.wh.b"), Entry(".wh.a"), Entry("a/c")])
def test_every_whiteout_is_a_path_that_goes_and_all_else_is_as_if_there_were_no_other(entries: list[Entry]) -> None:
    tree = alone(entries)
    below, itself = merge_layers([[]]), merge_layers([[], entries])
    assert below.files == 0
    shown = marks(tree, view_of(outline_of(tree), 0, 1))
    written = marks(itself, view_of(outline_of(itself), 0, 1))
    for path, mark in written.items():
        assert shown.get(path, ADDED) in (mark, MODIFIED)  # another place may lead below it
    deleted = {tuple(entry.name.replace(".wh.", "").split("/")) for entry in entries if ".wh." in entry.name}
    for path in deleted:
        node = tree.find("/".join(path).encode())
        old, new = tree.version_at(node, 0), tree.version_at(node, 1)
        assert old >= 0
        assert tree.version_entry(old) == -1
        assert tree.kind(old) in (OTHER, DIRECTORY)
        assert new < 0 or tree.version_layer(new) == 1
    gone = {path for path, mark in shown.items() if mark == REMOVED}
    assert gone <= {path for path in shown if any(path[: len(top)] == top for top in deleted)}
    assert tree.wasted_bytes == itself.wasted_bytes
    assert tree.stored == itself.stored


def test_what_stays_is_no_change() -> None:
    tree = alone([Entry("etc/.wh.motd"), Entry("bin/sh", 0, 5)])
    view = view_of(outline_of(tree), 0, 1)
    assert marks(tree, view) == {("bin", "sh"): ADDED, ("etc", "motd"): REMOVED}
    assert view.marks[outline_of(tree).positions[tree.find(b"etc")]] == UNCHANGED
