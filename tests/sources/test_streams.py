"""Layers side by side: as many as there are cores, more of them where readers wait for a network; how they wait."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable

import pytest
from urllib3.exceptions import ProtocolError

from images import digest, file, make_layer
from layerscope import index
from layerscope.errors import SourceError
from layerscope.sources import registry_blobs
from layerscope.sources.blobs import STEP
from layerscope.sources.documents import Descriptor
from layerscope.sources.model import Image, Layer, Reader
from layerscope.sources.readers import PipeReader

TAR = make_layer([file("a", b"a")])


class Streams:
    """A registry's image of layers that do something before they are opened; how many do it at once, at most."""

    def __init__(self, layers: int, work: Callable[[], None]) -> None:
        self.most = 0
        self.closed = False
        self._running = 0
        self._lock = threading.Lock()
        self._layers = layers
        self._work = work

    def image(self) -> Image:
        """The image; its layers are opened in whichever thread."""
        return Image("it", "registry", layers=[Layer(str(n), opener=self._open) for n in range(self._layers)])

    def close(self) -> None:
        """Take note of it."""
        self.closed = True

    def _open(self) -> Reader:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            self._work()
        finally:
            with self._lock:
                self._running -= 1
        return PipeReader(io.BytesIO(TAR))


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many cores there are."""
    return lambda count: monkeypatch.setattr(index, "usable_processors", lambda: count)


def test_where_all_wait_three_layers_come_at_once_however_few_cores_there_are(cores: Callable[[int], None]) -> None:
    cores(1)
    together = threading.Barrier(3)

    def meet() -> None:
        together.wait(20)

    source = Streams(6, meet)
    built = index.build_index(source)
    assert built.faults == []
    assert source.most == 3


def test_short_layers_do_not_hide_that_all_wait(cores: Callable[[int], None]) -> None:
    cores(1)
    source = Streams(12, lambda: time.sleep(0.1))
    index.build_index(source)
    assert source.most > 1


def test_where_cores_are_busy_there_are_no_more_readers(
    cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(2)
    monkeypatch.setattr(time, "process_time", lambda: 2 * time.monotonic())
    source = Streams(4, lambda: time.sleep(0.6))
    built = index.build_index(source)
    assert source.most == 2
    assert [len(layer) for layer in built.layers] == [1] * 4


def test_what_one_reader_raises_ends_the_others(cores: Callable[[int], None]) -> None:
    cores(2)
    numbers = iter(range(9))

    def work() -> None:
        if next(numbers) == 1:
            raise RuntimeError("a bug")

    source = Streams(9, work)
    with pytest.raises(RuntimeError, match="a bug"):
        index.build_index(source)
    assert source.closed


def test_a_layer_that_cannot_be_opened_is_its_own_fault(cores: Callable[[int], None]) -> None:
    cores(2)
    numbers = iter(range(3))

    def work() -> None:
        if next(numbers) == 1:
            raise SourceError("It is gone.", "")

    built = index.build_index(Streams(3, work))
    assert [fault for _, fault in built.faults] == ["It is gone."]


class Line:
    """A registry's client and its answer: so many bytes come in a second."""

    def __init__(self, blob: bytes, rate: float) -> None:
        self.asked: list[int] = []
        self.breaks: list[int] = []  # reads by their number that the connection does not outlive
        self.now = 0.0
        self._body = io.BytesIO(blob)
        self._rate = rate
        self.transport = self
        self.status = 200
        self.headers: dict[str, str] = {}

    def check(self) -> None:
        """Nobody stops it."""

    def stream(self, _digest: str, start: int, _what: str) -> Line:
        """The answer is the line itself."""
        self.status, self.headers = (206, {"content-range": f"bytes {start}-"}) if start else (200, {})
        return self

    def pause(self, _attempt: int) -> None:
        """No time passes."""

    def close(self) -> None:
        """Nothing."""

    def monotonic(self) -> float:
        """Seconds: what has come so far took so long."""
        return self.now

    def read(self, count: int, *, decode_content: bool) -> bytes:
        """All that is asked for, however long that takes."""
        assert not decode_content
        self.asked.append(count)
        if len(self.asked) in self.breaks:
            raise ProtocolError("it broke")
        self.now += count / self._rate
        return self._body.read(count)


@pytest.mark.parametrize(("rate", "most"), [(100e6, 512 << 10), (2e6, 256 << 10), (1e4, 64 << 10)])
def test_a_slow_line_is_read_in_small_pieces(rate: float, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = os.urandom(8 << 20)
    line = Line(blob, rate)
    monkeypatch.setattr(time, "monotonic", line.monotonic)
    described = Descriptor(digest(blob), size=len(blob))
    reader = registry_blobs.BlobReader(line, described, "It")  # type: ignore[arg-type]
    read = b"".join(iter(lambda: reader.read(STEP), b""))
    assert read == blob
    assert max(line.asked) == most
    assert line.asked[0] == 64 << 10


def test_a_line_that_breaks_is_read_in_small_pieces_again(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = os.urandom(2 << 20)
    line = Line(blob, 100e6)
    line.breaks = [3]
    monkeypatch.setattr(time, "monotonic", line.monotonic)
    reader = registry_blobs.BlobReader(line, Descriptor(digest(blob), size=len(blob)), "It")  # type: ignore[arg-type]
    assert b"".join(iter(lambda: reader.read(STEP), b"")) == blob
    assert [count >> 10 for count in line.asked[:6]] == [64, 128, 256, 64, 128, 256]
