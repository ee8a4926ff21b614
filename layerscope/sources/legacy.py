"""Archives of Docker before 1.10: no ``manifest.json``, one folder per layer, each naming its parent.

Docker image specification v1: ``repositories`` maps names and tags to the newest layer's id.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from layerscope.errors import DamagedImageError, LimitError, UsageError
from layerscope.sources import documents
from layerscope.sources.assembly import layer_of
from layerscope.sources.candidates import SeveralImagesError
from layerscope.sources.contents import Contents
from layerscope.sources.documents import Descriptor
from layerscope.sources.model import HistoryEntry, Image
from layerscope.sources.platforms import Platform

#: Names in a sentence about all that an archive has.
_SHOWN = 12


def legacy_image(contents: Contents, wanted: str, image: Image) -> Image:
    """Fill an image from the ``repositories`` of an archive; UsageError where several are there."""
    tags = _tags(contents)
    if wanted:
        tags = {tag: top for tag, top in tags.items() if wanted in (tag, tag.removesuffix(":latest"))}
    tops = list(dict.fromkeys(tags.values()))
    if len(tops) != 1:
        if tops:
            raise SeveralImagesError(contents.label, list(tags))
        raise UsageError(
            f"{contents.label} holds no image {wanted}".rstrip() + ".",
            f"It holds: {', '.join(list(_tags(contents))[:_SHOWN])}.",
        )
    image.id, image.tags = tops[0], list(tags)
    chain, image.config = _chain(contents, tops[0])
    for layer_id, line in chain:
        name = f"{layer_id}/layer.tar"
        layer, _ = layer_of(contents, partial(contents.blob, name), name, Descriptor(""), "")
        image.history.append(line)
        image.layers.append(layer)
    fields = documents.strings(image.config)
    image.created = fields.get("created", "")
    image.platform = str(Platform(fields.get("os", ""), fields.get("architecture", "")))
    return image


def _tags(contents: Contents) -> dict[str, str]:
    document = documents.parse(contents.document("repositories") or b"", f"repositories in {contents.label}")
    return {
        f"{name}:{tag}": top
        for name, tags in documents.mapping(document).items()
        for tag, top in documents.strings(tags).items()
    }


def _chain(contents: Contents, top: str) -> tuple[list[tuple[str, HistoryEntry]], dict[str, Any]]:
    """The layers from the oldest on, each with its line of history, and the document of the newest."""
    chain: list[tuple[str, HistoryEntry]] = []
    config: dict[str, Any] = {}
    layer_id = top
    while layer_id:
        name = f"{layer_id}/json"
        data = contents.document(name)
        if data is None:
            raise DamagedImageError(f"{contents.label} does not hold {name}.", "Save the image again.")
        document = documents.mapping(documents.parse(data, f"{name} in {contents.label}"))
        config = config or document
        chain.append((layer_id, _history(document)))
        layer_id = documents.text(document.get("parent"))
        if len(chain) > contents.limits.layers:
            sentence = f"{contents.label} chains more than {contents.limits.layers} layers."
            raise LimitError(sentence, "Its parents may form a loop.", "layers")
    return chain[::-1], config


def _history(document: dict[str, Any]) -> HistoryEntry:
    command = documents.texts(documents.mapping(document.get("container_config")).get("Cmd"))
    fields = documents.strings(document)
    return HistoryEntry(
        created_by=" ".join(command)[: documents.MAX_COMMAND],
        created=fields.get("created", ""),
        comment=fields.get("comment", ""),
        author=fields.get("author", ""),
    )
