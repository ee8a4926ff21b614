"""The tree against a naive model of the union rules, on stacks of layers in any order of entries."""

from __future__ import annotations

from hypothesis import example, given, settings

from core.stacks import Entry, Model, Node, Path, merge_layers, stacks
from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import ImageTree


def as_path(raw: bytes) -> Path:
    """A path of the tree in the model's terms."""
    return tuple(raw.decode().split("/")) if raw else ()


def state(tree: ImageTree, layer: int) -> dict[Path, tuple[object, ...]]:
    """Every path that is there after a layer: its kind, who wrote it, who stored its bytes."""
    found: dict[Path, tuple[object, ...]] = {}
    for node in range(tree.node_count):
        version = tree.version_at(node, layer)
        if version >= 0:
            data = tree.data(version)
            bytes_of = (tree.version_layer(data), tree.version_entry(data)) if data >= 0 else None
            place = (tree.version_layer(version), tree.version_entry(version))
            found[as_path(tree.path(node))] = (tree.kind(version), place, bytes_of)
    return found


def expected(snapshot: dict[Path, Node]) -> dict[Path, tuple[object, ...]]:
    """The same of a model."""
    return {path: (node.kind, node.place, node.inode.place if node.inode else None) for path, node in snapshot.items()}


def check(layers: list[list[Entry]]) -> None:
    """Every figure of the tree is the model's."""
    tree, model = merge_layers(layers), Model()
    for layer in layers:
        model.apply(layer)
    for number, snapshot in enumerate(model.snapshots):
        assert state(tree, number) == expected(snapshot), number
    check_final(tree, model)
    check_bytes(tree, model, len(layers))
    check_counts(tree, model)


def check_final(tree: ImageTree, model: Model) -> None:
    """What has not ended is the final filesystem, and is found by its path."""
    living = {
        as_path(tree.path(node))
        for node in range(tree.node_count)
        if (version := tree.newest(node)) >= 0 and tree.ended(version) < 0
    }
    assert living == set(model.paths)
    for path in living:
        node = tree.find("/".join(path).encode())
        assert as_path(tree.path(node)) == path
        assert path == () or node in tree.children(tree.parent(node))
    assert tree.find(b"no/such/path") == -1
    # What is gone is kept apart, so that later removals do not walk it again.
    there = [node for children in tree.live.values() for node in children.values()]
    assert {as_path(tree.path(node)) for node in there} == living - {()}


def check_bytes(tree: ImageTree, model: Model, count: int) -> None:
    """Stored, wasted, where, by whom; wasted versions are exactly the bytes that no path reads."""
    stored, wasted_in, wasted_by = [0] * count, [0] * count, [0] * count
    for inode in model.inodes:
        stored[inode.place[0]] += inode.size
        if inode.place in model.unreachable_since:
            wasted_in[inode.place[0]] += inode.size
            wasted_by[model.unreachable_since[inode.place]] += inode.size
    assert (tree.stored, tree.wasted_in, tree.wasted_by) == (stored, wasted_in, wasted_by)
    assert (tree.image_bytes, tree.wasted_bytes) == (sum(stored), sum(wasted_in))
    wasted = tree.wasted()
    assert len(wasted) == len(set(wasted))
    places = {(tree.version_layer(version), tree.version_entry(version)): version for version in wasted}
    assert {place: tree.waster(version)[0] for place, version in places.items()} == model.unreachable_since


def check_counts(tree: ImageTree, model: Model) -> None:
    """Paths that are no directories: how many each layer adds, modifies, removes."""
    before: dict[Path, Node] = {}
    for number, snapshot in enumerate(model.snapshots):
        after = {path: node for path, node in snapshot.items() if node.kind != DIRECTORY}
        both = before.keys() & after.keys()
        assert tree.added[number] == len(after.keys() - before.keys())
        assert tree.removed[number] == len(before.keys() - after.keys())
        assert tree.modified[number] == sum(before[path].place != after[path].place for path in both)
        before = after
    assert tree.final_files == len(before) == sum(tree.added) - sum(tree.removed)


@settings(max_examples=400)
@given(stacks)
@example([[Entry("a", HARDLINK, 0, "b"), Entry("b", HARDLINK, 0, "c"), Entry("c", FILE, 5)]])
@example([[Entry("b", HARDLINK, 0, "c"), Entry("a", HARDLINK, 0, "b"), Entry("c", FILE, 5)]])
@example([[Entry("a", HARDLINK, 0, "b"), Entry("b", HARDLINK, 0, "a")]])
@example([[Entry("a", FILE, 5)], [Entry("a", HARDLINK, 0, "a")]])
@example([[Entry("a", FILE, 5), Entry("b", HARDLINK, 0, "a")], [Entry(".wh.a"), Entry("a", HARDLINK, 0, "b")]])
@example([[Entry("a/b", FILE, 5)], [Entry("a", HARDLINK, 0, "a/b")], [Entry(".wh.a")]])
@example(
    [[Entry("a/b", FILE, 5)], [Entry(".wh.a"), Entry("a/c", FILE, 1), Entry("a", FILE, 2)], [Entry("a/b", FILE, 3)]]
)
def test_every_figure_is_the_models(layers: list[list[Entry]]) -> None:
    check(layers)


def test_layers_of_many_steps() -> None:
    first = [Entry(f"a/{number % 97}/{number}", FILE, number % 11) for number in range(6000)]
    again = [Entry(f"a/{number % 97}/{number}", FILE, 3) for number in range(0, 6000, 3)]
    singly = [Entry(f"a/{number % 97}/.wh.{number}") for number in range(1, 6000, 3)]
    check([first, again, singly, [Entry(".wh.a")]])
    check([first, [Entry("b", FILE, 1), Entry("a", FILE, 7)], again])
    check([first, [*again, Entry("a/.wh..wh..opq")]])


@given(stacks)
def test_the_same_layers_give_the_same_tree(layers: list[list[Entry]]) -> None:
    one, other = merge_layers(layers), merge_layers(layers)
    assert [one.path(node) for node in range(one.node_count)] == [other.path(node) for node in range(other.node_count)]
    assert (one.endings, one.reasons, one.datas) == (other.endings, other.reasons, other.datas)


@given(stacks)
def test_an_empty_layer_changes_nothing(layers: list[list[Entry]]) -> None:
    with_empty = [layer for filled in layers for layer in (filled, [])]
    one, other = merge_layers(layers), merge_layers(with_empty)
    assert (one.image_bytes, one.wasted_bytes, one.final_files) == (
        other.image_bytes,
        other.wasted_bytes,
        other.final_files,
    )
    assert one.wasted_by == other.wasted_by[::2]
    assert (one.version_count, one.node_count) == (other.version_count, other.node_count)
