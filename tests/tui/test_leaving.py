"""The explorer as a program at a terminal: where its keys come from, where it draws, how it is ended."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import save
from handmade import file

#: Leaves the alternate screen, and turns the mouse off.
LEFT = (b"\x1b[?1049l", b"\x1b[?1000l")
#: What no program writes.
NEVER = b"\0never\0"
#: Starts a program with the terminal at descriptor 2 as its controlling one, as a shell at a terminal does.
AS_LEADER = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Terminal:
    """A terminal with a shell's command line in it."""

    def __init__(self, command: str, folder: Path, **environment: str) -> None:
        self.outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        line = command.replace("layerscope", f'"{sys.executable}" -m layerscope')
        self.program = subprocess.Popen(
            [sys.executable, "-c", AS_LEADER, "1", "bash", "-c", line],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "CI": "", "LAYERSCOPE_STATE": "off", **environment},
        )
        os.close(inner)
        self.written = b""

    def read(self, wanted: bytes, seconds: float = 30.0) -> bytes:
        """All that was written so far, once ``wanted`` is among it or nothing more can come."""
        end = time.monotonic() + seconds
        while wanted not in self.written and time.monotonic() < end:
            if select.select([self.outer], [], [], 0.2)[0]:
                try:
                    self.written += os.read(self.outer, 65536)
                except OSError:
                    break
        return self.written

    def has_stopped(self, seconds: float = 30.0) -> bool:
        """Whether the program was put to sleep; to wake it before would be lost."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitid(os.P_PID, self.program.pid, os.WSTOPPED | os.WNOHANG):
                return True
            time.sleep(0.02)
        return False

    def ended(self, seconds: float = 60.0) -> int:
        """The exit code, once the program ended. What it writes is read on: a full terminal holds up its last words."""
        end = time.monotonic() + seconds
        while (code := self.program.poll()) is None and time.monotonic() < end:
            self.read(NEVER, 0.1)
        if code is None:
            raise subprocess.TimeoutExpired(self.program.args, seconds)
        return code

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.outer, keys)

    def close(self) -> None:
        """End what still runs."""
        self.program.kill()
        self.program.wait()
        os.close(self.outer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An image ``app.tar`` with a file that can be recognised."""
    save(tmp_path / "app.tar", [[file("recognised", 100)], [file("other", 50)]])
    return tmp_path


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """Terminals that are closed in the end."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def test_another_image_is_a_key_away(folder: Path, opened: list[Terminal]) -> None:
    save(folder / "second.tar", [[file("unmistakable", 100)]])
    temporary = folder / "temporary"
    temporary.mkdir()
    terminal = Terminal("cat app.tar | layerscope -", folder, TMPDIR=str(temporary), DOCKER_HOST="unix:///nowhere")
    opened.append(terminal)
    assert b"recognised" in terminal.read(b"recognised"), terminal.written[-2000:]
    terminal.type(b"I")
    assert b"choose an image" in terminal.read(b"choose an image"), terminal.written[-2000:]
    assert not list(temporary.iterdir())  # what the pipe brought is gone
    terminal.read(b"second.tar")
    for keys in (b"/", b"second", b"\r"):
        terminal.type(keys)
        terminal.read(NEVER, 1)
    assert b"unmistakable" in terminal.read(b"unmistakable"), terminal.written[-2000:]
    terminal.type(b"q")
    assert terminal.ended() == 0


@pytest.mark.parametrize(
    "command", ["layerscope app.tar", "cat app.tar | layerscope -", "layerscope app.tar </dev/null"]
)
def test_keys_come_from_the_terminal(folder: Path, opened: list[Terminal], command: str) -> None:
    terminal = Terminal(command, folder)
    opened.append(terminal)
    assert b"recognised" in terminal.read(b"recognised"), terminal.written[-2000:]
    terminal.type(b"q")
    assert terminal.ended() == 0
    written = terminal.read(NEVER, 1)
    assert all(sequence in written for sequence in LEFT)
    assert b"Traceback" not in written


def test_without_a_place_to_draw_or_keys_it_is_a_report(folder: Path, opened: list[Terminal]) -> None:
    for command in ("layerscope app.tar 2>errors", "layerscope app.tar <&- 2>errors", "layerscope app.tar <&-"):
        terminal = Terminal(command, folder)
        opened.append(terminal)
        assert terminal.ended() == 0
        written = terminal.read(NEVER, 1)
        assert b"Layers" in written
        assert b"\x1b[?1049h" not in written
        told = (folder / "errors").read_bytes() if "errors" in command else written
        assert b"this is the report" in told


def test_a_dumb_terminal_gets_the_report_without_escapes(folder: Path, opened: list[Terminal]) -> None:
    terminal = Terminal("layerscope app.tar", folder, TERM="dumb")
    opened.append(terminal)
    assert terminal.ended() == 0
    written = terminal.read(NEVER, 1)
    assert b"that is a dumb terminal: this is the report" in written
    assert b"Layers" in written
    assert b"\x1b" not in written


def test_it_draws_in_utf_8_whatever_the_locale_says(folder: Path, opened: list[Terminal]) -> None:
    terminal = Terminal("layerscope app.tar", folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    opened.append(terminal)
    written = terminal.read(b"recognised")
    assert b"\\u25" not in written
    assert "─".encode() in written or "│".encode() in written
    terminal.type(b"q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["exec layerscope app.tar", "cd sub; exec layerscope"], ids=["image", "choice"])
def test_a_signal_gives_the_terminal_back(
    folder: Path, opened: list[Terminal], number: signal.Signals, command: str
) -> None:
    (folder / "sub").mkdir()
    terminal = Terminal(command, folder)
    opened.append(terminal)
    terminal.read(b"recognised" if "app" in command else b"Archives in this folder")
    terminal.program.send_signal(number)
    assert terminal.ended() == 128 + number
    written = terminal.read(NEVER, 1)
    assert all(sequence in written for sequence in LEFT)
    assert f"ended by {number.name}".encode() in written
    assert b"Traceback" not in written


def test_a_terminal_that_is_gone_leaves_no_process(folder: Path, opened: list[Terminal]) -> None:
    terminal = Terminal("exec layerscope app.tar", folder)
    opened.append(terminal)
    terminal.read(b"recognised")
    os.dup2(os.open(os.devnull, os.O_RDWR), terminal.outer)  # hangs up
    assert terminal.program.wait(60) == 128 + signal.SIGHUP


def test_back_from_the_shell_everything_is_painted(folder: Path, opened: list[Terminal]) -> None:
    terminal = Terminal("exec layerscope app.tar", folder)
    opened.append(terminal)
    terminal.read(b"efficiency")
    terminal.type(b"\x1a")
    assert LEFT[0] in terminal.read(LEFT[0])
    assert terminal.has_stopped()
    terminal.written = b""
    terminal.program.send_signal(signal.SIGCONT)
    terminal.read(b"Commands")
    for word in (b"efficiency", b"1 Layers", b"recognised", b"Quit"):
        assert word in terminal.written, word
    terminal.type(b"q")
    assert terminal.ended() == 0


def look_into_the_file(terminal: Terminal) -> None:
    """Open the file in the pager; what was written before is forgotten."""
    terminal.read(b"recognised")
    terminal.type(b"2")
    terminal.written = b""
    terminal.type(b"o")


def lives_on(terminal: Terminal) -> bool:
    """Whether the explorer still answers keys, and leaves when it is told to."""
    terminal.type(b"?")
    answered = b"esc closes" in terminal.read(b"esc closes")
    terminal.type(b"\x1b")
    time.sleep(0.5)  # a key that follows at once would be one with esc
    terminal.type(b"q")
    return answered and terminal.ended() == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("PAGER='nowhere -R' layerscope app.tar", b"no program nowhere"),
        ("PAGER= PATH=/nowhere layerscope app.tar", b"no less and no more"),
    ],
)
def test_a_pager_that_is_not_there_is_told(folder: Path, opened: list[Terminal], command: str, told: bytes) -> None:
    terminal = Terminal(command, folder)
    opened.append(terminal)
    look_into_the_file(terminal)
    assert told in terminal.read(told)
    assert lives_on(terminal)


def test_a_pager_that_cannot_be_started_gives_the_terminal_back(folder: Path, opened: list[Terminal]) -> None:
    (folder / "pager").write_bytes(b"\x7fELF, not really")
    (folder / "pager").chmod(0o755)
    terminal = Terminal("exec layerscope app.tar", folder, PAGER=str(folder / "pager"))
    opened.append(terminal)
    look_into_the_file(terminal)
    assert b"Exec format error" in terminal.read(b"Exec format error")
    assert lives_on(terminal)


def test_ctrl_c_is_the_pagers(folder: Path, opened: list[Terminal]) -> None:
    (folder / "pager").write_text("#!/bin/sh\ncat\ntrap 'exit 0' INT\necho pager-waits\nwhile :; do sleep 0.1; done\n")
    (folder / "pager").chmod(0o755)
    terminal = Terminal("exec layerscope app.tar", folder, PAGER=str(folder / "pager"))
    opened.append(terminal)
    look_into_the_file(terminal)
    assert b"pager-waits" in terminal.read(b"pager-waits")
    terminal.written = b""
    terminal.type(b"\x03")
    assert b"recognised" in terminal.read(b"recognised")
    assert lives_on(terminal)


def test_one_escape_leaves_an_engine_that_says_nothing(tmp_path: Path, opened: list[Terminal]) -> None:
    with socket.socket() as engine:
        engine.bind(("127.0.0.1", 0))
        engine.listen(8)
        address = f"tcp://127.0.0.1:{engine.getsockname()[1]}"
        terminal = Terminal("layerscope docker://x:1", tmp_path, DOCKER_HOST=address)
        opened.append(terminal)
        terminal.read(b"docker://x:1")
        asked, _ = engine.accept()
        with asked:
            terminal.type(b"\x1b")
            assert terminal.ended(20) == 130
        assert b"Reading was stopped" in terminal.read(NEVER, 1)
