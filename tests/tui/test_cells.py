"""Text in terminal cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from layerscope.text import printable
from layerscope.tui.cells import bar, cut, cut_middle, fit, wrap
from layerscope.tui.chrome import percent
from layerscope.tui.selection import Selection

TEXTS = st.text().map(printable)


@given(TEXTS, st.integers(0, 40))
def test_nothing_is_wider_than_asked_for(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(cut_middle(text, width)) <= width
    assert cell_len(fit(text, width)) == width


@given(TEXTS, st.integers(2, 40))
def test_wrapped_text_is_whole(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_path_keeps_its_end() -> None:
    assert cut_middle("/usr/local/lib/python3.11/site-packages/six.py", 20).endswith("ckages/six.py")


@pytest.mark.parametrize(
    ("useful", "wasted", "expected"),
    [
        (0, 0, ("", "")),
        (100, 0, ("████████", "")),
        (0, 100, ("", "░░░░░░░░")),
        (50, 50, ("████", "░░░░")),
        (96, 4, ("████████", "")),
        (6, 0, ("▌", "")),
        (1, 0, ("▏", "")),
        (0, 1, ("", "░")),
        (4, 4, ("▋", "")),  # a lone cell is for the larger share
        (3, 5, ("", "░")),
        (13, 12, ("█", "░")),
    ],
)
def test_bar_shows_useful_and_wasted_bytes(useful: int, wasted: int, expected: tuple[str, str]) -> None:
    assert bar(useful, wasted, 100, 8) == expected


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 30))
def test_the_larger_share_is_always_seen(useful: int, wasted: int, others: int, width: int) -> None:
    full, light = bar(useful, wasted, max(useful + wasted, others), width)
    assert bool(full + light) == bool(useful + wasted)
    assert full or useful <= wasted
    assert light or wasted <= useful


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 30))
def test_bar_fits(useful: int, wasted: int, width: int) -> None:
    assert len("".join(bar(useful, wasted, useful + wasted, width))) <= width


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.0, "0 %"), (0.874, "87 %"), (1.0, "100 %"), (0.9999, ">99.9 %"), (0.997, "99.7 %"), (0.0001, "<0.1 %")],
)
def test_percent_is_never_rounded_to_all_or_nothing(ratio: float, words: str) -> None:
    assert percent(ratio) == words


def test_selection_says_what_it_compares() -> None:
    one = Selection(4)
    assert (one.first, one.last, one.words) == (4, 4, "changes in this layer")
    upto = Selection(4, upto=True)
    assert (upto.first, upto.last, upto.words) == (1, 4, "changes of layers 2-5")
    assert Selection(0, upto=True).first == 0
    ranged = one.ranged().moved(2)
    assert (ranged.first, ranged.last) == (2, 4)
    assert [layer for layer in range(6) if ranged.covers(layer)] == [2, 3, 4]
    assert ranged.ranged().anchor is None
