"""``layerscope diff`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file, whiteout


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """``old.tar``, and ``new.tar`` with a layer and a user more."""
    layers = [[file("etc/a", 100)], [file("opt/b\x1b[2J|`<b>", 50), whiteout("etc/a")]]
    save(tmp_path / "old.tar", layers[:1], commands=["ADD rootfs"])
    save(tmp_path / "new.tar", layers, user="app\x1b[2J", commands=["ADD rootfs", "COPY ::error::"])
    return tmp_path


def test_text(pair: Path) -> None:
    done = run("diff", "old.tar", "new.tar", cwd=pair)
    assert (done.returncode, done.stderr) == (0, "")
    assert "+50 B  size 100 B → 150 B (+50.0 %)" in done.stdout
    assert "+100 B  removed  (new)" in done.stdout
    assert "files: 1 added, 1 removed" in done.stdout
    assert "-100 B  removed   /etc/a" in done.stdout
    assert "added     /opt/  (1 file)" in done.stdout
    assert "+50 B  /opt/  (new)" in done.stdout, "all of it can be read"
    assert 'User  none → "app' in done.stdout
    assert "\x1b" not in done.stdout


def test_what_a_folder_stores_and_a_container_cannot_read_is_told(tmp_path: Path) -> None:
    save(tmp_path / "old.tar", [[file("var/a", 10)]])
    save(tmp_path / "new.tar", [[file("var/a", 10)], [file("var/a", 30), file("tmp/b", 7)], [whiteout("tmp/b")]])
    done = run("diff", "old.tar", "new.tar", cwd=tmp_path)
    assert "+30 B  /var/  (10 B → 40 B stored, 30 B of it readable)" in done.stdout
    assert "+7 B  /tmp/  (new, none of it readable)" in done.stdout
    save(tmp_path / "more.tar", [[file("var/a", 2_000_000)], [file("var/b", 9)], [file("var/b", 8)]])
    done = run("diff", "old.tar", "more.tar", cwd=tmp_path)
    assert "/var/  (10 B → 2.0 MB)" in done.stdout, "what reads the same is told once"
    grown = run("check", "new.tar", "--baseline", "old.tar", "--max-growth", "1", cwd=tmp_path).stdout
    assert "+30 B  /var/  (10 B → 40 B stored, 30 B of it readable)" in grown.partition("growth:")[0]
    assert "/var/" not in grown.partition("growth:")[2]  # there are the layers, and no byte twice


def test_the_exit_code_is_for_those_who_ask(pair: Path) -> None:
    assert run("diff", "old.tar", "new.tar", "--exit-code", cwd=pair).returncode == 1
    done = run("diff", "old.tar", "old.tar", "--exit-code", cwd=pair)
    assert (done.returncode, done.stdout) == (0, "old.tar and old.tar are the same\n")
    for missing in (("old.tar", "no.tar"), ("no.tar", "old.tar")):
        assert run("diff", *missing, "--exit-code", cwd=pair).returncode == 2
    assert run("diff", "old.tar", cwd=pair).returncode == 2
    assert run("diff", "-", "-", cwd=pair).returncode == 2


def test_json(pair: Path) -> None:
    document = json.loads(run("diff", "old.tar", "new.tar", "--format", "json", cwd=pair).stdout)
    assert (document["schemaVersion"], document["same"]) == (1, False)
    assert document["comparison"]["sizeBytes"]["delta"] == 50
    assert document["config"] == [{"key": "User", "before": None, "after": "app\x1b[2J"}]
    assert [(found["change"], found["path"], found["before"]) for found in document["files"]] == [
        ("removed", "etc/a", 100),
        ("added", "opt/", 0),
    ]


def test_markdown(pair: Path) -> None:
    done = run("diff", "old.tar", "new.tar", "--format", "markdown", cwd=pair)
    assert "\x1b" not in done.stdout
    assert "<b>" not in done.stdout
    assert "<summary>Files: 1 added, 1 removed</summary>" in done.stdout


def test_a_baseline_stands_for_an_image(pair: Path) -> None:
    run("check", "old.tar", "--save-baseline", "old.json", cwd=pair)
    done = run("diff", "old.json", "new.tar", "--format", "json", cwd=pair)
    document = json.loads(done.stdout)
    assert document["comparison"]["sizeBytes"]["delta"] == 50
    assert document["files"] is None
    assert run("diff", "old.json", "old.tar", "--exit-code", cwd=pair).returncode == 0
    (pair / "bad.json").write_text("{}", encoding="utf-8")
    assert run("diff", "bad.json", "old.tar", cwd=pair).returncode == 2


def test_half_an_image_is_compared_with_nothing(pair: Path) -> None:
    whole = (pair / "new.tar").read_bytes()
    (pair / "cut.tar").write_bytes(whole[: len(whole) // 2])
    done = run("diff", "old.tar", "cut.tar", cwd=pair)
    assert (done.returncode, done.stdout) == (2, "")
