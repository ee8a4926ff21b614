"""Reading one layer: its entries in bounded pieces, with progress, until its end or until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from layerscope.core.drive import HeaderDrive
from layerscope.core.layer import LayerIndex
from layerscope.errors import CancelledError, DamagedImageError, LimitError, SourceError
from layerscope.progress import Cancelled, Keep, Progress, Report
from layerscope.sources.budget import Budget
from layerscope.sources.digests import DigestingReader
from layerscope.sources.model import CheckedReader, Image, Layer, Reader
from layerscope.sources.recognition import instead_of_tar
from layerscope.sources.verification import SummedReader, Sums
from layerscope.stack import LayerStack

#: Seconds between two reports of progress.
_REPORT_EVERY: Final = 0.05
STOPPED: Final = "reading was stopped here"


@dataclass(slots=True, eq=False)
class Watch:
    """Who is told of progress, who may stop the work, and what to do with contents that pass.

    ``layers`` is how many there are, 0 while that is not known; ``order`` are their names, oldest first, as far
    as a passing source tells; ``total`` are the bytes of all together, and ``image`` what describes them, where
    these are known. ``describe`` gives a layer that was read, by number and name, as its source has it.
    """

    report: Report | None
    cancelled: Cancelled | None
    keep: Keep | None
    budget: Budget
    stack: LayerStack = field(default_factory=LayerStack)
    layers: int = 0
    order: tuple[str, ...] = ()
    sums: dict[str, Sums] = field(default_factory=dict)
    total: int | None = None
    image: Image | None = None
    describe: Callable[[int, str], Layer | None] = lambda _layer, _name: None
    stopped: bool = False
    _next: float = 0.0

    def ask(self) -> bool:
        """Whether the work was stopped, by now or before."""
        self.stopped = self.stopped or (self.cancelled is not None and self.cancelled())
        return self.stopped

    def begin(self) -> None:
        """Tell what is known of the image before any of its bytes."""
        if self.report is not None:
            self.report(self._progress(-1, "", 0, None, 0))

    def goes_on(self, layer: int, name: str, done: int, entries: int, total: int | None) -> bool:
        """Tell how far a layer has come, and whether to go on with it."""
        self.ask()
        if self.report is not None:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + _REPORT_EVERY
                self.report(self._progress(layer, name, done, total, entries))
        return not self.stopped

    def finish(self, layer: int, name: str, index: LayerIndex, size: int) -> None:
        """Tell that a layer was read to its end."""
        if self.report is not None:
            done = self._progress(layer, name, size, size, len(index))
            self.report(replace(done, finished=True, index=index, described=self.describe(layer, name)))

    def _progress(self, layer: int, name: str, done: int, total: int | None, entries: int) -> Progress:
        return Progress(
            layer,
            self.layers,
            name,
            done,
            total,
            entries,
            total=self.total,
            order=self.order,
            stack=self.stack,
            image=self.image,
        )


def index_layer(reader: Reader, watch: Watch, layer: int, name: str, *, total: int | None, tap: bool) -> LayerIndex:
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
            if content is None and not goes_on() and not drive.scanner.done:  # who reads all asks with each read
                index.fault = index.fault or STOPPED
            if index.fault:
                break
        broken_off = watch.stopped and drive.fault != ""
        stopped = broken_off or (content is not None and content.stopped)
        index.fault = index.fault or (STOPPED if stopped else drive.fault)
        if not stopped and drive.fault and not index.entries and not drive.bytes_done:
            index.fault = instead_of_tar(drive.buffer) or index.fault
        if content is not None and drive.fault and not stopped:
            content.look_on()
        if content is not None and not index.fault:
            index.fault = "" if content.read_out() else STOPPED
        if checked is not None and not index.fault:
            checked.finish(goes_on)
            index.fault = STOPPED if watch.stopped else ""
        if isinstance(reader, SummedReader) and not index.fault:
            watch.sums[name] = reader.sums(goes_on)
            index.fault = STOPPED if watch.stopped else ""
    except (DamagedImageError, LimitError) as error:
        index.fault, index.limit = error.sentence, getattr(error, "limit", "")
    except (CancelledError, SourceError):
        if not watch.stopped:  # whoever stops may have to break the connection off
            raise
        index.fault = STOPPED
    index.finish()
    watch.finish(layer, name, index, drive.bytes_done if checked is None else checked.consumed)
    return index
