"""Opens a reference the way an index does: every layer listed, from whichever kind of source."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
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


def save(tmp_path: Path, data: bytes, name: str = "image.tar") -> Path:
    """The bytes as a file."""
    path = tmp_path / name
    path.write_bytes(data)
    return path


def both(tmp_path: Path, data: bytes, **options: str) -> Opened:
    """Open the archive in place and as a stream, which must give the same; what it gave."""
    here = open_image(save(tmp_path, data), **options)
    passing = open_image(save(tmp_path, gzip.compress(data, 1), "image.tar.gz"), **options)
    here.image.reference = passing.image.reference = "image.tar"
    for opened in (here, passing):
        for layer in opened.image.layers:
            layer.opener, layer.verifier, layer.seekable = None, None, False
    assert shape(here) == shape(passing)
    return here


def shape(opened: Opened) -> object:
    """All that two openings of one archive must have in common."""
    image = opened.image
    fields = [getattr(image, name) for name in image.__slots__ if name not in ("layers", "warnings", "fault")]
    layers = [[getattr(layer, name) for name in layer.__slots__ if name != "missing"] for layer in image.layers]
    return fields, layers, opened.layers, len(image.warnings), bool(image.fault)
