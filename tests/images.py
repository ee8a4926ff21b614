"""Images made in memory: layers as tars, and archives and folders of every form around them.

A layer is a list of entries: ``file("a", b"...")``, ``folder("d")``, ``link("b", "a")``… and an archive is
a dictionary from member names to bytes, packed by ``pack`` in the dictionary's order.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd as zstd_library
else:
    from backports import zstd as zstd_library

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Entry:
    """One entry of a layer, with the fields that tarfile gives a header; ``mtime`` in seconds."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    records: Mapping[str, str] | None = None


def file(name: str, data: bytes = b"", **fields: Any) -> Entry:
    """A regular file."""
    return Entry(name, data, **fields)


def folder(name: str, mode: int = 0o755, **fields: Any) -> Entry:
    """A directory."""
    return Entry(name, kind=tarfile.DIRTYPE, mode=mode, **fields)


def symlink(name: str, target: str, **fields: Any) -> Entry:
    """A symbolic link."""
    return Entry(name, kind=tarfile.SYMTYPE, target=target, mode=0o777, **fields)


def link(name: str, target: str, **fields: Any) -> Entry:
    """A hard link to an entry of the same layer."""
    return Entry(name, kind=tarfile.LNKTYPE, target=target, **fields)


def whiteout(path: str) -> Entry:
    """The removal of a path of lower layers."""
    head, _, base = path.rpartition("/")
    return Entry(f"{head}/.wh.{base}" if head else f".wh.{base}")


def opaque(path: str) -> Entry:
    """The marker that hides what lower layers have in a directory."""
    return Entry(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq")


def make_layer(entries: Sequence[Entry]) -> bytes:
    """A layer's uncompressed tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.type, member.linkname, member.size = entry.kind, entry.target, len(entry.data)
            member.mode, member.uid, member.gid, member.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
            member.pax_headers = dict(entry.records or {})
            archive.addfile(member, io.BytesIO(entry.data))
    return stream.getvalue()


def digest(data: bytes) -> str:
    """The digest of these bytes as descriptors write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def make_config(layers: Sequence[bytes], **changes: Any) -> dict[str, Any]:
    """A config for uncompressed layers: one history line each, linux/amd64; ``changes`` win."""
    config: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-05-01T10:00:00Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        "history": [{"created_by": f"step {number}"} for number in range(len(layers))],
    }
    return config | changes


def pack(members: Mapping[str, bytes | Entry]) -> bytes:
    """An archive with these members in this order."""
    return make_layer([item if isinstance(item, Entry) else Entry(name, item) for name, item in members.items()])


def docker_members(
    layers: Sequence[bytes], *, tags: Sequence[str] = ("sample:1",), config: Mapping[str, Any] | None = None
) -> dict[str, bytes | Entry]:
    """What ``docker save`` of Docker 1.10 to 24 writes: a folder per layer, ``manifest.json`` last."""
    body = json.dumps(make_config(layers) if config is None else config).encode()
    name = f"{hashlib.sha256(body).hexdigest()}.json"
    members: dict[str, bytes | Entry] = {name: body}
    paths = []
    for number, layer in enumerate(layers):
        path = f"{hashlib.sha256(bytes([number]) + layer).hexdigest()}/layer.tar"
        members[path] = layer
        paths.append(path)
    members["manifest.json"] = json.dumps([{"Config": name, "RepoTags": list(tags), "Layers": paths}]).encode()
    return members


def docker_archive(layers: Sequence[bytes], **options: Any) -> bytes:
    """A ``docker save`` archive of the old form; ``options`` as for ``docker_members``."""
    return pack(docker_members(layers, **options))


def descriptor(data: bytes, media_type: str, **fields: Any) -> dict[str, Any]:
    """A descriptor of these bytes."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **fields}


def oci_members(
    layers: Sequence[bytes],
    *,
    blobs: Sequence[bytes] | None = None,
    config: Mapping[str, Any] | None = None,
    media_type: str = OCI_LAYER,
    tag: str = "sample:1",
    docker: bool = False,
) -> dict[str, bytes | Entry]:
    """An OCI layout; ``blobs`` are the layers as stored, ``docker`` adds the manifest.json of Docker 25."""
    stored = list(layers if blobs is None else blobs)
    body = json.dumps(make_config(layers) if config is None else config).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(body, OCI_CONFIG),
            "layers": [descriptor(blob, media_type) for blob in stored],
        }
    ).encode()
    names = {"org.opencontainers.image.ref.name": tag}
    root = descriptor(manifest, OCI_MANIFEST, annotations=names)
    members: dict[str, bytes | Entry] = {blob_path(data): data for data in (*stored, body, manifest)}
    members["index.json"] = make_index([root])
    members["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    if docker:
        paths = [blob_path(blob) for blob in stored]
        members["manifest.json"] = json.dumps(
            [{"Config": blob_path(body), "RepoTags": [tag], "Layers": paths}]
        ).encode()
    return members


def make_index(manifests: Sequence[Mapping[str, Any]]) -> bytes:
    """An image index."""
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(manifests)}).encode()


def blob_path(data: bytes) -> str:
    """Where a layout keeps these bytes."""
    return "blobs/" + digest(data).replace(":", "/")


def oci_archive(layers: Sequence[bytes], **options: Any) -> bytes:
    """An OCI layout as an archive; ``options`` as for ``oci_members``."""
    return pack(oci_members(layers, **options))


def write_folder(folder_path: Path, members: Mapping[str, bytes | Entry]) -> Path:
    """The members as files of a folder."""
    for name, data in members.items():
        assert isinstance(data, bytes)
        path = folder_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder_path


def gzipped(data: bytes, members: int = 1) -> bytes:
    """The data as that many gzip members."""
    step = max(1, -(-len(data) // members))
    return b"".join(gzip.compress(data[at : at + step], mtime=0) for at in range(0, max(1, len(data)), step))


def zstd(data: bytes) -> bytes:
    """The data as one zstd frame between two skippable ones, as zstd:chunked writes them."""
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00meta"
    checked: dict[int, int] = {zstd_library.CompressionParameter.checksum_flag: 1}
    return skippable + bytes(zstd_library.compress(data, options=checked)) + skippable
