"""Platforms: their names, the host's, and which of several is meant."""

from __future__ import annotations

from typing import NamedTuple

from layerscope.errors import UsageError

# uname -m and friends, as containerd's platforms package normalises them.
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "armhf": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "armel": ("arm", "v6"),
}
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}


class Platform(NamedTuple):
    """An operating system, a processor architecture and, for some, its variant."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def meets(self, wanted: Platform) -> bool:
        """Whether this is the wanted platform; no variant wanted, or the usual one, is met by none."""
        if (self.os, self.architecture) != (wanted.os, wanted.architecture):
            return False
        usual = _DEFAULT_VARIANTS.get(self.architecture, "")
        return not wanted.variant or (self.variant or usual) == wanted.variant


def parse_platform(words: str) -> Platform:
    """``OS/ARCH[/VARIANT]``, or an architecture alone for Linux; UsageError where it is neither."""
    parts = words.strip().lower().split("/")
    if len(parts) == 1:
        parts = ["linux", *parts]
    if len(parts) > 3 or not all(parts):
        raise UsageError(f"{words!r} is no platform.", "Write OS/ARCH or OS/ARCH/VARIANT, as linux/arm64.")
    architecture, variant = _ARCHITECTURES.get(parts[1], (parts[1], ""))
    return Platform(parts[0], architecture, parts[2] if len(parts) == 3 else variant)


def host_platform() -> Platform:
    """The platform whose images this machine runs: Linux, whatever the desktop."""
    import platform as host

    return parse_platform(f"linux/{host.machine() or 'amd64'}")
