"""Waste items: the worked cases of the scoring, what rolls up, and that every byte is explained once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import effort
from handmade import Entry, file, folder, hard_link, make_index, opaque, whiteout
from layerscope.analysis.model import Analysis
from layerscope.analysis.summary import analyse
from layerscope.tui.entrywords import note

Layers = Sequence[Sequence[Entry]]
#: path, bytes, files, reason, stored in, wasted by
Row = tuple[str, int, int, str, tuple[int, ...], int]


def rows(layers: Layers) -> list[Row]:
    """The waste items of an image in short."""
    return [
        (item.path, item.bytes, item.files, item.reason, item.stored_in, item.wasted_by)
        for item in analyse(make_index(layers)).waste
    ]


WORKED: list[tuple[str, Layers, int, int, float, list[Row]]] = [
    (
        "other bytes",
        [[file("a", 100)], [file("a", 100, b"y")]],
        200,
        100,
        0.5,
        [("a", 100, 1, "overwritten", (0,), 1)],
    ),
    (
        "same bytes",
        [[file("a", 100)], [file("a", 100, owner=(1, 1))]],
        200,
        100,
        0.5,
        [("a", 100, 1, "rewritten", (0,), 1)],
    ),
    (
        "directory removed",
        [[file("d/x", 60), file("d/y", 40)], [whiteout("d")]],
        100,
        100,
        0.0,
        [("d/", 100, 2, "removed", (0,), 1)],
    ),
    (
        "opaque",
        [[file("d/x", 60)], [file("d/y", 40), opaque("d")]],
        100,
        60,
        0.4,
        [("d/x", 60, 1, "hidden", (0,), 1)],
    ),
    ("hard link keeps", [[file("a", 100), hard_link("b", "a")], [whiteout("a")]], 100, 0, 1.0, []),
    (
        "hard link goes too",
        [[file("a", 100), hard_link("b", "a")], [whiteout("a"), whiteout("b")]],
        100,
        100,
        0.0,
        [("a", 100, 1, "removed", (0,), 1)],
    ),
    (
        "whiteout of its own layer",
        [[file("a", 100)], [file("a", 30), whiteout("a")]],
        130,
        100,
        0.2308,
        [("a", 100, 1, "overwritten", (0,), 1)],
    ),
    ("absent whiteout", [[file("a", 100)], [whiteout("zzz")]], 100, 0, 1.0, []),
    ("nothing below", [[whiteout("a"), file("a", 100)]], 100, 0, 1.0, []),
    ("twice", [[file("a", 10), file("a", 20)]], 30, 10, 0.6667, [("a", 10, 1, "duplicate", (0,), 0)]),
    (
        "other kind",
        [[file("p", 50)], [file("p/q", 5)]],
        55,
        50,
        0.0909,
        [("p", 50, 1, "replaced", (0,), 1)],
    ),
    ("empty", [[]], 0, 0, 1.0, []),
]


@pytest.mark.parametrize(
    ("name", "layers", "size", "wasted", "efficiency", "items"), WORKED, ids=[w[0] for w in WORKED]
)
def test_worked_cases(name: str, layers: Layers, size: int, wasted: int, efficiency: float, items: list[Row]) -> None:
    figures = analyse(make_index(layers)).figures
    assert (figures.size_bytes, figures.wasted_bytes, round(figures.efficiency, 4)) == (size, wasted, efficiency)
    assert rows(layers) == items


ROLLUPS: list[tuple[str, Layers, list[Row]]] = [
    (
        "all files of a directory that stays",
        [[file("d/x", 6), file("d/y", 4)], [whiteout("d/x"), whiteout("d/y")]],
        [("d/", 10, 2, "removed", (0,), 1)],
    ),
    (
        "not all of them",
        [[file("d/x", 6), file("d/y", 4), file("d/z", 1)], [whiteout("d/x"), whiteout("d/y")]],
        [("d/x", 6, 1, "removed", (0,), 1), ("d/y", 4, 1, "removed", (0,), 1)],
    ),
    (
        "one file of a directory that goes",
        [[file("d/e/x", 6)], [whiteout("d")]],
        [("d/", 6, 1, "removed", (0,), 1)],
    ),
    (
        "one file of a directory that stays",
        [[folder("d"), file("d/e/x", 6)], [whiteout("d/e/x")]],
        [("d/e/x", 6, 1, "removed", (0,), 1)],
    ),
    (
        "several layers, several depths",
        [[file("d/x", 6)], [file("d/e/y", 4)], [file("d/e/f/z", 1)], [whiteout("d")]],
        [("d/", 11, 3, "removed", (0, 1, 2), 3)],
    ),
    (
        "chown of everything",
        [[file("app/a", 6), file("app/b/c", 4)], [file("app/a", 6, owner=(1, 1)), file("app/b/c", 4, owner=(1, 1))]],
        [("app/", 10, 2, "rewritten", (0,), 1)],
    ),
    (
        "removed and made again",
        [[file("d/x", 6), file("d/y", 4)], [whiteout("d"), file("d/x", 3)]],
        [("d/x", 6, 1, "overwritten", (0,), 1), ("d/y", 4, 1, "removed", (0,), 1)],
    ),
    (
        "different causes at once",
        [[file("d/x", 6), file("d/y", 4)], [whiteout("d/x"), file("d/y", 4, b"z")]],
        [("d/x", 6, 1, "removed", (0,), 1), ("d/y", 4, 1, "overwritten", (0,), 1)],
    ),
    (
        "empty files count where their directory goes",
        [[file("d/x", 6), file("d/__init__.py"), file("d/y", 1)], [whiteout("d")]],
        [("d/", 7, 3, "removed", (0,), 1)],
    ),
    (
        "a directory becomes a file",
        [[file("d/x", 6), file("d/y", 4)], [file("d", 1)]],
        [("d/", 10, 2, "replaced", (0,), 1)],
    ),
    (
        "what an opaque directory hides",
        [[file("d/s/x", 6), file("d/t/y", 4)], [opaque("d"), file("d/n", 1)]],
        [("d/", 10, 2, "hidden", (0,), 1)],
    ),
    (
        "the root never rolls up",
        [[file("a", 6), file("b", 4)], [whiteout("a"), whiteout("b")]],
        [("a", 6, 1, "removed", (0,), 1), ("b", 4, 1, "removed", (0,), 1)],
    ),
    (
        "a name kept elsewhere",
        [[file("d/x", 6), file("d/y", 4), hard_link("k", "d/x")], [whiteout("d")]],
        [("d/", 4, 1, "removed", (0,), 1)],
    ),
    (
        "the last name of bytes that outlived their first",
        [[file("d/x", 6), hard_link("k", "d/x")], [whiteout("d/x")], [whiteout("k")]],
        [("k", 6, 1, "removed", (0,), 2)],
    ),
    (
        "written three times",
        [[file("a", 1)], [file("a", 2)], [file("a", 3)]],
        [("a", 2, 1, "overwritten", (1,), 2), ("a", 1, 1, "overwritten", (0,), 1)],
    ),
]


@pytest.mark.parametrize(("name", "layers", "items"), ROLLUPS, ids=[case[0] for case in ROLLUPS])
def test_roll_up(name: str, layers: Layers, items: list[Row]) -> None:
    assert rows(layers) == items


@pytest.mark.parametrize(
    ("change", "attributes"),
    [
        ({"owner": (0, 5)}, ("owner",)),
        ({"mode": 0o600}, ("mode",)),
        ({"mtime": 1}, ("time",)),
        ({"xattrs": {"user.a": "b"}}, ("xattrs",)),
        ({"owner": (7, 0), "mtime": 1}, ("owner", "time")),
        ({}, ()),
    ],
)
def test_rewritten_says_what_changed(change: dict[str, Any], attributes: tuple[str, ...]) -> None:
    (item,) = analyse(make_index([[file("a", 9)], [file("a", 9, **change)]])).waste
    assert (item.reason, item.attributes) == ("rewritten", attributes)


def test_copies_count_the_living_one() -> None:
    (older, oldest) = analyse(make_index([[file("a", 1)], [file("a", 2)], [file("a", 3)]])).waste
    assert (older.copies, oldest.copies) == (3, 3)
    (removed,) = analyse(make_index([[file("a", 1)], [whiteout("a")]])).waste
    assert removed.copies == 1


NAMES = st.sampled_from(["a", "b", "c", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 9), st.sampled_from([b"x", b"y"])),
    st.builds(folder, PATHS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)
IMAGES = st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=5)


@settings(max_examples=300)
@given(IMAGES)
def test_items_explain_every_wasted_byte_once(layers: list[list[Entry]]) -> None:
    analysis = analyse(make_index(layers))
    figures = analysis.figures
    assert sum(item.bytes for item in analysis.waste) == figures.wasted_bytes
    assert 0 <= figures.wasted_bytes <= figures.size_bytes
    assert 0 <= figures.efficiency <= 1
    assert 0 <= figures.user_wasted_percent <= 1
    for layer in analysis.layers:
        by = sum(item.bytes for item in analysis.waste if item.wasted_by == layer.index)
        assert by == layer.wasted_by_bytes
    for item in analysis.waste:
        assert item.bytes > 0
        assert item.files >= 1
        assert item.stored_in
        assert all(layer <= item.wasted_by for layer in item.stored_in)


@settings(max_examples=100)
@given(IMAGES)
def test_every_base_gives_a_share(layers: list[list[Entry]]) -> None:
    index = make_index(layers)
    for base in range(len(layers) + 1):
        figures = analyse(index, base=base).figures
        assert 0 <= figures.user_wasted_percent <= 1
        assert figures.user_wasted_bytes == sum(index.tree.wasted_by[base:])


def test_a_deep_tree_needs_no_recursion() -> None:
    path = "/".join(["d"] * 3000)
    assert rows([[file(f"{path}/a", 1), file(f"{path}/b", 1)], [whiteout("d")]]) == [("d/", 2, 2, "removed", (0,), 1)]


def deletions(count: int) -> Analysis:
    """The analysis of an image with so many files, half of them deleted."""
    below = [file(f"d{number % 97}/s{number % 7}/{number}", 1) for number in range(count)]
    gone = [whiteout(entry.path) for entry in below[::2]]
    return analyse(make_index([below, gone]))


def test_ten_times_the_deletions_are_ten_times_the_work() -> None:
    few, many = deletions(700), deletions(7000)
    assert effort(lambda: many.waste) < 11 * effort(lambda: few.waste)
    assert sum(item.bytes for item in many.waste) == many.figures.wasted_bytes == 3500


def test_a_row_says_what_the_waste_says() -> None:
    changed = [replace(file("same", 5), owner=(1, 1)), file("other", 5, b"y"), file("longer", 6)]
    index = make_index([[file("same", 5), file("other", 5), file("longer", 5)], changed])
    tree = index.tree
    firsts = {path: tree.older(tree.newest(tree.find(path))) for path in (b"same", b"other", b"longer")}
    assert {note(tree, version) for version in firsts.values()} == {"overwritten in 2"}
    reasons = {item.path: item.reason for item in analyse(index).waste}
    assert {path.decode(): note(tree, version) for path, version in firsts.items()} == {
        path: f"{reason} in 2" for path, reason in reasons.items()
    }
    assert set(reasons.values()) == {"rewritten", "overwritten"}
