"""Running the command line, and archives to run it on."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from handmade import Entry, layer_tar

Done = subprocess.CompletedProcess[str]


def run(
    *arguments: str,
    cwd: Path | None = None,
    stdin: bytes = b"",
    variables: Mapping[str, str] = MappingProxyType({}),
    **environment: str,
) -> Done:
    """Run ``layerscope`` with these arguments, and these variables beside those of the test run."""
    done = subprocess.run(
        [sys.executable, "-m", "layerscope", *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **variables, **environment},
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def save(path: Path, layers: Sequence[Sequence[Entry]], user: str = "", commands: Sequence[str] = ()) -> Path:
    """A ``docker save`` archive of these layers, made by these commands."""
    tars = [layer_tar(entries) for entries in layers]
    digests = [sha256(tar).hexdigest() for tar in tars]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created_by": command} for command in commands or [f"RUN step {n}" for n in range(len(tars))]],
        "config": {"User": user},
    }
    names = [f"{number}/layer.tar" for number in range(len(tars))]
    manifest = [{"Config": "config.json", "RepoTags": ["hand/made:1"], "Layers": names}]
    members = dict(zip(names, tars, strict=True))
    members |= {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
