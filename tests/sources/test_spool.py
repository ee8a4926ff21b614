"""What passes is kept: to be read while more of it comes, and for no longer than it is needed."""

from __future__ import annotations

import io
import threading
from contextlib import closing
from pathlib import Path

import pytest

from images import file, make_layer, pack
from layerscope.errors import CancelledError, DamagedImageError, LayerscopeError, SourceError
from layerscope.sources.limits import Limits
from layerscope.sources.model import Reader
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import PipeReader
from layerscope.sources.selection import Wish
from layerscope.sources.spool import Spool
from opening import content

TAR = make_layer([file("a", b"1")])
PIECE = 7_001


def test_a_spool_is_read_at_any_place_while_it_is_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits())
    pieces = [bytes([number % 251]) * PIECE for number in range(1_000)]
    written = 0
    wrong: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            there = written
            kept = spool.file("It")
            for number in {0, there // 2, there - 1}:
                if 0 <= number < there and kept.read_at(number * PIECE, PIECE) != pieces[number]:
                    wrong.append(number)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for piece in pieces:
        spool.write(piece)
        written += 1
    over.set()
    for reader in readers:
        reader.join()
    spool.finish()
    assert wrong == []
    whole = spool.file("It")
    assert whole.read_at(0, 2 * PIECE * len(pieces)) == b"".join(pieces)
    spool.close()
    with pytest.raises(DamagedImageError):
        whole.read_at(0, 10)
    with pytest.raises(SourceError, match="What It held is no longer kept"):
        spool.file("It")


def passing(tmp_path: Path) -> PassingArchive:
    """An archive with a layer and no manifest."""
    stream = io.BytesIO(pack({"layer": TAR, "x": b"no manifest"}))
    return PassingArchive(PipeReader(stream), Wish("-", "stream", limits=Limits()), "It", spool=tmp_path)


def test_what_was_kept_goes_when_it_turns_out_to_be_no_image(tmp_path: Path) -> None:
    with closing(passing(tmp_path)) as source:
        with pytest.raises(LayerscopeError):
            source.read_through(lambda _name, _reader, _size: None)
        layer = source.passed("layer")
        assert layer is not None
        with pytest.raises(SourceError, match="no longer kept"):
            content(layer)


def test_what_was_kept_stays_when_reading_is_stopped(tmp_path: Path) -> None:
    def stop(_name: str, reader: Reader, _size: int) -> None:
        while reader.read(1 << 16):
            pass
        raise CancelledError("Enough.")

    with closing(passing(tmp_path)) as source:
        assert source.passed("layer") is None
        with pytest.raises(CancelledError):
            source.read_through(stop)
        layer = source.passed("layer")
        assert layer is not None
        assert content(layer) == TAR
        assert list(tmp_path.iterdir()) == []
