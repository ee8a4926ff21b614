"""dive's figures of an image, bit for bit, in time linear in its entries (scoring.md, section 2)."""

from __future__ import annotations

from functools import cache
from math import inf, nan

from layerscope.analysis.model import DiveFigures, DiveInefficiency
from layerscope.core.dive import DiveSums
from layerscope.core.tree import ImageTree
from layerscope.text import decode


def find_dive_figures(tree: ImageTree) -> DiveFigures:
    """dive's efficiency, wasted bytes and user wasted percent, and the paths that it lists."""
    sums = DiveSums(tree)
    for _ in sums.work():
        pass
    wasted = sum(int(found.total) for found in sums.repeated.values())
    size, user_size = sum(sums.layer_bytes), sum(sums.layer_bytes[1:])

    @cache
    def find_inefficiencies() -> tuple[DiveInefficiency, ...]:
        rows = [
            DiveInefficiency(decode(sums.paths.written(path)), int(found.count), int(found.total))
            for path, found in sums.repeated.items()
        ]
        rows.sort(key=lambda row: (-row.bytes, row.path))
        return tuple(rows)

    # Divisions of integers, as dive divides them.
    smallest, total = int(sums.smallest), int(sums.total)
    return DiveFigures(
        efficiency=smallest / total if total else 1.0,
        wasted_bytes=wasted,
        user_wasted_percent=wasted / user_size if user_size else (inf if wasted else nan),
        size_bytes=size,
        user_size_bytes=user_size,
        find_inefficiencies=find_inefficiencies,
    )
