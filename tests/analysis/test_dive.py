"""dive's figures: against a slow model, its own unit test, and its figures for its own images."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divefigures import IMAGES, analysed
from handmade import Entry, file, folder, hard_link, make_index, opaque, whiteout
from layerscope.analysis.rules import Scoring, Status, judge, make_rule, passed
from layerscope.analysis.summary import analyse
from layerscope.core.dive import DiveSums
from layerscope.errors import ConfigError
from naive_dive import naive_figures

NAMES = st.sampled_from(["a", "b", ".c", "-d"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 9)),
    st.builds(folder, PATHS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)


@settings(max_examples=400)
@given(st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=5))
def test_one_growing_stack_gives_what_many_stacks_give(layers: list[list[Entry]]) -> None:
    dive = analyse(make_index(layers)).dive
    efficiency, wasted, repeated = naive_figures(layers)
    assert (dive.efficiency, dive.wasted_bytes) == (efficiency, wasted)
    assert {row.path[1:]: (row.count, row.bytes) for row in dive.inefficiencies} == repeated


# dive.md, section 2: what dive says, where the truth differs.
@pytest.mark.parametrize(
    ("layers", "efficiency", "wasted", "percent"),
    [
        ([[file("a", 100)], [file("a", 100)]], 0.5, 200, 2.0),
        ([[folder("d"), file("d/x", 1000)], [whiteout("d")]], 1.0, 0, math.nan),
        ([[folder("d")], [folder("d"), file("d/x", 500)], [whiteout("d")]], None, 500, 1.0),
        ([[file("d/x", 60)], [file("d/y", 40), opaque("d")]], 1.0, 0, 0.0),
        ([[file("a", 100)], [whiteout("a")]], 0.0, 100, math.inf),
        ([[file("a", 100)]], 1.0, 0, math.nan),
        ([[file("a", 20)], [whiteout("a"), file("a", 20)], [file("a", 20)]], 0.0, 60, 1.5),
        (
            [
                [file("etc/nginx/nginx.conf", 2000), file("etc/nginx/public", 3000)],
                [file("etc/nginx/nginx.conf", 5000), file("etc/athing", 10000)],
                [whiteout("etc/nginx")],
            ],
            0.75,
            7000,
            7000 / 15000,
        ),
        ([[]], 1.0, 0, math.nan),
    ],
)
def test_known_cases(layers: list[list[Entry]], efficiency: float | None, wasted: int, percent: float) -> None:
    dive = analyse(make_index(layers)).dive
    assert dive.wasted_bytes == wasted
    assert dive.user_wasted_percent == pytest.approx(percent, rel=0, abs=0, nan_ok=True)
    if efficiency is not None:
        assert dive.efficiency == efficiency


@pytest.fixture(scope="session")
def expected(corpus: Path) -> dict[str, Any]:
    """What dive says of its own images."""
    found: dict[str, Any] = json.loads((corpus / "dive" / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.corpus
@pytest.mark.parametrize("name", IMAGES)
def test_figures_equal_dives(corpus: Path, expected: dict[str, Any], name: str) -> None:
    (image,) = (image for image in expected["dive_test_images"] if image["file"] == name)
    with analysed(corpus, name) as analysis:
        dive = analysis.dive
    known = image["analysis"]
    assert dive.efficiency == known["efficiencyScore"]
    assert dive.wasted_bytes == known["wastedBytes"]
    assert dive.size_bytes == known["sizeBytes"]
    assert dive.user_size_bytes == known["userSizeBytes"]
    assert str(dive.user_wasted_percent).replace("nan", "NaN") == str(known["userWastedPercent"])
    listed = sorted((row["file"], row["count"], row["sizeBytes"]) for row in image["inefficiencies"])
    assert sorted((row.path, row.count, row.bytes) for row in dive.inefficiencies) == listed


@pytest.mark.corpus
def test_verdicts_equal_dives(corpus: Path, expected: dict[str, Any]) -> None:
    names = ("lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent")
    words = {Status.PASS: "PASS", Status.FAIL: "FAIL", Status.SKIP: "SKIP"}
    with analysed(corpus, "test-docker-image.tar") as analysis:
        for case in expected["evaluator_cases_on_test-docker-image"]:
            rules = [make_rule(name, value, Scoring.DIVE) for name, value in zip(names, case["rules"], strict=True)]
            results = judge(analysis, rules)
            assert passed(results) == case["pass"]
            assert {result.rule.name: words[result.status] for result in results} == case["status"]


@pytest.mark.corpus
def test_values_that_dive_refuses_are_refused(expected: dict[str, Any]) -> None:
    for case in expected["invalid_rule_values"]:
        for name, value in case.items():
            with pytest.raises(ConfigError):
                make_rule(name, value, Scoring.DIVE)


def test_the_sums_come_back_often() -> None:
    names = [f"d/{number}" for number in range(20_000)]
    lower = [file(name, 3) for name in names]
    tree = make_index([lower, lower, [whiteout("d")]]).tree
    sums = DiveSums(tree)
    steps = sum(1 for _ in sums.work())
    assert (sums.total, sums.smallest, len(sums.repeated)) == (120_000, 60_000, 20_000)
    assert steps > 60_000 // 4096 * 3  # marked, counted, put on the stack or taken from it
