"""Opens a reference the way an index does: every layer listed, from whichever kind of source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from layerscope.core.drive import TarStream
from layerscope.sources import open_source
from layerscope.sources.model import Image, Layer, Reader


@dataclass
class Opened:
    """An image and the names (or the fault) that each of its layers lists, by the layer's name."""

    image: Image
    listed: dict[str, list[bytes]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def layers(self) -> list[list[bytes]]:
        """The names of each layer's entries, oldest layer first."""
        return [self.listed.get(layer.name, []) for layer in self.image.layers]

    def see(self, name: str, reader: Reader, _size: int) -> None:
        """List a layer."""
        stream = TarStream(reader)
        names = []
        while member := stream.next():
            names.append(member.name)
        self.listed[name] = names
        if stream.fault:
            self.faults[name] = stream.fault


def open_image(reference: object, **options: Any) -> Opened:
    """Open a reference and list all layers."""
    source = open_source(str(reference), **options)
    try:
        if hasattr(source, "image"):
            opened = Opened(source.image())
            for layer in opened.image.layers:
                if layer.opener is not None:
                    reader = layer.opener()
                    opened.see(layer.name, reader, 0)
                    reader.close()
            return opened
        opened = Opened(Image("", ""))
        opened.image = source.read_through(opened.see)
        return opened
    finally:
        source.close()


def content(layer: Layer) -> bytes:
    """A layer's uncompressed bytes."""
    assert layer.opener is not None
    reader = layer.opener()
    parts = []
    while data := reader.read(1 << 16):
        parts.append(data)
    reader.close()
    return b"".join(parts)
