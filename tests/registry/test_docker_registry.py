"""Images of a real registry: open, behind a password, behind a token server that redirects blobs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from images import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    descriptor,
    digest,
    docker_archive,
    file,
    folder,
    gzipped,
    make_index,
    make_layer,
    whiteout,
    zstd,
)
from layerscope.errors import ImageNotFoundError, NotAnImageError, SourceError, UsageError
from layerscope.index import build_index
from layerscope.sources import open_source
from opening import Opened, content, open_image
from registries import (
    Gateway,
    gateway,
    image_manifest,
    push,
    put_blob,
    put_manifest,
    registry,
    run,
    write_login,
)

LAYERS = [
    make_layer([folder("d"), file("d/a", os.urandom(300_000))]),
    make_layer([whiteout("d/a"), file("b", b"b" * 700_000)]),
    make_layer([]),
]
NAMES = [[b"d/", b"d/a"], [b"d/.wh.a", b"b"], []]


@pytest.fixture(autouse=True)
def _no_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own passwords and proxies stay out of it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An open registry with one image, ``team/sample:1``."""
    with registry(tmp_path_factory.mktemp("registry")) as found:
        push(found, "team/sample", "1", LAYERS, blobs=[gzipped(LAYERS[0], 2), LAYERS[1], zstd(LAYERS[2])])
        yield found


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry behind a password, with the image ``sample:1`` pushed by skopeo."""
    where = tmp_path_factory.mktemp("locked")
    (where / "sample.tar").write_bytes(docker_archive(LAYERS))
    with registry(where, password=True) as found:
        login = write_login(where, found)
        source, target = f"docker-archive:{where}/sample.tar", f"docker://{found}/sample:1"
        run("skopeo", "copy", "-q", "--dest-tls-verify=false", "--authfile", login / "config.json", source, target)
        yield found


@pytest.mark.parametrize("form", ["registry:{}", "registry://{}", "registry:http://{}"])
def test_an_image_by_its_name(form: str, address: str) -> None:
    opened = open_image(form.format(f"{address}/team/sample:1"))
    assert opened.layers == NAMES
    assert opened.image.source == "registry"
    assert opened.image.tags == [f"{address}/team/sample:1"]
    assert opened.image.platform == "linux/amd64"
    assert opened.image.digest.startswith("sha256:")
    assert opened.image.warnings == []
    assert [layer.diff_id for layer in opened.image.layers] == [digest(layer) for layer in LAYERS]


def test_an_image_by_its_digest(address: str) -> None:
    manifest = open_image(f"registry:{address}/team/sample:1").image.digest
    for name in (f"team/sample@{manifest}", f"team/sample:gone@{manifest}"):
        assert open_image(f"registry:{address}/{name}").layers == NAMES


def test_contents_are_fetched_again(address: str) -> None:
    source = open_source(f"registry:{address}/team/sample:1")
    assert hasattr(source, "image")
    index = build_index(source)
    assert [content(layer) for layer in index.image.layers] == LAYERS
    reader = index.open(1, 1)
    assert reader.read(10) == b"b" * 10
    reader.close()
    source.close()


def test_progress_is_that_of_the_blob(address: str) -> None:
    told: list[tuple[str, int | None]] = []
    said: list[str] = []
    source = open_source(f"registry:{address}/team/sample:1", progress=lambda what, _done, _total: said.append(what))
    index = build_index(source, progress=lambda each: told.append((each.name, each.bytes_total)))
    source.close()
    told = [(name, size) for name, size in told if name]  # the first report is of the image, not of a layer
    assert dict(told) == {layer.digest: len(blob) for layer, blob in zip(index.image.layers, _blobs(), strict=True)}
    assert said == [f"Asking {address} for {address}/team/sample:1"]


def _blobs() -> list[bytes]:
    return [gzipped(LAYERS[0], 2), LAYERS[1], zstd(LAYERS[2])]


@pytest.mark.parametrize(
    ("name", "words"),
    [("team/sample:2", "has no tag 2 of team/sample"), ("nobody:1", "has no"), ("x@sha256:" + "0" * 64, "no digest")],
)
def test_unknown_images(name: str, words: str, address: str) -> None:
    with pytest.raises(ImageNotFoundError, match=words) as caught:
        open_image(f"registry:{address}/{name}")
    assert caught.value.hint


def test_an_image_option_has_no_place(address: str) -> None:
    with pytest.raises(UsageError):
        open_image(f"registry:{address}/team/sample:1", image="other")


@pytest.fixture(scope="module")
def multi(address: str) -> str:
    """A tag that names an index: two platforms and an attestation about the first."""
    below = []
    for architecture in ("amd64", "arm64"):
        layer = make_layer([file(f"on-{architecture}")])
        manifest = push(address, "multi", "", [layer], architecture=architecture)
        platform = {"os": "linux", "architecture": architecture}
        below.append(descriptor(manifest, OCI_MANIFEST, platform=platform))
    note = b'{"predicate": 1}'
    put_blob(address, "multi", note)
    put_blob(address, "multi", b"{}")
    attestation = image_manifest(b"{}", [note], "application/vnd.in-toto+json")
    put_manifest(address, "multi", digest(attestation), attestation, OCI_MANIFEST)
    about = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": below[0]["digest"],
    }
    unknown = {"os": "unknown", "architecture": "unknown"}
    below.append(descriptor(attestation, OCI_MANIFEST, platform=unknown, annotations=about))
    put_manifest(address, "multi", "1", make_index(below), OCI_INDEX)
    return f"registry:{address}/multi:1"


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_platforms(architecture: str, multi: str) -> None:
    opened = open_image(multi, platform=f"linux/{architecture}")
    assert opened.layers == [[f"on-{architecture}".encode()]]
    assert opened.image.platform == f"linux/{architecture}"
    assert opened.image.attestations == (architecture == "amd64")


def test_platforms_that_are_not_there(multi: str) -> None:
    with pytest.raises(UsageError, match=r"^127\.0\.0\.1:[0-9]+/multi:1 has no image for linux/s390x") as caught:
        open_image(multi, platform="linux/s390x")
    assert "linux/amd64, linux/arm64" in caught.value.hint


def test_artifacts_and_old_manifests_are_refused(address: str) -> None:
    put_blob(address, "chart", b"{}")
    put_blob(address, "chart", b"a chart")
    chart = image_manifest(b"{}", [b"a chart"], "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    put_manifest(address, "chart", "1", chart, OCI_MANIFEST)
    with pytest.raises(NotAnImageError, match="holds a Helm chart"):
        open_image(f"registry:{address}/chart:1")


def test_foreign_layers_are_named_as_such(address: str) -> None:
    config, layer = b'{"os": "windows", "architecture": "amd64", "rootfs": {"diff_ids": ["x", "y"]}}', LAYERS[1]
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    for blob in (config, layer):
        put_blob(address, "foreign", blob)
    layers = [descriptor(b"gone", foreign, urls=["https://mcr.invalid/x"]), descriptor(layer, OCI_LAYER)]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, OCI_CONFIG)}
    manifest = json.dumps({**document, "layers": layers}).encode()
    put_manifest(address, "foreign", "1", manifest, OCI_MANIFEST)
    opened = open_image(f"registry:{address}/foreign:1")
    assert "foreign layer" in opened.image.layers[0].missing
    assert opened.layers[1] == NAMES[1]


def test_a_password_out_of_dockers_file(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(write_login(tmp_path, locked)))
    assert open_image(f"registry:{locked}/sample:1").layers == NAMES


def test_a_password_out_of_podmans_file(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_login(tmp_path, f"{locked}/sample").joinpath("config.json").rename(tmp_path / "auth.json")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    assert open_image(f"registry:{locked}/sample:1").layers == NAMES


def test_a_password_of_a_credential_helper(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-test"
    answer = json.dumps({"ServerURL": locked, "Username": "someone", "Secret": "pass:word with ü"})
    helper.write_text(f"#!/bin/sh\nread host\n[ $host = {locked} ] && [ $1 = get ] && echo '{answer}'\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for config in ({"credsStore": "test"}, {"credHelpers": {locked: "test"}, "credsStore": "other"}):
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert open_image(f"registry:{locked}/sample:1").layers == NAMES


def test_no_password_and_a_wrong_one(locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="gives it to nobody who is not logged in") as caught:
        open_image(f"registry:{locked}/sample:1")
    assert f"docker login {locked}" in caught.value.hint
    monkeypatch.setenv("DOCKER_CONFIG", str(write_login(tmp_path, locked, username="someone", password="wrong")))
    with pytest.raises(SourceError, match=r"denies .* to the login found in .*config\.json") as caught:
        open_image(f"registry:{locked}/sample:1")
    assert "docker login" in caught.value.hint


def through(gate: Gateway) -> Opened:
    """The sample image, opened through a gateway."""
    return open_image(f"registry:{gate.host}/team/sample:1")


def test_a_token_for_a_password(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway(address) as gate:
        monkeypatch.setenv("DOCKER_CONFIG", str(write_login(tmp_path, gate.host)))
        assert through(gate).layers == NAMES
        ((method, authorization, fields),) = gate.asked
        assert (method, fields) == ("GET", {"service": ["test"], "scope": ["repository:x:pull"]})
        assert authorization.startswith("Basic ")
        assert gate.leaks == []


def test_a_token_for_an_identity_token(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway(address) as gate:
        login = write_login(tmp_path, gate.host, auth="", identitytoken="the identity")
        monkeypatch.setenv("DOCKER_CONFIG", str(login))
        assert through(gate).layers == NAMES
        assert [(method, authorization) for method, authorization, _ in gate.asked] == [("POST", "")]
        assert gate.leaks == []


def test_a_token_that_expires_is_renewed(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway(address, lifetime=2) as gate:
        monkeypatch.setenv("DOCKER_CONFIG", str(write_login(tmp_path, gate.host)))
        assert through(gate).layers == NAMES
        assert len(gate.asked) == 3


def test_no_token(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway(address) as gate:
        with pytest.raises(SourceError, match="nobody who is not logged in"):
            through(gate)
        monkeypatch.setenv("DOCKER_CONFIG", str(write_login(tmp_path, gate.host, username="x", password="y")))
        with pytest.raises(SourceError, match=r"denies .*\(incorrect username or password\)"):
            through(gate)
