"""The explorer in a real terminal: what it writes there, byte for byte."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent

#: Names, links, contents and a command that would set the title, fill the clipboard, clear the screen.
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import handmade
from layerscope.analysis.summary import analyse
from layerscope.sources.model import HistoryEntry
from layerscope.tui import run_explorer

names = ["a\\x1b]0;owned\\x07", "b\\x1b]52;c;b3duZWQ=\\x07", "c\\x9b2J", "d\\x1b[2Jred", "e\\udcff", "f\\u202eg"]
layer = [handmade.Entry(name, b"\\x1b]0;owned\\x07\\n") for name in names]
layer.append(handmade.Entry("link", kind=b"2", link="\\x1b]0;owned\\x07"))
history = [HistoryEntry("RUN \\x1b]0;owned\\x07\\x1b]52;c;b3duZWQ=\\x07")]
index = handmade.make_index([layer], history)
sys.exit(run_explorer("r\\x1b]0;owned\\x07", lambda report, cancelled: index, analyse, theme="textual-dark"))
"""


def read_until(terminal: int, wanted: bytes, seconds: float = 20.0) -> bytes:
    """What the program writes until it wrote ``wanted``, and what follows at once."""
    written = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.3)
        if ready:
            try:
                written += os.read(terminal, 65536)
            except OSError:
                break
        elif wanted in written:
            break
    return written


def test_nothing_out_of_an_image_drives_the_terminal() -> None:
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(TESTS)], stdin=inner, stdout=inner, stderr=inner, env=environment
    )
    os.close(inner)
    try:
        written = read_until(terminal, b"efficiency")
        for keys in (b"2", b"\r", b"\x1b", b"y", b"3", b"4", b"5", b"i", b"i", b"?"):
            os.write(terminal, keys)
            written += read_until(terminal, b"", 2.0)
        os.write(terminal, b"\x1b")
        read_until(terminal, b"", 2.0)
        os.write(terminal, b"q")
        read_until(terminal, b"never", 1.0)
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.wait()
        os.close(terminal)
    assert "a␛]0;owned␇".encode() in written
    assert b"\x1b]0;owned" not in written
    assert b"\x1b]52;c;b3duZWQ=" not in written
    assert b"\xc2\x9b" not in written
    assert "\u202e".encode() not in written
    assert b"\\udc" not in written
