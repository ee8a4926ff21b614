"""The images that an archive or a folder offers, found by walking its indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from layerscope.errors import DamagedImageError, LayerscopeError, LimitError, NotAnImageError, UsageError
from layerscope.sources import documents
from layerscope.sources.contents import Contents, document_of, doubt, needed
from layerscope.sources.documents import ArchiveEntry, Descriptor, Manifest
from layerscope.sources.limits import Limits
from layerscope.sources.platforms import Platform

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_ENCODED = re.compile(r"[A-Za-z0-9=_-]{4,}")


class SeveralImagesError(UsageError):
    """There are several images and nothing says which; each of ``choices`` is a value for ``--image``."""

    def __init__(self, label: str, choices: list[str]) -> None:
        shown = ", ".join(choices[:12]) + (f" and {len(choices) - 12} more" if len(choices) > 12 else "")
        super().__init__(f"{label} holds {len(choices)} images: {shown}.", "Choose one with --image NAME.")
        self.choices = choices


@dataclass(eq=False, slots=True)
class Variant:
    """The image for one platform. ``problem`` says why its manifest cannot be read."""

    descriptor: Descriptor
    manifest: Manifest | None = None
    platform: Platform | None = None
    problem: LayerscopeError | None = None
    doubt: str = ""
    """How the manifest is other than its descriptor says; empty where it is not."""


@dataclass(eq=False, slots=True)
class Candidate:
    """One image under all its names: an entry of ``manifest.json``, a root of ``index.json``, or both."""

    names: list[str] = field(default_factory=list)
    digest: str = ""
    annotations: dict[str, str] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    attestations: list[Descriptor] = field(default_factory=list)
    entry: ArchiveEntry | None = None

    @property
    def tags(self) -> list[str]:
        """The names as people write them, without duplicates; bare tags only where there is no more."""
        full = [familiar(name) for name in self.names]
        return list(dict.fromkeys([name for name in full if ":" in name] or full))

    @property
    def digests(self) -> list[str]:
        """Every digest that means this image: index, manifests, configs."""
        found = [self.digest, *(variant.descriptor.digest for variant in self.variants)]
        found += [variant.manifest.config.digest for variant in self.variants if variant.manifest]
        return [digest for digest in found if digest] + ([self.entry.config] if self.entry else [])

    @property
    def is_image(self) -> bool:
        """Whether anything in it may be a container image rather than another artifact."""
        return self.entry is not None or any(v.manifest is None or not v.manifest.artifact for v in self.variants)


def familiar(name: str) -> str:
    """An image's name as people write it: without the default registry and its ``library``."""
    return name.removeprefix("docker.io/").removeprefix("library/")


def find_candidates(contents: Contents, warnings: list[str]) -> list[Candidate]:
    """All images that the contents offer, in their order; empty where there is no manifest at all.

    ``index.json`` tells more (digests, platforms, media types, attestations) and is believed where it
    knows every image of ``manifest.json``; else ``manifest.json`` counts, as it does for ``docker load``.
    """
    listed, damage = _listed(contents)
    entries = documents.archive_entries(listed, contents.limits)
    try:
        indexed = _indexed(contents, "index.json")
    except (DamagedImageError, LimitError) as error:
        if not entries:
            raise
        indexed, damage = [], error
    if damage is not None:
        if not indexed and not entries:
            raise damage
        warnings.append(damage.sentence)
    if not entries:
        return indexed or _single(contents, listed)
    configs = _by_config(indexed)
    if all(_join(entry, configs) for entry in entries):
        return indexed
    return [Candidate(names=list(entry.tags), entry=entry) for entry in entries]


def _listed(contents: Contents) -> tuple[Any, DamagedImageError | LimitError | None]:
    try:
        data = contents.document("manifest.json")
        return (None if data is None else documents.parse(data, f"manifest.json in {contents.label}")), None
    except (DamagedImageError, LimitError) as error:
        return None, error


def _single(contents: Contents, document: Any) -> list[Candidate]:
    """The image of a skopeo ``dir:`` folder, whose ``manifest.json`` is one manifest or index."""
    if not isinstance(document, dict):
        return []
    roots = documents.index_descriptors(document, contents.limits)
    if roots is not None:
        return [_walk(contents, roots, Candidate())]
    variant = Variant(Descriptor(""))
    _examine(contents, variant, document)
    return [Candidate(variants=[variant])]


def _by_config(indexed: list[Candidate]) -> dict[str, Candidate]:
    """The candidates by the encoded parts of their configs' digests; the first of several."""
    found: dict[str, Candidate] = {}
    for candidate in indexed:
        for variant in candidate.variants:
            if variant.manifest and variant.manifest.config.digest:
                found.setdefault(variant.manifest.config.digest.rpartition(":")[2], candidate)
    return found


def _join(entry: ArchiveEntry, configs: dict[str, Candidate]) -> bool:
    """Give an indexed candidate the names of the entry with the same config, if there is one."""
    candidate = next((configs[word] for word in _ENCODED.findall(entry.config) if word in configs), None)
    if candidate is None:
        return False
    candidate.names.extend(entry.tags)
    return True


def _indexed(contents: Contents, name: str) -> list[Candidate]:
    data = contents.document(name)
    if data is None:
        return []
    roots = documents.index_descriptors(documents.parse(data, f"{name} in {contents.label}"), contents.limits) or []
    candidates: dict[str, Candidate] = {}
    budget = _Budget(contents.limits)
    for root in roots:
        if root.digest not in candidates:
            seed = Candidate(digest=root.digest, annotations=dict(root.annotations))
            candidates[root.digest] = _walk(contents, [root], seed, budget)
        names = (root.annotations[key] for key in _NAMES if key in root.annotations)
        candidates[root.digest].names.extend(name for name in names if len(name) <= documents.LONGEST_NAME)
    found = [candidate for candidate in candidates.values() if candidate.variants]
    if not found and any(candidate.attestations for candidate in candidates.values()):
        raise NotAnImageError(
            f"{contents.label} holds attestations and no image.", "Save the image that they are about."
        )
    return found


class _Budget:
    """How many more manifests may be read, all levels of indexes together."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.images

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            sentence = f"The image's indexes name more than {self._limits.images} manifests."
            raise self._limits.reached("images", sentence)


def _walk(
    contents: Contents, roots: Iterable[Descriptor], candidate: Candidate, budget: _Budget | None = None
) -> Candidate:
    """Collect the manifests below the roots, each once: indexes may name themselves."""
    budget = budget or _Budget(contents.limits)
    seen: set[str] = set()
    waiting = list(roots)[::-1]
    while waiting:
        descriptor = waiting.pop()
        if descriptor.digest in seen:
            continue
        seen.add(descriptor.digest)
        budget.spend()
        if descriptor.is_attestation:
            candidate.attestations.append(descriptor)
            continue
        variant = Variant(descriptor, platform=descriptor.platform)
        try:
            data = needed(contents, descriptor.digest)
            document = documents.parse(data, f"{descriptor.digest} in {contents.label}")
            below = documents.index_descriptors(document, contents.limits)
            if below is not None:
                waiting.extend(reversed(below))
                continue
            variant.doubt = doubt("The manifest", data, descriptor, "the index")
            _examine(contents, variant, document)
        except (DamagedImageError, LimitError) as error:
            variant.problem = error
        candidate.variants.append(variant)
    return candidate


def _examine(contents: Contents, variant: Variant, document: Any) -> None:
    """Let the variant have what its document says: a manifest with a platform, or the problem with it."""
    variant.manifest = documents.manifest(document, contents.limits)
    if variant.manifest is None:
        old = documents.mapping(document).get("schemaVersion") == 1
        what = "is a manifest of docker schema 1, which engines no longer read" if old else "is no manifest"
        sentence = f"{variant.descriptor.digest or 'manifest.json'} in {contents.label} {what}."
        variant.problem = NotAnImageError(sentence, "Push or save the image again with a current tool.")
    elif variant.platform is None and not variant.manifest.artifact:
        variant.platform = _config_platform(contents, variant.manifest.config.digest)


def _config_platform(contents: Contents, digest: str) -> Platform | None:
    """The platform that a config names; None where it cannot be told (a later step says why)."""
    try:
        data = document_of(contents, digest)
        found = documents.platform(documents.parse(data, digest)) if data else None
    except (DamagedImageError, LimitError):
        return None
    return found if found and found.os else None
