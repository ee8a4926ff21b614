"""The three streams of the program, whatever state its caller left them in."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO


class _Forgiving(io.FileIO):
    """Standard error that never fails: what cannot be told must not change what the exit code tells."""

    def write(self, data: Any, /) -> int:
        """Write what can be written, and say that all was."""
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def _forgiving_stderr(encoding: str) -> io.TextIOWrapper:
    raw = io.BufferedWriter(_Forgiving(2, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)


def settle_streams() -> None:
    """Make standard output and standard error usable.

    A stream that was closed leads nowhere: no file that is opened later may get its number. A character
    that the locale cannot write must not end a report half way.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # lives as long as the program
    if sys.stderr is None or sys.stderr.fileno() == 2:
        sys.stderr = _forgiving_stderr("utf-8" if sys.stderr is None else sys.stderr.encoding)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def obeys(stream: TextIO) -> bool:
    """Whether a stream is a terminal that knows escape sequences: TERM=dumb, as in Emacs' shell, shows them."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def take_keys_from_terminal() -> bool:
    """Whether keys can be read from standard input, or could be once the terminal itself was put in its place.

    A pipe that was standard input is then ``sys.stdin`` under another number, with all that comes through it.
    """
    if sys.stdin is None or sys.__stdin__ is None:
        return False
    if sys.stdin.isatty():
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    # Unbuffered: a thread that waits for the pipe in a buffer's lock would break the way out of the program.
    sys.stdin = io.TextIOWrapper(io.FileIO(os.dup(0)), encoding="utf-8")
    os.dup2(terminal, 0)
    os.close(terminal)
    return True


def draws_on_terminal() -> bool:
    """Whether screens can be drawn on standard error, where Textual does; they are then drawn in UTF-8."""
    stream = sys.__stderr__
    if stream is None or not obeys(stream):
        return False
    # The thread with which Textual writes ends at the first error, and whoever writes more then waits
    # for it for ever: a terminal that was closed would leave a process behind.
    sys.__stderr__ = _forgiving_stderr("utf-8")  # type: ignore[misc]  # the stream that Textual takes
    return True
