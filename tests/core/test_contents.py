"""What directories held, against a walk over the tree as it was."""

from __future__ import annotations

from hypothesis import example, given

from core.stacks import Entry, Stack, merge_layers, stacks
from layerscope.core.contents import ContentCount
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree


def count_contents(tree: ImageTree, wanted: list[set[int]]) -> list[dict[int, int]]:
    """The whole count."""
    count = ContentCount(tree, wanted)
    while count.step():
        pass
    return count.held


def held(tree: ImageTree, node: int, layer: int) -> int:
    """The children of a directory that had bytes, or held some, just before a layer."""
    found = 0
    for child in tree.children(node):
        version = tree.version_at(child, layer - 1)
        if version >= 0:
            below = held(tree, child, layer) if tree.kind(version) == DIRECTORY else tree.stored_size(version)
            found += below > 0
    return found


@given(stacks)
@example([[Entry("a/b/c", size=1), Entry("a/b/c", size=2)], [Entry("a/b/.wh.c")], [Entry("a/b/c", size=3)], []])
@example([[Entry("a/b", size=9, hole=9), Entry("a/c", size=9, hole=1)], [Entry("a/.wh.b")], []])
@example([[Entry("a/b", size=1), Entry("c", size=1)], [Entry("a", size=2)], [Entry("a/b", size=3)], []])
def test_counts_are_those_of_a_walk(layers: Stack) -> None:
    tree = merge_layers(layers)
    nodes = set(range(tree.node_count))
    counted = count_contents(tree, [nodes for _ in layers])
    assert counted == [{node: held(tree, node, layer) for node in nodes} for layer in range(len(layers))]


@given(stacks)
def test_what_is_asked_is_answered(layers: Stack) -> None:
    tree = merge_layers(layers)
    everything = count_contents(tree, [set(range(tree.node_count)) for _ in layers])
    for layer in range(len(layers)):
        wanted = [{0} if other == layer else set() for other in range(len(layers))]
        assert count_contents(tree, wanted)[layer] == {0: everything[layer][0]}
