"""A Docker Engine of today (28 or newer, API 1.48) in both its image stores, where one is at hand.

``LAYERSCOPE_TODAYS_ENGINES`` names its hosts, with blanks between: one that keeps images by a graph driver,
one that keeps them in containerd's store (``{"features": {"containerd-snapshotter": true}}``). ``.ci/todays-engine``
starts the two. What the tests with a fake engine answer was taken down here.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

import engine as docker_engine
from builders import build_with_engine, fill, marked_lines
from commandline import run as run_layerscope
from images import (
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    blob_path,
    descriptor,
    digest,
    docker_archive,
    file,
    folder,
    gzipped,
    make_config,
    make_index,
    make_layer,
    pack,
    whiteout,
)
from layerscope.errors import UsageError
from layerscope.sources.listing import list_engine
from opening import open_image
from registries import image_manifest, put_blob, put_manifest, registry, run

HOSTS = "LAYERSCOPE_TODAYS_ENGINES"
GRAPH, CONTAINERD = "graph driver", "containerd"
LAYERS = [
    make_layer([folder("d"), file("d/a", os.urandom(400_000))]),
    make_layer([whiteout("d/a"), file("b", b"b" * 300_000, uid=7)]),
]
NAMES = [[b"d/", b"d/a"], [b"d/.wh.a", b"b"]]
PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v6"]
SCRIPTS = """\
FROM scratch AS parent
ADD rootfs.tar /
ONBUILD RUN touch /l@
ENV A=1
FROM parent
ARG WHO=me
COPY --link --chown=999:999 --chmod=640 l@ /srv/
RUN --mount=type=cache,target=/c <<EOF
set -e
touch /l8
EOF
COPY <<EOF /srv/l@
who: $WHO
EOF
COPY <<-"ONE" <<TWO l@ /opt/
\tfirst
ONE
second
TWO
RUN <<EOF cat > /l@
EOF
"""

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Today:
    """An engine of today, which DOCKER_HOST names for as long as the test takes."""

    store: str
    client: DockerClient

    def loaded(self, name: str, archive: bytes) -> str:
        """Load an archive whose image bears this name; gives the name."""
        docker_engine.load(self.client, archive)
        return name


@pytest.fixture(scope="module")
def hosts() -> dict[str, str]:
    """The engines by their store."""
    found = {}
    for host in os.environ.get(HOSTS, "").split():
        with_containerd = "containerd.snapshotter" in run("docker", "-H", host, "info", "-f", "{{json .DriverStatus}}")
        found[CONTAINERD if with_containerd else GRAPH] = host
    return found


@pytest.fixture
def at(hosts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Today]]:
    """Makes an engine with this store the one that is asked; a skip where none is named."""
    clients: list[DockerClient] = []

    def connected(store: str) -> Today:
        if store not in hosts:
            (pytest.fail if hosts else pytest.skip)(f"{HOSTS} names no engine with this store: {store}")
        monkeypatch.setenv("DOCKER_HOST", hosts[store])
        clients.append(DockerClient(base_url=hosts[store], timeout=120))
        return Today(store, clients[0])

    yield connected
    for client in clients:
        for name in [tag for image in client.images.list() for tag in image.tags if "today/" in tag]:
            client.images.remove(name, force=True)
        client.close()


@pytest.fixture(params=[GRAPH, CONTAINERD])
def today(request: pytest.FixtureRequest, at: Callable[[str], Today]) -> Today:
    """Each of both engines."""
    return at(request.param)


def figures(reference: str, *options: str, stdin: bytes = b"") -> dict[str, Any]:
    """What ``layerscope report --verify`` tells, but for the name."""
    done = run_layerscope("report", reference, "--verify", "--format", "json", *options, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    del report["image"]["reference"]
    return dict(report)


def test_an_image_by_all_its_names(today: Today, tmp_path: Path) -> None:
    name = today.loaded("today/names:1", docker_archive(LAYERS, tags=["today/names:1"]))
    found = today.client.images.get(name)
    identity = str(found.id)
    truth = figures(f"docker://{name}")
    assert [layer["diffId"] for layer in truth["layers"]] == found.attrs["RootFS"]["Layers"]
    names = [identity, identity.removeprefix("sha256:"), identity.removeprefix("sha256:")[:12]]
    for each in [*names, *found.attrs["RepoDigests"]]:
        assert figures(each) == truth
    saved = docker_engine.save(today.client, name, tmp_path / "image.tar")
    assert figures(str(saved)) == truth
    assert figures("-", stdin=saved.read_bytes()) == truth
    today.client.images.get(name).tag("today/names", "2")
    run("docker", "save", "-o", saved, name, "today/names:2")
    both = figures(str(saved), "--image", "today/names:2")
    assert (both["layers"], both["waste"]) == (truth["layers"], truth["waste"])


def test_sizes_by_docker_and_by_layerscope(today: Today, tmp_path: Path) -> None:
    fill(tmp_path, "FROM scratch\nADD rootfs.tar /\nRUN dd if=/dev/zero of=/big bs=100000 count=30\nRUN rm /big\n")
    build_with_engine(tmp_path, "today/sizes:1", True, keep=True)
    image = figures("docker://today/sizes:1")["image"]
    (listed,) = [each for each in list_engine("docker") if each.name == "today/sizes:1"]
    assert image["sizeBytes"] <= (listed.size_bytes or 0)
    if today.client.info()["Driver"] != "native":  # which keeps and counts every layer with all below it
        assert (listed.size_bytes or 0) <= image["sizeBytes"] * 1.05, "containerd's store tells of blocks on the disk"
    assert image["wastedBytes"] == 3_000_000


def test_scripts_and_flags_of_buildkit_have_their_lines(today: Today, tmp_path: Path) -> None:
    dockerfile = fill(tmp_path, SCRIPTS)
    archive = build_with_engine(tmp_path, "today/scripts:1", True)
    done = run_layerscope("report", str(archive), "--dockerfile", str(dockerfile), "--format", "json")
    report = json.loads(done.stdout)
    marks = marked_lines(archive)
    told = [layer["location"] and layer["location"]["line"] for layer in report["layers"]]
    assert [line for line, mark in zip(told, marks, strict=True) if mark] == [mark for mark in marks if mark]
    assert sum(map(bool, marks)) == 6
    assert report["image"]["warnings"] == []


def test_another_platform(today: Today) -> None:
    name = today.loaded("today/single:1", docker_archive(LAYERS, tags=["today/single:1"]))
    assert open_image(name, platform="linux/amd64").layers == NAMES
    with pytest.raises(UsageError, match="has today/single:1 for linux/amd64, not for linux/s390x") as caught:
        open_image(name, platform="linux/s390x")
    assert caught.value.hint == "Pull it first: docker pull --platform linux/s390x today/single:1"


@dataclass(frozen=True)
class Several:
    """An image for several platforms with an attestation about the first; its documents and its blobs."""

    index: bytes
    manifests: list[bytes]
    blobs: list[bytes]

    def archive(self, name: str) -> bytes:
        """The image under a name, as an OCI layout in a tar."""
        stored = {blob_path(data): data for data in (*self.blobs, *self.manifests, self.index)}
        root = descriptor(self.index, OCI_INDEX, annotations={"io.containerd.image.name": f"docker.io/{name}"})
        return pack(stored | {"index.json": make_index([root]), "oci-layout": b'{"imageLayoutVersion": "1.0.0"}'})

    def push(self, address: str, repository: str, tag: str) -> str:
        """Put it into a registry; gives its name."""
        for blob in self.blobs:
            put_blob(address, repository, blob)
        for manifest in self.manifests:
            put_manifest(address, repository, digest(manifest), manifest, OCI_MANIFEST)
        put_manifest(address, repository, tag, self.index, OCI_INDEX)
        return f"{address}/{repository}:{tag}"


@pytest.fixture(scope="module")
def several() -> Several:
    """An image for ``PLATFORMS``; each has one file, named after it."""
    made = Several(b"", [], [])
    listed = []
    for platform in PLATFORMS:
        names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        layer = make_layer([file(platform.replace("/", "-"), os.urandom(50_000))])
        config = json.dumps(make_config([layer], **names)).encode()
        blob = gzipped(layer)
        made.manifests.append(image_manifest(config, [blob], OCI_LAYER + "+gzip"))
        made.blobs.extend((config, blob))
        listed.append(descriptor(made.manifests[-1], OCI_MANIFEST, platform=names))
    statement = b'{"predicateType": "https://slsa.dev/provenance/v0.2"}'
    config = json.dumps(make_config([statement])).encode()
    made.blobs.extend((config, statement))
    made.manifests.append(image_manifest(config, [statement], "application/vnd.in-toto+json"))
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": listed[0]["digest"]}
    unknown = {"os": "unknown", "architecture": "unknown"}
    listed.append(descriptor(made.manifests[-1], OCI_MANIFEST, annotations=about, platform=unknown))
    return Several(make_index(listed), made.manifests, made.blobs)


@pytest.mark.parametrize("platform", ["", *PLATFORMS, "arm", "linux/arm64/v8"])
def test_an_image_for_several_platforms(platform: str, at: Callable[[str], Today], several: Several) -> None:
    name = at(CONTAINERD).loaded("today/several:1", several.archive("today/several:1"))
    opened = open_image(name, platform=platform)
    meant = {"": PLATFORMS[0], "arm": "linux/arm/v6", "linux/arm64/v8": "linux/arm64"}.get(platform, platform)
    assert opened.image.platform == meant
    assert opened.layers == [[meant.replace("/", "-").encode()]]
    # Asked for one platform, the engine leaves attestations out.
    assert opened.image.attestations == (not platform)


def test_a_platform_that_is_not_among_several(at: Callable[[str], Today], several: Several) -> None:
    name = at(CONTAINERD).loaded("today/several:1", several.archive("today/several:1"))
    with pytest.raises(UsageError, match="for linux/amd64, linux/arm64, linux/arm/v6, not for linux/arm/v7"):
        open_image(name, platform="linux/arm/v7")


def test_an_image_of_which_one_platform_was_pulled(
    at: Callable[[str], Today], several: Several, tmp_path: Path
) -> None:
    at(CONTAINERD)
    with registry(tmp_path) as address:
        name = several.push(address, "today/pulled", "1")
        run("docker", "pull", "-q", "--platform", "linux/arm64", name)
        for platform in ("", "linux/arm64"):
            assert open_image(f"docker://{name}", platform=platform).layers == [[b"linux-arm64"]]
        with pytest.raises(UsageError, match=r"for linux/arm64, not for linux/amd64") as caught:
            open_image(f"docker://{name}", platform="linux/amd64")
        assert caught.value.hint == f"Pull it first: docker pull --platform linux/amd64 {name}"
        run("docker", "pull", "-q", name)
        assert open_image(f"docker://{name}").layers == [[b"linux-amd64"]]
        assert open_image(f"docker://{name}", platform="linux/arm64").layers == [[b"linux-arm64"]]


def test_what_docker_pushes(today: Today, tmp_path: Path) -> None:
    with registry(tmp_path) as address:
        name = today.loaded(f"{address}/today/pushed:1", docker_archive(LAYERS, tags=[f"{address}/today/pushed:1"]))
        run("docker", "push", "-q", name)
        here, there = figures(f"docker://{name}"), figures(f"registry:{name}")
    for report in (here, there):
        for layer in report["layers"]:
            for key in ("digest", "mediaType", "compressedBytes"):
                del layer[key]
    assert here == there


def test_what_buildx_writes_in_each_compression(at: Callable[[str], Today], tmp_path: Path) -> None:
    """Not eStargz: the buildkit in Debian's engine 28.5 dies of it."""
    at(CONTAINERD)
    if subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker command has no buildx")
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a b /d/\nCOPY b /d/a\n", encoding="utf-8")
    for name in "ab":
        (context / name).write_bytes(name.encode() * 100_000)
    found = []
    for compression, kind in (("uncompressed", ""), ("gzip", "+gzip"), ("zstd", "+zstd")):
        output = f"type=oci,dest={tmp_path / compression}.tar,compression={compression},force-compression=true"
        run("docker", "buildx", "build", "-q", "--output", output, str(context))
        report = figures(f"{tmp_path / compression}.tar")
        for layer in report["layers"]:
            assert layer.pop("mediaType") == OCI_LAYER + kind
            assert (layer.pop("compressedBytes") is None) == (compression == "uncompressed")
            del layer["digest"]
        found.append(report)
    assert found[0]["image"]["wastedBytes"] == 100_000
    assert found == [found[0]] * 3
