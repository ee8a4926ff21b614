"""What a process costs from start to end: wall, CPU, peak memory."""

from __future__ import annotations

import os
import re
import select
import statistics
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

_ESCAPE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[PX^_\]].*?(\x1b\\|\x07)|[ -~])", re.DOTALL)
_PAINTED = 100  # visible characters that make a frame, as opposed to a terminal's questions and answers


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over some runs: seconds, seconds, bytes."""

    wall: float
    cpu: float
    memory: int


class FailedError(Exception):
    """A measured program ended with an exit code that it may not end with."""


def apart(function: Callable[..., Result], *arguments: object) -> Result:
    """Call a function in a process of its own, for its memory's sake: see ``once``."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def once(command: Sequence[str], folder: Path, environment: Mapping[str, str], allowed: Sequence[int]) -> Cost:
    """Run a program to its end. FailedError where its exit code is none of those allowed.

    Linux counts the memory of the starting process as the child's peak until the child has
    grown beyond it, so this process has to stay smaller than what it measures.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    with process.stderr:
        told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        raise FailedError(f"{command[0]} ended with {process.returncode}: {told[-400:].decode(errors='replace')}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def median(costs: Sequence[Cost]) -> Cost:
    """Each figure's own median."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        int(statistics.median(cost.memory for cost in costs)),
    )


def first_frame(command: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float = 10.0) -> float:
    """Seconds until a full-screen program on an 80x24 terminal has painted; FailedError where it does not."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    start = time.perf_counter()
    terminal = {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command, cwd=folder, env=terminal, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    seen = b""
    try:
        while (left := start + limit - time.perf_counter()) > 0 and select.select([ours], [], [], left)[0]:
            seen += os.read(ours, 65536)
            if len(b"".join(_ESCAPE.sub(b"", seen).split())) >= _PAINTED:
                return time.perf_counter() - start
    except OSError as error:  # the terminal of a program that has ended
        raise FailedError(f"{command[0]} ended before it painted: {seen[-400:]!r}") from error
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    raise FailedError(f"{command[0]} painted nothing in {limit} s")
