"""OCI layouts with real contents, compressed: the files of this Python's own library, over and over."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import sys
import sysconfig
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OCI = "application/vnd.oci.image"
MB = 1_000_000
#: What docker and its like compress layers with.
GZIP_LEVEL, ZSTD_LEVEL = 6, 3
_PIECE = 1 << 20


class Contents(NamedTuple):
    """Layers of one image: how many, bytes of each, and the bytes of one file where all are as long."""

    layers: int
    size: int
    file: int = 0


#: By name: an image of usual layers, and two of one layer in few files, the second eight times as long.
CONTENTS = {
    "usual": Contents(5, 200 * MB),
    "short": Contents(1, 100 * MB, 25 * MB),
    "long": Contents(1, 800 * MB, 200 * MB),
}


def library() -> list[Path]:
    """The files of the standard library, in a fixed order."""
    top = Path(sysconfig.get_paths()["stdlib"])
    found = (path for path in top.rglob("*") if "site-packages" not in path.parts and path.is_file())
    return sorted(found, key=lambda path: hashlib.sha256(path.name.encode()).digest())


def members(number: int, contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files of one layer."""
    files, written = library(), 0
    start = number * len(files) // contents.layers
    if contents.file:
        data = b"".join(path.read_bytes() for path in files)
        data *= -(-contents.file // len(data))
        for each in range(contents.size // contents.file):
            yield f"large/{number}/{each}", data[: contents.file]
        return
    for place in count(start):
        path = files[place % len(files)]
        data = path.read_bytes()
        yield f"layer{number}/round{place // len(files)}/{path.parent.name}/{path.name}", data
        written += len(data)
        if written >= contents.size:
            return


def layer(number: int, contents: Contents) -> bytes:
    """The uncompressed tar of one layer."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members(number, contents):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def compress(data: bytes, kind: str) -> Iterable[bytes]:
    """The data as a stream of the kind, ``gzip`` or ``zstd``, as registries hold it."""
    packer = zlib.compressobj(GZIP_LEVEL, wbits=31) if kind == "gzip" else zstd.ZstdCompressor(ZSTD_LEVEL)
    for start in range(0, len(data), _PIECE):
        yield packer.compress(data[start : start + _PIECE])
    yield packer.flush()


def make(name: str, kind: str, folder: Path) -> Path:
    """The layout with these contents in this compression, written unless it is there."""
    target = folder / f"{name}-{kind}"
    if (target / "index.json").is_file():
        return target
    blobs = target / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    contents = CONTENTS[name]

    def write(number: int) -> tuple[str, dict[str, Any]]:
        data = layer(number, contents)
        blob = b"".join(compress(data, kind))
        return hashlib.sha256(data).hexdigest(), _put(blobs, blob, f"{OCI}.layer.v1.tar+{kind}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        written = list(pool.map(write, range(contents.layers)))
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest, _ in written]}
    config = _put(blobs, _json(architecture="amd64", os="linux", rootfs=rootfs), f"{OCI}.config.v1+json")
    layers = [descriptor for _, descriptor in written]
    media_type = f"{OCI}.manifest.v1+json"
    manifest = _put(blobs, _json(schemaVersion=2, mediaType=media_type, config=config, layers=layers), media_type)
    (target / "oci-layout").write_bytes(_json(imageLayoutVersion="1.0.0"))
    (target / "index.json").write_bytes(_json(schemaVersion=2, manifests=[manifest]))
    return target


def layer_blobs(layout: Path) -> list[Path]:
    """The files of the layers of a layout, lowest first."""
    index = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads(_blob(layout, index["manifests"][0]).read_bytes())
    return [_blob(layout, layer) for layer in manifest["layers"]]


def push(layout: Path, address: str, repository: str) -> None:
    """Put the image of a layout into a registry that wants no login, with the tag ``1``."""
    index = json.loads((layout / "index.json").read_bytes())
    (described,) = index["manifests"]
    manifest = _blob(layout, described).read_bytes()
    connection = http.client.HTTPConnection(address, timeout=600)
    for blob in [*layer_blobs(layout), _blob(layout, json.loads(manifest)["config"])]:
        connection.request("POST", f"/v2/{repository}/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        place = urlsplit(answer.headers["Location"])
        with blob.open("rb") as body:
            length = {"Content-Length": str(blob.stat().st_size)}
            connection.request("PUT", f"{place.path}?{place.query}&digest=sha256:{blob.name}", body, length)
            connection.getresponse().read()
    connection.request("PUT", f"/v2/{repository}/manifests/1", manifest, {"Content-Type": described["mediaType"]})
    connection.getresponse().read()
    connection.close()


def _blob(layout: Path, descriptor: dict[str, Any]) -> Path:
    return layout / "blobs" / str(descriptor["digest"]).replace(":", "/")


def _put(blobs: Path, data: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
