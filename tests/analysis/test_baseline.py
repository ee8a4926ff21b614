"""Baselines: sums that add up, deltas that explain the growth, files that are refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handmade import Entry, file, folder, hard_link, make_image, make_index, opaque, whiteout
from handmade import HandmadeSource as Source
from layerscope.analysis.baseline import (
    Baseline,
    LayerLine,
    baseline_of,
    compare,
    from_document,
    is_better,
    to_document,
)
from layerscope.analysis.model import Delta, FolderDelta
from layerscope.analysis.rules import Scoring, Status, judge, make_rule
from layerscope.analysis.summary import analyse
from layerscope.errors import ConfigError
from layerscope.index import build_index
from layerscope.sources.model import HistoryEntry

PATHS = st.lists(st.sampled_from(["a", "b", ".c"]), min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 9)),
    st.builds(folder, PATHS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)
WITHOUT_LINKS = st.one_of(st.builds(folder, PATHS), st.builds(whiteout, PATHS), st.builds(opaque, PATHS))
LAYERS = st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=4)


def figures(layers: list[list[Entry]]) -> Baseline:
    """The baseline of an image of these layers."""
    return baseline_of(analyse(make_index(layers)))


@given(LAYERS)
def test_folders_and_reasons_add_up(layers: list[list[Entry]]) -> None:
    made = figures(layers)
    assert sum(made.folders.values()) == made.size_bytes
    assert sum(made.waste.values()) == made.wasted_bytes
    assert sum(layer.bytes for layer in made.layers) == made.size_bytes
    expected: Counter[str] = Counter()
    for layer in layers:
        for entry in layer:
            expected[entry.path.partition("/")[0] if "/" in entry.path else "."] += len(entry.data)
    assert made.folders == {name: count for name, count in expected.items() if count}
    assert made.readable is not None
    assert made.readable.keys() == made.folders.keys()
    assert sum(made.readable.values()) == made.size_bytes - made.wasted_bytes
    assert all(0 <= count <= made.folders[name] for name, count in made.readable.items())


@given(st.lists(st.lists(st.one_of(st.builds(file, PATHS, st.integers(0, 9)), WITHOUT_LINKS), max_size=8), max_size=4))
def test_what_is_readable_of_a_folder_is_what_lies_in_it_in_the_end(layers: list[list[Entry]]) -> None:
    expected: Counter[str] = Counter()
    tree = analyse(make_index(layers)).tree
    assert tree is not None
    waiting = [(node, name.decode(), ".") for name, node in tree.live.get(0, {}).items()]
    while waiting:
        node, name, top = waiting.pop()
        expected[top] += tree.size(tree.newest(node))
        below = name if top == "." else top
        waiting += ((child, below, below) for child in tree.live.get(node, {}).values())
    made = figures(layers)
    assert {name: count for name, count in (made.readable or {}).items() if count} == +expected


@given(LAYERS, LAYERS)
def test_deltas_add_up_to_the_growth(before: list[list[Entry]], after: list[list[Entry]]) -> None:
    old, new = figures(before), figures(after)
    comparison = compare(old, new)
    growth = new.size_bytes - old.size_bytes
    assert comparison.growth_bytes == growth
    assert sum(delta.bytes for delta in comparison.folders) == growth
    assert sum(delta.bytes for delta in comparison.waste) == comparison.wasted_growth_bytes
    back = compare(new, old)
    assert back.growth_bytes == -growth


@given(LAYERS)
def test_a_file_gives_back_what_was_put_in(layers: list[list[Entry]]) -> None:
    made = figures(layers)
    assert from_document(json.loads(json.dumps(to_document(made))), "x") == made
    same = compare(made, made)
    assert (same.layers, same.folders, same.waste, same.new_layers) == ((), (), (), ())


def test_a_baseline_that_does_not_tell_what_is_readable_is_read_all_the_same() -> None:
    before = figures([[file("var/a", 5)]])
    document = to_document(before)
    assert document.pop("readable") == {"var": 5}
    old = from_document(document, "x")
    assert old == before._replace(readable=None)
    assert to_document(old) == document
    after = figures([[file("var/a", 5)], [file("var/b", 3)], [whiteout("var/b")]])
    assert compare(old, after).folders == (FolderDelta("var", 5, 8, None, 5),)
    assert compare(before, after).folders == (FolderDelta("var", 5, 8, 5, 5),)
    assert not compare(after, old).folders[0].unreadable


def baseline(*layers: tuple[str, int, str]) -> Baseline:
    """A baseline of these layers: diff id, bytes, command."""
    lines = tuple(LayerLine(*layer) for layer in layers)
    return Baseline("old", "linux/amd64", sum(line.bytes for line in lines), 0, lines)


def test_layers_are_told_by_their_ids_and_paired_by_their_commands() -> None:
    before = baseline(("1", 100, "FROM"), ("2", 50, "COPY . /app"), ("3", 7, "RUN a"), ("9", 0, "WORKDIR"))
    after = baseline(
        ("1", 100, "FROM"), ("4", 80, "COPY . /app"), ("5", 9, "RUN b"), ("9", 0, "WORKDIR"), ("9", 0, "X")
    )
    comparison = compare(before, after)
    assert comparison.layers == (
        Delta("COPY . /app", 50, 80),
        Delta("RUN b", 0, 9),
        Delta("RUN a", 7, 0),
        Delta("X", 0, 0),
    )
    assert comparison.new_layers == (1, 2, 4)
    assert (comparison.growth_bytes, comparison.growth_percent) == (32, 32 / 157)


def test_growth_over_nothing_is_infinite_and_fails() -> None:
    assert compare(baseline(), baseline(("1", 1, ""))).growth_percent == float("inf")
    assert compare(baseline(), baseline()).growth_percent == 0


def grown() -> Any:
    """An analysis beside its baseline: one layer more, a wasted file more."""
    small = [[file("a", 100)], [file("app/b", 50)]]
    large = [*small, [file("a", 70), file("opt/c", 5)]]
    history = [HistoryEntry("FROM"), HistoryEntry("COPY"), HistoryEntry("RUN it")]
    image = make_image(large, history)
    analysis = analyse(build_index(Source(image)))
    analysis.comparison = compare(figures(small), baseline_of(analysis))
    return analysis


@pytest.mark.parametrize(
    ("name", "limit", "status"),
    [
        ("max-growth", "75", Status.PASS),
        ("max-growth", "74", Status.FAIL),
        ("max-growth-percent", "50%", Status.PASS),
        ("max-growth-percent", "0.49", Status.FAIL),
        ("max-wasted-growth", "100", Status.PASS),
        ("max-wasted-growth", "99", Status.FAIL),
    ],
)
def test_limits_of_growth(name: str, limit: str, status: Status) -> None:
    (result,) = judge(grown(), [make_rule(name, limit, Scoring.TRUE)])
    assert result.status is status


def test_a_copy_of_the_classic_builder_is_no_new_layer() -> None:
    before, after = (
        Baseline("x", "linux/amd64", size, 0, (LayerLine(digest, size, f"COPY --chown=1:1dir:{digest} in /app"),))
        for size, digest in ((100, "1" * 64), (103, "2" * 12))
    )
    (delta,) = compare(before, after).layers
    assert (delta.before, delta.after, delta.name) == (100, 103, after.layers[0].command)


def test_growth_names_what_is_new_and_its_cure() -> None:
    (result,) = judge(grown(), [make_rule("max-growth", "0", Scoring.TRUE)])
    told = [(finding.path, finding.bytes, finding.layer) for finding in result.findings]
    assert told == [("", 75, 2)]
    assert result.findings[0].cause == "Layer 3 is new (RUN it)"
    cure = "The base image brings it: leave it as it is, or choose a base that has it right."
    assert result.findings[0].cure == f"It makes 100 B waste. {cure}"
    (wasted,) = judge(grown(), [make_rule("max-wasted-growth", "0", Scoring.TRUE)])
    (finding,) = wasted.findings
    assert (finding.bytes, finding.layer) == (100, 2)
    assert finding.cause == "What is overwritten grew from 0 B to 100 B."
    assert finding.cure == f"Layer 3 makes the most of it. {cure}"


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [((9, 3), (8, 3), True), ((9, 3), (9, 2), True), ((9, 3), (9, 3), False), ((9, 3), (8, 4), False)],
)
def test_better(before: tuple[int, int], after: tuple[int, int], better: bool) -> None:
    old, new = (Baseline("x", "", size, wasted) for size, wasted in (before, after))
    assert is_better(old, new) is better


GOOD = to_document(baseline(("1", 100, "FROM")))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "is no baseline"),
        ({}, "is no baseline"),
        ({"schemaVersion": 1, "image": {}}, "is no baseline"),
        ({**GOOD, "schemaVersion": 2}, "has the schema version 2; this layerscope reads 1"),
        ({**GOOD, "schemaVersion": "1"}, "has the schema version '1'"),
        ({**GOOD, "sizeBytes": -1}, "-1 is no count"),
        ({**GOOD, "sizeBytes": 10**400}, "is no count"),
        ({**GOOD, "sizeBytes": True}, "True is no count"),
        ({**GOOD, "sizeBytes": 1.5}, "1.5 is no count"),
        ({**GOOD, "reference": None}, "None is no text"),
        ({**GOOD, "layers": [1]}, "lacks something"),
        ({**GOOD, "layers": None}, "lacks something"),
        ({**GOOD, "layers": [{"diffId": "1"}]}, "lacks something: 'sizeBytes'"),
        ({**GOOD, "folders": [1]}, "lacks something"),
        ({**GOOD, "waste": {"removed": "1"}}, "'1' is no count"),
        ({name: value for name, value in GOOD.items() if name != "waste"}, "lacks something: 'waste'"),
    ],
)
def test_what_is_no_baseline(document: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_document(document, "b.json")
    assert caught.value.sentence.startswith("b.json ")
    assert told in caught.value.sentence
