"""Images of a container engine: inspected, pulled where absent, exported as a passing archive."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from layerscope.errors import CancelledError, ImageNotFoundError, UsageError
from layerscope.sources import documents
from layerscope.sources.endpoints import podman_endpoints
from layerscope.sources.engine_client import connect
from layerscope.sources.model import Image, Layer, Progress, Visit
from layerscope.sources.passing import PassingArchive
from layerscope.sources.platforms import Platform, parse_platform
from layerscope.sources.readers import ChunkReader
from layerscope.sources.references import Reference
from layerscope.sources.selection import Wish
from layerscope.sources.waiting import Programs, awaited

_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}|sha256:[0-9a-f]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+\[\]-]*")


class _Export(Protocol):
    """An archive as it comes."""

    def __iter__(self) -> Iterator[bytes]: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


class _Client(Protocol):
    """An engine: behind a socket, or a program that is run."""

    @property
    def title(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def way(self) -> str: ...
    @property
    def exports_platforms(self) -> bool: ...

    def inspect(self, image: str, /) -> dict[str, Any] | None: ...

    def pull(self, image: str, platform: str, /) -> Iterator[dict[str, Any]]: ...

    def export(self, image: str, platform: Platform | None, /) -> _Export: ...

    def close(self) -> None: ...


class EngineSource:
    """An image of Docker or Podman. Nothing is asked before ``read_through``."""

    def __init__(
        self, reference: Reference, wish: Wish, *, spool: Path | None = None, progress: Progress | None = None
    ) -> None:
        name = reference.place
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no image's name.", "Write NAME, NAME:TAG, NAME@DIGEST or an image id.")
        self._kind = kind = reference.kind or "docker"
        self._name = name
        # docker:dind is an image's name as well as the image dind behind a scheme.
        self._whole = reference.written if reference.written == f"{kind}:{name}" and ":" not in name else ""
        self._wish = replace(wish, source=kind, image="")
        self._spool = spool
        self._progress = progress
        self._stopped = threading.Event()
        self._programs = Programs()
        self._client: _Client | None = None
        self._archive: PassingArchive | None = None
        self._export: _Export | None = None
        self._found: dict[str, Any] = {}
        self._inspected: Image | None = None
        self._told: Image | None = None

    def read_through(self, visit: Visit) -> Image:
        """Inspect, pull if absent, then read the export to its end; SourceError where the engine fails."""
        # Until the export comes, nothing can wake the SDK from waiting for the engine.
        found, export = awaited(self._begin, self._stopped.is_set)
        label = f"The export of {self._name}"
        told = _diff_ids(found)
        chunks = ChunkReader(iter(export))
        self._archive = PassingArchive(chunks, self._wish, label, spool=self._spool, partial=False, told=told)
        image = self._archive.read_through(visit)
        _complete(image, found)
        return image

    def _begin(self) -> tuple[dict[str, Any], _Export]:
        """What the engine knows of the image, and its export; CancelledError once nobody waits any more."""
        wanted = parse_platform(self._wish.platform) if self._wish.platform else None
        self._client = client = _connected(self._kind, self._programs)
        found = client.inspect(self._whole) if self._whole else None
        if found is not None:
            self._name = self._whole
        else:
            self._check()
            found = client.inspect(self._name) or self._pulled(client)
        chosen = _choose_platform(client, self._name, found, wanted)
        self._found = found
        if chosen is None or chosen == _platform(found):
            self._inspected = _inspected(self._wish, found)
        exported = _export_name(self._name, found)
        self._tell(f"Exporting {self._name}{client.way}", 0, _size(found))
        self._export = export = client.export(exported, chosen)
        if self._stopped.is_set():
            export.close()
        self._check()
        return found, export

    def order(self) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, as far as what passed tells, and whether these are all."""
        return self._archive.order() if self._archive is not None else ([], False)

    def described(self) -> Image | None:
        """What the engine tells beforehand; as soon as the config has passed, what that says, which is more."""
        told = self._archive.described() if self._archive is not None else None
        if told is None:
            return self._inspected
        if told is not self._told:
            _complete(told, self._found)
            self._told = told
        return told

    def passed(self, name: str) -> Layer | None:
        """A layer that has passed."""
        return self._archive.passed(name) if self._archive is not None else None

    def interrupt(self) -> None:
        """End what goes on: whoever waits for bytes gets a SourceError, whoever waits for answers a CancelledError."""
        self._stopped.set()
        if self._archive is not None:
            self._archive.interrupt()
        if self._export is not None:
            self._export.interrupt()
        self._programs.end()

    def close(self) -> None:
        """End what goes on, close the connection, free the spool."""
        self.interrupt()
        for part in (self._export, self._archive, self._client):
            if part is not None:
                part.close()

    def _check(self) -> None:
        """CancelledError once it was interrupted."""
        if self._stopped.is_set():
            raise CancelledError(f"Reading {self._name} was stopped.")

    def _pulled(self, client: _Client) -> dict[str, Any]:
        if _ID.fullmatch(self._name):
            raise ImageNotFoundError(
                f"{client.title} has no image {self._name}.", f"See `{client.command} images` for the ids."
            )
        layers: dict[str, tuple[int, int]] = {}
        self._tell(f"Pulling {self._name}", 0, None)
        for message in client.pull(self._name, self._wish.platform):
            _note(layers, message)
            done, total = (sum(column) for column in zip(*layers.values(), strict=True)) if layers else (0, 0)
            self._tell(f"Pulling {self._name}", done, total or None)
        found = client.inspect(self._name)
        if found is None:
            raise ImageNotFoundError(f"{client.title} pulled {self._name} and has lost it.", "Try again.")
        return found

    def _tell(self, what: str, done: int, total: int | None) -> None:
        self._check()
        if self._progress is not None:
            self._progress(what, done, total)


def _connected(kind: str, programs: Programs) -> _Client:
    """The engine; Podman's program where there is one and no socket of its service. SourceError."""
    if kind == "podman" and not podman_endpoints(os.environ) and (program := shutil.which("podman")):
        from layerscope.sources.podman_command import PodmanCommand

        return PodmanCommand(program, programs)
    return connect(kind, programs)


def _note(layers: dict[str, tuple[int, int]], message: dict[str, Any]) -> None:
    """Keep a layer's bytes (done, total) as a progress message of a pull tells them."""
    layer, status = documents.text(message.get("id")), documents.text(message.get("status"))
    detail = documents.mapping(message.get("progressDetail"))
    current, total = detail.get("current"), detail.get("total")
    if status == "Downloading" and isinstance(current, int):
        layers[layer] = (current, total if isinstance(total, int) else current)
    elif status in ("Download complete", "Pull complete") and layer in layers:
        layers[layer] = (layers[layer][1], layers[layer][1])


def _choose_platform(client: _Client, name: str, found: dict[str, Any], wanted: Platform | None) -> Platform | None:
    """The platform to ask an export for, None for all that there are; UsageError where the wanted one is not there.

    It is told as the engine knows it: asked for linux/arm, it has nothing where it has linux/arm/v6 only. Of an
    image that was pulled for some of its platforms the engine exports just one, the one that it tells of unasked.
    """
    usual = _platform(found)
    there = _exportable(found) or ([usual] if usual else [])
    if not there:
        return wanted
    if wanted is None:
        return _first_meeting(there, usual) if usual and _is_partial(found) else None
    chosen = _first_meeting(there, wanted)
    if chosen is None:
        words = ", ".join(map(str, there))
        hint = f"Pull it first: {client.command} pull --platform {wanted} {name}"
        raise UsageError(f"{client.title} has {name} for {words}, not for {wanted}.", hint)
    return chosen


def _first_meeting(there: list[Platform], wanted: Platform) -> Platform | None:
    """The platform that is the wanted one, else the first that will do."""
    return wanted if wanted in there else next((each for each in there if each.meets(wanted)), None)


def _platform(found: dict[str, Any]) -> Platform | None:
    system, architecture = documents.text(found.get("Os")), documents.text(found.get("Architecture"))
    return Platform(system, architecture, documents.text(found.get("Variant"))) if system else None


def _exportable(found: dict[str, Any]) -> list[Platform]:
    """The platforms whose layers are all there."""
    there = [
        documents.mapping(each.get("ImageData"))
        for each in documents.stored_manifests(found)
        if each.get("Available") is True
    ]
    platforms = [documents.platform(each.get("Platform")) for each in there]
    return list(dict.fromkeys(each for each in platforms if each.os))


def _is_partial(found: dict[str, Any]) -> bool:
    """Whether there are platforms that were not pulled."""
    return any(each.get("Available") is not True for each in documents.stored_manifests(found))


def _export_name(name: str, found: dict[str, Any]) -> str:
    """The name that exports this image and no other: without a tag an engine exports all tags."""
    identity = documents.text(found.get("Id"))
    tagged = ":" in name.rpartition("/")[2] or "@" in name
    tags = documents.texts(found.get("RepoTags"))
    is_id = identity.removeprefix("sha256:").startswith(name.removeprefix("sha256:"))
    if is_id and not any(tag.startswith(f"{name}:") for tag in tags):
        return identity
    return name if tagged else f"{name}:latest"


def _size(found: dict[str, Any]) -> int | None:
    size = found.get("Size")
    return size if isinstance(size, int) and size > 0 else None


def _diff_ids(found: dict[str, Any]) -> list[str]:
    return documents.texts(documents.mapping(found.get("RootFS")).get("Layers"))


def _inspected(wish: Wish, found: dict[str, Any]) -> Image | None:
    """What the engine says of an image, all but its history; None where it does not tell of its layers."""
    diff_ids = _diff_ids(found)
    if not diff_ids:
        return None
    image = Image(wish.reference, wish.source, id=documents.text(found.get("Id")))
    image.config = {"config": documents.mapping(found.get("Config"))}
    image.platform, image.created = str(_platform(found) or ""), documents.text(found.get("Created"))
    image.layers = [Layer("", diff_id) for diff_id in diff_ids]
    _complete(image, found)
    return image


def _complete(image: Image, found: dict[str, Any]) -> None:
    """Add what the engine knows and an export leaves out: tags of an image named by its id, digests."""
    image.tags = image.tags or documents.texts(found.get("RepoTags"))
    digests = documents.texts(found.get("RepoDigests"))
    if not image.digest and digests:
        image.digest = digests[0].rpartition("@")[2]
