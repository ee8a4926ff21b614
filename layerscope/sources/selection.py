"""Which image is meant, where an archive or a folder offers several, and for which platform."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from layerscope.errors import DamagedImageError, NotAnImageError, UsageError
from layerscope.sources.assembly import image_from_entry, image_from_manifest, not_an_image
from layerscope.sources.candidates import Candidate, SeveralImagesError, Variant, familiar, find_candidates
from layerscope.sources.contents import Contents, MeteredContents
from layerscope.sources.legacy import legacy_image
from layerscope.sources.limits import Limits
from layerscope.sources.model import Image
from layerscope.sources.platforms import Platform, host_platform, parse_platform


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for: reference as written, kind of source, image, platform, what the image may hold.

    ``image`` is a name, a tag, the beginning of an id or digest, the number in the list from 1 on,
    or ``@`` and the number from 0 on (skopeo's way).
    """

    reference: str
    source: str
    image: str = ""
    platform: str = ""
    verify: bool = False
    limits: Limits = field(default_factory=Limits)


def find_image(contents: Contents, wish: Wish) -> Image:
    """The image that is meant, its manifest and config parsed; reads no layer.

    Documents that are other than their digests say are a warning, or the image's fault where it is to be verified.
    """
    image = _find(contents, wish)
    image.verify = wish.verify
    if wish.verify:
        image.fault = " ".join(filter(None, (image.fault, *image.doubts)))
    else:
        image.warnings += image.doubts
    return image


def _find(contents: Contents, wish: Wish) -> Image:
    contents = MeteredContents(contents)
    warnings: list[str] = []
    candidates = find_candidates(contents, warnings)
    image = Image(reference=wish.reference, source=wish.source, warnings=warnings)
    if not candidates:
        return _without_manifest(contents, wish, image)
    candidate = _choose(candidates, wish.image, contents.label)
    wanted = parse_platform(wish.platform) if wish.platform else None
    image.tags = candidate.tags
    image.annotations.update(candidate.annotations)
    if candidate.entry is not None:
        image_from_entry(contents, candidate.entry, image)
        if wanted and image.platform and not parse_platform(image.platform).meets(wanted):
            raise no_platform(contents.label, wanted, [image.platform])
        return image
    variant = _variant(candidate, wanted, contents.label)
    image.digest = variant.descriptor.digest
    image.platform = str(variant.platform or "")
    image.annotations.update(variant.descriptor.annotations)
    image.attestations = _attestations(candidate, image.digest)
    if variant.doubt:
        image.doubts.append(variant.doubt)
    if variant.manifest is None:
        raise variant.problem or NotAnImageError(f"{contents.label} holds no image.")
    return image_from_manifest(contents, variant.manifest, image)


def _without_manifest(contents: Contents, wish: Wish, image: Image) -> Image:
    if contents.document("repositories") is not None:
        return legacy_image(contents, wish.image, image)
    if contents.document("manifest.json") is not None:
        raise DamagedImageError(f"The manifest.json of {contents.label} lists no image.", "Save the image again.")
    if contents.document("index.json") is not None:
        raise DamagedImageError(f"The index.json of {contents.label} lists no image.", "Save or copy the image again.")
    raise NotAnImageError(
        f"{contents.label} holds no image: there is neither a manifest.json nor an index.json.",
        "layerscope opens what `docker save` and image builders write; `docker export` writes no layers.",
    )


def _choose(candidates: list[Candidate], wanted: str, label: str) -> Candidate:
    if wanted:
        found = _matching(candidates, wanted)
        if not found:
            hint = f"It holds: {', '.join(_choices(candidates))}."
            raise UsageError(f"{label} holds no image {wanted}.", hint)
    else:
        found = [candidate for candidate in candidates if candidate.is_image]
        if not found:
            raise _refusal(candidates[0], label)
    if len(found) > 1:
        raise SeveralImagesError(label, _choices(candidates, found))
    return found[0]


def _refusal(candidate: Candidate, label: str) -> NotAnImageError:
    kinds = (variant.manifest.artifact for variant in candidate.variants if variant.manifest)
    return not_an_image(label, next(kinds, "unknown"))


def _choices(candidates: list[Candidate], among: list[Candidate] | None = None) -> list[str]:
    """A word for each candidate that means it alone."""
    names = Counter(name for each in candidates for name in _called(each))
    stems = Counter(stem for each in candidates for stem in {_stem(digest)[:12] for digest in each.digests})
    words = []
    for number, candidate in enumerate(candidates, 1):
        if among is not None and candidate not in among:
            continue
        stem = _stem(next(iter(candidate.digests), ""))[:12]
        alone = [tag for tag in candidate.tags if names[tag] == 1]
        if len(stem) == 12 and stems[stem] == 1 and stem not in names:
            alone.append(stem)
        words.append(next(iter(alone), str(number)))
    return words


def _called(candidate: Candidate) -> set[str]:
    """Every name that means the candidate."""
    names = {familiar(name) for name in candidate.names}
    return names | {name.removesuffix(":latest") for name in names}


def _matching(candidates: list[Candidate], wanted: str) -> list[Candidate]:
    named = [each for each in candidates if _has_name(each, wanted)]
    if named:
        return named
    number = int(wanted) - 1 if wanted.isdecimal() and len(wanted) < 6 else -1
    if wanted[:1] == "@" and wanted[1:].isdecimal():
        number = int(wanted[1:6])
    if 0 <= number < len(candidates):
        return [candidates[number]]
    prefix = wanted.removeprefix("sha256:").lower()
    if len(prefix) < 6:
        return []
    return [each for each in candidates if any(_stem(digest).startswith(prefix) for digest in each.digests)]


def _stem(digest: str) -> str:
    return digest.rpartition("/")[2].rpartition(":")[2]


def _has_name(candidate: Candidate, wanted: str) -> bool:
    return familiar(wanted) in _called(candidate)


def _variant(candidate: Candidate, wanted: Platform | None, label: str) -> Variant:
    """The variant for the wanted platform, else the host's, else the only one there is."""
    present = [each for each in candidate.variants if each.manifest and not each.manifest.artifact]
    if not present:
        artifact = next((each for each in candidate.variants if each.manifest), None)
        if artifact is not None and artifact.manifest is not None:
            raise not_an_image(label, artifact.manifest.artifact)
        return candidate.variants[0]
    names = list(dict.fromkeys(str(each.platform or "unknown") for each in present))
    if wanted is None:
        if len(present) == 1:
            return present[0]
        found = _meeting(present, host_platform())
        if not found:
            raise no_platform(label, None, names)
        return found[0]
    found = _meeting(present, wanted) or [each for each in present if each.platform is None and len(present) == 1]
    if not found:
        absent = _meeting(candidate.variants, wanted)
        raise absent[0].problem if absent and absent[0].problem else no_platform(label, wanted, names)
    return found[0]


def _meeting(variants: list[Variant], wanted: Platform) -> list[Variant]:
    """The variants for a platform, exact matches first."""
    found = [each for each in variants if each.platform and each.platform.meets(wanted)]
    return sorted(found, key=lambda each: each.platform != wanted)


def no_platform(label: str, wanted: Platform | None, names: list[str]) -> UsageError:
    """The error where there is no image for the wanted platform, or none (None) for this machine's."""
    if wanted is not None:
        return UsageError(f"{label} has no image for {wanted}.", f"It has {', '.join(names)}.")
    return UsageError(
        f"{label} holds the image for {', '.join(names)}, and none is this machine's.",
        "Choose one with --platform OS/ARCH.",
    )


def _attestations(candidate: Candidate, digest: str) -> int:
    """How many attestations are about the image: by its digest, or by one that a copy left behind.

    Tools that compress layers anew as they copy change the image's digest and not what names it.
    """
    images = {variant.descriptor.digest for variant in candidate.variants}
    return sum(each.subject in ("", digest) or images == {digest} for each in candidate.attestations)
