"""What a user wrote, taken apart: the kind of source, the place, and the image in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from layerscope.errors import UsageError

#: Every scheme and what it means; ``--source`` takes the same words.
SCHEMES = {
    "docker": "docker",
    "podman": "podman",
    "docker-archive": "archive",
    "docker-tar": "archive",
    "oci-archive": "archive",
    "oci": "layout",
    "oci-layout": "layout",
    "dir": "layout",
    "registry": "registry",
}
_PATH_ENDS = (".tar", ".tgz", ".tzst", ".txz", ".tbz2", ".oci")
_COMPRESSED_TAR = re.compile(r".*\.tar\.(gz|zst|zstd|xz|bz2)", re.IGNORECASE)


class Reference(NamedTuple):
    """``kind`` is a value of ``SCHEMES``, ``demo``, ``stream``, or empty where only the place can tell.

    ``written`` is the whole text; it differs from ``place`` where a scheme was cut off.
    """

    written: str
    kind: str
    place: str

    @property
    def looks_like_path(self) -> bool:
        """Whether nobody would write an image's name so."""
        place = self.place
        if place.startswith(("/", "./", "../", "~", ".\\", "..\\")) or place in (".", ".."):
            return True
        return place.lower().endswith(_PATH_ENDS) or _COMPRESSED_TAR.fullmatch(place) is not None


def parse_reference(written: str, source: str = "") -> Reference:
    """Take a reference apart; a scheme in it counts before ``source``; UsageError for unknown words."""
    if source and source not in SCHEMES:
        raise UsageError(f"There is no source {source!r}.", f"Sources are {', '.join(SCHEMES)}.")
    if not written.strip():
        raise UsageError(
            "No image is named.", "Name an image, an archive file or a folder; `layerscope demo` needs none."
        )
    scheme, colon, rest = written.partition(":")
    slashes = rest.startswith("//")
    if colon and scheme in SCHEMES and rest.strip("/"):
        return Reference(written, SCHEMES[scheme], rest[2:] if slashes else rest)
    if slashes and re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme):
        hint = "Write registry:NAME to fetch from a registry." if scheme.startswith("http") else ""
        raise UsageError(f"{scheme}:// is no source.", hint or f"Sources are {', '.join(SCHEMES)}.")
    if source:
        return Reference(written, SCHEMES[source], written)
    special = {"-": "stream", "demo": "demo"}.get(written, "")
    return Reference(written, special, written)


def split_place(place: str) -> tuple[str, str]:
    """``PATH[:IMAGE]``: the longest beginning that exists, as it was written, and the image named behind it."""
    cut = len(place)
    while cut > 0:
        if exists(Path(place[:cut]).expanduser()):
            return place[:cut], place[cut + 1 :]
        cut = place.rfind(":", 0, cut)
    return place, ""


def exists(path: Path) -> bool:
    """Whether there is something at a path, whatever the path is."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False
