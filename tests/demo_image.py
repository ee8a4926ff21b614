"""Makes the bundled sample image: ``python tests/demo_image.py`` rewrites ``layerscope/data/demo.tar.gz``.

A small Python web service with the mistakes that images really have, one of every kind that
layerscope names. Nothing comes from the machine that runs this: times, owners and bytes are fixed.
The form is that of ``docker save`` since Docker 25: an OCI layout with a ``manifest.json``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from demo_layers import LAYERS, Entry, Step

MADE = 1726129800  # 2024-09-12T08:30:00Z, seconds since the epoch
STEP_SECONDS = 7
TAG = "acme/api:2.4"
TARGET = Path(__file__).resolve().parent.parent / "layerscope" / "data" / "demo.tar.gz"

_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_TYPES = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
}


def layer_tar(entries: Iterable[Entry], mtime: int) -> bytes:
    """One layer as an uncompressed tar; ``mtime`` in seconds since the epoch."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.path)
            member.type = _TYPES[entry.kind]
            member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.uid
            member.mtime = mtime
            member.linkname = entry.link
            member.devmajor, member.devminor = entry.device
            member.size = len(entry.data)
            if entry.capability:
                member.pax_headers = {"SCHILY.xattr.security.capability": entry.capability}
            archive.addfile(member, io.BytesIO(entry.data))
    return stream.getvalue()


def moment(step: int) -> str:
    """When the step of this number ran, as RFC 3339."""
    seconds = 30 * 60 + step * STEP_SECONDS
    return f"2024-09-12T08:{seconds // 60:02d}:{seconds % 60:02d}Z"


def config(steps: list[Step], diff_ids: list[str]) -> dict[str, Any]:
    """The image's config, history of empty layers included (OCI image-spec, config.md)."""
    history: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        line: dict[str, Any] = {"created": moment(number), "created_by": step.command}
        if step.comment:
            line["comment"] = step.comment
        if step.entries is None:
            line["empty_layer"] = True
        history.append(line)
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": moment(len(steps) - 1),
        "config": {
            "User": "app",
            "ExposedPorts": {"8000/tcp": {}},
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"],
            "Entrypoint": ["/usr/local/bin/entrypoint"],
            "Cmd": ["gunicorn", "--bind=0.0.0.0:8000", "acme.api:app"],
            "WorkingDir": "/app",
            "Labels": {
                "org.opencontainers.image.title": "acme-api",
                "org.opencontainers.image.version": "2.4",
                "org.opencontainers.image.licenses": "MIT",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Layout:
    """The files of an OCI layout: blobs by digest, and what refers to them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Store a blob and give its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def blob(descriptor: dict[str, Any]) -> str:
    """Where the blob of a descriptor lies in the layout."""
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def image(steps: list[Step], tag: str = TAG) -> dict[str, bytes]:
    """The files of the archive, by name."""
    layout = Layout()
    layers = [
        layout.add(layer_tar(step.entries, MADE + (number - step.keeps_times) * STEP_SECONDS), _LAYER_TYPE)
        for number, step in enumerate(steps)
        if step.entries is not None
    ]
    made = layout.add(_json(config(steps, [layer["digest"] for layer in layers])), _CONFIG_TYPE)
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST_TYPE, "config": made, "layers": layers}
    described = layout.add(_json(manifest), _MANIFEST_TYPE)
    described["annotations"] = {"io.containerd.image.name": f"docker.io/{tag}"}
    layout.files["index.json"] = _json({"schemaVersion": 2, "manifests": [described]})
    layout.files["manifest.json"] = _json(
        [{"Config": blob(made), "RepoTags": [tag], "Layers": [blob(layer) for layer in layers]}]
    )
    layout.files["oci-layout"] = _json({"imageLayoutVersion": "1.0.0"})
    return layout.files


def archive_bytes(files: dict[str, bytes]) -> bytes:
    """The archive, uncompressed: sorted by name, as ``docker save`` writes it."""
    entries = [Entry(name, "file", 0o644, data=data) for name, data in sorted(files.items())]
    folders = [Entry(name, "dir", 0o755) for name in ("blobs", "blobs/sha256")]
    return layer_tar(folders + entries, MADE)


def main() -> int:
    """Write the archive and say how large it is."""
    plain = archive_bytes(image(LAYERS))
    packed = gzip.compress(plain, 9, mtime=0)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(packed)
    sys.stdout.write(f"{TARGET}: {len(packed):,} bytes, {len(plain):,} uncompressed\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
