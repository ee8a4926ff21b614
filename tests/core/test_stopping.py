"""Reading that is stopped: what had arrived by then is there, and what is a guess is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.test_index import LAYERS, LOWER, SIZES, SOURCES, UPPER, Stream
from layerscope.errors import CancelledError
from layerscope.index import build_index
from layerscope.sources.model import Image, Reader, Visit


@dataclass
class Noted(Stream):
    """Tells which layers have begun to pass."""

    visited: list[str] = field(default_factory=list)

    def read_through(self, visit: Visit) -> Image:
        """Note each, then as ever."""

        def noting(name: str, reader: Reader, size: int) -> None:
            self.visited.append(name)
            visit(name, reader, size)

        return super().read_through(noting)


@pytest.mark.parametrize("kind", SOURCES)
def test_cancelling_keeps_what_had_arrived(kind: str) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    index = build_index(SOURCES[kind]([UPPER, LOWER, UPPER]), cancelled=cancelled)
    assert index.stopped
    assert 0 < sum(len(layer) for layer in index.layers) < 5000 + 5000 + len(SIZES) + 1
    assert index.tree.image_bytes == sum(index.tree.stored)
    assert all("stopped" in sentence for _, sentence in index.faults)


def test_a_passing_source_is_read_no_further_once_stopped() -> None:
    source = Noted([LOWER, UPPER])
    index = build_index(source, cancelled=lambda: len(source.visited) > 1)
    visited = source.visited
    assert visited == ["stranger", "layer1"]
    assert [layer.name for layer in index.image.layers] == visited
    assert index.stopped
    assert "from layer 1 on order and waste are a guess" in index.image.warnings[0]
    assert [number for number, _ in index.faults] == [1]


@pytest.mark.parametrize("whole", [False, True])
def test_of_a_passing_source_that_is_stopped_the_order_is_told_as_far_as_it_is_known(whole: bool) -> None:
    class Knowing(Noted):
        def order(self) -> tuple[list[str], bool]:
            return ["layer0", *(["layer1", "layer2"] if whole else [])], whole

    source = Knowing(LAYERS)
    index = build_index(source, cancelled=lambda: len(source.visited) > 1)
    assert index.stopped
    names = [layer.name for layer in index.image.layers]
    (warning,) = index.image.warnings
    if whole:
        assert names[:3] == ["layer0", "layer1", "layer2"]
        assert "guess" not in warning
    else:
        assert names[:2] == ["layer0", "stranger"]
        assert "from layer 2 on order and waste are a guess" in warning


def test_a_source_that_stops_by_itself_is_an_error() -> None:
    class Ending(Stream):
        def read_through(self, visit: Visit) -> Image:
            raise CancelledError("The user said so.")

    with pytest.raises(CancelledError):
        build_index(Ending([LOWER]))
