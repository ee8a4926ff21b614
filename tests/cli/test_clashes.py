"""What a user must not lose: files that are read are never written over, nor two results into one file."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file
from layerscope.replacing import replacing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An image, a link and a hard link to it, a baseline, a Dockerfile and configs."""
    save(tmp_path / "app.tar", [[file("a", 100)]])
    (tmp_path / "link").symlink_to("app.tar")
    (tmp_path / "hard").hardlink_to(tmp_path / "app.tar")
    assert run("check", "app.tar", "--save-baseline", "b.json", cwd=tmp_path).returncode == 0
    (tmp_path / "Dockerfile").write_text("FROM x\nRUN step 0\n")
    (tmp_path / "layerscope.toml").write_text("[rules]\nmax-layers = 9\n")
    (tmp_path / "dive.yaml").write_text("rules:\n")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "check app.tar --save-baseline app.tar",
        "check docker-archive:app.tar --save-baseline ./app.tar",
        "check app.tar --save-baseline link",
        "check link --output json=hard",
        "report app.tar --output json=app.tar",
        "app.tar -j app.tar",
        "app.tar --ci -j app.tar",
        "check demo --baseline app.tar --output markdown=app.tar",
        "check app.tar --baseline b.json --output json=b.json",
        "check app.tar --baseline b.json --save-baseline b.json",
        "check app.tar --baseline b.json --ratchet --output json=b.json",
        "check app.tar --base app.tar --output json=app.tar",
        "check app.tar --dockerfile Dockerfile --output json=Dockerfile",
        "check app.tar --config layerscope.toml --output json=layerscope.toml",
        "check app.tar --output json=layerscope.toml",
        "check app.tar --ci-config dive.yaml --output json=dive.yaml",
        "init app.tar --file app.tar --force",
        "check app.tar --output json=out --output junit=out",
        "check app.tar --output json=out --output junit=./out",
        "check app.tar --output json=out --save-baseline out",
        "check app.tar --output json=out -j out",
        "check app.tar --output json=- --output junit=-",
        "check app.tar --output json=- --output junit=/dev/stdout",
        "check app.tar -j -",
        "check app.tar --save-baseline -",
    ],
)
def test_outputs_that_would_destroy_are_refused(folder: Path, words: str) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = run(*words.split(), cwd=folder)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    sentence, hint = done.stderr.splitlines()
    assert sentence.startswith("layerscope: ")
    assert hint.strip()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_layout_keeps_its_parts(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "index.json").write_text("{}")
    for given in (".", "oci:."):
        done = run("check", given, "--output", "json=index.json", cwd=tmp_path)
        assert done.stderr.startswith("layerscope: --output index.json would write over the image.")
    assert (tmp_path / "index.json").read_text() == "{}"


def test_outputs_that_are_no_harm(folder: Path) -> None:
    words = "check app.tar --baseline b.json --ratchet --output json=/dev/null --output junit=/dev/null -j /dev/null"
    assert run(*words.split(), cwd=folder).returncode == 0
    done = run("check", "app.tar", "--output", "json=/dev/stdout", cwd=folder)
    assert json.loads(done.stdout)["check"]["verdict"] == "pass"
    assert run("report", "docker://app.tar", "--output", "json=-", "-j", "app.tar", cwd=folder).returncode == 2
    assert (folder / "app.tar").stat().st_size > 1000


def test_a_report_that_cannot_be_finished_leaves_the_old_one(folder: Path) -> None:
    (folder / "out.json").write_text("the old one")
    done = subprocess.run(
        [sys.executable, "-m", "layerscope", "report", "app.tar", "--output", "json=out.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 2
    assert done.stderr.startswith("layerscope: out.json cannot be written: File too large.")
    assert (folder / "out.json").read_text() == "the old one"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_file_keeps_its_permissions_its_link_and_its_kind(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.touch(0o640)
    link.symlink_to("real")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (link, pipe):
        with replacing(path) as stream:
            stream.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "real"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(path) as stream:
        stream.writelines(["half" * 10_000, "\udcff"])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    inode = path.stat().st_ino

    def busy(_self: Path, _target: Path) -> None:
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", busy)
        with replacing(path) as stream:
            stream.write("mounted")
    assert path.read_text() == "mounted"

    def refused(**_given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    with replacing(path) as stream:
        stream.write("in place")
    assert path.read_text() == "in place"
    assert path.stat().st_ino == inode
    assert list(tmp_path.iterdir()) == [path]
