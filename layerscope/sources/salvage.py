"""What can be shown of an archive that ends before its manifest: the layers that it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, Protocol

from layerscope.errors import DamagedImageError, LimitError
from layerscope.sources import documents
from layerscope.sources.assembly import fill_config
from layerscope.sources.contents import Blob, Contents, MeteredContents
from layerscope.sources.model import Image, Layer

#: How engines and builders name layers: by a digest, or as ``layer.tar`` in the folder of an id.
_LAYER_NAME: Final = re.compile(r"(?:.*/)?(?:(?:sha256:)?[0-9a-f]{64}(?:\.tar(?:\.gz)?)?|layer\.tar)")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_UNORDERED: Final = "The manifest is missing: the layers stand in the order of the archive, which need not be theirs."
_ORDERED: Final = "The manifest is missing: which layers there are is taken from a config."


class NamedContents(Contents, Protocol):
    """Contents that can list their files."""

    def names(self) -> Iterable[str]:
        """The names of all files, in the order of the archive."""


def salvage(contents: NamedContents, image: Image) -> bool:
    """Fill an image with the layers that are there; False where there are none.

    ``docker save`` writes the manifest last, so that a save that was cut short has layers and no
    manifest. Where exactly one config is there and names the layers, they are in its order.
    """
    layers, papers = _sort(contents)
    if not layers:
        return False
    configs = list(_find_configs(MeteredContents(contents), papers))
    by_hex = {found.group(): blob for blob in layers if (found := _HEX.search(blob.name))}
    diff_ids = documents.diff_ids(configs[0]) if len(configs) == 1 else []
    if any(diff_id.removeprefix("sha256:") in by_hex for diff_id in diff_ids):
        fill_config(image, configs[0], contents.label, len(diff_ids))
        image.warnings.append(_ORDERED)
        image.layers = [_layer(by_hex.get(each.removeprefix("sha256:")), each, contents.label) for each in diff_ids]
    else:
        image.warnings.append(_UNORDERED)
        image.layers = [_layer(blob, "", contents.label) for blob in layers]
    return True


def _sort(contents: NamedContents) -> tuple[list[Blob], list[str]]:
    """The layers, and the names of what may be a document."""
    layers, papers = [], []
    for name in contents.names():
        if not (name.endswith(".json") or _LAYER_NAME.fullmatch(name)):
            continue
        blob = contents.blob(name)
        if blob is not None and blob.kind:
            layers.append(blob)
        else:
            papers.append(name)
    return layers, papers


def _find_configs(contents: Contents, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Documents that name the layers of an image, as far as they may be read."""
    for name in names:
        with suppress(DamagedImageError, LimitError):  # no JSON, cut, or too large for a document
            data = contents.document(name) or b""
            config = documents.mapping(documents.parse(data, name))
            if documents.diff_ids(config):
                yield config


def _layer(blob: Blob | None, diff_id: str, label: str) -> Layer:
    if blob is None:
        return Layer(name=diff_id, diff_id=diff_id, missing=f"{label} ends before this layer.")
    compressed = blob.size if blob.kind != "tar" else None
    return Layer(blob.name, diff_id, compressed_bytes=compressed, seekable=blob.seekable, opener=blob.opener)
