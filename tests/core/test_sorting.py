"""Sorting in steps gives what one sort gives, and large folders are in the order of small ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.stacks import Entry, merge_layers
from layerscope.core.order import BY_CHANGES, BY_NAME, BY_SIZE, BY_WASTE, SortedRows
from layerscope.core.outline import LARGE, Outline, outline_of
from layerscope.core.rows import RowMap
from layerscope.core.sorting import StepSort
from layerscope.core.view import view_of
from layerscope.core.wastemap import WasteMap


def sorted_in_steps(items: list[int]) -> list[int]:
    """The items in order."""
    sorting = StepSort(list(items))
    steps = 0
    while sorting.step():
        steps += 1
        assert steps < 10_000
    assert not sorting.step()
    return sorting.items


@given(
    st.randoms(use_true_random=False),
    st.integers(0, 40_000),
    st.integers(1, 1 << 70),
    st.sampled_from(["random", "sorted", "backwards", "saw", "two"]),
)
@example(Random(1), 0, 1, "random")
@example(Random(1), 4_096, 9, "random")
@example(Random(2), 12_289, 3, "saw")
def test_steps_sort_as_one_sort_does(random: Random, count: int, most: int, form: str) -> None:
    items = [random.randrange(most) for _ in range(count)]
    if form in ("sorted", "backwards"):
        items.sort(reverse=form == "backwards")
    elif form == "saw":
        items = [(number * 7_919) % 5_000 for number in range(count)]
    elif form == "two":
        items = sorted(items[::2]) + sorted(items[1::2])
    assert sorted_in_steps(items) == sorted(items)


COUNT = 2 * LARGE + 1_000


@pytest.fixture(scope="module")
def outline() -> Outline:
    """An image with a folder of very many files, one of them a folder itself, and some of them gone."""
    random = Random(7)
    names = [f"many/{random.randrange(1 << 30):x}-{number}" for number in range(COUNT)]
    files = [Entry(name, 0, random.randrange(1 << 12)) for name in names]
    folders = [Entry(f"{name}.d/{leaf}", 0, 50) for name in names[:40] for leaf in "abc"]
    above = [Entry(name, 0, 5) for name in names[100:200]]
    above += [Entry(f"many/.wh.{name.removeprefix('many/')}") for name in names[300:900]]
    return outline_of(merge_layers([[*files, *folders, Entry("few/a", 0, 9)], above]))


def test_a_large_folder_is_outlined_in_the_order_of_its_names(outline: Outline) -> None:
    tree = outline.tree
    parents = {tree.path(node).rpartition(b"/")[0] for node in outline.nodes}
    by_folder: dict[bytes, list[bytes]] = {parent: [] for parent in parents}
    for node in outline.nodes:
        parent, _, name = tree.path(node).rpartition(b"/")
        by_folder[parent].append(name)
    assert all(names == sorted(names) for names in by_folder.values())
    assert len(by_folder[b"many"]) == COUNT + 40
    assert sorted(outline.nodes) == list(range(1, tree.node_count))
    assert outline.large == [outline.positions[tree.find(b"many")]]
    inside = [1] * tree.node_count
    for node in reversed(outline.nodes):
        inside[tree.parent(node)] += inside[node]
    assert [outline.positions[node] for node in outline.nodes] == list(range(len(outline)))
    assert [outline.ends[place] - place for place in range(len(outline))] == [inside[node] for node in outline.nodes]


@pytest.mark.parametrize("order", [BY_NAME, BY_SIZE, BY_CHANGES, BY_WASTE])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_sorted_beforehand_is_what_would_be_sorted_when_looked_at(
    outline: Outline, order: int, backwards: bool
) -> None:
    view = view_of(outline, 0, 1)
    waste = WasteMap(outline)
    while waste.step():
        pass
    rows = RowMap(outline)
    rows.show(bytearray(mark > 0 for mark in view.marks))
    folds = bytearray(outline.folder_mask)
    many = outline.large[0]
    folds[many] = 0
    for folder in list(outline.folders)[3:30:2]:
        folds[folder] = 0
    rows.fold(folds)
    beforehand, late = (SortedRows(rows, view, waste, order, backwards) for _ in range(2))
    while beforehand.step():
        pass
    shown = [beforehand.position_at(row) for row in range(len(rows))]
    assert shown == [late.position_at(row) for row in range(len(rows))]
    assert sorted(shown) == [rows.position_at(row) for row in range(len(rows))]
    for row in range(0, len(rows), 97):
        assert beforehand.row_of(shown[row]) == row
    ranks: dict[int, Callable[[int], Any]] = {
        BY_NAME: lambda position: 0,
        BY_SIZE: lambda position: -view.size(position),
        BY_CHANGES: lambda position: ({4: 0, 3: 1, 2: 2, 1: 3}[view.mark(position)], -view.size(position)),
        BY_WASTE: lambda position: -waste.below(position),
    }
    inside = [position for position in shown if outline.parent(position) == many]
    assert inside == sorted(inside, key=lambda position: (ranks[order](position), position), reverse=backwards)
