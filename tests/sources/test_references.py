"""References: what is taken for a path, an engine's image, standard input or a mistake."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
from pathlib import Path

import pytest

from images import docker_archive, file, make_layer
from layerscope.errors import ImageNotFoundError, LayerscopeError, LimitError, NotAnImageError, SpoolError, UsageError
from layerscope.sources import open_source
from layerscope.sources.archive import ArchiveSource
from layerscope.sources.endpoints import Endpoint, docker_endpoint, podman_endpoints
from layerscope.sources.engine import EngineSource
from layerscope.sources.limits import Limits
from layerscope.sources.references import parse_reference
from layerscope.sources.spool import Spool
from opening import content, open_image

ARCHIVE = docker_archive([make_layer([file("a", b"a" * 100_000)])])


@pytest.mark.parametrize(
    ("written", "kind", "place"),
    [
        ("nginx:1.27", "", "nginx:1.27"),
        ("localhost:5000/a/b:1", "", "localhost:5000/a/b:1"),
        ("docker://nginx", "docker", "nginx"),
        ("docker:nginx", "docker", "nginx"),
        ("docker://check", "docker", "check"),
        ("podman://localhost/x", "podman", "localhost/x"),
        ("docker-tar://x.tar", "archive", "x.tar"),
        ("docker-archive:/a/b.tar:x:1", "archive", "/a/b.tar:x:1"),
        ("oci:d:latest", "layout", "d:latest"),
        ("registry:example.com/x", "registry", "example.com/x"),
        ("-", "stream", "-"),
        ("demo", "demo", "demo"),
        ("docker:", "", "docker:"),
    ],
)
def test_references_are_taken_apart(written: str, kind: str, place: str) -> None:
    parsed = parse_reference(written)
    assert (parsed.kind, parsed.place) == (kind, place)


def test_a_source_counts_where_there_is_no_scheme() -> None:
    assert parse_reference("x", "podman").kind == "podman"
    assert parse_reference("x.tar", "docker-archive").kind == "archive"
    assert parse_reference("docker://x", "podman").kind == "docker"


@pytest.mark.parametrize(
    ("written", "source", "words"),
    [
        ("ftp://x", "", "is no source"),
        ("x", "crio", "no source 'crio'"),
        ("", "", "No image"),
        ("a b", "", "no image's"),
    ],
)
def test_mistakes_are_usage_errors(written: str, source: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_source(written, source=source)
    assert caught.value.hint


@pytest.mark.parametrize(
    "written", ["./x", "/no/such/x", "x.tar", "X.TAR.GZ", "a/b.tgz", "..", "~/no/x", "docker-archive:x"]
)
def test_absent_paths_ask_no_engine(written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises((ImageNotFoundError, NotAnImageError)):
        open_image(written)


def test_an_image_with_the_name_of_a_file_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nginx").mkdir()
    (tmp_path / "redis").write_bytes(b"\x7fELF" + bytes(1000))
    (tmp_path / "saved").write_bytes(ARCHIVE)
    assert isinstance(open_source("nginx"), EngineSource)
    assert isinstance(open_source("redis"), EngineSource)
    saved = open_source("saved")
    assert isinstance(saved, ArchiveSource)
    saved.close()
    with pytest.raises(NotAnImageError, match="is a program"):
        open_source("./redis")


class Standard:
    """Stands in for ``sys.stdin``."""

    def __init__(self, data: bytes, *, terminal: bool = False) -> None:
        self.buffer = io.BytesIO(data)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._terminal


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    standard = Standard(ARCHIVE + bytes(5000))
    monkeypatch.setattr(sys, "stdin", standard)
    source = open_source("-", spool=tmp_path)
    assert not hasattr(source, "image")
    image = source.read_through(lambda _name, _reader, _size: None)
    assert len(content(image.layers[0])) > 100_000
    assert standard.buffer.read() == b"", "what writes the pipe must be able to finish"
    source.close()
    monkeypatch.setattr(sys, "stdin", Standard(b""))
    with pytest.raises(NotAnImageError, match="Standard input is no image archive: it is empty"):
        open_image("-")
    monkeypatch.setattr(sys, "stdin", Standard(b"", terminal=True))
    with pytest.raises(UsageError, match="Nothing comes"):
        open_image("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_read_like_standard_input(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(ARCHIVE,))
    writer.start()
    assert open_image(pipe).layers == [[b"a"]]
    writer.join()


def test_the_sample_image_opens() -> None:
    opened = open_image("demo")
    assert opened.image.source == "demo"
    assert all(opened.layers)


def test_a_spool_has_a_limit_and_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(spool_bytes=1000))
    spool.write(bytes(600))
    with pytest.raises(LimitError, match="More than 1000 bytes"):
        spool.write(bytes(600))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SpoolError, match="could not be kept"):
        Spool(Path("/proc/nowhere"), Limits())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_options: open("/dev/full", "wb"))  # noqa: PTH123, SIM115
    monkeypatch.setattr(sys, "stdin", Standard(ARCHIVE))
    with pytest.raises(SpoolError, match="No space left on device") as caught:
        open_image("-", spool=tmp_path)
    assert caught.value.hint


def test_the_engine_is_found_as_the_command_line_finds_it(tmp_path: Path) -> None:
    folder = {"DOCKER_CONFIG": str(tmp_path)}
    assert docker_endpoint(folder).host.endswith(("docker.sock", "docker_engine"))
    assert docker_endpoint(folder | {"DOCKER_HOST": "tcp://h:1"}) == Endpoint("tcp://h:1", "DOCKER_HOST")
    secure = docker_endpoint({"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"})
    assert (secure.certificates, secure.verify) == (Path("/certs"), True)
    name = hashlib.sha256(b"colima").hexdigest()
    meta = tmp_path / "contexts" / "meta" / name / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}')
    (tmp_path / "config.json").write_text('{"currentContext": "colima"}')
    assert docker_endpoint(folder).host == "unix:///colima.sock"
    assert docker_endpoint(folder | {"DOCKER_CONTEXT": "default"}).host != "unix:///colima.sock"
    with pytest.raises(LayerscopeError, match="no docker context other"):
        docker_endpoint(folder | {"DOCKER_CONTEXT": "other"})


def test_podman_is_found_rootless_first(tmp_path: Path) -> None:
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").touch()
    first = podman_endpoints({"XDG_RUNTIME_DIR": str(tmp_path)})[0]
    assert first.host == f"unix://{tmp_path}/podman/podman.sock"
    assert podman_endpoints({"CONTAINER_HOST": "tcp://h:2"}) == [Endpoint("tcp://h:2", "CONTAINER_HOST")]
