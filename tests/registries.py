"""Registries for tests: Debian's ``docker-registry`` on loopback, and what may stand before it.

Images are pushed by HTTP (``push``) or by skopeo. A ``Gateway`` wants tokens as the large registries do and
sends whoever asks for a blob to another host.
"""

from __future__ import annotations

import base64
import http.client
import http.server
import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.docker_registry import serve
from engine import REQUIRED, required
from images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest, make_config

USER, PASSWORD = "someone", "pass:word with ü"


def program(name: str) -> str:
    """Where a program is; a skip where it is not installed, a failure where nothing may be skipped."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if required() else pytest.skip)(f"{name} is not installed ({REQUIRED}=1 forbids to skip)")
    return found


def run(name: str, *arguments: object) -> str:
    """Run a program to its end; its standard output."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{name} {arguments}: {done.stderr}"
    return done.stdout


@contextmanager
def registry(folder: Path, *, password: bool = False) -> Iterator[str]:
    """A docker-registry that keeps its data in a folder; its ``host:port``."""
    settings: dict[str, Any] = {}
    if password:
        lines = run("htpasswd", "-Bbn", "-C", 4, USER, PASSWORD)
        (folder / "htpasswd").write_text(lines, encoding="utf-8")
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    with serve(program("docker-registry"), folder, settings) as address:
        yield address


def put_blob(address: str, repository: str, data: bytes) -> None:
    """Push a blob in one piece."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", f"/v2/{repository}/blobs/uploads/")
    answer = connection.getresponse()
    answer.read()
    place = urlsplit(answer.headers["Location"])
    connection.request("PUT", f"{place.path}?{place.query}&digest={digest(data)}", data)
    assert connection.getresponse().status == 201
    connection.close()


def put_manifest(address: str, repository: str, reference: str, data: bytes, media_type: str) -> None:
    """Push a manifest or an index."""
    connection = http.client.HTTPConnection(address, timeout=30)
    path = f"/v2/{repository}/manifests/{reference}"
    connection.request("PUT", path, data, {"Content-Type": media_type})
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


def image_manifest(config: bytes, blobs: Sequence[bytes], layer_type: str = OCI_LAYER, **fields: Any) -> bytes:
    """An OCI manifest over a config and layers as stored."""
    layers = [descriptor(blob, layer_type) for blob in blobs]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, OCI_CONFIG)}
    return json.dumps({**document, "layers": layers, **fields}).encode()


def push(address: str, repository: str, tag: str, layers: Sequence[bytes], **options: Any) -> bytes:
    """Push an OCI image; ``blobs`` are the layers as stored, other options those of the config. The manifest."""
    blobs: Sequence[bytes] = options.pop("blobs", layers)
    layer_type = options.pop("layer_type", OCI_LAYER)
    config = json.dumps(make_config(layers, **options)).encode()
    for blob in (config, *blobs):
        put_blob(address, repository, blob)
    manifest = image_manifest(config, blobs, layer_type)
    put_manifest(address, repository, tag or digest(manifest), manifest, OCI_MANIFEST)
    return manifest


def write_login(folder: Path, host: str, **entry: str) -> Path:
    """A docker ``config.json`` with an entry for a host, by default of the usual user; its folder."""
    fields: Mapping[str, str] = entry or {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    (folder / "config.json").write_text(json.dumps({"auths": {host: fields}}), encoding="utf-8")
    return folder


@dataclass
class Gateway:
    """Wants a bearer token for every request, and redirects blobs to ``storage``, another origin.

    ``lifetime`` requests are served for one token, then a new one is wanted. ``leaks`` are the
    Authorization headers that reached the storage.
    """

    registry: str
    lifetime: int = 1000
    host: str = ""
    storage: str = ""
    tokens: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def token(self, method: str, authorization: str, fields: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        self.asked.append((method, authorization, fields))
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if authorization != basic and fields.get("refresh_token") != ["the identity"]:
            return 401, {"details": "incorrect username or password"}
        token = secrets.token_hex(8)
        self.tokens[token] = self.lifetime
        return 200, {"access_token" if method == "POST" else "token": token, "expires_in": 300}

    def admits(self, authorization: str) -> bool:
        """Whether a request comes with a token that still counts."""
        token = authorization.removeprefix("Bearer ")
        self.tokens[token] = self.tokens.get(token, 0) - 1
        return self.tokens[token] >= 0


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server of this handler in a thread; its ``host:port``."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.BaseHTTPRequestHandler):
    """A handler that says nothing and keeps connections."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send an answer; underscores in names of headers are dashes."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def gateway(address: str, lifetime: int = 1000) -> Iterator[Gateway]:
    """A gateway before a registry."""
    state = Gateway(address, lifetime)

    class Storage(Quiet):
        def do_GET(self) -> None:
            """Pass a blob on; nobody may log in here."""
            state.leaks.extend(self.headers.get_all("Authorization", []))
            _pass_on(self, address)

    class Front(Quiet):
        def do_POST(self) -> None:
            """A token for an identity token."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._token("POST", parse_qs(body))

        def do_GET(self) -> None:
            """A token, a redirect to a blob, or a manifest."""
            url = urlsplit(self.path)
            if url.path == "/token":
                self._token("GET", parse_qs(url.query))
            elif not state.admits(self.headers.get("Authorization", "")):
                realm = f'Bearer realm="http://{state.host}/token",service="test",scope="repository:x:pull"'
                self.answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', WWW_Authenticate=realm)
            elif "/blobs/" in self.path:
                self.answer(307, b"", Location=f"http://{state.storage}{self.path}")
            else:
                _pass_on(self, address)

        def _token(self, method: str, fields: dict[str, list[str]]) -> None:
            status, document = state.token(method, self.headers.get("Authorization", ""), fields)
            self.answer(status, json.dumps(document).encode())

    with serving(Storage) as state.storage, serving(Front) as state.host:
        yield state


def _pass_on(handler: Quiet, address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=30)
    wanted = ("Accept", "Range")
    headers = {name: handler.headers[name] for name in wanted if name in handler.headers}
    connection.request("GET", handler.path, headers=headers)
    response = connection.getresponse()
    handler.answer(response.status, response.read(), Content_Type=response.headers.get("Content-Type", ""))
    connection.close()
