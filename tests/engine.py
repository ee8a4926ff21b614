"""A real Docker Engine for tests: images are built by it, loaded into it and saved out of it.

Any engine that the docker CLI would find will do. Images are built ``FROM scratch`` and without a
network, so that nothing is pulled; a Dockerfile with ``RUN`` stands on ``SHELL``, whose one program is
the machine's statically linked busybox (Debian: ``busybox-static``). The classic builder is enough.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import docker
import pytest
import requests
from docker import DockerClient
from docker.errors import BuildError, DockerException, ImageNotFound

#: Set to 1 where tests that need an engine must not be skipped (CI).
REQUIRED = "LAYERSCOPE_REQUIRE_ENGINE"

#: The head of a Dockerfile with a shell; ``rootfs.tar`` is in every context that ``build`` sends.
SHELL = "FROM scratch\nADD rootfs.tar /\n"

_APPLETS = "adduser cat chmod chown cp dd ln ls mkdir mkfifo mv rm sh tar touch".split()
_PT_INTERP = 3


def own(name: str) -> str:
    """A name of an image that no other test run has at the same time."""
    return f"{name}:{os.getpid()}"


def required() -> bool:
    """Whether a missing engine is a failure."""
    return os.environ.get(REQUIRED) == "1"


def connect() -> DockerClient | None:
    """A client whose engine answered, or None."""
    try:
        client = docker.from_env(timeout=120)
    except DockerException:
        return None
    try:
        client.ping()
    except (DockerException, requests.exceptions.RequestException):
        client.close()
        return None
    return client


def build(client: DockerClient, tag: str, dockerfile: str, files: Mapping[str, bytes] | None = None) -> str:
    """Build an image from a Dockerfile and the files beside it; gives its id. BuildError where that fails."""
    context = {"Dockerfile": dockerfile.encode(), **(files or {})}
    if "rootfs.tar" in dockerfile:
        context["rootfs.tar"] = rootfs()
    log = client.api.build(
        fileobj=io.BytesIO(_tar(context)),
        custom_context=True,
        tag=tag,
        rm=True,
        forcerm=True,
        network_mode="none",
        nocache=True,
        decode=True,
    )
    for line in log:
        if "error" in line:
            raise BuildError(line["error"], iter(()))
    return str(client.images.get(tag).id)


def load(client: DockerClient, archive: bytes) -> str:
    """Load a ``docker save`` archive; gives the id of its image."""
    (image,) = client.images.load(archive)
    return str(image.id)


def save(client: DockerClient, reference: str, target: Path) -> Path:
    """Write what ``docker save`` writes for this reference."""
    response = client.api.get_image(reference)
    with target.open("wb") as stream:
        for piece in response:
            stream.write(piece)
    return target


def remove(client: DockerClient, reference: str) -> None:
    """Take the image out of the engine, whether or not it is there."""
    try:
        client.images.remove(reference, force=True)
    except ImageNotFound:
        return


def rootfs() -> bytes:
    """A root filesystem of busybox and its links, as a tar; skips (in CI: fails) without a static busybox."""
    found = shutil.which("busybox")
    program = Path(found).read_bytes() if found else b""
    if not program or _needs_loader(program):
        (pytest.fail if required() else pytest.skip)("RUN needs a statically linked busybox on PATH")
    links = {f"bin/{name}": "busybox" for name in _APPLETS}
    users = b"root:x:0:0:root:/:/bin/sh\napp:x:999:999::/:/bin/sh\n"
    return _tar({"bin/busybox": program, "etc/passwd": users, "etc/group": b"root:x:0:\napp:x:999:\n"}, links)


def _needs_loader(program: bytes) -> bool:
    """Whether a 64-bit little-endian ELF program names an interpreter (is linked dynamically)."""
    (start,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    return any(struct.unpack_from("<I", program, start + size * i)[0] == _PT_INTERP for i in range(count))


def _tar(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """Files (mode 755, so that programs run) and symbolic links as an uncompressed tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return stream.getvalue()
