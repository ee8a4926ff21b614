"""What a registry can do to a reader: stall, reset, send fewer or other bytes, refuse, redirect for ever."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest, file, gzipped, make_config, make_layer
from layerscope.cli import main
from layerscope.errors import CancelledError, DamagedImageError, LayerscopeError, LimitError, SourceError
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source, registry_http
from layerscope.sources.limits import Limits
from registries import Quiet, serving

GOOD = make_layer([file("good", b"g" * 5000)])
BAD = make_layer([file("first", b"1" * 300_000), file("second", b"2" * 300_000)])

Answer = Callable[["Handler", bytes], None]


class Handler(Quiet):
    """Serves one image; each request for its second layer is answered by the next of ``script``."""

    evil: Evil

    def do_GET(self) -> None:  # noqa: N802
        """A manifest, a config, a layer."""
        self.evil.asked.append((self.path, self.headers.get("Range", "")))
        name = self.path.rpartition("/")[2]
        if name in self.evil.pages:
            self.evil.pages[name](self, b"")
        elif name == self.evil.victim and self.evil.script:
            self.evil.script.pop(0)(self, self.evil.blobs[name])
        elif name in self.evil.blobs:
            whole(self, self.evil.blobs[name])
        else:
            self.answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}')

    def reset(self) -> None:
        """Break the connection so that the other side gets an error, not an end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def head(self, status: int, length: int, **headers: str) -> None:
        """Everything before a body."""
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


@dataclass
class Evil:
    """An image in memory behind a server: ``pages`` replace documents, ``script`` answers for the second layer."""

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    script: list[Answer] = field(default_factory=list)
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    victim: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def publish(self, stored: bytes, media_type: str = OCI_LAYER, **told: Any) -> None:
        """Serve an image of a good layer and this one; ``told`` replaces fields of its descriptor."""
        config = json.dumps(make_config([GOOD, BAD])).encode()
        layers = [descriptor(GOOD, OCI_LAYER), {**descriptor(stored, media_type), **told}]
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, OCI_CONFIG)}
        manifest = json.dumps({**document, "layers": layers}).encode()
        self.victim = layers[1]["digest"]
        self.blobs = {digest(GOOD): GOOD, self.victim: stored, digest(config): config, "1": manifest}

    @property
    def reference(self) -> str:
        """The image."""
        return f"registry:{self.host}/evil:1"

    def index(self) -> ImageIndex:
        """The image's index."""
        source = open_source(self.reference)
        try:
            return build_index(source)
        finally:
            source.close()

    def fault(self) -> str:
        """Why the second layer was not read whole; the first has to be good."""
        index = self.index()
        assert index.layers[0].path(0) == b"good"
        ((number, sentence),) = index.faults
        assert number == 1
        return sentence

    def ranges(self) -> list[str]:
        """The Range headers of the requests for the second layer."""
        return [value for path, value in self.asked if path.endswith(self.victim)]


@pytest.fixture
def evil(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Evil]:
    """A server with a good image, and a reader that does not wait long."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(registry_http, "BACKOFF", 0.001)
    monkeypatch.setattr(registry_http, "STALL_TIMEOUT", 0.2)
    state = Evil()
    state.publish(BAD)
    with serving(type("Bound", (Handler,), {"evil": state})) as state.host:
        yield state
        state.released.set()


def whole(handler: Handler, data: bytes) -> None:
    """The bytes from where they are asked for."""
    asked = handler.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
    if start:
        handler.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
    else:
        handler.answer(200, data)


def resetting(handler: Handler, data: bytes) -> None:
    """Half of what is asked for, then a reset."""
    handler.head(200, len(data))
    handler.wfile.write(data[: len(data) // 2])
    handler.reset()


def ending(handler: Handler, data: bytes) -> None:
    """Half of what is promised, then the end."""
    handler.head(200, len(data))
    handler.wfile.write(data[: len(data) // 2])
    handler.close_connection = True


def stalling(handler: Handler, data: bytes) -> None:
    """A little, then silence."""
    handler.head(200, len(data))
    handler.wfile.write(data[:1000])
    handler.wfile.flush()
    handler.evil.released.wait(20)
    handler.close_connection = True


def silent(handler: Handler, _data: bytes) -> None:
    """No answer at all."""
    handler.evil.released.wait(20)
    handler.close_connection = True


def failing(handler: Handler, _data: bytes) -> None:
    """An error of the server."""
    handler.answer(503, b"<html>upstream</html>")


def busy(handler: Handler, _data: bytes) -> None:
    """Too many requests, for a moment."""
    handler.answer(429, b"{}", Retry_After="0")


def deaf(handler: Handler, data: bytes) -> None:
    """All from the front, whatever is asked for."""
    handler.answer(200, data)


@pytest.mark.parametrize("trouble", [resetting, ending, stalling, silent, failing, busy])
@pytest.mark.parametrize("then", [whole, deaf])
def test_trouble_that_passes(trouble: Answer, then: Answer, evil: Evil) -> None:
    evil.script = [trouble, then]
    index = evil.index()
    assert index.faults == []
    assert [len(layer) for layer in index.layers] == [1, 2]


def test_a_layer_goes_on_where_it_broke_off(evil: Evil) -> None:
    evil.script = [ending]
    assert evil.index().faults == []
    first, second = evil.ranges()
    assert first == ""
    assert int(second.removeprefix("bytes=").removesuffix("-")) > len(BAD) // 3


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (resetting, r"did not come whole: after \d+ of \d+ bytes .* broke off the connection"),
        (ending, r"did not come whole: after \d+ of \d+ bytes .* broke off the connection \(the answer ended early\)"),
        (stalling, "stalled: nothing came in 0.2 s"),
        (silent, "stalled: nothing came in 0.2 s"),
        (failing, "status 503"),
        (busy, "too many requests"),
    ],
)
def test_trouble_that_stays(trouble: Answer, words: str, evil: Evil) -> None:
    evil.script = [trouble] * 50
    sentence = evil.fault()
    assert re.search(words, sentence), sentence
    assert len(evil.ranges()) <= 2 * registry_http.ATTEMPTS


def test_a_long_wait_is_not_waited(evil: Evil) -> None:
    evil.script = [lambda handler, _data: handler.answer(429, b"{}", Retry_After="3600")]
    assert "too many requests" in evil.fault()
    assert len(evil.ranges()) == 1


def test_a_resume_from_elsewhere_is_refused(evil: Evil) -> None:
    evil.script = [ending, lambda handler, data: handler.answer(206, data[7:], Content_Range="bytes 7-9/10")]
    assert "does not resume it" in evil.fault()


def other(data: bytes) -> bytes:
    """Other bytes of the same length that are a tar all the same."""
    return data.replace(b"2" * 1000, b"3" * 1000, 1)


@pytest.mark.parametrize("lie", [other, lambda data: data[:-1] + b"x"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_layer_that_lies_is_marked(lie: Callable[[bytes], bytes], packed: bool, evil: Evil) -> None:
    stored = gzipped(BAD) if packed else BAD
    changed = gzipped(lie(BAD)) if packed else lie(BAD)
    evil.publish(stored, OCI_LAYER + ("+gzip" if packed else ""), size=len(changed))
    evil.blobs[evil.victim] = changed
    assert "does not have the digest" in evil.fault()


def test_a_lying_layer_is_no_pass(evil: Evil, capsys: pytest.CaptureFixture[str]) -> None:
    evil.blobs[evil.victim] = other(BAD)
    assert main(["check", evil.reference]) == 2
    told = capsys.readouterr().err
    assert "layer 2 was not read whole: sha256:" in told
    assert "Try again; if that changes nothing, push the image again." in told


@pytest.mark.parametrize(
    ("told", "words"), [({"size": len(BAD) + 9}, "has .* the manifest says"), ({"size": len(BAD) - 9}, "the digest")]
)
def test_a_size_that_lies(told: dict[str, Any], words: str, evil: Evil) -> None:
    evil.publish(BAD, **told)
    assert re.search(words, evil.fault())


def test_a_digest_of_no_known_kind(evil: Evil) -> None:
    evil.publish(BAD, digest="md5:" + "0" * 32)
    assert "of the kind md5" in evil.fault()


def test_a_layer_that_is_not_there(evil: Evil) -> None:
    del evil.blobs[evil.victim]
    assert "does not hold Layer" in evil.fault()


def test_a_damaged_stream(evil: Evil) -> None:
    stored = gzipped(BAD)
    evil.publish(stored, OCI_LAYER + "+gzip")
    evil.blobs[evil.victim] = stored[:300] + b"\xff" * 50 + stored[350:]
    assert "gzip" in evil.fault()


def test_bytes_behind_the_stream_count_for_the_digest(evil: Evil) -> None:
    stored = gzipped(BAD) + b"signature" * 1000
    evil.publish(stored, OCI_LAYER + "+gzip")
    assert evil.index().faults == []
    evil.blobs[evil.victim] = stored[:-1] + b"?"
    assert "does not have the digest" in evil.fault()


def looping(handler: Handler, _data: bytes) -> None:
    """A redirect to itself."""
    handler.answer(307, b"", Location=handler.path)


def endless(handler: Handler, _data: bytes) -> None:
    """A document without an end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    except OSError:
        handler.close_connection = True


def saying(status: int, body: bytes, **headers: str) -> Answer:
    """An answer of these bytes."""
    return lambda handler, _data: handler.answer(status, body, **headers)


@pytest.mark.parametrize(
    ("page", "error", "words"),
    [
        (looping, SourceError, "redirects more than 8 times"),
        (saying(302, b"", Location="file:///etc/passwd"), SourceError, "redirects to file:"),
        (saying(302, b"", Location="http://[oops/"), SourceError, "redirects to "),
        (endless, LimitError, f"more than {Limits().document_bytes} bytes"),
        (lambda handler, _: handler.head(200, 10**12), LimitError, "1000000000000 bytes"),
        (saying(200, b"<!doctype html>", Content_Type="text/html"), SourceError, "it is no registry"),
        (saying(200, b"{", Content_Type=OCI_MANIFEST), DamagedImageError, "no valid JSON"),
        (saying(200, b"[" * 5000), DamagedImageError, "no valid JSON"),
        (saying(200, b""), DamagedImageError, "no valid JSON"),
        (saying(200, b"[1, 2]"), LayerscopeError, "is no manifest"),
        (saying(200, b'{"schemaVersion": 1, "fsLayers": []}'), LayerscopeError, "docker schema 1"),
        (saying(200, b'{"manifests": []}'), LayerscopeError, "no image"),
        (saying(200, b'{"manifests": 7}'), LayerscopeError, "no image"),
        (failing, SourceError, "status 503"),
        (busy, SourceError, "too many requests"),
        (silent, SourceError, "stalled: nothing came in 0.2 s"),
        (lambda handler, _: resetting(handler, bytes(1000)), SourceError, "broke off the connection"),
        (saying(418, b"no json"), SourceError, "status 418"),
        (saying(403, b'{"errors": [{"message": "go\\u001b[31maway"}]}'), SourceError, "away"),
        (saying(401, b""), SourceError, "not logged in"),
        (saying(401, b"", WWW_Authenticate="Negotiate x"), SourceError, "not logged in"),
        (saying(401, b"", WWW_Authenticate='Basic realm="x"'), SourceError, "not logged in"),
        (saying(401, b"", WWW_Authenticate="Bearer realm=nowhere"), SourceError, "names no server"),
        (saying(204, b""), SourceError, "status 204"),
    ],
)
def test_a_manifest_that_is_none(page: Answer, error: type[LayerscopeError], words: str, evil: Evil) -> None:
    evil.pages["1"] = page
    with pytest.raises(error, match=words) as caught:
        evil.index()
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_manifest_of_another_content_type(evil: Evil) -> None:
    evil.pages["1"] = saying(200, evil.blobs["1"], Content_Type="text/plain")
    assert evil.index().faults == []


def test_documents_that_lie(evil: Evil) -> None:
    source = f"registry:{evil.host}/evil@{digest(b'another')}"
    evil.blobs[digest(b"another")] = evil.blobs["1"]
    with pytest.raises(DamagedImageError, match="does not have the digest"):
        open_source(source).image()  # type: ignore[union-attr]
    config = next(name for name, data in evil.blobs.items() if data[:1] == b"{" and name != "1")
    evil.blobs[config] = evil.blobs[config].replace(b"step", b"STEP")
    with pytest.raises(DamagedImageError, match=r"config .* does not have the digest"):
        evil.index()


def test_a_config_that_is_not_there(evil: Evil) -> None:
    config = next(name for name, data in evil.blobs.items() if data[:1] == b"{" and name != "1")
    del evil.blobs[config]
    index = evil.index()
    assert any("config" in warning for warning in index.image.warnings)
    assert index.faults == []


def test_a_silent_registry_can_be_left(evil: Evil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_http, "STALL_TIMEOUT", 3600)
    evil.script = [stalling] * 9
    source = open_source(evil.reference)
    threading.Timer(0.3, source.close).start()
    with pytest.raises(CancelledError):
        build_index(source)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("trouble", [stalling, silent])
def test_reading_from_a_silent_registry_can_be_stopped_and_gone_on_with(
    layers: int, trouble: Answer, evil: Evil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_http, "STALL_TIMEOUT", 3600)
    evil.script = [trouble]
    source = open_source(evil.reference)
    try:
        image = source.image()  # type: ignore[union-attr]
        image.layers = image.layers[-layers:]
        monkeypatch.setattr(source, "image", lambda: image)
        began = time.monotonic()
        index = build_index(source, cancelled=lambda: time.monotonic() - began > 0.5)
        assert index.stopped
        ((number, fault),) = index.faults
        assert number == layers - 1
        assert "was stopped" in fault
        assert time.monotonic() - began < 10
        reader = index._layer_reader(layers - 1)
        assert reader.read(512)
        reader.close()
    finally:
        source.close()
