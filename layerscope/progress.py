"""How far reading has come, as whoever reads tells it to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.core.layer import LayerIndex
    from layerscope.sources.model import Image, Layer
    from layerscope.stack import LayerStack


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far indexing has come: ``bytes_done`` of the layer's uncompressed tar, entries found in it.

    From a registry the bytes are those of the blob as it comes, and their total is known.
    ``layer`` is the number of the layer, or -1 where the source does not tell numbers yet; ``layers``
    is 0 while their number is not known. ``activity`` is what a source does before layers come, or to
    bring them (Pulling nginx): then the bytes are those of all that it brings. ``index`` is that of a
    layer that was read to its end (``finished``), and ``described`` what opens its contents. ``total`` are the bytes
    of all layers together, as ``bytes_done`` counts them, where they are known. ``order`` are the names of the
    lowest layers, oldest first, as far as a source whose layers pass knows them; ``stack`` are the layers that
    arrived, on top of each other. ``image`` is what describes them, where that is known before they come; a report
    without a ``name`` and an ``activity`` tells nothing else. It may turn out to be another: then what it said is void.
    """

    layer: int
    layers: int
    name: str
    bytes_done: int
    bytes_total: int | None
    entries: int
    finished: bool = False
    activity: str = ""
    index: LayerIndex | None = None
    described: Layer | None = None
    total: int | None = None
    order: tuple[str, ...] = ()
    stack: LayerStack | None = None
    image: Image | None = None


Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]
#: Asked for each file with its path and size in bytes: keep its contents in the layer's ``kept``?
Keep = Callable[[bytes, int], bool]
