"""The explorer in a real terminal: what it writes there, byte for byte."""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent

#: Names, links, contents and a command that would set the title, fill the clipboard, clear the screen.
SCRIPT = """
import os, sys
sys.path.insert(0, sys.argv[1])
import handmade
from layerscope.analysis.summary import analyse
from layerscope.sources.model import HistoryEntry
from layerscope.tui import run_explorer

names = ["a\\x1b]0;owned\\x07", "b\\x1b]52;c;b3duZWQ=\\x07", "c\\x9b2J", "d\\x1b[2Jred", "e\\udcff", "f\\u202eg"]
layer = [handmade.Entry(name, b"\\x1b]0;owned\\x07\\n") for name in names]
layer.append(handmade.Entry("link", kind=b"2", link="\\x1b]0;owned\\x07"))
layer.append(handmade.Entry("x\\x1b]0;owned\\x07/p\\x1b]0;owned\\x07", kind=b"6"))
history = [HistoryEntry("RUN \\x1b]0;owned\\x07\\x1b]52;c;b3duZWQ=\\x07")]
index = handmade.make_index([layer], history)
evil = "v\\x1b]0;owned\\x07\\x9b2J\\u202e"
index.image.config = {"author": evil, "config": {
    "User": evil, "Env": [f"A={evil}"], "Cmd": [evil], "Labels": {evil: evil}, "ExposedPorts": {evil: {}},
    "Healthcheck": {"Test": ["CMD-SHELL", evil]}, "WorkingDir": evil,
}}
index.image.annotations = {evil: evil, "org.opencontainers.image.base.name": evil}
index.image.platform = evil
os.chdir(sys.argv[2])
sys.exit(run_explorer("r\\x1b]0;owned\\x07", lambda report, cancelled: index, analyse, theme="textual-dark"))
"""

#: The start on images of such names, in an engine that fails with such a sentence.
START = """
import sys
from layerscope.errors import SourceError
from layerscope.sources.listing import Listed
from layerscope.tui import run_start
from layerscope.tui.start import Shelf

evil = "n\\x1b]0;owned\\x07\\x1b]52;c;b3duZWQ=\\x07\\x9b2J\\u202e\\udcff"
def fail():
    raise SourceError(evil, evil)
shelves = [Shelf("Engine", fail, "asking", "none"),
           Shelf("Here", lambda: [Listed(evil, f"efficiency {evil}", 7, evil, 7)], "looking", "none")]
print(repr(run_start(shelves, fault=evil, theme="textual-dark")))
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


#: Every view, every kind of details, help, and all that copies.
EXPLORER_KEYS = (
    b"2",
    b"e",  # writing a file, once more, and what is skipped
    b"\r",
    b"e",
    b"\r",
    b"G",
    b"e",
    b"\r",
    b"\r",
    b"\x1b",
    b"y",
    b"3",
    b"s",
    b"s",
    b"4",
    b"D",
    b"Y",
    b"5",
    b"Y",
    b"6",
    b"s",
    b"\r",
    b"i",
    b"i",
    b"2",
    b"/own",  # looking inside: preview, hex, a text in it, the story
    b"\r",
    b"\r",
    b"x",
    b"/wn",
    b"\r",
    b"\x1b",
    b"\x1b",
    b"H",
    b"\x1b",
    b"?",
)


@pytest.mark.parametrize(
    ("script", "keys", "painted"),
    [
        pytest.param(SCRIPT, EXPLORER_KEYS, "a␛]0;owned␇", id="explorer"),
        pytest.param(START, (b"j", b"/", b"n", b"\x1b", b"r", b"?"), "efficiency n␛]0;owned␇", id="start"),
    ],
)
def test_nothing_out_of_an_image_drives_the_terminal(
    tmp_path: Path, script: str, keys: Sequence[bytes], painted: str
) -> None:
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    # The terminal's own size is meant, whatever these say.
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment["TERM"] = "xterm-256color"
    program = subprocess.Popen(
        [sys.executable, "-c", script, str(TESTS), str(tmp_path)],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=environment,
    )
    os.close(inner)
    try:
        written = read_until(terminal, b"efficiency")
        for key in keys:
            os.write(terminal, key)
            written += read_until(terminal, b"", 1.0)
        os.write(terminal, b"\x1b")
        written += read_until(terminal, b"", 1.0)
        os.write(terminal, b"q")
        read_until(terminal, b"never")  # until it is gone
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.wait()
        os.close(terminal)
    assert painted.encode() in written
    if script is SCRIPT:
        for message in ("wrote 1 file", "exists already", "wrote nothing"):
            assert message.encode() in written, message
    assert b"\x1b]0;owned" not in written
    assert b"\x1b]52;c;b3duZWQ=" not in written
    assert b"\xc2\x9b" not in written
    assert "\u202e".encode() not in written
    assert b"\\udc" not in written
    for copied in re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)", written):
        assert not {0x1B, 0x07} & set(base64.b64decode(copied))


def test_an_engine_that_never_answers_holds_up_nobody(tmp_path: Path) -> None:
    # A socket that takes connections and says nothing: the explorer shows its frame, and `q` leaves at once.
    address = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(address))
        silent.listen(5)
        terminal, inner = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "DOCKER_HOST": f"unix://{address}"}
        program = subprocess.Popen(
            [sys.executable, "-m", "layerscope", "app:latest"], stdin=inner, stdout=inner, stderr=inner, env=environment
        )
        os.close(inner)
        try:
            read_until(terminal, b"Quit")
            os.write(terminal, b"q")
            read_until(terminal, b"never")  # until it is gone
            assert program.wait(20) == 0
        finally:
            program.kill()
            program.wait()
            os.close(terminal)
