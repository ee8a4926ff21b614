"""Changes of a layer and of a range, against two listings of the whole filesystem."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from handmade import Entry, file, folder, make_index, opaque, whiteout
from layerscope.analysis.changes import Change, Kind, count_changes, list_changes
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree

PATHS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 3)),
    st.builds(folder, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)


def listing(tree: ImageTree, layer: int) -> dict[str, int]:
    """Every path but directories after a layer, with the version that it shows."""
    found = {}
    for node in range(tree.node_count):
        version = tree.version_at(node, layer) if layer >= 0 else -1
        if version >= 0 and tree.kind(version) != DIRECTORY:
            found[tree.path(node).decode()] = version
    return found


@settings(max_examples=200)
@given(st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=4), st.data())
def test_changes_are_the_difference_of_two_listings(layers: list[list[Entry]], data: st.DataObject) -> None:
    tree = make_index(layers).tree
    first = data.draw(st.integers(0, len(layers) - 1))
    last = data.draw(st.integers(first, len(layers) - 1))
    before, after = listing(tree, first - 1), listing(tree, last)
    expected = dict.fromkeys(after.keys() - before.keys(), Kind.ADDED)
    expected |= dict.fromkeys(before.keys() - after.keys(), Kind.REMOVED)
    expected |= {path: Kind.MODIFIED for path in before.keys() & after.keys() if before[path] != after[path]}
    assert {change.path: change.kind for change in list_changes(tree, first, last)} == expected
    counts = {kind: list(expected.values()).count(kind) for kind in Kind}
    assert count_changes(tree, first, last) == counts


def test_sizes_and_a_folder() -> None:
    tree = make_index([[file("d/x", 5), file("e", 1)], [file("d/x", 7), whiteout("e")], [file("d/y", 2)]]).tree
    assert sorted(list_changes(tree, 1, 2, "d"), key=lambda change: change.path) == [
        Change("d/x", Kind.MODIFIED, 5, 7),
        Change("d/y", Kind.ADDED, 0, 2),
    ]
    assert list(list_changes(tree, 1, 1, "no/such")) == []
    assert count_changes(tree, 0, 2) == {Kind.ADDED: 2, Kind.MODIFIED: 0, Kind.REMOVED: 0}
