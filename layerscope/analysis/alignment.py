"""Two sequences put side by side, and which of the pairs are beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SKIP = -1


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best score, and the pairs (row, column) that every way to reach it has in common, in order."""

    score: int
    pairs: tuple[tuple[int, int], ...]


def align(gains: Sequence[Sequence[int]], columns: int) -> Alignment:
    """Put rows beside columns, both in order, for the highest score.

    ``gains[row][column]`` is what a pair gains; below 0 the two are no pair. What stays alone costs 1,
    but for the columns before the first row: they may come from elsewhere. Time and memory: rows × columns.
    """
    rows = len(gains)
    before = _before(gains, columns)
    after = _after(gains, columns)
    best = before[rows][columns]
    pairs = []
    for column in range(columns):
        alone = any(
            before[row][column] + (_SKIP if row else 0) + after[row][column + 1] == best for row in range(rows + 1)
        )
        partners = [
            row
            for row in range(rows)
            if gains[row][column] >= 0 and before[row][column] + gains[row][column] + after[row + 1][column + 1] == best
        ]
        if not alone and len(partners) == 1:
            pairs.append((partners[0], column))
    return Alignment(best, tuple(pairs))


def _before(gains: Sequence[Sequence[int]], columns: int) -> list[list[int]]:
    """The best scores of the first rows beside the first columns."""
    scores = [[0] * (columns + 1)]
    for gain in gains:
        above = scores[-1]
        line = [above[0] + _SKIP]
        for column in range(columns):
            score = max(above[column + 1], line[column]) + _SKIP
            if gain[column] >= 0:
                score = max(score, above[column] + gain[column])
            line.append(score)
        scores.append(line)
    return scores


def _after(gains: Sequence[Sequence[int]], columns: int) -> list[list[int]]:
    """The best scores of the last rows beside the last columns; the columns before the first row are free."""
    rows = len(gains)
    scores = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows, -1, -1):
        for column in range(columns, -1, -1):
            choices = []
            if row < rows:
                choices.append(scores[row + 1][column] + _SKIP)
            if column < columns:
                choices.append(scores[row][column + 1] + (_SKIP if row else 0))
            if row < rows and column < columns and gains[row][column] >= 0:
                choices.append(scores[row + 1][column + 1] + gains[row][column])
            scores[row][column] = max(choices, default=0)
    return scores
