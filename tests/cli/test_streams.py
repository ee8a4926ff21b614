"""Streams that are closed, full or redirected: the exit code is right, and there is never a traceback."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
BROKEN = "import layerscope.cli.branches as b; b.run = lambda args: {}['gone\\x1b[2J']; from layerscope.cli import main"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``layerscope`` by a shell, which closes and redirects streams."""
    line = f'"{sys.executable}" -m layerscope {command}'
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``fat.tar`` fails a check, ``lean.tar`` passes."""
    save(tmp_path / "fat.tar", [[file("a", 100_000)], [file("a", 100_000, b"y")]])
    save(tmp_path / "lean.tar", [[file("a", 100)]])
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check fat.tar >&-", 1),
        ("check lean.tar >&-", 0),
        ("check lean.tar >&- 2>&- <&-", 0),
        ("check fat.tar 2>&-", 1),
        ("report fat.tar --format json >&-", 0),
        ("--version >&-", 0),
        ("--help >&-", 0),
        ("man >&-", 0),
        ("completion bash >&-", 0),
        ("check nosuch.tar 2>&-", 2),
        ("check nosuch.tar >&- 2>&-", 2),
        ("check nosuch.tar --debug 2>&-", 2),
        ("check - <&-", 2),
        pytest.param("--version >/dev/full", 2, marks=FULL),
        pytest.param("check --help >/dev/full", 2, marks=FULL),
        pytest.param("man >/dev/full", 2, marks=FULL),
        pytest.param("check fat.tar >/dev/full", 2, marks=FULL),
        pytest.param("check fat.tar 2>/dev/full", 1, marks=FULL),
        pytest.param("check nosuch.tar 2>/dev/full", 2, marks=FULL),
        pytest.param("check nosuch.tar --debug 2>/dev/full", 2, marks=FULL),
    ],
)
def test_streams_that_are_closed_or_full(folder: Path, command: str, code: int) -> None:
    done = shell(command, folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_closed_stream_is_no_file_that_is_opened_later(folder: Path) -> None:
    before = (folder / "fat.tar").read_bytes()
    assert shell("report fat.tar --output json=out.json >&- 2>&-", folder).returncode == 0
    assert (folder / "fat.tar").read_bytes() == before
    assert (folder / "out.json").read_text().startswith("{")


def fail(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a fault of its own in it."""
    code = f"import sys; sys.argv[1:] = {list(arguments)!r}; {BROKEN}; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_fault_of_the_program_is_no_verdict() -> None:
    done = fail("check", "demo")
    assert (done.returncode, done.stdout) == (2, "")
    sentence, hint = done.stderr.splitlines()
    assert sentence == "layerscope: An error of its own stopped the program: KeyError: 'gone\\x1b[2J'."
    assert "--debug" in hint
    shown = fail("check", "demo", "--debug")
    assert shown.returncode == 2
    assert "Traceback" in shown.stderr


def test_build_tells_of_itself(tmp_path: Path) -> None:
    for words in (["--help"], ["-h"], ["-t", "x", "--help"]):
        done = run("build", *words, PATH=str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("usage: layerscope [options] build")


DRAW = """
import os, signal, sys
from layerscope.cli.streams import draws_on_terminal, settle_streams
signal.signal(signal.SIGHUP, signal.SIG_IGN)
settle_streams()
assert draws_on_terminal()
sys.__stderr__.write("drawn\\u2500\\n")
os.read(0, 1)  # until the terminal is gone
for _ in range(100):
    sys.__stderr__.write("lost\\n")
    sys.__stderr__.flush()
sys.exit(7)
"""


def test_screens_that_no_terminal_takes_any_more_are_lost_without_an_error() -> None:
    outer, inner = pty.openpty()
    held, freed = os.pipe()
    program = subprocess.Popen([sys.executable, "-c", DRAW], stdin=held, stderr=inner)
    os.close(inner)
    assert "drawn─".encode() in os.read(outer, 100)
    os.close(outer)
    os.close(held)
    os.close(freed)
    assert program.wait(30) == 7
