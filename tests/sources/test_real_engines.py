"""Engines as people have them: Podman with and without root, Docker behind contexts and TLS, killed, disks full."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

import engine as docker_engine
from commandline import run as run_layerscope
from daemons import NOBODY, dockerd, needs_root, needs_user_namespaces, podman_service
from images import digest, docker_archive, file, folder, make_layer, whiteout
from layerscope.errors import ImageNotFoundError, LayerscopeError, SourceError, SpoolError, UsageError
from layerscope.sources import open_source
from opening import content, open_image
from registries import push, registry, run
from sshd import ssh_host

LAYERS = [
    make_layer([folder("d"), file("d/a", os.urandom(400_000))]),
    make_layer([whiteout("d/a"), file("b", b"b" * 300_000, uid=7)]),
]
NAMES = [[b"d/", b"d/a"], [b"d/.wh.a", b"b"]]
TAG = docker_engine.own("localhost/layerscope-real-test")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image as ``docker save`` writes it."""
    path = tmp_path_factory.mktemp("archive") / "image.tar"
    path.write_bytes(docker_archive(LAYERS, tags=[TAG]))
    return path


@pytest.fixture(autouse=True)
def _no_engine_of_the_developer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_CONTEXT", "CONTAINER_HOST", "XDG_RUNTIME_DIR", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "rootless"])
def test_podmans_service(user: int | None, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if user is not None:
        needs_user_namespaces(user)
    with podman_service(archive, user=user) as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        assert open_image(f"podman://{TAG}").layers == NAMES
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{runtime}/podman/podman.sock")
        opened = open_image(f"podman://{TAG}")
        assert opened.layers == NAMES
        assert opened.image.source == "podman"
        assert opened.image.tags == [TAG]
        source = open_source(f"podman://{TAG}", spool=tmp_path / "spool")
        assert not hasattr(source, "image")
        image = source.read_through(lambda _name, _reader, _size: None)
        assert [content(layer) for layer in image.layers] == LAYERS
        source.close()
        with pytest.raises(UsageError, match="not for linux/s390x") as caught:
            open_image(f"podman://{TAG}", platform="linux/s390x")
        assert "podman pull --platform linux/s390x" in caught.value.hint


def test_podman_pulls_what_it_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with registry(tmp_path) as address, podman_service(insecure=[address]) as runtime:
        push(address, "team/app", "1", LAYERS)
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{runtime}/podman/podman.sock")
        opened = open_image(f"podman://{address}/team/app:1", progress=lambda what, _done, _total: told.append(what))
        assert opened.layers == NAMES
        assert told[0] == f"Pulling {address}/team/app:1"
        with pytest.raises(ImageNotFoundError, match=r"Podman has no image .*/gone:1, and cannot pull it: ") as caught:
            open_image(f"podman://{address}/team/gone:1")
        assert "podman login" in caught.value.hint


@pytest.mark.engine
def test_docker_pulls_what_it_has_not(engine: DockerClient, tmp_path: Path) -> None:
    with registry(tmp_path) as address:  # which dockerd trusts without TLS on loopback
        push(address, "layerscope/app", "1", LAYERS)
        reference = f"{address}/layerscope/app:1"
        try:
            assert open_image(f"docker://{reference}").layers == NAMES
        finally:
            docker_engine.remove(engine, reference)


@pytest.fixture
def _no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.sources.endpoints._there", lambda _socket: False)


@pytest.mark.usefixtures("_no_socket")
def test_podman_without_its_service(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with podman_service(archive) as runtime:  # for its storage: nobody knows of its socket
        monkeypatch.setenv("HOME", str(runtime.parent))
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(runtime.parent / "storage.conf"))
        told: list[str] = []
        opened = open_image(f"podman://{TAG}", progress=lambda what, _done, _total: told.append(what))
        assert opened.layers == NAMES
        assert (opened.image.source, opened.image.tags, opened.image.platform) == ("podman", [TAG], "linux/amd64")
        assert told[0] == f"Exporting {TAG} with podman save, as its API service does not run"
        source = open_source(f"podman://{TAG}", spool=tmp_path / "spool")
        assert not hasattr(source, "image")
        image = source.read_through(lambda _name, _reader, _size: None)
        assert [content(layer) for layer in image.layers] == LAYERS
        source.close()
        with pytest.raises(UsageError, match="not for linux/s390x"):
            open_image(f"podman://{TAG}", platform="linux/s390x")
        with pytest.raises(SourceError, match="Podman has no image localhost/gone:1, and cannot pull it: "):
            open_image("podman://localhost/gone:1")
        assert run_layerscope("check", f"podman://{TAG}", "--min-efficiency", "0").returncode in (0, 1)


#: What podman is made to do by a script in its place: inspecting, then saving.
_FOUND = """if [ "$1" = image ]; then echo '[{"Id": "0123", "RepoTags": ["x:latest"], "Os": "linux"}]'; exit 0; fi; """


@pytest.mark.usefixtures("_no_socket")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Error: short of luck' >&2; exit 125", "podman image inspect failed: short of luck."),
        ("echo no", "podman image inspect prints no JSON: "),
        (f"{_FOUND} echo 'Error: disk gone' >&2; exit 125", "podman save of x:latest failed: disk gone."),
        (f"{_FOUND} echo 'Error: x: image not known' >&2; exit 125", "Podman no longer has the image x:latest."),
        (f"{_FOUND} exit 1", "podman save of x:latest failed: it says nothing."),
        (f"{_FOUND} head -c 700 /dev/zero; exit 0", "no image"),
        (f"{_FOUND} head -c 300000 /dev/zero >&2; exit 1", "podman save of x:latest failed: "),
    ],
)
def test_podman_that_fails(script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LayerscopeError) as caught:
        open_image("podman://x")
    assert words in caught.value.sentence
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("_no_socket")
def test_podman_of_another_system(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not see the folder that it is given for blobs."""
    elsewhere = (
        """case $TMPDIR in */layerscope-podman-*) echo "Error: stat $TMPDIR: no such file" >&2; exit 125;; esac; """
    )
    script = f"""echo $1 >>{tmp_path}/asked
if [ "$1" = image ] && ! grep -q pull {tmp_path}/asked; then echo 'Error: image not known' >&2; exit 125; fi
{_FOUND} {elsewhere} [ $1 = pull ] || cat {archive}"""
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert open_image("podman://x").layers == NAMES
    assert (tmp_path / "asked").read_text().split() == ["image", "pull", "pull", "image", "save", "save"]


@pytest.mark.usefixtures("_no_socket")
def test_podman_ends_with_whoever_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text(f"#!/bin/sh\n{_FOUND} echo $$ >{tmp_path}/pid; exec yes\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LayerscopeError):
        open_image("podman://x")  # what `yes` prints is no archive
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.usefixtures("_no_socket")
def test_podman_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="there is no socket of it") as caught:
        open_image("podman://x")
    assert "podman.socket" in caught.value.hint


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Iterator[tuple[str, Path]]:
    """A Docker Engine on TCP that asks for certificates, with the image in it; its host and a client's certificates."""
    needs_root()
    folder = _certificates(tmp_path_factory.mktemp("certificates"))
    host = "tcp://127.0.0.1:23761"
    tls = ["--tlsverify", *(f"--{name}={folder / file}" for name, file in _FILES.items())]
    with dockerd("-H", host, *tls) as (socket, _):
        run("docker", "-H", socket, "load", "-q", "-i", archive)
        yield host, folder


_FILES = {"tlscacert": "ca.pem", "tlscert": "server.pem", "tlskey": "server-key.pem"}


def _certificates(folder: Path) -> Path:
    """An authority, a server's pair for 127.0.0.1, and a client's pair as docker names them."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2",
        "-keyout", folder / "ca-key.pem", "-out", folder / "ca.pem")  # fmt: skip
    for name, certificate, key in (("server", "server.pem", "server-key.pem"), ("client", "cert.pem", "key.pem")):
        usage = f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={name}Auth\n"
        (folder / "ext").write_text(usage, encoding="ascii")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
            "-keyout", folder / key, "-out", folder / "csr")  # fmt: skip
        run("openssl", "x509", "-req", "-in", folder / "csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca-key.pem",
            "-CAcreateserial", "-days", "2", "-extfile", folder / "ext", "-out", folder / certificate)  # fmt: skip
    return folder


def test_an_engine_behind_tls(behind_tls: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host, certificates = behind_tls
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    assert open_image(f"docker://{TAG}").layers == NAMES
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("DOCKER_CERT_PATH", str(_certificates(other)))
    with pytest.raises(
        SourceError, match=r"TLS connection to the Docker Engine at tcp:.* failed: unable to get"
    ) as caught:
        open_image(f"docker://{TAG}")
    assert "DOCKER_CERT_PATH" in caught.value.hint
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    monkeypatch.delenv("DOCKER_CERT_PATH")
    with pytest.raises(SourceError, match=r"speaks TLS") as caught:
        open_image(f"docker://{TAG}")
    assert "DOCKER_TLS_VERIFY" in caught.value.hint


def test_a_context_as_docker_writes_it(behind_tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    host, certificates = behind_tls
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    pair = "".join(f",{name}={certificates / file}" for name, file in (("ca", "ca.pem"), ("cert", "cert.pem")))
    run("docker", "context", "create", "far", "--docker", f"host={host}{pair},key={certificates / 'key.pem'}")
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert open_image(f"docker://{TAG}").layers == NAMES
    monkeypatch.delenv("DOCKER_CONTEXT")
    run("docker", "context", "use", "far")
    assert open_image(f"docker://{TAG}").layers == NAMES
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(SourceError, match="no docker context gone"):
        open_image(f"docker://{TAG}")


def test_an_engine_killed_in_the_middle_of_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = docker_engine.own("layerscope-killed")
    path = tmp_path / "large.tar"
    path.write_bytes(docker_archive([make_layer([file("large", os.urandom(30_000_000))])], tags=[tag]))
    with dockerd() as (host, process):
        run("docker", "-H", host, "load", "-q", "-i", path)
        monkeypatch.setenv("DOCKER_HOST", host)
        source = open_source(f"docker://{tag}", spool=tmp_path / "spool")
        assert not hasattr(source, "image")

        def kill(_name: str, reader: object, _size: int) -> None:
            process.kill()
            while reader.read(1 << 16):  # type: ignore[attr-defined]
                pass

        why = "(the answer ended early|Connection reset by peer)"
        where = r"\(in the middle of layer [0-9a-f]{12}\)"
        words = rf"^The Docker Engine broke off while exporting {tag}: {why} {where}\.$"
        with pytest.raises(SourceError, match=words) as caught:
            source.read_through(kill)
        source.close()
    assert "try again" in caught.value.hint
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 200 kB."""
    needs_root()
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk)
    yield disk
    run("umount", disk)


@pytest.mark.engine
def test_a_disk_full_of_an_export(engine: DockerClient, archive: Path, small_disk: Path) -> None:
    tag = docker_engine.own("layerscope-full")
    docker_engine.load(engine, docker_archive(LAYERS, tags=[tag]))
    try:
        with pytest.raises(SpoolError, match=rf"could not be kept in {small_disk}: No space left on device") as caught:
            open_image(f"docker://{tag}", spool=small_disk)
    finally:
        docker_engine.remove(engine, tag)
    assert "TMPDIR" in caught.value.hint
    assert list(small_disk.iterdir()) == []
    assert os.statvfs(small_disk).f_bavail == os.statvfs(small_disk).f_blocks
    del archive


@pytest.mark.engine
def test_an_engine_behind_ssh(engine: DockerClient, archive: Path, tmp_path: Path) -> None:
    """As a process of its own: the SDK leaves it to the end of the process to be done with ssh."""
    pytest.importorskip("paramiko")
    usual = "unix:///var/run/docker.sock"
    if os.environ.get("DOCKER_HOST", usual) != usual or not Path("/var/run/docker.sock").is_socket():
        pytest.skip("the docker command of the other side talks to the usual socket")
    docker_engine.load(engine, archive.read_bytes())
    try:
        with ssh_host(tmp_path) as (host, commands):
            there = {"DOCKER_HOST": host, "PATH": f"{commands}:{os.environ['PATH']}"}
            done = run_layerscope("report", f"docker://{TAG}", "--verify", "--format", "json", variables=there)
            assert (done.returncode, done.stderr) == (0, "")
            assert [layer["diffId"] for layer in json.loads(done.stdout)["layers"]] == [digest(each) for each in LAYERS]
            gone = run_layerscope("report", "docker://localhost:1/gone:1", variables=there)
            assert (gone.returncode, gone.stdout) == (2, "")
            assert "has no image localhost:1/gone:1" in gone.stderr
            (tmp_path / "user.pub").write_text("")  # nobody's key opens it any more
            locked = run_layerscope("report", f"docker://{TAG}", variables=there)
            assert (locked.returncode, locked.stdout) == (2, "")
            assert host in locked.stderr
            assert "Traceback" not in locked.stderr
    finally:
        docker_engine.remove(engine, TAG)


def test_a_host_by_ssh_that_is_not_there() -> None:
    done = run_layerscope("report", "docker://x", variables={"DOCKER_HOST": "ssh://nobody@127.0.0.1:1"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    told = ("layerscope[ssh]", "docker -H ssh://nobody@127.0.0.1:1 version", "there is no ssh command")
    assert any(words in done.stderr for words in told)


def test_a_host_by_ssh_without_an_ssh_command(tmp_path: Path) -> None:
    pytest.importorskip("paramiko")  # what the SDK misses first
    variables = {"DOCKER_HOST": "ssh://nobody@127.0.0.1:1", "PATH": str(tmp_path)}
    done = run_layerscope("report", "docker://x", variables=variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no ssh command" in done.stderr
