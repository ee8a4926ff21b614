"""An ``Image`` out of a manifest, a config and the blobs that they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from layerscope.errors import DamagedImageError, LayerscopeError, LimitError, NotAnImageError
from layerscope.sources import documents
from layerscope.sources.contents import Blob, Contents, blob_of, document_of, doubt
from layerscope.sources.documents import ArchiveEntry, Descriptor, Manifest
from layerscope.sources.model import Image, Layer
from layerscope.text import shortened

_RETRY = "Save or copy the image again, whole."
#: Bytes that a blob may be longer than its manifest says for its digest still to be told: a hole of a terabyte has one.
_READ_ANYWAY = 1 << 30


def image_from_manifest(contents: Contents, manifest: Manifest, image: Image) -> Image:
    """Fill an image from an OCI or schema 2 manifest; NotAnImageError for other artifacts."""
    if manifest.artifact:
        raise not_an_image(contents.label, manifest.artifact)
    if manifest.odd_config:
        image.warnings.append(f"The config is of type {manifest.odd_config}, which is not an image's.")
    image.annotations.update(manifest.annotations)
    image.id = manifest.config.digest
    read = partial(document_of, contents, manifest.config.digest)
    diff_ids = _read_config(image, contents, manifest.config, read, len(manifest.layers))
    for number, layer in enumerate(manifest.layers):
        made, blob = layer_of(contents, partial(blob_of, contents, layer.digest), layer.digest, layer, diff_ids[number])
        if blob is not None and layer.size not in (-1, blob.size):
            image.warnings.append(f"Layer {number + 1} has {blob.size} bytes, the manifest says {layer.size}.")
            if blob.size - layer.size > _READ_ANYWAY:
                made.lie = f"it has {blob.size} bytes, the manifest says {layer.size}"
        image.layers.append(made)
    return _whole(image, contents)


def image_from_entry(contents: Contents, entry: ArchiveEntry, image: Image) -> Image:
    """Fill an image from one entry of an archive's ``manifest.json``."""
    image.id = _config_digest(entry.config)
    image.tags = list(dict.fromkeys([*image.tags, *entry.tags]))
    told = Descriptor(image.id or entry.config)
    diff_ids = _read_config(image, contents, told, partial(contents.document, entry.config), len(entry.layers))
    for name, diff_id in zip(entry.layers, diff_ids, strict=True):
        source = entry.sources.get(diff_id, Descriptor(""))
        made, _ = layer_of(contents, partial(contents.blob, name), name, source, diff_id)
        image.layers.append(made)
    return _whole(image, contents)


def image_from_config(contents: Contents, name: str, layers: Sequence[str], image: Image) -> Image | None:
    """Fill an image from a config alone, before its manifest is known; None where it cannot be read.

    ``layers`` are the names of the lowest layers, as far as they are known; none of them can be opened.
    """
    image.id = _config_digest(name)
    config, _ = _config(image, Descriptor(image.id or name), partial(contents.document, name))
    if config is None:
        return None
    diff_ids = fill_config(image, config, contents.label, len(documents.diff_ids(config)))
    image.layers = [
        Layer(layers[number] if number < len(layers) else "", diff_id) for number, diff_id in enumerate(diff_ids)
    ]
    return image


def not_an_image(label: str, kind: str) -> NotAnImageError:
    """The refusal of an artifact that is no container image, by its type."""
    known = {
        "helm": "a Helm chart",
        "wasm": "a WebAssembly module",
        "cosign": "a signature",
        "notary": "a signature",
        "in-toto": "an attestation",
        "sif": "a Singularity image",
        "squashfs": "a squashfs file system",
        "spdx": "a bill of materials",
        "cyclonedx": "a bill of materials",
    }
    name = next((name for word, name in known.items() if word in kind), "an artifact")
    return NotAnImageError(
        f"{label} holds {name} ({kind}), not a container image.", "layerscope reads images whose layers are tars."
    )


def _read_config(
    image: Image, contents: Contents, told: Descriptor, read: Callable[[], bytes | None], layers: int
) -> Sequence[str]:
    """Read the config into the image; the diff id of each layer, empty where it is not known."""
    config, why = _config(image, told, read)
    if config is None:
        image.warnings.append(f"{why}: history and platform are not known.")
        return [""] * layers
    return fill_config(image, config, contents.label, layers)


def fill_config(image: Image, config: dict[str, Any], label: str, layers: int) -> Sequence[str]:
    """Take over what a config tells; the diff id of each layer, empty where it does not tell as many.

    Other numbers of layers are the image's fault, as for engines ("layers length mismatch"), but for a config
    that names none at all: old ones do not.
    """
    image.config = config
    image.history = documents.history(config)
    image.created = documents.text(config.get("created"))
    image.platform = str(documents.platform(config)) or image.platform
    diff_ids = documents.diff_ids(config)
    if len(diff_ids) == layers:
        return diff_ids
    if not layers:
        sentence = f"The image in {label} has no layers, and its config names {len(diff_ids)}."
        raise DamagedImageError(sentence, _RETRY)
    sentence = f"The config names {len(diff_ids)} layers, the manifest {layers}."
    if diff_ids:
        image.fault = " ".join(filter(None, (image.fault, sentence)))
    else:
        image.warnings.append(sentence)
    return [""] * layers


def _config(image: Image, told: Descriptor, read: Callable[[], bytes | None]) -> tuple[dict[str, Any] | None, str]:
    """The config, with a warning where it is other than it is told; else why there is none, without a full stop."""
    if not told.digest:
        return None, "The manifest names no config"
    name = f"The config ({shortened(told.digest)})"
    try:
        data = read()
    except LimitError as error:
        return None, error.sentence.rstrip(".")
    if data is None:
        return None, f"{name} is missing"
    try:
        config = documents.parse(data, name)
    except DamagedImageError as error:
        return None, error.sentence.rstrip(".")
    if not isinstance(config, dict):
        return None, f"{name} is no JSON object"
    if found := doubt("The config", data, told, "the manifest"):
        image.doubts.append(found)
    return config, ""


def _config_digest(name: str) -> str:
    """The image id that a config's name in an archive tells: ``<hex>.json``, ``blobs/sha256/<hex>``."""
    stem = name.rpartition("/")[2].removesuffix(".json").removeprefix("sha256:")
    digest = f"sha256:{stem}"
    return digest if len(stem) == 64 and documents.is_digest(digest) else ""


def layer_of(
    contents: Contents, find: Callable[[], Blob | None], name: str, told: Descriptor, diff_id: str
) -> tuple[Layer, Blob | None]:
    """One layer and its blob; ``missing`` says why where its bytes cannot be read."""
    layer = Layer(name=name, diff_id=diff_id, digest=told.digest, media_type=told.media_type)
    try:
        blob = find() if name else None
    except LayerscopeError as error:  # a link out of the folder, a pipe: the other layers are good
        layer.missing = error.sentence
        return layer, None
    if blob is None:
        layer.missing = _absence(contents, name, told)
    elif told.media_type.endswith("+encrypted"):
        layer.missing = "This layer is encrypted."
    elif not blob.kind and blob.size:
        layer.missing = f"This layer is no tar: it {blob.looks or 'holds something else'}."
    else:
        layer.name = blob.name
        layer.opener = blob.opener
        layer.verifier = blob.verifier
        layer.seekable = blob.seekable
        layer.compressed_bytes = blob.size if blob.kind not in ("tar", "") else None
    return layer, blob


def _absence(contents: Contents, name: str, told: Descriptor) -> str:
    if "foreign" in told.media_type or "nondistributable" in told.media_type or told.urls:
        where = f" at {told.urls[0]}" if told.urls else ""
        return f"This is a foreign layer: it is kept by its owner{where}, not with the image."
    if not name:
        return "The manifest gives this layer no valid name or digest."
    return f"{contents.label} does not hold this layer ({shortened(name)})."


def _whole(image: Image, contents: Contents) -> Image:
    """The image; DamagedImageError where neither its config nor one of its layers can be read."""
    missing = [layer.missing for layer in image.layers if layer.missing]
    if missing and len(missing) == len(image.layers) and not image.config:
        raise DamagedImageError(f"Neither the config nor a layer of the image can be read. {missing[0]}", _RETRY)
    return image
