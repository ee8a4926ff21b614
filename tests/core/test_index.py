"""From a source to an index: streams and files alike, progress, cancelling, and what damage leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import xxhash

from core.archives import Forward, Seekable, header, padded, pax
from layerscope import reading
from layerscope.analysis.summary import analyse
from layerscope.core.tar import FILE
from layerscope.errors import DamagedImageError, SourceError
from layerscope.index import ImageIndex, Progress, build_index
from layerscope.sources.limits import Limits
from layerscope.sources.model import Image, Layer, Reader, Visit

END = bytes(1024)
BIG = bytes(range(256)) * 8192


def file(name: bytes, data: bytes) -> bytes:
    """A member and its data, in blocks."""
    return header(name, b"0", b"%o" % len(data)) + padded(data)


def sparse(name: bytes, stored: bytes, size: int) -> bytes:
    """A sparse file as GNU tar writes version 1.0."""
    records = ((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name))
    return pax(*records, (b"GNU.sparse.realsize", b"%d" % size)) + file(b"GNUSparseFile.0/" + name, stored)


SIZES = [0, 1, 511, 512, 513, 100_000, 262_144 - 512, 262_144, 1_048_575, len(BIG)]
LOWER = b"".join(file(b"f%d" % size, BIG[:size]) for size in SIZES) + sparse(b"holes", BIG[:1536], 10**9) + END
MIDDLE = file(b".wh.f1", b"") + file(b"f512", BIG[512:1024]) + header(b"link", b"1", link=b"f513") + END
UPPER = b"".join(file(b"many/%d" % number, b"%d" % number * 20) for number in range(5000)) + END
LAYERS = [LOWER, MIDDLE, UPPER]


@dataclass
class Files:
    """A source whose layers can be opened in any order."""

    layers: list[bytes]
    seekable: bool = True
    readers: list[Seekable] = field(default_factory=list)

    def open(self, number: int) -> Reader:
        """A reader over a layer."""
        self.readers.append((Seekable if self.seekable else Forward)(self.layers[number]))
        return self.readers[-1]

    def layer(self, number: int) -> Layer:
        """One layer as the source describes it."""
        return Layer(f"layer{number}", seekable=self.seekable, opener=lambda: self.open(number))

    def image(self) -> Image:
        """All layers in order."""
        return Image("sample", "test", layers=[self.layer(number) for number in range(len(self.layers))])

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Stream:
    """A source whose layers pass once, the uppermost first, with one more that the image does not have."""

    layers: list[bytes]
    piece: int = 100_003
    missing: int = -1

    def read_through(self, visit: Visit) -> Image:
        """Show all, then tell which there are."""
        visit("stranger", Forward(MIDDLE), len(MIDDLE))
        for number, data in reversed(list(enumerate(self.layers))):
            if number != self.missing:
                visit(f"layer{number}", Forward(data, self.piece), len(data))
        return Image("sample", "test", layers=[Layer(f"layer{number}") for number in range(len(self.layers))])

    def order(self) -> tuple[list[str], bool]:
        """Nobody knows before the end."""
        return [], False

    def described(self) -> Image | None:
        """Nothing is."""
        return None

    def passed(self, name: str) -> Layer | None:
        """Nothing is kept."""
        return None

    def interrupt(self) -> None:
        """Nothing makes anybody wait."""

    def close(self) -> None:
        """Nothing to let go of."""


SOURCES: dict[str, Callable[[list[bytes]], Files | Stream]] = {
    "seekable": Files,
    "forward": lambda layers: Files(layers, seekable=False),
    "passing": Stream,
    "passing in small pieces": lambda layers: Stream(layers, 999),
}


def facts(index: ImageIndex) -> list[object]:
    """What must not depend on how the bytes came."""
    tree = index.tree
    entries = [
        (layer.path(entry), layer.kind(entry), layer.size(entry), layer.stored(entry), layer.offset(entry))
        for layer in index.layers
        for entry in range(len(layer))
    ]
    return [entries, tree.image_bytes, tree.wasted(), tree.wasted_by, tree.added, tree.removed, index.faults]


@pytest.fixture(params=SOURCES)
def make_source(request: pytest.FixtureRequest) -> Callable[[list[bytes]], Files | Stream]:
    """Each way in which the bytes of layers come."""
    return SOURCES[request.param]


def test_all_sources_give_the_same_index(make_source: Callable[[list[bytes]], Files | Stream]) -> None:
    index = build_index(make_source(LAYERS))
    assert facts(index) == facts(build_index(Files(LAYERS)))
    assert index.faults == []
    assert not index.stopped
    assert index.tree.stored == [sum(SIZES) + 1536, 512, sum(len(str(number)) * 20 for number in range(5000))]


def test_digests_are_those_of_the_stored_bytes(make_source: Callable[[list[bytes]], Files | Stream]) -> None:
    index = build_index(make_source(LAYERS))
    seen = 0
    for number, (layer, data) in enumerate(zip(index.layers, LAYERS, strict=True)):
        for entry in range(len(layer)):
            if layer.kind(entry) == FILE and layer.stored(entry):
                contents = data[layer.offset(entry) : layer.offset(entry) + layer.stored(entry)]
                assert index.digest(number, entry) == xxhash.xxh3_128_digest(contents), layer.path(entry)
                seen += 1
    assert seen == len(SIZES) - 1 + 1 + 1 + 5000


@pytest.mark.parametrize("piece", range(1108, 1118))
def test_digests_of_files_that_end_where_a_buffer_ends(piece: int) -> None:
    index = build_index(Stream([file(b"a", BIG[:600]) + file(b"b", BIG[7:607]) + END], piece))
    assert [index.layers[0].digest(entry) for entry in (0, 1)] == [
        xxhash.xxh3_128_digest(contents) for contents in (BIG[:600], BIG[7:607])
    ]


def test_what_passes_is_digested_at_once_and_what_can_be_read_later_is_not() -> None:
    passed, seekable = build_index(Stream(LAYERS)), build_index(Files(LAYERS))
    assert passed.layers[0].digest(1) == xxhash.xxh3_128_digest(BIG[:1])
    assert seekable.layers[0].digest(1) == b""
    seekable.digest(0, 1)
    assert seekable.layers[0].digest(1) == passed.layers[0].digest(1)


def test_contents_open_by_entry() -> None:
    files = Files(LAYERS, seekable=False)
    index = build_index(files)
    reader = index.open(0, SIZES.index(513))
    assert reader.read(10_000) == BIG[:513]
    assert reader.read(1) == b""
    reader.close()
    assert len(files.readers) == len(LAYERS) + 1
    assert all(reader.closed for reader in files.readers)


def test_contents_that_passed_cannot_be_opened() -> None:
    with pytest.raises(DamagedImageError, match="layer 1 are not at hand") as caught:
        build_index(Stream(LAYERS)).open(0, 1)
    assert caught.value.hint


def test_contents_asked_for_beforehand_are_kept() -> None:
    asked: list[tuple[bytes, int]] = []

    def keep(path: bytes, size: int) -> bool:
        asked.append((path, size))
        return size <= 513 or path == b"f262144"

    index = build_index(Stream([LOWER]), keep=keep)
    lower = index.layers[0]
    kept = {lower.path(entry): data for entry, data in lower.kept.items()}
    assert kept == {b"f%d" % size: BIG[:size] for size in (1, 511, 512, 513, 262_144)}
    assert (b"f100000", 100_000) in asked
    assert lower.digest(SIZES.index(100_000)) == xxhash.xxh3_128_digest(BIG[:100_000])


def test_an_empty_layer_is_no_missing_one(make_source: Callable[[list[bytes]], Files | Stream]) -> None:
    index = build_index(make_source([LOWER, END, b""]))
    assert index.faults == []
    assert [layer.entries for layer in index.layers] == [len(SIZES) + 1, 0, 0]


def test_a_missing_layer_is_marked_and_the_others_stay() -> None:
    index = build_index(Stream(LAYERS, missing=1))
    assert [number for number, _ in index.faults] == [1]
    assert index.tree.stored[1] == 0
    assert index.tree.final_files == len(SIZES) + 1 + 5000


def test_a_layer_that_cannot_be_opened_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Reader:
        raise SourceError("The registry refuses.", "Log in.")

    files = Files(LAYERS)
    image = files.image()
    image.layers[0].opener = refuse
    image.layers[1].opener, image.layers[1].missing = None, "It is foreign."
    monkeypatch.setattr(files, "image", lambda: image)
    index = build_index(files)
    assert index.faults == [(0, "The registry refuses."), (1, "It is foreign.")]
    assert index.tree.final_files == 5000


@pytest.mark.parametrize("cut", [512 * 3, 512 * 3 + 100, 512 * 4, 400_000, 600_000])
def test_a_truncated_layer_keeps_what_it_has(make_source: Callable[[list[bytes]], Files | Stream], cut: int) -> None:
    index = build_index(make_source([LOWER[:cut], MIDDLE]))
    assert [number for number, _ in index.faults] == ([0] if cut > 512 * 3 else [])
    whole = build_index(Files([LOWER])).layers[0]
    there = [entry for entry in range(len(whole)) if whole.offset(entry) <= cut]
    assert [index.layers[0].path(entry) for entry in range(len(index.layers[0]))] == [whole.path(it) for it in there]
    assert index.tree.stored[1] == 512


def test_damage_in_the_middle_of_a_layer(make_source: Callable[[list[bytes]], Files | Stream]) -> None:
    damaged = bytearray(UPPER)
    damaged[1024 * 3000] ^= 255
    index = build_index(make_source([LOWER, bytes(damaged)]))
    ((number, sentence),) = index.faults
    assert number == 1
    assert "checksum" in sentence
    assert len(index.layers[1]) == 3000


class Breaking(Forward):
    """A compressed layer that turns out to be damaged half way."""

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes, until it breaks."""
        if self.position > 700_000:
            raise DamagedImageError("The gzip data are damaged.", "Save it again.")
        return super().read(count)


def test_a_reader_that_breaks_half_way_keeps_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files([UPPER, LOWER], seekable=False)
    image = files.image()
    image.layers[0].opener = lambda: Breaking(UPPER, 50_000)
    monkeypatch.setattr(files, "image", lambda: image)
    index = build_index(files)
    assert index.faults == [(0, "The gzip data are damaged.")]
    assert 400 < len(index.layers[0]) < 800
    assert len(index.layers[1]) == len(SIZES) + 1


def test_bytes_that_a_damaged_layer_lacks_pass_for_different() -> None:
    upper = file(b"f512", BIG[:512]) + header(b"f513", b"0", b"%o" % 513) + BIG[:100]
    for source in (Stream([LOWER, upper]), Files([LOWER, upper]), Files([LOWER, upper], seekable=False)):
        index = build_index(source)
        assert index.digest(1, 1) == b""
        reasons = {item.path: item.reason for item in analyse(index).waste}
        assert reasons == {"f512": "rewritten", "f513": "overwritten"}


def test_too_many_entries_are_a_fault_that_names_the_limit() -> None:
    index = build_index(Files([UPPER]), limits=Limits(entries=3000))
    assert "3000" in index.faults[0][1]
    assert index.layers[0].limit == "entries"


def test_progress_tells_every_layer_and_its_end(make_source: Callable[[list[bytes]], Files | Stream]) -> None:
    told: list[Progress] = []
    merged: list[tuple[int, int]] = []
    build_index(make_source(LAYERS), progress=told.append, merged=lambda number, count: merged.append((number, count)))
    finished = {progress.name: progress for progress in told if progress.finished}
    assert finished.keys() - {"stranger"} == {"layer0", "layer1", "layer2"}
    assert finished["layer0"].bytes_done == finished["layer0"].bytes_total
    assert len(LOWER) - 2048 <= finished["layer0"].bytes_done <= len(LOWER)
    assert finished["layer2"].entries == 5000
    assert merged == [(0, 3), (1, 3), (2, 3)]


def test_progress_goes_forward_inside_of_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_REPORT_EVERY", 0.0)
    told: list[Progress] = []
    layer = file(b"big", BIG * 8) + END
    build_index(Files([layer], seekable=False), progress=told.append)
    done = [progress.bytes_done for progress in told]
    assert done == sorted(done)
    assert len(set(done)) > 10
    first, *layers = told
    assert (first.layer, first.layers, first.name) == (-1, 1, "")
    assert first.image is not None, "what describes the image comes before its bytes"
    assert (layers[0].layer, layers[0].layers, layers[0].name) == (0, 1, "layer0")


class Checked(Forward):
    """A layer whose blob turns out not to have its digest."""

    consumed, total = 7, 70

    def finish(self, goes_on: Callable[[], bool], /) -> None:
        """Lie."""
        assert goes_on()
        raise DamagedImageError("Layer x does not have its digest.")


def test_a_layer_is_checked_behind_its_last_entry() -> None:
    files = Files([UPPER, LOWER], seekable=False)
    image = files.image()
    image.layers[0].opener = lambda: Checked(UPPER)
    files.image = lambda: image  # type: ignore[method-assign]
    told: list[Progress] = []
    index = build_index(files, progress=told.append)
    assert index.faults == [(0, "Layer x does not have its digest.")]
    assert len(index.layers[0]) == 5000
    assert {(each.bytes_done, each.bytes_total) for each in told if each.layer == 0} <= {(7, 70), (7, 7)}


def test_an_interrupt_ends_the_other_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> Reader:
        raise KeyboardInterrupt

    files = Files([UPPER, LOWER, UPPER], seekable=False)
    image = files.image()
    image.layers[0].opener = interrupt
    closed: list[bool] = []
    monkeypatch.setattr(files, "image", lambda: image)
    monkeypatch.setattr(files, "close", lambda: closed.append(True))
    with pytest.raises(KeyboardInterrupt):
        build_index(files)
    assert closed == [True]


def test_cancelling_does_not_wait_for_the_end_of_a_large_file() -> None:
    reader = Forward(file(b"big", BIG * 8) + END)
    files = Files([b""], seekable=False)
    image = files.image()
    image.layers[0].opener = lambda: reader
    files.image = lambda: image  # type: ignore[method-assign]
    answers = iter([False] * 4)
    index = build_index(files, cancelled=lambda: next(answers, True))
    assert index.faults == [(0, "reading was stopped here")]
    assert reader.position < len(BIG) * 4


def test_every_reader_is_closed() -> None:
    for seekable in (True, False):
        files = Files([LOWER, MIDDLE[:700], b"no tar at all" * 100], seekable)
        build_index(files)
        assert [reader.closed for reader in files.readers] == [True] * 3
