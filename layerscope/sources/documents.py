"""The JSON documents of images, read with tolerance: what is of the wrong type counts as absent.

Field names are those of the OCI image specification (index, manifest, config) and of the docker
image specification v1.2 (``manifest.json`` of an archive).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from layerscope.errors import DamagedImageError
from layerscope.sources.limits import Limits
from layerscope.sources.model import HistoryEntry
from layerscope.sources.platforms import Platform

#: Lines of history that are read; what comes behind them is ignored.
MAX_HISTORY = 10_000
#: Characters of one command in the history that are read.
MAX_COMMAND = 64 * 1024

#: Characters of the longest name, media type or address that is read: those that are used have less than half.
LONGEST_NAME = 1024
_DIGEST = re.compile(r"[a-z0-9]{1,32}(?:[.+_-][a-z0-9]{1,32}){0,4}:[A-Za-z0-9=_-]{4,256}")
_INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_LAYER_TYPE = re.compile(
    r"application/(?:vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|"
    r"vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar|"
    r"vnd\.docker\.container\.image\.rootfs\.diff|(?:x-)?g?tar)\b.*"
)
_CONFIG_TYPES = (
    "",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/octet-stream",  # schema 2 as written by docker 1.10
)


def parse(data: bytes, name: str) -> Any:
    """The value of a JSON document; DamagedImageError where it is none."""
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        reason = str(error)
    except UnicodeDecodeError as error:
        reason = f"it is no text at byte {error.start}"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError:  # what else json finds no value for
        reason = "a number in it has too many digits"
    raise DamagedImageError(f"{name} is no valid JSON: {reason}.", "Fetch or save the image again.")


def mapping(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value where it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value where it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """The strings of an array."""
    return [item for item in sequence(value) if isinstance(item, str)]


def strings(value: Any) -> dict[str, str]:
    """The members of an object whose values are strings."""
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}


def is_digest(value: str) -> bool:
    """Whether the text is a digest, ``algorithm:encoded`` (descriptor.md)."""
    return _DIGEST.fullmatch(value) is not None


def is_layer_type(media_type: str) -> bool:
    """Whether blobs of this type are tars of files, as far as the type tells."""
    return not media_type or _LAYER_TYPE.fullmatch(media_type) is not None


class Descriptor(NamedTuple):
    """A reference to a blob: digest, media type and size in bytes (-1 where not told)."""

    digest: str
    media_type: str = ""
    size: int = -1
    annotations: Mapping[str, str] = MappingProxyType({})
    platform: Platform | None = None
    urls: tuple[str, ...] = ()
    artifact_type: str = ""

    @property
    def is_index(self) -> bool:
        """Whether it names an index or a manifest list."""
        return self.media_type in _INDEX_TYPES

    @property
    def is_attestation(self) -> bool:
        """Whether it names what buildkit says about an image, not an image."""
        if "vnd.docker.reference.type" in self.annotations:
            return True
        return self.platform is not None and self.platform.os == "unknown"

    @property
    def subject(self) -> str:
        """The digest of the image that an attestation is about; empty where it does not say."""
        return self.annotations.get("vnd.docker.reference.digest", "")


def descriptor(value: Any) -> Descriptor:
    """A descriptor object; its digest is empty where it is no valid digest."""
    fields = mapping(value)
    digest, size = text(fields.get("digest")), fields.get("size")
    return Descriptor(
        digest=digest if is_digest(digest) else "",
        media_type=text(fields.get("mediaType"))[:LONGEST_NAME],
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 63 else -1,
        annotations=strings(fields.get("annotations")),
        platform=_platform(fields.get("platform")),
        urls=tuple(url[:LONGEST_NAME] for url in texts(fields.get("urls"))),
        artifact_type=text(fields.get("artifactType"))[:LONGEST_NAME],
    )


def _platform(value: Any) -> Platform | None:
    found = platform(value)
    return found if found.os or found.architecture else None


def platform(value: Any) -> Platform:
    """The platform that an object's fields tell: of a descriptor, or of a config."""
    fields = {key: item[:LONGEST_NAME] for key, item in strings(value).items()}
    return Platform(fields.get("os", ""), fields.get("architecture", ""), fields.get("variant", ""))


class Manifest(NamedTuple):
    """An image manifest, OCI or docker schema 2."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str
    annotations: Mapping[str, str]
    artifact_type: str = ""

    @property
    def artifact(self) -> str:
        """What the manifest holds where it is no image: its type; empty for an image.

        The layers decide, not the config: charts, modules and signatures have layer types of
        their own, whereas builders label configs as they please.
        """
        if any(is_layer_type(each.media_type) for each in self.layers):
            return ""
        kinds = [self.artifact_type, *(each.media_type for each in self.layers), self.config.media_type]
        return next((kind for kind in kinds if kind and kind not in _CONFIG_TYPES), "")

    @property
    def odd_config(self) -> str:
        """The config's media type where it is not an image's."""
        return "" if self.config.media_type in _CONFIG_TYPES else self.config.media_type


def index_descriptors(document: Any, limits: Limits) -> list[Descriptor] | None:
    """The manifests of an index; None where the document is no index; LimitError where they are too many."""
    manifests = mapping(document).get("manifests")
    return (
        None
        if manifests is None
        else [descriptor(item) for item in _at_most(limits.images, "images", manifests, limits, "manifests")]
    )


def manifest(document: Any, limits: Limits) -> Manifest | None:
    """An image manifest; None where the document is none (schema 1, an index, anything else); LimitError."""
    fields = mapping(document)
    if not isinstance(fields.get("config"), dict) or not isinstance(fields.get("layers"), list):
        return None
    return Manifest(
        config=descriptor(fields["config"]),
        layers=tuple(descriptor(item) for item in _at_most(limits.layers, "layers", fields["layers"], limits)),
        media_type=text(fields.get("mediaType")),
        annotations=strings(fields.get("annotations")),
        artifact_type=text(fields.get("artifactType"))[:LONGEST_NAME],
    )


class ArchiveEntry(NamedTuple):
    """One image of an archive's ``manifest.json``."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]
    sources: Mapping[str, Descriptor]


def archive_entries(document: Any, limits: Limits) -> list[ArchiveEntry]:
    """The images that a ``manifest.json`` lists; LimitError where they, or one's layers, are too many."""
    entries = [mapping(item) for item in _at_most(limits.images, "images", document, limits)]
    return [
        ArchiveEntry(
            config=text(entry.get("Config")),
            tags=tuple(dict.fromkeys(tag for tag in texts(entry.get("RepoTags")) if len(tag) <= LONGEST_NAME)),
            layers=tuple(text(item) for item in _at_most(limits.layers, "layers", entry.get("Layers"), limits)),
            sources={key: descriptor(item) for key, item in mapping(entry.get("LayerSources")).items()},
        )
        for entry in entries
        if "Config" in entry or "Layers" in entry
    ]


def _at_most(most: int, option: str, value: Any, limits: Limits, what: str = "") -> list[Any]:
    """The array, or an empty one where the value is none; LimitError where it is longer than the option allows."""
    found = sequence(value)
    if len(found) > most:
        raise limits.reached(option, f"A document lists more than {most} {what or option}.")
    return found


def history(document: Mapping[str, Any]) -> list[HistoryEntry]:
    """The config's history, oldest first, as far as the limits go."""
    return [
        HistoryEntry(
            created_by=text(entry.get("created_by"))[:MAX_COMMAND],
            created=text(entry.get("created"))[:LONGEST_NAME],
            comment=text(entry.get("comment"))[:MAX_COMMAND],
            author=text(entry.get("author"))[:MAX_COMMAND],
            empty_layer=entry.get("empty_layer") is True,
        )
        for entry in map(mapping, sequence(document.get("history"))[:MAX_HISTORY])
    ]


def diff_ids(document: Mapping[str, Any]) -> list[str]:
    """The digests of the uncompressed layers, oldest first."""
    return texts(mapping(document.get("rootfs")).get("diff_ids"))


def stored_manifests(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an engine with containerd's store tells of an image's manifests, but for attestations; else empty."""
    manifests = [mapping(each) for each in sequence(told.get("Manifests"))]
    return [each for each in manifests if each.get("Kind") == "image"]
