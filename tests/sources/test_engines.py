"""Images of a real engine, and what an engine can do to an export."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from docker import DockerClient

import engine as docker_engine
from images import digest, docker_archive, file, folder, make_config, make_layer, oci_archive, whiteout
from layerscope.errors import DamagedImageError, ImageNotFoundError, LayerscopeError, SourceError, UsageError
from layerscope.sources import open_source
from layerscope.sources.model import Reader
from opening import content, open_image

LAYERS = [
    make_layer([folder("d"), file("d/a", b"a" * 400_000)]),
    make_layer([whiteout("d/a"), file("b", os.urandom(300_000))]),
]
NAMES = [[b"d/", b"d/a"], [b"d/.wh.a", b"b"]]
TAG = docker_engine.own("layerscope-sources-test")


class Relay(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Passes a client on to the engine, and cuts the line after so many bytes of the answer to an export."""

    daemon_threads = True

    def __init__(self, path: Path, engine: str, limit: int) -> None:
        self.engine, self.limit = engine, limit
        super().__init__(str(path), RelayHandler)


class RelayHandler(socketserver.BaseRequestHandler):
    """One connection of a client."""

    server: Relay

    def handle(self) -> None:
        """Pass bytes both ways until either side ends or the limit is reached."""
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self.server.engine)
            exports = threading.Event()
            threading.Thread(target=self._ask, args=(engine, exports), daemon=True).start()
            passed = 0
            while data := engine.recv(4096):
                passed = passed + len(data) if exports.is_set() else 0
                if passed > self.server.limit:
                    return
                self.request.sendall(data)

    def _ask(self, engine: socket.socket, exports: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                if b"/get HTTP" in data:
                    exports.set()
                engine.sendall(data)


@pytest.fixture(scope="module")
def loaded(engine: DockerClient) -> Iterator[str]:
    """The tag of an image in the engine."""
    docker_engine.load(engine, docker_archive(LAYERS, tags=[TAG]))
    yield TAG
    docker_engine.remove(engine, TAG)


@pytest.mark.engine
@pytest.mark.parametrize("scheme", ["", "docker:", "docker://"])
def test_an_image_by_its_name(scheme: str, loaded: str) -> None:
    opened = open_image(scheme + loaded)
    assert opened.layers == NAMES
    assert opened.image.tags == [loaded]
    assert opened.image.source == "docker"
    assert opened.image.platform == "linux/amd64"
    assert [layer.opener for layer in opened.image.layers] == [None, None]


@pytest.mark.engine
@pytest.mark.parametrize("length", [12, 64, 71])
def test_an_image_by_its_id(length: int, loaded: str, engine: DockerClient) -> None:
    identity = str(engine.images.get(loaded).id)
    opened = open_image(identity if length == 71 else identity.removeprefix("sha256:")[:length])
    assert opened.layers == NAMES
    assert opened.image.tags == [loaded]


@pytest.mark.engine
def test_contents_can_be_read_again_from_the_spool(loaded: str, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    source = open_source(loaded, spool=tmp_path, progress=lambda *what: told.append(what))
    assert not hasattr(source, "image")
    image = source.read_through(lambda _name, _reader, _size: None)
    assert [content(layer) for layer in image.layers] == LAYERS
    assert list(tmp_path.iterdir()) == []
    assert told[0][0] == f"Exporting {loaded}"
    source.close()


@pytest.mark.engine
def test_what_the_engine_knows_is_told_before_the_config_passes_and_what_has_passed_can_be_opened(
    loaded: str, tmp_path: Path
) -> None:
    source = open_source(loaded, spool=tmp_path)
    assert not hasattr(source, "image")
    seen: list[tuple[str, list[str], bytes]] = []

    def see(name: str, reader: Reader, size: int) -> None:
        described = source.described()
        assert described is not None
        assert (described.platform, described.tags) == ("linux/amd64", [loaded])
        while reader.read(1 << 16):
            pass
        layer = source.passed(name)
        assert layer is not None
        seen.append((name, [each.diff_id for each in described.layers], content(layer)))

    with closing(source):
        image = source.read_through(see)
        described = source.described()
        assert described is not None
        assert described.config["config"] == image.config["config"]
    assert {name: tar for name, _, tar in seen} == dict(
        zip([layer.name for layer in image.layers], LAYERS, strict=True)
    )
    assert all(diff_ids == [digest(layer) for layer in LAYERS] for _, diff_ids, _ in seen)


@pytest.mark.engine
def test_unknown_images(loaded: str) -> None:
    del loaded
    with pytest.raises(SourceError, match=r"no image layerscope\.invalid/x:1, and cannot pull it: ") as caught:
        open_image("layerscope.invalid/x:1")
    assert "docker login" in caught.value.hint
    with pytest.raises(ImageNotFoundError, match="has no image sha256:0123"):
        open_image("sha256:" + "0123" * 16)


@pytest.mark.engine
def test_another_platform(loaded: str) -> None:
    assert open_image(loaded, platform="linux/amd64").layers == NAMES
    with pytest.raises(UsageError, match=r"not for linux/s390x|no image for linux/s390x"):
        open_image(loaded, platform="linux/s390x")


@pytest.mark.engine
def test_an_image_removed_before_its_export(engine: DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = docker_engine.own("layerscope-sources-removed")
    docker_engine.load(engine, docker_archive(LAYERS, tags=[tag]))

    def removing(what: str, _done: int, _total: int | None) -> None:
        if what.startswith("Exporting"):
            docker_engine.remove(engine, tag)

    with pytest.raises(ImageNotFoundError, match="no longer has the image"):
        open_image(tag, progress=removing)


@pytest.mark.engine
@pytest.mark.parametrize("limit", [0, 100, 5000, 200_000, 500_000])
def test_an_engine_gone_half_way(limit: int, loaded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        pytest.skip("the relay stands before a socket")
    with Relay(tmp_path / "relay.sock", host.removeprefix("unix://"), limit) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/relay.sock")
        # No library's words about a number that it could not read.
        why = "(the answer ended early|Connection reset by peer|Remote end closed connection without response)"
        words = rf"^The Docker Engine broke off while exporting {loaded}: {why}( \(in the middle of layer \w+\))?\.$"
        with pytest.raises(SourceError, match=words) as caught:
            open_image(loaded, spool=tmp_path / "spool")
        relay.shutdown()
    assert caught.value.hint
    assert not (tmp_path / "spool").exists() or list((tmp_path / "spool").iterdir()) == []


class FakeEngine(http.server.BaseHTTPRequestHandler):
    """An engine of API 1.48 on loopback that answers as it is told."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, tuple[int, bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        """Answer by the end of the path."""
        self.asked.append(self.path)
        ending = self.path.partition("?")[0].rpartition("/")[2]
        status, body = self.answers[ending]
        self.send_response(status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (*body.splitlines(keepends=True), b"") if ending == "create" else (body, b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def do_POST(self) -> None:
        """Answer as to a question: pulls are posted."""
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeEngine]]:
    """An engine whose answers a test sets, found by DOCKER_HOST."""

    class Answering(FakeEngine):
        answers = {"version": (200, b'{"ApiVersion": "1.48", "Version": "28"}')}
        asked: list[str] = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield Answering
        server.shutdown()


def _manifest(platform: str, available: bool = True) -> dict[str, object]:
    """What Docker Engine 28 tells of a manifest in containerd's store (``/images/{name}/json?manifests=1``)."""
    names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    told = {"Descriptor": {"platform": names}, "Available": available, "Size": {"Content": 1, "Total": 1}}
    if names["os"] == "unknown":
        return told | {"Kind": "attestation", "AttestationData": {"For": "sha256:0"}}
    return told | {"Kind": "image", "ImageData": {"Platform": names, "Size": {"Unpacked": 0}, "Containers": None}}


#: An image pulled for two of its platforms by an engine on arm64; and one in the store of a graph driver.
SEVERAL = [_manifest("linux/amd64", False), _manifest("linux/arm64"), _manifest("linux/arm/v6")]
SEVERAL += [_manifest("unknown/unknown", False)]
STORES = {
    "partial": {"Id": "sha256:0", "Os": "linux", "Architecture": "arm64", "Manifests": SEVERAL},
    "whole": {"Id": "sha256:0", "Os": "linux", "Architecture": "arm64", "Manifests": SEVERAL[1:3]},
    "single": {"Id": "sha256:0", "Os": "linux", "Architecture": "arm64"},
}


@pytest.mark.parametrize(
    ("store", "wanted", "asked"),
    [
        ("partial", "linux/arm64", {"os": "linux", "architecture": "arm64"}),
        ("partial", "linux/arm64/v8", {"os": "linux", "architecture": "arm64"}),
        ("partial", "linux/arm", {"os": "linux", "architecture": "arm", "variant": "v6"}),
        ("partial", "", {"os": "linux", "architecture": "arm64"}),
        ("whole", "", None),
        ("single", "linux/arm64", {"os": "linux", "architecture": "arm64"}),
        ("single", "", None),
    ],
)
def test_a_new_engine_is_asked_for_the_platform(
    store: str, wanted: str, asked: dict[str, str] | None, fake: type[FakeEngine]
) -> None:
    fake.answers["json"] = (200, json.dumps(STORES[store]).encode())
    config = make_config(LAYERS, architecture="arm" if wanted == "linux/arm" else "arm64")
    fake.answers["get"] = (200, oci_archive(LAYERS, docker=True, config=config))
    assert open_image("x", platform=wanted).layers == NAMES
    (path,) = [path for path in fake.asked if "/get" in path]
    assert "/images/x:latest/get" in path, "an engine exports all tags of a bare name"
    told = parse_qs(urlsplit(path).query).get("platform")
    assert (json.loads(told[0]) if told else None) == asked


@pytest.mark.parametrize(("store", "there"), [("partial", "linux/arm64, linux/arm/v6"), ("single", "linux/arm64")])
def test_a_platform_that_a_new_engine_has_not(store: str, there: str, fake: type[FakeEngine]) -> None:
    fake.answers["json"] = (200, json.dumps(STORES[store]).encode())
    with pytest.raises(UsageError, match=f"^The Docker Engine has x for {there}, not for linux/amd64.$") as caught:
        open_image("x", platform="linux/amd64")
    assert caught.value.hint == "Pull it first: docker pull --platform linux/amd64 x"
    assert not any("/get" in path for path in fake.asked)


def test_a_name_that_an_engine_does_not_understand(fake: type[FakeEngine]) -> None:
    fake.answers["json"] = (400, b'{"message": "invalid reference format"}')
    with pytest.raises(SourceError, match="refused while looking for X: invalid reference format") as caught:
        open_image("X")
    assert caught.value.hint == "Check the name."


def test_pulls_tell_how_far_they_are(fake: type[FakeEngine]) -> None:
    lines = [
        b'{"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}}',
        b'{"status": "Downloading", "id": "b", "progressDetail": {"current": 5, "total": 50}}',
        b'{"status": "Download complete", "id": "a", "progressDetail": {}}',
        b'{"error": "toomanyrequests: slow down"}',
    ]
    fake.answers["json"] = (404, b'{"message": "No such image: x"}')
    fake.answers["create"] = (200, b"\n".join(lines))
    told: list[tuple[int, int | None]] = []
    with pytest.raises(SourceError, match="cannot pull it: toomanyrequests: slow down") as caught:
        open_image("x", progress=lambda _what, done, total: told.append((done, total)))
    assert not isinstance(caught.value, ImageNotFoundError), "nobody could look"
    assert told == [(0, None), (10, 100), (15, 150), (105, 150)]


@pytest.mark.parametrize(
    "reason",
    [
        "manifest for x:latest not found: manifest unknown: manifest unknown",
        "pull access denied for x, repository does not exist or may require 'docker login'",
        "unauthorized: authentication required",
        "initializing source docker://x: reading manifest: name unknown",
    ],
)
def test_what_no_registry_has_is_not_found(fake: type[FakeEngine], reason: str) -> None:
    fake.answers["json"] = (404, b'{"message": "No such image: x"}')
    fake.answers["create"] = (200, json.dumps({"error": reason}).encode())
    with pytest.raises(ImageNotFoundError, match="cannot pull it: "):
        open_image("x")


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (500, b'{"message": "disk on fire"}', SourceError, "does not export x:latest: disk on fire"),
        (500, b"<html>", SourceError, "status 500"),
        (404, b'{"message": "gone"}', ImageNotFoundError, "no longer has the image"),
        (200, bytes(600), LayerscopeError, "holds zeros"),
        (200, b"{}", LayerscopeError, "is a JSON document"),
        (200, docker_archive(LAYERS)[:5000], DamagedImageError, "is damaged: it ends"),
    ],
)
def test_an_engine_that_refuses(
    fake: type[FakeEngine], status: int, body: bytes, error: type[LayerscopeError], words: str
) -> None:
    fake.answers["json"] = (200, b'{"Id": "sha256:0"}')
    fake.answers["get"] = (status, body)
    with pytest.raises(error, match=words) as caught:
        open_image("x")
    assert caught.value.hint


def test_an_engine_that_refuses_to_look(fake: type[FakeEngine]) -> None:
    fake.answers["json"] = (500, b'{"message": "no"}')
    with pytest.raises(SourceError, match="refused while looking for x: no"):
        open_image("x")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unix:///no/such.sock", "does not run: nothing listens at"),
        ("tcp://127.0.0.1:1", "refuses the connection"),
        ("what:ever", "does not answer"),
    ],
)
def test_no_engine(host: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SourceError, match=words) as caught:
        open_image("x")
    assert caught.value.hint


def test_no_podman(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/podman.sock")
    with pytest.raises(SourceError, match="Podman does not run"):
        open_image("podman://x")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may talk to any socket")
def test_a_socket_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(SourceError, match="permission denied"):
            open_image("x")
