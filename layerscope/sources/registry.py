"""Images straight from a registry: no engine, nothing kept on disk, layers fetched when they are opened."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from functools import partial
from typing import Any

from layerscope.errors import ImageNotFoundError, UsageError
from layerscope.sources import documents
from layerscope.sources.contents import Blob
from layerscope.sources.documents import Descriptor
from layerscope.sources.limits import Limits
from layerscope.sources.model import Image, Progress
from layerscope.sources.platforms import host_platform, parse_platform
from layerscope.sources.references import Reference
from layerscope.sources.registry_blobs import open_layer
from layerscope.sources.registry_client import RegistryClient
from layerscope.sources.registry_names import parse_name
from layerscope.sources.selection import Wish, find_image, no_platform
from layerscope.sources.waiting import Programs, awaited

#: Documents of the largest size that are fetched for one image, all together.
_FETCHED = 16


class RegistryContents:
    """A repository seen from one tag or digest, as if it were a layout whose index names that one image."""

    def __init__(self, client: RegistryClient, platform: str, limits: Limits) -> None:
        self.label = client.name.registry
        self.limits = limits
        self._client = client
        self._platform = platform
        self._kept: dict[str, bytes] = {}
        self._manifests: set[str] = set()
        self._layers: dict[str, Descriptor] = {}
        self._size = 0

    def document(self, name: str) -> bytes | None:
        """The index of what was asked for, a manifest or a config; None for all that only archives have."""
        if name == "index.json":
            return self._index()
        digest = _digest(name)
        if not digest:
            return None
        if digest not in self._kept:
            is_manifest = digest in self._manifests
            try:
                data = self._client.manifest(digest) if is_manifest else self._client.config(digest)
            except ImageNotFoundError:
                return None
            self._keep(digest, data)
            if is_manifest:
                self._note(documents.parse(data, digest))
        return self._kept[digest]

    def blob(self, name: str) -> Blob | None:
        """A layer that a manifest named: its kind is told by its media type until it is opened."""
        layer = self._layers.get(_digest(name))
        if layer is None or "foreign" in layer.media_type or "nondistributable" in layer.media_type:
            return None
        kind = "tar" if layer.media_type.endswith((".tar", ".diff")) else "compressed"
        opener = partial(open_layer, self._client, layer, self.limits)
        return Blob(layer.digest, layer.size, kind, opener, verifier=partial(opener, verify=True))

    def _index(self) -> bytes:
        """The index of a layout that holds just what was asked for."""
        name = self._client.name
        data = self._client.manifest(name.reference)
        digest = name.digest or f"sha256:{hashlib.sha256(data).hexdigest()}"
        root = documents.parse(data, f"The manifest of {name}")
        below = documents.index_descriptors(root, self.limits)
        if below is not None:
            meant = _meant(below, self._platform, str(name))
            given = zip(documents.sequence(root["manifests"]), below, strict=True)
            data = json.dumps({"manifests": [raw for raw, each in given if each in meant]}).encode()
        self._keep(digest, data)
        self._note(root)
        return json.dumps({"manifests": [{"digest": digest}]}).encode()

    def _keep(self, digest: str, data: bytes) -> None:
        self._size += len(data)
        most = _FETCHED * self.limits.document_bytes
        if self._size > most:
            sentence = f"The documents of {self._client.name} have more than {most} bytes."
            raise self.limits.reached("document-bytes", sentence)
        self._kept[digest] = data

    def _note(self, document: Any) -> None:
        """Take note of what an index or a manifest names."""
        self._manifests.update(each.digest for each in documents.index_descriptors(document, self.limits) or ())
        manifest = documents.manifest(document, self.limits)
        if manifest is not None:
            self._layers.update((layer.digest, layer) for layer in manifest.layers if layer.digest)


class RegistrySource:
    """An image in a registry. Nothing is asked before ``image``."""

    def __init__(self, reference: Reference, wish: Wish, progress: Progress | None = None) -> None:
        if wish.image:
            raise UsageError("--image chooses among the images of an archive.", "Write registry:NAME:TAG.")
        self._name = parse_name(reference.place)
        self._wish = replace(wish, source="registry")
        self._progress = progress
        self._stopped = threading.Event()
        self._programs = Programs()
        self._client: RegistryClient | None = None

    def image(self) -> Image:
        """Fetch manifest and config; SourceError where the registry does not answer or refuses."""
        self._tell(f"Asking {self._name.registry} for {self._name}")
        # A credential helper may ask the user, who may not answer.
        connect = partial(RegistryClient, self._name, self._wish.limits, self._tell, self._programs)
        self._client = client = awaited(connect, self._stopped.is_set)
        contents = RegistryContents(client, self._wish.platform, self._wish.limits)
        image = find_image(contents, self._wish)
        image.tags = [str(replace(self._name, digest=""))] if self._name.tag else []
        return image

    def close(self) -> None:
        """End all downloads, in whichever thread, and close the connections."""
        self._stopped.set()
        self._programs.end()
        if self._client is not None:
            self._client.close()

    def interrupt(self) -> None:
        """End all downloads, in whichever thread, with a CancelledError."""
        self.close()

    def resume(self) -> None:
        """Layers may be opened again."""
        if self._client is not None:
            self._client.transport.resume()

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, 0, None)


def _digest(name: str) -> str:
    """The digest of a layout's blob by its name; empty for other names."""
    folder, _, encoded = name.rpartition("/")
    algorithm = folder.removeprefix("blobs/")
    return f"{algorithm}:{encoded}" if algorithm and algorithm != folder else ""


def _meant(descriptors: list[Descriptor], platform: str, label: str) -> list[Descriptor]:
    """What may be meant of an index: each manifest that is asked for counts against a registry's limits."""
    images = [each for each in descriptors if not each.is_attestation]
    platforms = [each.platform for each in images if each.platform is not None]
    if not images or len(platforms) < len(images) or (len(images) == 1 and not platform):
        return descriptors
    wanted = parse_platform(platform) if platform else host_platform()
    meant = [each for each in images if each.platform and each.platform.meets(wanted)]
    if not meant:
        raise no_platform(label, wanted if platform else None, list(dict.fromkeys(map(str, platforms))))
    others = {each.digest for each in images} - {each.digest for each in meant}
    notes = [each for each in descriptors if each.is_attestation and each.subject not in others]
    return meant + notes
