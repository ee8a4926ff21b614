"""A few seconds of the fuzzer, the same inputs in every run; ``fuzz.py`` goes on for as long as one likes."""

from __future__ import annotations

import pytest

from . import fuzz
from .fuzz import TARGETS, make_seeds, run_one


@pytest.fixture(scope="module")
def seeds() -> dict[str, list[bytes]]:
    """What the inputs are made from; nothing of the corpus, so that they are the same everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LAYERSCOPE_CORPUS", raising=False)
        return make_seeds()


@pytest.mark.parametrize("name", TARGETS)
def test_random_changes_are_read_or_refused_and_in_every_way_the_same(name: str, seeds: dict[str, list[bytes]]) -> None:
    run_some(name, 400, seeds)


def run_some(name: str, count: int, seeds: dict[str, list[bytes]]) -> None:
    """The first inputs of a target."""
    for number in range(count):
        run_one(name, number, "test", seeds[name])


def test_a_difference_is_found(seeds: dict[str, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    turns = iter(range(10_000))
    monkeypatch.setattr(fuzz, "_facts", lambda _index: iter((next(turns),)))
    with pytest.raises(AssertionError, match="a pipe"):
        run_some("image", 50, seeds)
