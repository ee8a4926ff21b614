"""From a source to an index: layers read in bounded pieces, with progress, and merged into one tree."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Final

from layerscope.core.drive import BoundedReader
from layerscope.core.layer import LayerIndex
from layerscope.core.tree import ImageTree
from layerscope.errors import CancelledError, DamagedImageError, LayerscopeError, LimitError
from layerscope.processors import usable_processors
from layerscope.progress import Cancelled as Cancelled
from layerscope.progress import Keep as Keep
from layerscope.progress import Progress as Progress
from layerscope.progress import Report as Report
from layerscope.reading import Watch, index_layer
from layerscope.sources.budget import Budget
from layerscope.sources.digests import PIECE
from layerscope.sources.limits import Limits
from layerscope.sources.model import (
    Image,
    InterruptibleSource,
    Layer,
    OpenSource,
    PassingSource,
    Reader,
)
from layerscope.sources.verification import Sums, mismatch

_NO_MANIFEST: Final = "Reading was stopped before the manifest came: from layer {} on order and waste are a guess."
_NO_HISTORY: Final = "Reading was stopped before the manifest came: history and platform are not known."
_NO_CONFIG: Final = "Reading was stopped before the config came: the history is not known."
_NOTHING: Final = "Reading was stopped before anything had come."
_NOT_REACHED: Final = "reading was stopped before this layer"
#: Layers that are read side by side, at most; and as many as this, whatever the cores, where they wait for a network.
_MOST_STREAMS, _WAITING_STREAMS = 8, 3
#: Waiting is what leaves more than this share of the cores unused, looked at every so many seconds.
_IDLE: Final = 0.5
_LOOK_EVERY: Final = 0.25


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

    def described(self, layer: int) -> Layer:
        """What the source says of a layer."""
        return self.image.layers[layer]

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
    watch = Watch(progress, cancelled, keep, Budget(limits or Limits()))
    try:
        index = _read_passing(source, watch) if isinstance(source, PassingSource) else _read_open(source, watch)
    except BaseException:
        watch.stack.closed = True  # whoever looks at it waits for nothing more
        raise
    index.tree = watch.stack.conclude(index.layers, merged)
    if index.image.verify:
        _verify(index, watch.sums)
    return index


def _read_passing(source: PassingSource, watch: Watch) -> ImageIndex:
    """Index each layer-like member as it passes; the manifest then says which were layers.

    Where reading is stopped before the manifest came, what passed stands in the order that other documents
    tell, and behind that as it passed.
    """
    passed: dict[str, LayerIndex] = {}
    watch.describe = lambda _number, name: source.passed(name)

    def arrange() -> bool:
        names, whole = source.order()
        watch.order, watch.layers = tuple(names), len(names) if whole else 0
        watch.stack.offer([passed.get(name) for name in names])
        watch.image = source.described()
        return whole

    def visit(name: str, reader: Reader, size: int) -> None:
        watch.budget.compressed += size
        arrange()
        number = watch.order.index(name) if name in watch.order else -1
        passed[name] = index_layer(reader, watch, number, name, total=size, tap=True)
        arrange()
        if watch.stopped:
            raise CancelledError("Reading was stopped.")

    try:
        with _woken(source, watch):
            image = source.read_through(visit)
    except LayerscopeError as error:
        if not watch.stopped:
            raise
        if not passed:
            raise CancelledError(_NOTHING) from error
        image = _broken_off(source, watch, passed, arrange())
    for layer in image.layers:
        if image.verify and layer.verifier and layer.name not in passed:  # an empty blob
            passed[layer.name] = index_layer(layer.verifier(), watch, -1, layer.name, total=0, tap=True)
    # An empty layer is one that passed: it has no entries, and so no truth value either.
    layers = [
        passed[layer.name]
        if layer.name in passed and not layer.missing
        else _absent(layer, _NOT_REACHED if watch.stopped else "")
        for layer in image.layers
    ]
    return ImageIndex(image, layers, stopped=watch.stopped)


def _broken_off(source: PassingSource, watch: Watch, passed: Iterable[str], whole: bool) -> Image:
    """What is known of an image whose manifest has not come; layers that passed are there as the source keeps them."""
    names = [*watch.order, *(name for name in passed if name not in watch.order)]
    told = watch.image
    if whole and told is not None and len(told.layers) == len(names):
        layers = [replace(layer, name=name) for layer, name in zip(told.layers, names, strict=True)]
        image = replace(told, layers=layers, warnings=[*told.warnings, *([] if told.history else [_NO_CONFIG])])
    else:
        warning = _NO_HISTORY if whole else _NO_MANIFEST.format(len(watch.order) + 1)
        image = Image("", "", layers=list(map(Layer, names)), warnings=[warning])
    for layer in image.layers:
        if (there := source.passed(layer.name)) is not None:
            layer.opener, layer.seekable, layer.compressed_bytes = there.opener, there.seekable, there.compressed_bytes
    return image


@contextmanager
def _woken(source: PassingSource | InterruptibleSource, watch: Watch) -> Iterator[None]:
    """While this goes on: a source that waits for bytes is woken soon after the work was stopped."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY):
            if watch.ask():
                source.interrupt()

    if watch.cancelled is not None:
        threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _read_open(source: OpenSource, watch: Watch) -> ImageIndex:
    """Index the layers of an image whose layers can be opened in any order."""
    with _woken(source, watch) if isinstance(source, InterruptibleSource) else nullcontext():
        image = source.image()
    watch.image, watch.layers = image, len(image.layers)
    watch.describe = lambda number, _name: image.layers[number]

    def read(number: int) -> LayerIndex:
        layer = image.layers[number]
        if layer.opener is None:
            return _absent(layer)
        if watch.stopped:
            return _absent(layer, _NOT_REACHED)
        verify = image.verify and not layer.lie
        try:
            reader = layer.verifier() if verify and layer.verifier else layer.opener()
        except LayerscopeError as error:
            return _absent(layer, error.sentence)
        watch.budget.compressed += layer.compressed_bytes or 0
        try:
            return index_layer(reader, watch, number, layer.name, total=None, tap=verify or not layer.seekable)
        finally:
            reader.close()

    # A blob that is listed twice, as builders do with their empty layer, is read once.
    places = [layer.name if layer.opener else str(number) for number, layer in enumerate(image.layers)]
    first = {place: number for number, place in reversed(list(enumerate(places)))}
    # The longest first: whatever is read last, the others wait for. Of those of one length the lowest.
    numbers = sorted(first.values(), key=lambda number: (-(image.layers[number].compressed_bytes or 0), number))
    watch.total = _stored(image.layers[number] for number in numbers)
    watch.begin()
    there: list[LayerIndex | None] = [None] * len(places)

    def note(number: int) -> LayerIndex:
        index = read(number)
        for place, name in enumerate(places):
            if first[name] == number:
                there[place] = index
        watch.stack.offer(list(there))
        return index

    streams = sum(not image.layers[number].seekable for number in numbers)
    cores = usable_processors()
    most = min(max(cores, _WAITING_STREAMS if image.source == "registry" else 1), streams, _MOST_STREAMS)
    alone = most < 2 and not isinstance(source, InterruptibleSource)
    found = list(map(note, numbers)) if alone else _read_beside(note, numbers, cores, most, watch, source)
    by_number = dict(zip(numbers, found, strict=True))
    return ImageIndex(image, [by_number[first[place]] for place in places], stopped=watch.stopped)


def _stored(layers: Iterable[Layer]) -> int | None:
    """The bytes of compressed layers together; None where one is plain, whose size its end tells."""
    sizes = [layer.compressed_bytes for layer in layers if layer.opener is not None]
    return None if None in sizes or not sizes else sum(size for size in sizes if size is not None)


def _read_beside(
    read: Callable[[int], LayerIndex], numbers: list[int], cores: int, most: int, watch: Watch, source: OpenSource
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
