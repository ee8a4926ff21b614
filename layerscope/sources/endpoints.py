"""Where an engine listens, found as the docker and podman command lines find it; asks nobody."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerscope.errors import SourceError
from layerscope.sources.documents import mapping, text

DOCKER_SOCKET = "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine's address; ``certificates`` is a folder with ca.pem, cert.pem and key.pem where TLS is used."""

    host: str
    origin: str = ""
    certificates: Path | None = None
    verify: bool = True

    def __str__(self) -> str:
        return f"{self.host} ({self.origin})" if self.origin else self.host


def docker_endpoint(environment: Mapping[str, str]) -> Endpoint:
    """DOCKER_HOST, else DOCKER_CONTEXT, else the current context of the config file, else the usual socket."""
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    host = environment.get("DOCKER_HOST", "")
    if host:
        return Endpoint(host, "DOCKER_HOST", *_tls_of(environment, folder))
    context = environment.get("DOCKER_CONTEXT") or text(_json(folder / "config.json").get("currentContext"))
    if context and context != "default":
        return _context_endpoint(folder, context)
    return Endpoint(DOCKER_SOCKET)


def podman_endpoints(environment: Mapping[str, str]) -> list[Endpoint]:
    """CONTAINER_HOST alone where it is set, else the sockets that exist: rootless, then root."""
    host = environment.get("CONTAINER_HOST", "")
    if host:
        return [Endpoint(host, "CONTAINER_HOST")]
    getuid = getattr(os, "getuid", None)
    runtime = environment.get("XDG_RUNTIME_DIR") or (f"/run/user/{getuid()}" if getuid else "")
    sockets = [Path(runtime, "podman/podman.sock")] if runtime else []
    sockets.append(Path("/run/podman/podman.sock"))
    return [Endpoint(f"unix://{socket}") for socket in sockets if _there(socket)]


def _tls_of(environment: Mapping[str, str], folder: Path) -> tuple[Path | None, bool]:
    """The certificates and whether to verify: any text in DOCKER_TLS_VERIFY means yes."""
    verify = environment.get("DOCKER_TLS_VERIFY", "") != ""
    certificates = environment.get("DOCKER_CERT_PATH", "")
    if certificates:
        return Path(certificates).expanduser(), verify
    return (folder, True) if verify else (None, True)


def _context_endpoint(folder: Path, name: str) -> Endpoint:
    """A context out of docker's store: folders are named by the sha256 of the context's name."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    endpoint = mapping(mapping(_json(meta).get("Endpoints")).get("docker"))
    host = text(endpoint.get("Host"))
    if not host:
        raise SourceError(
            f"There is no docker context {name}.", "See `docker context ls`, or set DOCKER_HOST or DOCKER_CONTEXT."
        )
    certificates = folder / "contexts" / "tls" / identity / "docker"
    verify = endpoint.get("SkipTLSVerify") is not True
    return Endpoint(host, f"context {name}", certificates if certificates.is_dir() else None, verify)


def _json(path: Path) -> dict[str, object]:
    """A JSON object of a configuration file; empty where the file is absent or no such object."""
    try:
        return mapping(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}


def _there(socket: Path) -> bool:
    try:
        return socket.exists()
    except PermissionError:  # the folder above it belongs to somebody else
        return False
