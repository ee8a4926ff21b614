"""Values without end and files that cannot be read: one sentence each, never a traceback, never a pass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import Done, run
from layerscope.cli.baselines import holds_baseline, read_baseline
from layerscope.cli.smallfile import list_folder
from layerscope.errors import ConfigError

MANY = "9" * 5000
LONG = "n" * 5000


def refused(done: Done) -> str:
    """What was said, once it is sure that it is a sentence and a hint."""
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("layerscope: ")
    assert len(done.stderr.splitlines()) <= 2
    return done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--max-size", MANY),
        ("--max-size", f"{MANY}.5MB"),
        ("--limit", f"entries={MANY}"),
        ("--base", MANY),
        ("--base", "9" * 4299),
        ("--max-layers", MANY),
        ("--min-efficiency", MANY),
    ],
)
def test_numbers_of_thousands_of_digits(words: tuple[str, str]) -> None:
    refused(run("check", "demo", *words))


@pytest.mark.parametrize(
    "text",
    [
        f"[rules]\nmax-size = {MANY}\n",
        f"[rules]\nmax-size = '{MANY}'\n",
        f"[rules]\nmax-size = 0x{'f' * 5000}\n",
        f"base = 0x{'f' * 5000}\n",
        f"base = {MANY}\n",
    ],
)
def test_numbers_of_thousands_of_digits_in_a_config(tmp_path: Path, text: str) -> None:
    (tmp_path / "layerscope.toml").write_text(text)
    refused(run("check", "demo", cwd=tmp_path))


@pytest.mark.parametrize("option", ["--baseline", "--dockerfile", "--config", "--ci-config", "--base", "--output"])
def test_names_that_no_file_can_have(option: str) -> None:
    given = f"json=/tmp/{LONG}" if option == "--output" else f"/{LONG}"
    done = run("check", "demo", "--exit-zero", option, given)
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if option == "--baseline" else 2)
    if option == "--baseline":
        assert "There is no baseline" in done.stdout


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_files_without_end(tmp_path: Path) -> None:
    for option in ("--config", "--ci-config", "--dockerfile"):
        assert "/dev/zero" in refused(run("check", "demo", option, "/dev/zero"))
    assert "too large" in refused(run("check", "demo", DIVE_CONFIG="/dev/zero", cwd=tmp_path))


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder whose ``shut`` nobody may read; the tests are skipped for whoever may read all."""
    shut = tmp_path / "shut"
    (shut / "dive").mkdir(parents=True)
    (shut / "b.json").write_text("{}")
    shut.chmod(0)
    try:
        if os.access(shut, os.R_OK):
            pytest.skip("this user may read everything")
        yield tmp_path
    finally:
        shut.chmod(0o700)  # what pytest cannot remove it warns of, three runs later


def test_folders_that_are_not_ours_to_read(locked: Path) -> None:
    for option in ("--baseline", "--config", "--ci-config", "--dockerfile"):
        assert "Permission denied" in refused(run("check", "demo", option, "shut/b.json", cwd=locked))
    assert "Permission denied" in refused(run("check", "demo", cwd=locked, XDG_CONFIG_HOME=str(locked / "shut")))


def test_what_the_system_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.json").write_text("{}")

    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    for method in ("stat", "open", "iterdir"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, refuse)
            for read in (holds_baseline, list_folder) if method == "stat" else (read_baseline,):
                with pytest.raises(ConfigError, match="Permission denied"):
                    read(tmp_path / "b.json") if method != "iterdir" else list_folder(tmp_path)
