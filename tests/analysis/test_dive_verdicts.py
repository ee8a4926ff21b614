"""dive's verdicts: over a grid of thresholds around its own figures, by its own comparisons."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divefigures import IMAGES, analysed
from handmade import Entry, file, make_index, whiteout
from layerscope.analysis.rules import Scoring, Status, judge, make_rule, passed
from layerscope.analysis.summary import analyse
from naive_dive import naive_figures

# dive's cmd/.../ci/rules.go: efficiency < threshold, wasted > threshold, percent > threshold fail; a comparison
# with NaN is false.
LOW, WASTED, PERCENT = "lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent"
RATIOS = [0.0, 1e-9, 0.1, 0.5, 0.9, 0.95, 0.999999, 1.0]
BYTES = [0, 1, 999, 20_000_000, 20_971_520]


def around(value: float) -> list[float]:
    """A ratio and its two neighbours, as far as dive takes them: from 0 to 1."""
    if not math.isfinite(value):
        return []
    return [near for near in (value, math.nextafter(value, 0), math.nextafter(value, 2)) if 0 <= near <= 1]


def statuses(analysis: Any, low: str, wasted: str, percent: str) -> dict[str, Status]:
    """Our verdicts for three values as a config has them."""
    rules = [make_rule(name, value, Scoring.DIVE) for name, value in ((LOW, low), (WASTED, wasted), (PERCENT, percent))]
    results = judge(analysis, rules)
    assert passed(results) == all(result.status is not Status.FAIL for result in results)
    return {result.rule.name: result.status for result in results}


def verdict(failed: bool) -> Status:
    """As dive says it."""
    return Status.FAIL if failed else Status.PASS


def check_grid(analysis: Any, efficiency: float, wasted: int, percent: float) -> int:
    """Compare over the grid; how many combinations there were."""
    count = 0
    for low in (*RATIOS, *around(efficiency)):
        for most in (*BYTES, wasted, max(0, wasted - 1), wasted + 1):
            for share in (*RATIOS, *around(percent)):
                assert statuses(analysis, repr(low), str(most), repr(share)) == {
                    LOW: verdict(efficiency < low),
                    WASTED: verdict(wasted > most),
                    PERCENT: verdict(percent > share),
                }
                count += 1
    return count


@pytest.mark.corpus
@pytest.mark.parametrize("name", IMAGES)
def test_every_verdict_over_the_grid_is_dives(corpus: Path, name: str) -> None:
    known = json.loads((corpus / "dive" / "expected.json").read_text(encoding="utf-8"))
    (image,) = (image["analysis"] for image in known["dive_test_images"] if image["file"] == name)
    with analysed(corpus, name) as analysis:
        percent = float(image["userWastedPercent"])
        assert check_grid(analysis, image["efficiencyScore"], image["wastedBytes"], percent) >= 500


PATHS = st.sampled_from(["a", "b", "d/a", "d/b"])
ENTRIES = st.one_of(st.builds(file, PATHS, st.integers(0, 9)), st.builds(whiteout, PATHS))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=4))
def test_and_on_any_image(layers: list[list[Entry]]) -> None:
    efficiency, wasted, _ = naive_figures(layers)
    analysis = analyse(make_index(layers))
    user = analysis.dive.user_size_bytes
    percent = wasted / user if user else math.inf if wasted else math.nan
    check_grid(analysis, efficiency, wasted, percent)


def test_switched_off_is_skipped() -> None:
    analysis = analyse(make_index([[file("a", 9)]]))
    assert set(statuses(analysis, "disabled", "disabled", "disabled").values()) == {Status.SKIP}
