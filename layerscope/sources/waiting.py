"""Waiting for what may never come: in a thread, and for programs, that are given up once nobody wants the answer."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Final, Generic, TypeVar

from layerscope.errors import CancelledError

T = TypeVar("T")

#: Seconds between two looks whether the answer is still wanted.
_LOOK_EVERY: Final = 0.1
_STOPPED: Final = "Reading was stopped."


class _Outcome(Generic[T]):
    """What a thread came to: whatever goes wrong there is handed to the one that waits for it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.results: list[T] = []
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        self.error = error
        self.ended.set()
        return True


def awaited(work: Callable[[], T], unwanted: Callable[[], bool], seconds: float = float("inf")) -> T:
    """What ``work`` gives or raises; it is done in a daemon thread, which may hang where nothing wakes it.

    CancelledError once the answer is ``unwanted``, TimeoutError after so many seconds; the thread is then left
    to itself.
    """
    outcome: _Outcome[T] = _Outcome()

    def run() -> None:
        with outcome:
            outcome.results.append(work())

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + seconds
    while not outcome.ended.wait(_LOOK_EVERY) and not unwanted():
        if time.monotonic() >= end:
            raise TimeoutError(f"nothing came in {seconds:g} s")
    if unwanted():  # what it came to may come of its having been ended
        raise CancelledError(_STOPPED)
    if outcome.error is not None:
        raise outcome.error
    return outcome.results[0]


class Programs:
    """Programs that run for one source, and end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._ended = False

    def start(
        self,
        command: Sequence[str],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Run a program, its output unbuffered; OSError, CancelledError once all were ended."""
        with self._lock:
            if self._ended:
                raise CancelledError(_STOPPED)
            process = subprocess.Popen(command, bufsize=0, stdin=stdin, stdout=stdout, stderr=stderr, env=environment)
            self._running.append(process)
        return process

    def run(
        self,
        command: Sequence[str],
        *,
        given: bytes = b"",
        seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end, ``given`` its standard input.

        OSError, CancelledError once all were ended, subprocess.TimeoutExpired after so many seconds.
        """
        stdin = subprocess.PIPE if given else subprocess.DEVNULL
        with self.start(command, stdin=stdin, environment=environment) as process:
            try:
                printed, words = process.communicate(given or None, timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, printed, words)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """End a program that somebody else started with the others."""
        with self._lock:
            self._running.append(process)
            ended = self._ended
        if ended:
            process.terminate()

    def end(self, seconds: float = 0.0) -> None:
        """Ask those that still run to end, from any thread, and wait so long until they are killed.

        No other is started from now on.
        """
        with self._lock:
            self._ended = True
            running = list(self._running)
        for process in running:
            process.terminate()  # does nothing where it ended, and whoever waited for it has seen that
        for process in running if seconds else ():
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
