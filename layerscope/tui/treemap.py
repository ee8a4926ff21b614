"""Rectangles in proportion to numbers, in terminal cells: a squarified treemap.

Mark Bruls, Kees Huizing, Jarke J. van Wijk: "Squarified Treemaps" (2000). Cells are twice as high as wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: How much higher than wide a cell is.
_ASPECT = 2.0


class Box(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def lay_out(weights: Sequence[int], width: int, height: int) -> list[Box]:
    """A box for each of the first weights, which are positive and descend, as far as boxes have a cell.

    All boxes lie beside each other without gaps; the last one has what is left.
    """
    boxes: list[Box] = []
    left = Box(0, 0, width, height)
    total = float(sum(weights))
    at = 0
    while at < len(weights) and left.width > 0 and left.height > 0 and total > 0:
        upright = left.width >= left.height * _ASPECT
        length = left.height if upright else left.width
        row = _row(weights, at, left, total, length, upright)
        share = sum(weights[at : at + row])
        across = left.width if upright else left.height
        rest = total - share
        deep = across if rest <= 0 else min(across, max(1, round(across * share / total)))
        boxes += _fill(weights[at : at + row], left, deep, length, upright)
        if upright:
            left = Box(left.x + deep, left.y, left.width - deep, left.height)
        else:
            left = Box(left.x, left.y + deep, left.width, left.height - deep)
        total = rest
        at += row
    return boxes


def _row(weights: Sequence[int], at: int, left: Box, total: float, length: int, upright: bool) -> int:
    """How many of the next weights make one row whose worst box is nearest to a square."""
    scale = left.width * left.height / total
    along = length * (_ASPECT if upright else 1.0)
    best, count = float("inf"), 0
    share = 0.0
    for weight in weights[at:]:
        share += weight
        area = share * scale
        if count and round(length * weight / share) < 1:
            break  # it would have no cell
        deep = area / length * (1.0 if upright else _ASPECT)
        sizes = (along * weights[at] / share, along * weight / share)
        worst = max(max(size / deep, deep / size) for size in sizes) if deep else float("inf")
        if worst > best:
            break
        best = worst
        count += 1
    return max(1, count)


def _fill(weights: Sequence[int], left: Box, deep: int, length: int, upright: bool) -> list[Box]:
    """Boxes along one side; each begins where the sum before it ends, so that rounding leaves no gaps."""
    boxes = []
    total = sum(weights)
    done = start = 0
    for weight in weights:
        done += weight
        stop = round(length * done / total) if total else length
        size = stop - start
        if size > 0:
            boxes.append(
                Box(left.x, left.y + start, deep, size) if upright else Box(left.x + start, left.y, size, deep)
            )
        else:
            boxes.append(Box(left.x, left.y, 0, 0))
        start = stop
    return boxes
