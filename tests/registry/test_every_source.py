"""One image out of every source in every compression, by the real tools: always the same answers."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from docker import DockerClient

import engine as docker_engine
from images import (
    OCI_LAYER,
    digest,
    docker_archive,
    file,
    folder,
    gzipped,
    link,
    make_layer,
    opaque,
    symlink,
    whiteout,
    zstd,
)
from layerscope.analysis.summary import analyse
from layerscope.core.tar import FILE
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from registries import program, push, registry, run

NOISE = os.urandom(200_000)
LAYERS = [
    make_layer([folder("d"), file("d/a", NOISE), file("d/b", b"b" * 400_000), symlink("s", "d/a"), link("h", "d/b")]),
    make_layer([folder("d"), file("d/a", NOISE[::-1]), whiteout("d/b"), file("e/new", b"new" * 100_000)]),
    make_layer([folder("e"), opaque("e"), file("e/other", b"o" * 70_000, mode=0o4755, uid=7)]),
]
TAG = docker_engine.own("localhost/layerscope-every-source")


@dataclass
class Tools:
    """The image as an archive, and the real components that it is put into when they are first wanted."""

    folder: Path
    docker: Callable[[], DockerClient]
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def runroot(self) -> str:
        """A folder with a short path: podman refuses more than 50 bytes."""
        return self.stack.enter_context(tempfile.TemporaryDirectory(prefix="podman-"))

    @property
    def archive(self) -> Path:
        """What ``docker save`` of old would write."""
        return self.folder / "image.tar"

    @cached_property
    def oci_archive(self) -> Path:
        """A copy of it by skopeo."""
        return Path(self.copied("oci-archive").removeprefix("oci-archive:"))

    def packed(self, archive: Path, compress: Callable[[bytes], bytes]) -> str:
        """An archive as a whole compressed."""
        path = self.folder / "image.packed"
        path.write_bytes(compress(archive.read_bytes()))
        return str(path)

    def copied(self, transport: str, *options: str) -> str:
        """A copy by skopeo; its reference."""
        target = f"{transport}:{self.folder / transport}-{'-'.join(options)}"
        run("skopeo", "copy", "-q", *options, f"docker-archive:{self.archive}", target)
        return target

    def added(self) -> str:
        """An OCI folder that umoci made, layer by layer."""
        layout = self.folder / "umoci"
        run("umoci", "init", "--layout", layout)
        run("umoci", "new", "--image", f"{layout}:v1")
        for number, layer in enumerate(LAYERS):
            path = self.folder / f"layer{number}.tar"
            path.write_bytes(layer)
            run("umoci", "raw", "add-layer", "--image", f"{layout}:v1", path)
        return f"oci:{layout}:v1"

    def pushed(self, *options: str) -> str:
        """A copy by skopeo in a registry of its own: skopeo remembers which blobs a registry has."""
        place = self._registry(f"pushed{''.join(options)}")
        target = f"docker://{place}/team/sample:1"
        run("skopeo", "copy", "-q", "--dest-tls-verify=false", *options, f"docker-archive:{self.archive}", target)
        return f"registry:{place}/team/sample:1"

    def put(self, kind: str, compress: Callable[[bytes], bytes]) -> str:
        """An OCI image in a registry whose layers are compressed by hand."""
        place = self._registry(f"put{kind}")
        push(place, "sample", "1", LAYERS, blobs=[compress(layer) for layer in LAYERS], layer_type=OCI_LAYER + kind)
        return f"registry:{place}/sample:1"

    def _registry(self, name: str) -> str:
        (self.folder / name).mkdir()
        return self.stack.enter_context(registry(self.folder / name))

    def containers(self, tool: str, *arguments: str) -> list[str]:
        """A command of podman or buildah on a storage of the test's own, with the image in it."""
        store = ["--root", str(self.folder / "store"), "--runroot", self.runroot]
        command = [tool, *store, "--storage-driver", "vfs"]
        if not (self.folder / "store").exists():
            load = ["pull", "-q"] if tool == "buildah" else ["load", "-q", "-i"]
            source = f"docker-archive:{self.archive}" if tool == "buildah" else str(self.archive)
            run(command[0], *command[1:], *load, source)
        return [*command, *arguments]

    def saved(self, form: str) -> str:
        """What ``podman save`` writes."""
        target = str(self.folder / f"saved-{form}")
        run(*self.containers("podman", "save", "-q", "--format", form, "-o", target, TAG))
        return target

    def built(self, transport: str) -> str:
        """What ``buildah push`` writes."""
        place = self.folder / f"buildah-{transport}"
        tag = f":{TAG}" if transport == "docker-archive" else ""
        run(*self.containers("buildah", "push", "-q", TAG, f"{transport}:{place}{tag}"))
        return f"{transport}:{place}"

    def served(self) -> str:
        """The image behind the socket of ``podman system service``."""
        program("podman")
        socket = self.folder / "podman.sock"
        if not socket.exists():
            command = self.containers("podman", "system", "service", "--time", "0", f"unix://{socket}")
            service = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            self.stack.callback(service.wait)
            self.stack.callback(service.terminate)
            for _ in range(200):
                if socket.exists():
                    break
                time.sleep(0.05)
            os.environ["CONTAINER_HOST"] = f"unix://{socket}"
            self.stack.callback(os.environ.pop, "CONTAINER_HOST")
        return f"podman://{TAG}"

    def called(self) -> str:
        """The image in the storage of a ``podman`` that has no socket."""
        command = " ".join(self.containers("podman"))
        place = self.folder / "bin"
        place.mkdir()
        (place / "podman").write_text(f'#!/bin/sh\nPATH="{os.environ["PATH"]}" exec {command} "$@"\n', encoding="utf-8")
        (place / "podman").chmod(0o755)
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.delenv("CONTAINER_HOST", raising=False)
        patch.setattr("layerscope.sources.endpoints._there", lambda _socket: False)
        patch.setenv("PATH", f"{place}:{os.environ['PATH']}")
        return f"podman://{TAG}"

    def loaded(self) -> str:
        """The image in a Docker Engine."""
        client = self.docker()
        docker_engine.load(client, self.archive.read_bytes())
        self.stack.callback(docker_engine.remove, client, TAG)
        return f"docker://{TAG}"


UNCOMPRESSED = "--dest-oci-accept-uncompressed-layers"
#: How an archive as a whole may be compressed.
OUTER: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
SOURCES: dict[str, tuple[str, Callable[[Tools], str]]] = {
    "docker-archive": ("plain", lambda tools: str(tools.archive)),
    "skopeo, oci": ("gzip", lambda tools: tools.copied("oci")),
    "skopeo, oci, plain": ("plain", lambda tools: tools.copied("oci", UNCOMPRESSED)),
    "skopeo, oci, zstd": ("zstd", lambda tools: tools.copied("oci", "--dest-compress-format=zstd")),
    "skopeo, oci, zstd:chunked": ("zstd", lambda tools: tools.copied("oci", "--dest-compress-format=zstd:chunked")),
    "skopeo, oci-archive": ("gzip", lambda tools: tools.copied("oci-archive")),
    "skopeo, oci-archive, zstd": ("zstd", lambda tools: tools.copied("oci-archive", "--dest-compress-format=zstd")),
    "skopeo, oci-archive, plain": ("plain", lambda tools: tools.copied("oci-archive", UNCOMPRESSED)),
    "skopeo, oci-archive, zstd:chunked": (
        "zstd",
        lambda tools: tools.copied("oci-archive", "--dest-compress-format=zstd:chunked"),
    ),
    "skopeo, dir": ("plain", lambda tools: tools.copied("dir")),
    "skopeo, dir, gzip": ("gzip", lambda tools: tools.copied("dir", "--dest-compress")),
    "skopeo, dir, zstd": (
        "zstd",
        lambda tools: tools.copied("dir", "--format=oci", "--dest-compress", "--dest-compress-format=zstd"),
    ),
    "umoci": ("gzip", Tools.added),
    "podman save, docker-archive": ("plain", lambda tools: tools.saved("docker-archive")),
    "podman save, oci-archive": ("gzip", lambda tools: tools.saved("oci-archive")),
    "podman save, oci-dir": ("gzip", lambda tools: tools.saved("oci-dir")),
    "podman save, docker-dir": ("plain", lambda tools: tools.saved("docker-dir")),
    "buildah push, oci": ("gzip", lambda tools: tools.built("oci")),
    "buildah push, oci-archive": ("gzip", lambda tools: tools.built("oci-archive")),
    "buildah push, docker-archive": ("plain", lambda tools: tools.built("docker-archive")),
    "buildah push, dir": ("gzip", lambda tools: tools.built("dir")),
    "podman's service": ("plain", Tools.served),
    "podman without its service": ("plain", Tools.called),
    "Docker Engine": ("plain", Tools.loaded),
    "registry, schema 2": ("gzip", lambda tools: tools.pushed("--format=v2s2")),
    "registry, OCI": ("gzip", lambda tools: tools.pushed("--format=oci")),
    "registry, OCI, zstd": ("zstd", lambda tools: tools.pushed("--format=oci", "--dest-compress-format=zstd")),
    "registry, OCI, zstd:chunked": (
        "zstd",
        lambda tools: tools.pushed("--format=oci", "--dest-compress-format=zstd:chunked"),
    ),
    "registry, OCI, plain": ("plain", lambda tools: tools.put("", bytes)),
    "registry, gzip members": ("gzip", lambda tools: tools.put("+gzip", lambda layer: gzipped(layer, 5))),
    "registry, zstd frames": ("zstd", lambda tools: tools.put("+zstd", zstd)),
}


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.engine] if name == "Docker Engine" else []


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Tools]:
    """The image, and whatever takes it."""
    made = Tools(tmp_path_factory.mktemp("tools"), lambda: request.getfixturevalue("engine"))
    made.archive.write_bytes(docker_archive(LAYERS, tags=[TAG]))
    with made.stack:
        yield made


def answers(index: ImageIndex) -> dict[str, object]:
    """What has to be the same wherever the image comes from."""
    tree, analysis = index.tree, analyse(index)
    lines = []
    for node in range(1, tree.node_count):
        version = tree.newest(node)
        if version >= 0 and tree.ended(version) < 0:
            layer, entry = tree.version_layer(version), tree.version_entry(version)
            same = index.digest(layer, entry).hex() if entry >= 0 and tree.kind(version) == FILE else ""
            lines.append(f"{tree.path(node)!r} {tree.kind(version)} {tree.size(version)} {same}")
    return {
        "files": hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest(),
        "figures": (analysis.figures.efficiency, analysis.figures.wasted_bytes, analysis.figures.size_bytes),
        "counts": (analysis.figures.files, analysis.figures.final_files),
        "layers": [(each.size_bytes, each.wasted_in_bytes, each.wasted_by_bytes) for each in analysis.layers],
        "changes": [(each.added, each.modified, each.removed) for each in analysis.layers],
        "waste": [(item.path, item.bytes, item.reason) for item in analysis.waste],
        "diff ids": [layer.diff_id for layer in index.image.layers],
        "platform": index.image.platform,
        "faults": index.faults,
        "warnings": index.image.warnings,
    }


def stored(index: ImageIndex) -> set[str]:
    """How the layers are compressed, by their media types or by there being a compressed size at all."""
    words = {"gzip", "zstd"}
    found = ({layer.media_type.rpartition(sign)[2] for sign in "+."} & words for layer in index.image.layers)
    plain = (layer.compressed_bytes is None for layer in index.image.layers)
    return {"plain" if bare else next(iter(word), "compressed") for word, bare in zip(found, plain, strict=True)}


def read(reference: str, *, verify: bool = False) -> tuple[dict[str, object], set[str]]:
    """The answers about an image, and how its layers are compressed."""
    source = open_source(reference, verify=verify)
    try:
        index = build_index(source)
        return answers(index), stored(index)
    finally:
        source.close()


@pytest.fixture(scope="module")
def truth(tools: Tools) -> dict[str, object]:
    """The answers about the archive as it was made; the tools may not change them."""
    found, _ = read(str(tools.archive))
    assert found["faults"] == []
    assert found["diff ids"] == [digest(layer) for layer in LAYERS]
    return found


def _skopeo() -> tuple[int, ...]:
    """The version of skopeo, major and minor."""
    return tuple(map(int, run("skopeo", "--version").split()[-1].split(".")[:2]))


@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(name)) for name in SOURCES])
def test_every_source_gives_the_same_answers(name: str, tools: Tools, truth: dict[str, object]) -> None:
    compression, make = SOURCES[name]
    reference = make(tools)
    found, compressions = read(reference)
    assert found == truth
    assert compressions == {compression}
    checked, _ = read(reference, verify=True)
    if "chunked" in name and _skopeo() < (1, 10):  # it leaves out what pads the tar behind its end: diff ids count that
        assert str(checked.pop("faults")).count("its contents have the digest") == 2
        assert checked.items() <= truth.items()
    else:
        assert checked == truth


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize(("form", "inner"), [("docker-archive", "plain"), ("oci-archive", "gzip")])
def test_a_compressed_archive_gives_the_same_answers_as_a_file_and_from_a_pipe(
    form: str, inner: str, outer: str, tools: Tools, truth: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tools.archive if form == "docker-archive" else tools.oci_archive
    place = tools.packed(archive, OUTER[outer])
    for verify in (False, True):
        assert read(place, verify=verify) == (truth, {inner})
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(place).read_bytes())))
        assert read("-", verify=verify) == (truth, {inner})
