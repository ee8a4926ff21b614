"""ctrl+c at every stage of reading: the program ends at once, says nothing and leaves nothing behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from images import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    descriptor,
    digest,
    docker_archive,
    file,
    make_config,
    make_layer,
)
from layerscope.errors import CancelledError, LayerscopeError
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from registries import Quiet, serving

LAYER = make_layer([file("a", os.urandom(3_000_000))])
CONFIG = json.dumps(make_config([LAYER])).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(CONFIG, OCI_CONFIG),
        "layers": [descriptor(LAYER, OCI_LAYER)],
    }
).encode()
EXPORT = docker_archive([LAYER])
#: What a registry and an engine answer, by the end of the path.
ANSWERS = {
    "1": MANIFEST,
    digest(CONFIG): CONFIG,
    digest(LAYER): LAYER,
    "version": b'{"ApiVersion": "1.41", "Version": "20"}',
    "json": b'{"Id": "sha256:0", "Os": "linux", "Architecture": "amd64"}',
    "create": b"{}",
    "get": EXPORT,
}
REGISTRY = {"manifest": "1", "config": digest(CONFIG), "layer": digest(LAYER)}
ENGINE = {"connecting": "version", "inspecting": "json", "pulling": "create", "exporting": "get"}


class Stalling(Quiet):
    """Answers until it is asked for one thing: of that it sends so much, and then waits."""

    state: State

    def do_GET(self) -> None:  # noqa: N802
        """A document, a blob, an export."""
        name = self.path.partition("?")[0].rpartition("/")[2]
        body = ANSWERS[name]
        if name == "json" and self.state.stage == "create":
            self.answer(404, b'{"message": "No such image"}')
        elif name != self.state.stage:
            self.answer(200, body)
        else:
            if self.state.share:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: int(len(body) * self.state.share)])
                self.wfile.flush()
            self.state.reached.set()
            self.state.released.wait(30)
            self.close_connection = True

    def do_POST(self) -> None:  # noqa: N802
        """A pull."""
        self.do_GET()


@dataclass
class State:
    """Where to stall, and after which share of the body."""

    stage: str = ""
    share: float = 0.0
    host: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def stalling() -> Iterator[State]:
    """A server that is a registry and an engine."""
    state = State()
    with serving(type("Bound", (Stalling,), {"state": state})) as state.host:
        yield state
        state.released.set()


def interrupted(reference: str, scratch: Path, reached: threading.Event, **environment: str) -> None:
    """Run ``check``, interrupt it once the stage is reached, and look at what is left."""
    scratch.mkdir()
    settings = {"TMPDIR": str(scratch), "HOME": str(scratch), "DOCKER_CONFIG": str(scratch), **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "layerscope", "check", reference],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_hear_interrupts,
    )
    assert reached.wait(30)
    _interrupt(process)
    assert list(scratch.iterdir()) == []


def _hear_interrupts() -> None:
    """A shell that starts jobs in the background makes them deaf for SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    threading.Event().wait(0.3)  # what was sent has to be read
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("stage", REGISTRY)
def test_a_registry_is_left(stage: str, share: float, stalling: State, tmp_path: Path) -> None:
    stalling.stage, stalling.share = REGISTRY[stage], share
    interrupted(f"registry:{stalling.host}/x:1", tmp_path / "scratch", stalling.reached)


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("stage", ENGINE)
def test_an_engine_is_left(stage: str, share: float, stalling: State, tmp_path: Path) -> None:
    stalling.stage, stalling.share = ENGINE[stage], share
    host = f"tcp://{stalling.host}"
    interrupted("docker://x:1", tmp_path / "scratch", stalling.reached, DOCKER_HOST=host, DOCKER_CONTEXT="")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_pipe_is_left(share: float, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reached = threading.Event()

    def feed() -> None:
        with pipe.open("wb", buffering=0) as stream:
            stream.write(EXPORT[: int(len(EXPORT) * share)])
            reached.set()
            done.wait(30)

    done = threading.Event()
    thread = threading.Thread(target=feed)
    thread.start()
    try:
        interrupted(str(pipe), tmp_path / "scratch", reached)
    finally:
        done.set()
        thread.join()


def test_closing_an_engine_wakes_who_waits_for_its_export(stalling: State, monkeypatch: pytest.MonkeyPatch) -> None:
    stalling.stage, stalling.share = "get", 0.6
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{stalling.host}")
    source = open_source("docker://x:1")
    failed: list[LayerscopeError] = []

    def read() -> None:
        try:
            build_index(source)
        except LayerscopeError as error:
            failed.append(error)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    assert stalling.reached.wait(30)
    threading.Event().wait(0.3)  # what was sent has to be read
    began = time.monotonic()
    source.close()
    reading.join(10)
    assert not reading.is_alive()
    assert time.monotonic() - began < 15, "the server lets go after 30 s"
    assert "the answer ended early (in the middle of layer " in failed[0].sentence


def stopped(reference: str, reached: threading.Event) -> ImageIndex:
    """What is there of an image whose bytes stall, once the user has said to stop."""
    told = threading.Event()
    found: list[ImageIndex] = []
    source = open_source(reference)
    reading = threading.Thread(target=lambda: found.append(build_index(source, cancelled=told.is_set)), daemon=True)
    reading.start()
    assert reached.wait(30)
    threading.Event().wait(0.3)  # what was sent has to be read
    began = time.monotonic()
    told.set()
    reading.join(10)
    assert time.monotonic() - began < 5, "nothing more comes for 30 s"
    source.close()
    return found[0]


def test_a_stalled_export_that_is_stopped_shows_what_came(stalling: State, monkeypatch: pytest.MonkeyPatch) -> None:
    stalling.stage, stalling.share = "get", 0.6
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{stalling.host}")
    index = stopped("docker://x:1", stalling.reached)
    assert index.stopped
    assert index.faults == [(0, "reading was stopped here")]
    assert index.tree.find(b"a") > 0


@pytest.mark.skipif(not hasattr(select, "poll"), reason="this system cannot wait for a pipe for a while only")
def test_a_stalled_pipe_that_is_stopped_shows_what_came(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reached, done = threading.Event(), threading.Event()

    def feed() -> None:
        with pipe.open("wb", buffering=0) as stream:
            stream.write(EXPORT[: len(EXPORT) // 2])
            reached.set()
            done.wait(30)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        index = stopped(str(pipe), reached)
    finally:
        done.set()
        thread.join()
    assert index.faults == [(0, "reading was stopped here")]
    assert index.tree.find(b"a") > 0


def test_a_stop_before_anything_came_is_none(stalling: State, monkeypatch: pytest.MonkeyPatch) -> None:
    stalling.stage = "get"
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{stalling.host}")
    told = threading.Event()
    told.set()
    with pytest.raises(CancelledError):
        build_index(open_source("docker://x:1"), cancelled=told.is_set)


def left(reference: str, reached: Callable[[], bool]) -> None:
    """Stop reading once a stage is reached at which nothing has come yet, and wait for its end."""
    source = open_source(reference)
    told: list[float] = []

    def cancelled() -> bool:
        if reached() and not told:
            told.append(time.monotonic())
        return bool(told)

    with pytest.raises(CancelledError):
        build_index(source, cancelled=cancelled)
    source.close()
    assert time.monotonic() - told[0] < 5, "nothing more comes for 30 s"


@pytest.mark.parametrize("share", [0.0, 0.6])
@pytest.mark.parametrize("stage", ["version", "json", "create"])
def test_an_engine_that_hangs_is_left_by_one_stop(
    stage: str, share: float, stalling: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalling.stage, stalling.share = stage, share
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{stalling.host}")
    left("docker://x:1", stalling.reached.is_set)


#: A program that notes its number, writes to its folder for temporary files, and then hangs.
HANGS = 'mkdir -p "$TMPDIR/blobs"; echo $$ >{folder}/pid.new; mv {folder}/pid.new {folder}/pid; exec sleep 60'
_FOUND = """echo '[{"Id": "0123", "RepoTags": ["x:latest"], "Os": "linux"}]'; exit 0"""


def put_program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a script in the place of a program; the file where it notes its number."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (folder / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / "scratch"))
    return folder / "pid"


def assert_ended(noted: Path) -> None:
    """The program is no more, soon."""
    end = time.monotonic() + 30
    with pytest.raises(ProcessLookupError):  # noqa: PT012  # it needs a moment
        while time.monotonic() < end:
            os.kill(int(noted.read_text()), 0)
            time.sleep(0.05)


@pytest.mark.parametrize("stage", ["image", "pull", "save"])
def test_a_podman_that_hangs_is_ended_by_one_stop(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = "exit 1" if stage == "pull" else _FOUND
    absent = "echo 'Error: x: image not known' >&2"
    script = f'[ "$1" = {stage} ] || {{ {absent}; {found}; }}; {HANGS.format(folder=tmp_path)}'
    noted = put_program(tmp_path, "podman", script, monkeypatch)
    monkeypatch.setattr("layerscope.sources.endpoints._there", lambda _socket: False)
    left("podman://x", noted.exists)
    assert_ended(noted)
    if stage != "image":  # which writes nothing
        assert list((tmp_path / "scratch").iterdir()) == []


def test_a_credential_helper_that_hangs_is_ended_by_one_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = put_program(tmp_path, "docker-credential-test", HANGS.format(folder=tmp_path), monkeypatch)
    (tmp_path / "config.json").write_text('{"credsStore": "test"}', encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    left("registry:127.0.0.1:1/x:1", noted.exists)
    assert_ended(noted)


def test_an_ssh_that_hangs_ends_with_who_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process of its own: the SDK leaves it to the end of the process to be done with ssh, deaf for ctrl+c."""
    pytest.importorskip("paramiko")  # what the SDK misses first
    script = HANGS.format(folder=tmp_path).replace('mkdir -p "$TMPDIR/blobs"; ', "")
    noted = put_program(tmp_path, "ssh", script, monkeypatch)
    reached = threading.Event()

    def watch() -> None:
        while not noted.exists():
            time.sleep(0.05)
        reached.set()

    threading.Thread(target=watch, daemon=True).start()
    interrupted("docker://x", tmp_path / "home", reached, DOCKER_HOST="ssh://nobody@host.invalid")
    assert_ended(noted)
