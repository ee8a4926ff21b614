"""Rows, their order and what a search finds, against the same asked of each path on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_view import LAYERS, Entry, tree_of
from layerscope.core.names import NameJoin, NameSearch
from layerscope.core.order import BY_CHANGES, BY_NAME, BY_SIZE, BY_WASTE, SortedRows
from layerscope.core.outline import Outline, outline_of
from layerscope.core.rows import RowMap, keep_hits
from layerscope.core.search import (
    RARE,
    KindSearch,
    PathSearch,
    RareMarks,
    SizeClasses,
    SizeSearch,
    TouchSearch,
    properties,
)
from layerscope.core.tar import FILE
from layerscope.core.view import view_of
from layerscope.core.wastemap import WasteMap

T = TypeVar("T", bound="Steps")
BITS = st.integers(0, 2**40)


class Steps(Protocol):
    """Any of the searches."""

    def step(self) -> bool: ...


def whole(work: T) -> T:
    while work.step():
        pass
    return work


def mask_of(outline: Outline, bits: int) -> bytearray:
    return bytearray(bits >> place & 1 for place in range(len(outline)))


def children(outline: Outline, folder: int) -> list[int]:
    stop = outline.ends[folder] if folder >= 0 else len(outline)
    found, child = [], folder + 1
    while child < stop:
        found.append(child)
        child = outline.ends[child]
    return found


def plain_rows(
    outline: Outline, keep: bytearray, folds: bytearray, rank: Callable[[int], object]
) -> list[tuple[int, int, int]]:
    """Position, head and depth of each row, told folder by folder."""
    rows: list[tuple[int, int, int]] = []

    def show(folder: int, depth: int) -> None:
        for child in sorted((child for child in children(outline, folder) if keep[child]), key=rank):  # type: ignore[arg-type]
            head = child
            while True:
                below = [other for other in children(outline, child) if keep[other]]
                if len(below) != 1 or not children(outline, below[0]):
                    break
                child = below[0]
            rows.append((child, head, depth))
            if below and not folds[child]:
                show(child, depth + 1)

    show(-1, 0)
    return rows


@settings(max_examples=200, deadline=None)
@given(LAYERS, BITS, BITS, st.sampled_from([BY_NAME, BY_SIZE, BY_CHANGES, BY_WASTE]))
def test_rows_are_those_of_a_walk(layers: list[list[Entry]], wanted: int, folded: int, order: int) -> None:
    outline = outline_of(tree_of(layers))
    view = view_of(outline, len(layers) - 2, len(layers) - 1)
    waste = whole(WasteMap(outline))
    hits = mask_of(outline, wanted)
    keep = keep_hits(outline, hits, mask_of(outline, -1))
    folds = bytearray(a & b for a, b in zip(mask_of(outline, folded), outline.folder_mask, strict=True))
    rows = RowMap(outline)
    rows.show(keep)
    rows.fold(folds)

    def rank(position: int) -> tuple[int, ...]:
        size = view.size(position)
        interest = [4, 3, 2, 1, 0][view.mark(position)]
        of_order = {BY_SIZE: (-size,), BY_CHANGES: (interest, -size), BY_WASTE: (-waste.below(position),)}
        return (*of_order.get(order, ()), position)

    expected = plain_rows(outline, keep, folds, rank)
    assert len(rows) == len(expected)
    found = SortedRows(rows, view, waste, order, False)
    for row, (position, head, depth) in enumerate(expected):
        assert found.position_at(row) == position
        assert found.row_of(position) == row
        assert (rows.outermost(position), rows.depth(position), rows.innermost(head)) == (head, depth, position)
        if order == BY_NAME:
            assert (rows.position_at(row), rows.rows_before(position)) == (position, row)
    backwards = SortedRows(rows, view, waste, order, True)
    top = [position for position, _head, depth in expected if depth == 0]
    assert [backwards.position_at(backwards.row_of(position)) for position in top] == top
    assert [backwards.row_of(position) for position in top] == sorted(map(backwards.row_of, top), reverse=True)


@pytest.mark.parametrize("count", [10, 5000])
def test_folders_whose_first_child_is_hidden(count: int) -> None:
    """Few of them are looked for one by one, many all at once: every second one shares the row of its folder."""
    paths = [f"{number:04}/{path}" for number in range(count) for path in ("a", "b/c", "d")]
    outline = outline_of(tree_of([[(path, FILE, 1, 0) for path in paths]]))
    names = [outline.tree.names[node] for node in outline.nodes]
    tops = [place for place, name in enumerate(names) if len(name) == 4]
    keep = mask_of(outline, -1)
    for number, top in enumerate(tops):
        keep[top + 1] = 0
        keep[outline.ends[top] - 1] = number % 2
    rows = RowMap(outline)
    rows.show(keep)
    rows.fold(bytearray(len(outline)))
    assert [rows.is_head(top) for top in tops] == [number % 2 == 0 for number in range(count)]
    assert len(rows) == keep.count(1) - (count + 1) // 2


@settings(max_examples=200, deadline=None)
@given(LAYERS, BITS, BITS)
def test_refolding_one_folder_is_folding_anew(layers: list[list[Entry]], folded: int, which: int) -> None:
    outline = outline_of(tree_of(layers))
    rows, anew = RowMap(outline), RowMap(outline)
    folds = bytearray(a & b for a, b in zip(mask_of(outline, folded), outline.folder_mask, strict=True))
    for each in (rows, anew):
        each.show(mask_of(outline, -1))
        each.fold(folds)
    folders = [folder for folder in outline.folders if rows.is_visible(folder)]
    if folders:
        folder = folders[which % len(folders)]
        folds[folder] ^= 1
        rows.refold(folder, folds)
        anew.fold(folds)
        assert [rows.position_at(row) for row in range(len(rows))] == [anew.position_at(r) for r in range(len(anew))]


@settings(max_examples=200, deadline=None)
@given(LAYERS, BITS, BITS)
def test_a_filter_keeps_hits_and_what_lies_above(layers: list[list[Entry]], bits: int, others: int) -> None:
    outline = outline_of(tree_of(layers))
    allowed = mask_of(outline, others | bits)
    hits = mask_of(outline, bits)
    keep = keep_hits(outline, hits, allowed)
    for position in range(len(outline)):
        below = any(hits[position + 1 : outline.ends[position]])
        above = position
        opened = False
        while above >= 0:
            opened = opened or bool(hits[above] and not any(hits[above + 1 : outline.ends[above]]))
            above = outline.parent(above)
        assert keep[position] == (hits[position] or below or (opened and allowed[position]))


NAMES = st.lists(st.text("ab\x01é", min_size=1, max_size=6), max_size=40, unique=True)
NEEDLES = [b"a", b"aa", b"ab", b"/a", b"a/", b"/a/", b"\x01", b"\xc3"]


def joined(names: list[str]) -> NameJoin:
    """The names of files that lie side by side."""
    return whole(NameJoin(outline_of(tree_of([[(name, FILE, 0, 0) for name in names]])), False))


@settings(max_examples=300, deadline=None)
@given(NAMES, st.sampled_from(NEEDLES))
def test_names_that_contain_a_text(names: list[str], needle: bytes) -> None:
    found = whole(NameSearch(joined(names), needle)).hits
    assert list(found) == [needle in b"/" + name + b"/" for name in sorted(map(str.encode, names))]


@pytest.mark.parametrize("needle", [b"1", b"/1", b"7/", b"/77/", b"77", b"1234", b"/81", b"zz"])
def test_many_names_are_found_stretch_by_stretch(needle: bytes) -> None:
    """Some of these are in few names of a stretch, some in nearly all."""
    names = sorted(b"%d" % number * 3 for number in range(90_000))
    search = NameSearch(joined([name.decode() for name in names]), needle)
    steps = 1
    while search.step():
        steps += 1
    assert steps > 1
    assert list(search.hits) == [needle in b"/" + name + b"/" for name in names]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab.\x01", min_size=1, max_size=5), min_size=1, max_size=5), st.text("ab.\x01", min_size=1))
def test_names_of_which_most_contain_a_text(parts: list[str], text: str) -> None:
    """So many of them that texts are replaced, of whatever length, side by side and one over the other."""
    names = sorted({f"{part}{number}{part}".encode() for part in parts for number in range(150)})
    join = joined([name.decode() for name in names])
    for needle in (text.encode(), b"/" + text.encode(), text.encode() + b"/", b"/" + names[7] + b"/"):
        found = whole(NameSearch(join, needle)).hits
        assert list(found) == [needle in b"/" + name + b"/" for name in names], needle


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**40) | st.integers(0, 9), max_size=30), st.integers(0, 2**41), st.integers(0, 2**41))
def test_sizes_between_two(sizes: list[int], low: int, high: int) -> None:
    outline = outline_of(tree_of([[(f"{number:02}", FILE, size, 0) for number, size in enumerate(sizes)]]))
    view, classes = view_of(outline, -1, 0), whole(SizeClasses(outline)).classes
    for first, last in (
        (low, high),
        *((size, size) for size in sizes),
        *((size - 1, size + 1) for size in sizes if size),
    ):
        found = whole(SizeSearch(outline, view, classes, mask_of(outline, -1), first, last)).hits
        assert list(found) == [first <= size <= last for size in sizes]


@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_searches_agree_with_each_path(layers: list[list[Entry]]) -> None:
    tree = tree_of(layers)
    outline = outline_of(tree)
    last = len(layers) - 1
    view = view_of(outline, last - 1, last)
    there = bytearray(mark > 0 for mark in view.marks)
    text = whole(NameJoin(outline, True)).joined
    assert text.split(b"/")[1:-1] == [tree.names[node].lower() for node in outline.nodes]
    touched = whole(TouchSearch(outline, last)).hits
    sized = whole(SizeSearch(outline, view, whole(SizeClasses(outline)).classes, there, 10, 50)).hits
    rare = whole(RareMarks(outline)).mask
    in_a = whole(PathSearch(outline, there, [b"a"], True)).hits
    for position, node in enumerate(outline.nodes):
        version = view.version(position)
        versions = []
        step = tree.newest(node)
        while step >= 0:
            versions.append(step)
            step = tree.older(step)
        assert touched[position] == any(last in (tree.version_layer(v), tree.ended(v)) for v in versions)
        assert sized[position] == (there[position] and 10 <= view.sizes[position] <= 50)
        parent = outline.parent(position)
        assert in_a[position] == (there[position] and parent >= 0 and tree.names[outline.nodes[parent]].endswith(b"a"))
        if any(properties(outline, v) & RARE for v in versions):
            assert rare[position]
        for wanted in (1, 2, 2048):
            hits = whole(KindSearch(view, outline, there, wanted)).hits
            assert hits[position] == (version >= 0 and properties(outline, version) & wanted == wanted)
