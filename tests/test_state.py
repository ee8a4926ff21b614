"""What is remembered between runs: little, private, and never a reason to fail."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from layerscope import state


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERSCOPE_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_archives_are_remembered_the_last_first(tmp_path: Path) -> None:
    for name in ("a", "b", "a"):
        state.remember(tmp_path / name)
    assert state.recent() == [tmp_path / "a", tmp_path / "b"]
    for number in range(30):
        state.remember(tmp_path / str(number))
    assert len(state.recent()) == state.MAX_RECENT
    assert state.recent()[0] == tmp_path / "29"


def test_the_file_is_private(tmp_path: Path) -> None:
    state.remember_theme("nord")
    file = state.state_file()
    assert file is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["state.json"]
    assert state.theme() == "nord"


def test_off_reads_and_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    state.remember_theme("nord")
    monkeypatch.setenv("LAYERSCOPE_STATE", "off")
    state.remember(tmp_path / "a")
    assert (state.theme(), state.recent()) == ("", [])
    monkeypatch.delenv("LAYERSCOPE_STATE")
    assert (state.theme(), state.recent()) == ("nord", [])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"recent": 7, "theme": []}', '{"recent": [7, "relative", null]}', "[" * 100_000]
)
def test_a_damaged_file_is_no_file(content: str, tmp_path: Path) -> None:
    file = state.state_file()
    assert file is not None
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert (state.theme(), state.recent()) == ("", [])
    state.remember(tmp_path / "a")
    assert state.recent() == [tmp_path / "a"]
    assert isinstance(json.loads(file.read_text()), dict)


def test_a_place_that_cannot_be_written_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    state.remember(tmp_path / "a")
    assert state.recent() == []


def test_undecodable_paths_come_back(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.tar"
    state.remember(path)
    assert state.recent() == [path]


def test_a_relative_state_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    file = state.state_file()
    assert file is None or file.is_absolute()
