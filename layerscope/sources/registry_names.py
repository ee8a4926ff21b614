"""An image's name in a registry: host, repository, tag, digest, as docker reads names."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from layerscope.errors import UsageError
from layerscope.sources.candidates import familiar

#: What names without a host mean, where that registry listens, and under what docker keeps its password.
DEFAULT_REGISTRY = "docker.io"
DEFAULT_HOST = "registry-1.docker.io"
DEFAULT_CREDENTIALS = "https://index.docker.io/v1/"

_DEFAULT_ALIASES = (DEFAULT_REGISTRY, "index.docker.io", DEFAULT_HOST)
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
# The grammar of github.com/distribution/reference.
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LONGEST = 255  # characters of a repository


@dataclass(frozen=True, slots=True)
class RegistryName:
    """An image in a registry. ``scheme`` is empty where the user wrote none; ``tag`` then is ``latest``."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""
    scheme: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return familiar(f"{self.registry}/{self.repository}{tag}{digest}")

    @property
    def reference(self) -> str:
        """What the manifest is asked for by: the digest counts before the tag."""
        return self.digest or self.tag

    @property
    def host(self) -> str:
        """Where the registry listens, with its port where one is named."""
        return DEFAULT_HOST if self.registry == DEFAULT_REGISTRY else self.registry

    @property
    def credentials_key(self) -> str:
        """Under what name docker and its helpers keep the password."""
        return DEFAULT_CREDENTIALS if self.registry == DEFAULT_REGISTRY else self.registry

    @property
    def aliases(self) -> tuple[str, ...]:
        """The registry's names in configuration files."""
        return _DEFAULT_ALIASES if self.registry == DEFAULT_REGISTRY else (self.registry,)


def parse_name(written: str) -> RegistryName:
    """``[http[s]://][HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]``; UsageError where it is none."""
    scheme, rest = "", written
    for each in ("http", "https"):
        if written.startswith(f"{each}://"):
            scheme, rest = each, written[len(each) + 3 :]
    rest, at, digest = rest.partition("@")
    first, slash, below = rest.partition("/")
    is_host = bool(slash) and (scheme != "" or first == "localhost" or any(c in first for c in ".:["))
    registry, path = (first, below) if is_host else (DEFAULT_REGISTRY, rest)
    head, colon, tag = path.rpartition(":")
    repository = head if colon else path
    tag = tag if colon else ""
    if registry in _DEFAULT_ALIASES:
        registry = DEFAULT_REGISTRY
        repository = repository if "/" in repository else f"library/{repository}"
    good = _HOST.fullmatch(registry) and _REPOSITORY.fullmatch(repository) and len(repository) <= _LONGEST
    if not good or (colon and not _TAG.fullmatch(tag)) or (at and not _DIGEST.fullmatch(digest)):
        hint = "Write NAME, HOST/NAME:TAG or HOST/NAME@sha256:DIGEST; names are in lower case."
        raise UsageError(f"{written!r} is no image's name in a registry.", hint)
    return RegistryName(registry, repository, tag or ("" if digest else "latest"), digest, scheme)


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine by its name alone."""
    name = host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
