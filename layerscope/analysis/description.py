"""What an image's documents say of it: known long before its layers, where their source has the documents first."""

from __future__ import annotations

from typing import NamedTuple

from layerscope.analysis.history import match_history
from layerscope.analysis.model import HistoryLine, Subject
from layerscope.sources.model import Image


class DescribedLayer(NamedTuple):
    """One layer as manifest, config and history have it; ``command`` is cleaned for people."""

    diff_id: str
    digest: str
    compressed_bytes: int | None
    command: str
    created: str


class Description(NamedTuple):
    """The image without its contents; layers are numbered from 0, oldest first."""

    subject: Subject
    history: list[HistoryLine]
    layers: list[DescribedLayer]


def describe(image: Image) -> Description:
    """What is known of an image of which no layer was read."""
    history = match_history(image.history, len(image.layers))
    lines = {line.layer: line for line in history if line.layer is not None}
    layers = [
        DescribedLayer(layer.diff_id, layer.digest, layer.compressed_bytes, lines[number].text, lines[number].created)
        for number, layer in enumerate(image.layers)
    ]
    return Description(_subject(image), history, layers)


def _subject(image: Image) -> Subject:
    name = image.reference
    if name.rpartition(":")[2] == "-":  # a pipe says nothing, the image in it may
        name = image.tags[0] if image.tags else "standard input"
    return Subject(name, image.source, image.id, image.digest, image.platform, image.created, tuple(image.tags))
