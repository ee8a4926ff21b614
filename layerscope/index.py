"""From a source to an index: layers read in bounded pieces, with progress, and merged into one tree."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from layerscope.core.drive import BoundedReader, HeaderDrive
from layerscope.core.layer import LayerIndex
from layerscope.core.merge import LayerMerge
from layerscope.core.tree import ImageTree
from layerscope.errors import CancelledError, DamagedImageError, LayerscopeError, LimitError
from layerscope.progress import Cancelled as Cancelled
from layerscope.progress import Keep as Keep
from layerscope.progress import Progress as Progress
from layerscope.progress import Report as Report
from layerscope.sources.budget import Budget
from layerscope.sources.digests import PIECE, DigestingReader
from layerscope.sources.limits import Limits
from layerscope.sources.model import (
    CheckedReader,
    Image,
    InterruptibleSource,
    Layer,
    OpenSource,
    PassingSource,
    Reader,
)
from layerscope.sources.recognition import instead_of_tar
from layerscope.sources.verification import SummedReader, Sums, mismatch

#: Seconds between two reports of progress.
_REPORT_EVERY: Final = 0.05
_STOPPED: Final = "reading was stopped here"
_NO_MANIFEST: Final = "Reading was stopped before the manifest came: these need not be the image's layers."
#: Layers that are read side by side, at most; and as many as this, whatever the cores, where they wait for a network.
_MOST_STREAMS, _WAITING_STREAMS = 8, 3
#: Waiting is what leaves more than this share of the cores unused, looked at every so many seconds.
_IDLE: Final = 0.5
_LOOK_EVERY: Final = 0.25


@dataclass(slots=True, eq=False)
class _Watch:
    """Who is told of progress, who may stop the work, and what to do with contents that pass."""

    report: Report | None
    cancelled: Cancelled | None
    keep: Keep | None
    budget: Budget
    layers: int = 0
    sums: dict[str, Sums] = field(default_factory=dict)
    total: int | None = None
    stopped: bool = False
    _next: float = 0.0

    def ask(self) -> bool:
        """Whether the work was stopped, by now or before."""
        self.stopped = self.stopped or (self.cancelled is not None and self.cancelled())
        return self.stopped

    def goes_on(self, layer: int, name: str, done: int, entries: int, total: int | None) -> bool:
        """Tell how far a layer has come, and whether to go on with it."""
        self.ask()
        if self.report is not None:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + _REPORT_EVERY
                self.report(Progress(layer, self.layers, name, done, total, entries, total=self.total))
        return not self.stopped

    def finish(self, layer: int, name: str, index: LayerIndex, size: int) -> None:
        """Tell that a layer was read to its end."""
        if self.report is not None:
            self.report(
                Progress(layer, self.layers, name, size, size, len(index), finished=True, index=index, total=self.total)
            )


def _index_layer(reader: Reader, watch: _Watch, layer: int, name: str, *, total: int | None, tap: bool) -> LayerIndex:
    """Read one layer's tar to its end; a fault ends it early and is noted in the index."""
    limits = watch.budget.limits
    index = LayerIndex(limits.depth, limits.name_bytes // 2)
    checked = reader if isinstance(reader, CheckedReader) else None
    if checked is not None:
        total = checked.total

    def goes_on() -> bool:
        done = (content or drive).bytes_done if checked is None else checked.consumed
        return watch.goes_on(layer, name, done, len(index), total)

    content = DigestingReader(reader, watch.budget, watch.keep, goes_on) if tap else None
    drive = HeaderDrive(content or reader, whole=tap)
    try:
        while batch := drive.next_batch():
            first, text = len(index), index.text
            index.add(batch)
            if content is not None:
                content.see(index, first, drive.buffer, drive.buffer_offset)
            watch.budget.hold(len(batch), index.text - text)
            if not goes_on() and not drive.scanner.done:
                index.fault = index.fault or _STOPPED
            if index.fault:
                break
        index.fault = index.fault or (_STOPPED if content is not None and content.stopped else drive.fault)
        if drive.fault and not index.entries and not drive.bytes_done:
            index.fault = instead_of_tar(drive.buffer) or index.fault
        if content is not None and not index.fault:
            index.fault = "" if content.read_out() else _STOPPED
        if checked is not None and not index.fault:
            checked.finish(goes_on)
            index.fault = _STOPPED if watch.stopped else ""
        if isinstance(reader, SummedReader) and not index.fault:
            watch.sums[name] = reader.sums(goes_on)
            index.fault = _STOPPED if watch.stopped else ""
    except (DamagedImageError, LimitError) as error:
        index.fault, index.limit = error.sentence, getattr(error, "limit", "")
    except CancelledError:
        if not watch.stopped:
            raise
        index.fault = _STOPPED
    index.finish()
    watch.finish(layer, name, index, drive.bytes_done if checked is None else checked.consumed)
    return index


class ImageIndex:
    """An image, the index of each of its layers (oldest first), and the tree that they make.

    ``stopped`` tells that reading was cancelled: what had arrived by then is there.
    """

    def __init__(self, image: Image, layers: list[LayerIndex], *, stopped: bool = False) -> None:
        self.image = image
        self.layers = layers
        self.stopped = stopped
        self.tree = ImageTree()

    @property
    def faults(self) -> list[tuple[int, str]]:
        """The layers that could not be read to their end, with the reason."""
        return [(number, index.fault) for number, index in enumerate(self.layers) if index.fault]

    def open(self, layer: int, entry: int) -> Reader:
        """The stored bytes of a file's entry; DamagedImageError where they cannot be had any more."""
        reader = self._layer_reader(layer)
        try:
            self._skip(reader, layer, 0, self.layers[layer].offset(entry))
        except LayerscopeError:
            reader.close()
            raise
        return _EntryReader(reader, self.layers[layer].stored(entry))

    def _layer_reader(self, layer: int) -> Reader:
        """The uncompressed tar of a layer from its front."""
        described = self.image.layers[layer]
        if described.opener is None:
            sentence = f"The contents of layer {layer + 1} are not at hand: they passed and were not kept."
            raise DamagedImageError(described.missing or sentence, "Save the image to a file and open that.")
        return described.opener()

    def _skip(self, reader: Reader, layer: int, position: int, offset: int) -> int:
        """Go forward to an offset; the offset."""
        if offset > position and reader.skip(offset - position) < offset - position:
            raise DamagedImageError(f"Layer {layer + 1} ends before this file.", "Save the image again.")
        return offset

    def digest(self, layer: int, entry: int) -> bytes:
        """The xxh3-128 of a file's stored bytes, computed when first asked for, then kept.

        Empty where the bytes cannot be had: a damaged layer, or one that passed.
        """
        self.digest_all(layer, (entry,))
        return self.layers[layer].digest(entry)

    def digest_all(self, layer: int, entries: Iterable[int]) -> None:
        """Compute the digests of many files of one layer, from its front to its back in one go.

        Files whose bytes cannot be had stay without.
        """
        index = self.layers[layer]
        wanted = sorted({entry for entry in entries if not index.digest(entry)}, key=index.offset)
        if not wanted:
            return
        with suppress(DamagedImageError, LimitError):  # the layer's fault, or its absence, is told elsewhere
            reader = self._layer_reader(layer)
            try:
                self._digest_through(reader, layer, wanted)
            finally:
                reader.close()

    def _digest_through(self, reader: Reader, layer: int, wanted: list[int]) -> None:
        """Digest the files of a layer that lie in this order, as far as the reader goes."""
        from xxhash import xxh3_128

        index = self.layers[layer]
        position = 0
        for entry in wanted:
            position = self._skip(reader, layer, position, index.offset(entry))
            state = xxh3_128()
            left = index.stored(entry)
            while left and (piece := reader.read(min(left, PIECE))):
                state.update(piece)
                left -= len(piece)
            if left:
                return
            position += index.stored(entry)
            index.set_digest(entry, state.digest())


class _EntryReader(BoundedReader):
    """The bytes of one entry; closing it closes the layer's reader."""

    def __init__(self, reader: Reader, stored: int) -> None:
        super().__init__(reader, stored)
        self._layer = reader

    def close(self) -> None:
        """Close the layer's reader."""
        self._layer.close()


def build_index(
    source: OpenSource | PassingSource,
    *,
    progress: Report | None = None,
    cancelled: Cancelled | None = None,
    keep: Keep | None = None,
    merged: Callable[[int, int], None] | None = None,
    limits: Limits | None = None,
) -> ImageIndex:
    """Read all layers of a source's image and merge them.

    ``progress`` is called from the calling thread or from one of the pool that reads layers side by
    side, at most 20 times a second; ``merged`` after each merged layer with its number and how many
    there are. ``cancelled`` is asked every few milliseconds; after it said yes the index holds what
    had arrived. ``limits`` is what the user allows the image. LayerscopeError where the source finds no image.
    """
    watch = _Watch(progress, cancelled, keep, Budget(limits or Limits()))
    index = _read_passing(source, watch) if isinstance(source, PassingSource) else _read_open(source, watch)
    _merge(index, merged)
    if index.image.verify:
        _verify(index, watch.sums)
    return index


def _read_passing(source: PassingSource, watch: _Watch) -> ImageIndex:
    """Index each layer-like member as it passes; the manifest then says which were layers.

    Where reading is stopped before the manifest came, what passed stands in the order in which it did.
    """
    passed: dict[str, LayerIndex] = {}

    def visit(name: str, reader: Reader, size: int) -> None:
        watch.budget.compressed += size
        passed[name] = _index_layer(reader, watch, -1, name, total=size, tap=True)
        if watch.stopped:
            raise CancelledError("Reading was stopped.")

    try:
        image = source.read_through(visit)
    except CancelledError:
        if not watch.stopped:
            raise
        image = Image("", "", layers=[Layer(name) for name in passed], warnings=[_NO_MANIFEST])
    for layer in image.layers:
        if image.verify and layer.verifier and layer.name not in passed:  # an empty blob
            passed[layer.name] = _index_layer(layer.verifier(), watch, -1, layer.name, total=0, tap=True)
    # An empty layer is one that passed: it has no entries, and so no truth value either.
    layers = [
        passed[layer.name] if layer.name in passed and not layer.missing else _absent(layer) for layer in image.layers
    ]
    return ImageIndex(image, layers, stopped=watch.stopped)


def _read_open(source: OpenSource, watch: _Watch) -> ImageIndex:
    """Index the layers of an image whose layers can be opened in any order."""
    image = source.image()
    watch.layers = len(image.layers)

    def read(number: int) -> LayerIndex:
        layer = image.layers[number]
        if layer.opener is None:
            return _absent(layer)
        if watch.stopped:
            return _absent(layer, "reading was stopped before this layer")
        verify = image.verify and not layer.lie
        try:
            reader = layer.verifier() if verify and layer.verifier else layer.opener()
        except LayerscopeError as error:
            return _absent(layer, error.sentence)
        watch.budget.compressed += layer.compressed_bytes or 0
        try:
            return _index_layer(reader, watch, number, layer.name, total=None, tap=verify or not layer.seekable)
        finally:
            reader.close()

    # A blob that is listed twice, as builders do with their empty layer, is read once.
    places = [layer.name if layer.opener else str(number) for number, layer in enumerate(image.layers)]
    first = {place: number for number, place in reversed(list(enumerate(places)))}
    # The longest first: whatever is read last, the others wait for.
    numbers = sorted(first.values(), key=lambda number: -(image.layers[number].compressed_bytes or 0))
    watch.total = _stored(image.layers[number] for number in numbers)
    streams = sum(not image.layers[number].seekable for number in numbers)
    cores = os.cpu_count() or 1
    most = min(max(cores, _WAITING_STREAMS if image.source == "registry" else 1), streams, _MOST_STREAMS)
    alone = most < 2 and not isinstance(source, InterruptibleSource)
    found = list(map(read, numbers)) if alone else _read_beside(read, numbers, cores, most, watch, source)
    by_number = dict(zip(numbers, found, strict=True))
    return ImageIndex(image, [by_number[first[place]] for place in places], stopped=watch.stopped)


def _stored(layers: Iterable[Layer]) -> int | None:
    """The bytes of compressed layers together; None where one is plain, whose size its end tells."""
    sizes = [layer.compressed_bytes for layer in layers if layer.opener is not None]
    return None if None in sizes or not sizes else sum(size for size in sizes if size is not None)


def _read_beside(
    read: Callable[[int], LayerIndex], numbers: list[int], cores: int, most: int, watch: _Watch, source: OpenSource
) -> list[LayerIndex]:
    """Read layers side by side, as many as there are cores; one more, and again, where that leaves cores unused.

    More readers than cores only push each other's data out of the caches: a twentieth of the processor time.
    """
    from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

    found: list[Future[LayerIndex]] = []
    running: set[Future[LayerIndex]] = set()
    streams = min(cores, most)
    with ThreadPoolExecutor(most) as pool:
        try:
            began, spent = time.monotonic(), time.process_time()
            while running or len(found) < len(numbers):
                for number in numbers[len(found) : len(found) + streams - len(running)]:
                    found.append(pool.submit(read, number))
                    running.add(found[-1])
                ended, running = wait(running, _LOOK_EVERY, FIRST_COMPLETED)
                for each in ended:
                    each.result()
                if watch.ask() and isinstance(source, InterruptibleSource):
                    source.interrupt()
                seconds, busy = time.monotonic() - began, time.process_time() - spent
                if seconds >= _LOOK_EVERY and streams < most:
                    streams += busy < (1 - _IDLE) * cores * seconds
                    began, spent = began + seconds, spent + busy
            if watch.stopped and isinstance(source, InterruptibleSource):
                source.resume()  # for whoever looks into what has arrived
            return [each.result() for each in found]
        except BaseException:
            watch.stopped = True  # leaving the pool waits for its threads
            source.close()
            raise


def _absent(layer: Layer, why: str = "") -> LayerIndex:
    """The empty index of a layer that cannot be read at all."""
    index = LayerIndex()
    # What can be opened and did not pass is an empty blob.
    index.fault = why or layer.missing or ("" if layer.opener else "its bytes are not in the archive")
    index.finish()
    return index


def _verify(index: ImageIndex, sums: Mapping[str, Sums]) -> None:
    """Compare the layers with the digests that the image names: a lie is the layer's fault."""
    for layer, contents in zip(index.image.layers, index.layers, strict=True):
        if not contents.fault and (fault := mismatch(layer, sums.get(layer.name))):
            contents.fault, contents.untrusted = fault, True


def _merge(index: ImageIndex, merged: Callable[[int, int], None] | None) -> None:
    """Put the layers on top of each other, lowest first."""
    for number, layer in enumerate(index.layers):
        merge = LayerMerge(index.tree, layer)
        while merge.step():
            pass
        if merged is not None:
            merged(number, len(index.layers))
