"""Real builders for tests: the engine's classic one and BuildKit, buildah and podman, where they are at hand.

Nothing is pulled: every Dockerfile stands on ``scratch`` and on the machine's static busybox.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import engine

#: Files ``l1`` to ``l60`` lie in every context: an instruction that copies the one of its own line marks its layer.
LINES = 60
#: What the classic builder says after each step.
_STEP = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)


def fill(folder: Path, dockerfile: str) -> Path:
    """Write a context: ``@`` in the Dockerfile becomes the number of the line it stands on. Gives the Dockerfile."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line.replace("@", str(number)) for number, line in enumerate(dockerfile.split("\n"), 1)]
    (folder / "rootfs.tar").write_bytes(engine.rootfs())
    for number in range(1, LINES + 1):
        (folder / f"l{number}").write_text(f"{number}\n")
    path = folder / "Dockerfile"
    path.write_text("\n".join(lines))
    return path


def build_with_engine(
    folder: Path, tag: str, buildkit: bool, options: Sequence[str] = (), *, keep: bool = False
) -> Path:
    """Build with the docker command and save the image, which then goes unless it is to be kept.

    A skip where the command's BuildKit needs a plugin that is not there; a failure where an engine is required.
    """
    for program in _docker_commands():
        command = [program, "build", "--network", "none", "-t", tag, *options, str(folder)]
        done = _run(command, DOCKER_BUILDKIT=str(int(buildkit)))
        if "buildx" not in done.stderr:
            break
    else:
        (pytest.fail if engine.required() else pytest.skip)("no docker command builds with BuildKit here")
    assert done.returncode == 0, done.stderr
    archive = folder / "image.tar"
    try:
        _checked([program, "save", "-o", str(archive), tag])
    finally:
        if not keep:
            _run([program, "rmi", "-f", tag])
            # The classic builder leaves other stages behind, without a name.
            nameless = _run([program, "images", "-q", "--filter", "dangling=true"]).stdout.split()
            for image in set(nameless).intersection(_STEP.findall(done.stdout)):
                _run([program, "rmi", image])
    return archive


def build_with_buildah(folder: Path, program: str, options: Sequence[str] = ()) -> Path:
    """Build with buildah or podman in a store of the test's own, and save the image; a skip without it."""
    if shutil.which(program) is None:
        (pytest.fail if engine.required() else pytest.skip)(f"{program} is not installed")
    store = Path(tempfile.mkdtemp(prefix="ls-"))  # podman takes no long names
    start = [program, "--storage-driver", "vfs", "--root", str(store / "root"), "--runroot", str(store / "run")]
    archive = folder / "image.tar"
    try:
        _checked([*start, "build", "--isolation", "chroot", "-t", "built:1", *options, str(folder)])
        _checked([*start, "push", "built:1", f"docker-archive:{archive}:built:1"])
    finally:
        _run([*start, "rmi", "-a", "-f"])
        shutil.rmtree(store, ignore_errors=True)
    return archive


def marked_lines(archive: Path) -> list[int]:
    """The line that every layer of a ``docker save`` archive is marked with, oldest first; 0 for none."""
    marks = []
    with tarfile.open(archive) as outer:
        manifest = json.loads(_member(outer, "manifest.json"))
        for name in manifest[0]["Layers"]:
            stream = outer.extractfile(name)
            assert stream is not None
            with tarfile.open(fileobj=stream) as layer:
                names = [Path(member.name).name for member in layer]
            found = [int(name[1:]) for name in names if name[:1] == "l" and name[1:].isdecimal()]
            marks.append(found[0] if len(found) == 1 else 0)
    return marks


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read()


def _docker_commands() -> list[str]:
    found = [str(path) for folder in os.get_exec_path() if (path := Path(folder, "docker")).is_file()]
    return list(dict.fromkeys(found))


def _run(command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def _checked(command: Sequence[str]) -> None:
    done = _run(command)
    assert done.returncode == 0, done.stderr
