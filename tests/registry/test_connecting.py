"""Hosts that let one wait for a connection: they are left at once, and after their time."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.errors import CancelledError, SourceError
from layerscope.index import build_index
from layerscope.sources import engine_client, open_source, registry_connections, registry_http

#: Seconds: far less than a connection may take, far more than a look whether it is still wanted.
SOON = 8


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No login, no proxy."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def full() -> Iterator[str]:
    """A registry that accepts nobody, and whose queue of those who wait is full: a connection never comes."""
    if sys.platform != "linux":
        pytest.skip("other systems answer for a full queue")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        time.sleep(0.1)
        yield f"registry:127.0.0.1:{server.getsockname()[1]}/app:1"
        for each in waiting:
            each.close()


@pytest.fixture
def mute() -> Iterator[str]:
    """A registry that accepts, and says nothing to whoever begins to speak TLS."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield f"registry:https://127.0.0.1:{server.getsockname()[1]}/app:1"


@pytest.fixture(params=["full", "mute"])
def waiting(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.getfixturevalue(request.param))


def stop_soon(image: str) -> None:
    """Stop reading an image half a second after it began, and see that it ends soon."""
    source = open_source(image)
    began = time.monotonic()
    with pytest.raises(CancelledError, match="was stopped"):
        build_index(source, cancelled=lambda: time.monotonic() - began > 0.5)
    assert time.monotonic() - began < SOON
    source.close()


def test_a_connection_that_does_not_come_can_be_stopped(waiting: str) -> None:
    stop_soon(waiting)


def test_a_connection_that_does_not_come_can_be_left(waiting: str) -> None:
    source = open_source(waiting)
    began = time.monotonic()
    threading.Timer(0.5, source.close).start()
    with pytest.raises(CancelledError, match="was stopped"):
        build_index(source)
    assert time.monotonic() - began < SOON


def test_a_connection_that_does_not_come_is_told(full: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_connections, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(registry_http, "BACKOFF", 0.001)
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ does not answer: there is no connection"):
        build_index(open_source(full))


@pytest.fixture
def unnamed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name servers that never answer."""
    over = threading.Event()

    def hang(*_arguments: object, **_more: object) -> list[object]:
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.fixture(params=["registry:host.invalid/app:1", "docker://app:1"])
def named(request: pytest.FixtureRequest, unnamed: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """An image of a registry, and of an engine, whose host only a name server knows."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://host.invalid:2375")
    return str(request.param)


def test_a_name_that_nobody_looks_up_can_be_stopped(named: str) -> None:
    stop_soon(named)


def test_a_name_that_nobody_looks_up_is_told(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_connections, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(engine_client, "LONGEST_CONNECTING", 0.2)
    told = "The name of host.invalid cannot be looked up: no name server answers."
    if named.startswith("docker"):
        told = "The Docker Engine at tcp://host.invalid:2375 (DOCKER_HOST) does not answer: nothing came in 0.2 s."
    with pytest.raises(SourceError, match=re.escape(told)):
        build_index(open_source(named))
