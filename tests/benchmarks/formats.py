"""How long each format takes to render an image with 100,000 waste items; prints seconds of CPU as JSON."""

from __future__ import annotations

import io
import json
import sys
import time

from layerscope.analysis.model import (
    Analysis,
    DiveFigures,
    DiveInefficiency,
    Figures,
    LayerFigures,
    Location,
    Subject,
    WasteItem,
)
from layerscope.analysis.rules import Scoring, judge, make_rule
from layerscope.report import FORMATS, write_report

ITEMS = 100_000
LAYERS = 40


def make_analysis() -> Analysis:
    """An analysis whose items lie in many layers, each with a line of a Dockerfile."""
    layers = [
        LayerFigures(number, f"sha256:{number:064x}", "", "", ITEMS, None, ITEMS, ITEMS, 1, 1, 1, "RUN make", "", False)
        for number in range(LAYERS)
    ]
    waste = [
        WasteItem(f"usr/lib/some/where/{number}", 10, 1, 2, "removed", (number % (LAYERS - 1),), LAYERS - 1)
        for number in range(ITEMS)
    ]
    rows = tuple(DiveInefficiency(f"/usr/lib/some/where/{number}", 2, 20) for number in range(ITEMS))
    wasted = ITEMS * 10
    return Analysis(
        subject=Subject("some/image:1"),
        figures=Figures(LAYERS * ITEMS, wasted, 0.5, LAYERS * ITEMS, wasted, 0.5, ITEMS, ITEMS),
        layers=layers,
        history=[],
        base_layers=1,
        base_found_by="",
        warnings=[],
        find_waste=lambda: waste,
        find_dive=lambda: DiveFigures(0.5, 2 * wasted, 0.5, LAYERS * ITEMS, ITEMS, lambda: rows),
        dockerfile="Dockerfile",
        locations={number: Location("Dockerfile", number + 2, number + 2) for number in range(LAYERS)},
    )


def main() -> None:
    """Render each format once as a report and once as a failed check; the slower of the two counts."""
    analysis = make_analysis()
    results = judge(analysis, [make_rule("max-wasted", "1", Scoring.TRUE)])
    seconds = {}
    for form in FORMATS:
        costs = []
        for judged in (None, results):
            started = time.process_time()
            write_report(analysis, form, io.StringIO(), judged)
            costs.append(time.process_time() - started)
        seconds[form] = max(costs)
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main()
