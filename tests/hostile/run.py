"""Runs one kind of input through ``layerscope check`` and judges what came out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unicodedata import category

from layerscope.cli import main

from .fates import OPENED, REFUSED, WARNED, Fate
from .kinds import Kind
from .trail import followed

#: Bytes of memory over what an honest image takes, and what such a one takes for each entry.
MEMORY = 300 << 20
BYTES_PER_ENTRY = 700
#: Seconds of processor time for what takes a fraction of one, and would take minutes if it cost a square.
PATIENCE = 20.0
#: Categories of Unicode that no terminal should see, and how long a line may be.
_CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_LONGEST = 12_000


@dataclass(frozen=True)
class Outcome:
    """What came out: exit code, the text of both streams, and the JSON report where there is one."""

    code: int
    out: str
    err: str
    report: dict[str, Any] | None
    trail: list[str]

    @property
    def fate(self) -> Fate:
        """What became of the input."""
        if self.report is None:
            return REFUSED
        return WARNED if self.report["image"]["warnings"] or self.code == 2 else OPENED

    @property
    def sentences(self) -> str:
        """All that is said about the input."""
        return self.err if self.report is None else "\n".join([*self.report["image"]["warnings"], self.err])


def run(reference: str, folder: Path, *options: str, piped: Path | None = None) -> Outcome:
    """``check`` in this process, its JSON written into the folder; only a LayerscopeError may end it.

    ``piped`` comes on standard input.
    """
    file = folder / "report.json"
    file.unlink(missing_ok=True)
    with ExitStack() as stack:
        out = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        err = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        if piped is not None:
            stack.callback(setattr, sys, "stdin", sys.stdin)
            sys.stdin = stack.enter_context(piped.open(encoding="ascii"))
        trail = stack.enter_context(followed(folder))
        code = main(["check", reference, "--output", f"json={file}", *options])
    report = json.loads(file.read_text(encoding="ascii")) if file.exists() else None
    return Outcome(code, out.getvalue(), err.getvalue(), report, trail)


def problems(kind: Kind, outcome: Outcome) -> list[str]:
    """What is wrong with an outcome, whatever the input was."""
    found = [f"it reaches out: {each}" for each in outcome.trail]
    if outcome.fate is not kind.fate:
        found.append(f"it is {outcome.fate} and not {kind.fate}")
    texts = outcome.out + outcome.err
    if any(category(letter) in _CONTROLS for letter in texts.replace("\n", "")):
        found.append("control characters get through")
    if any(len(line) > _LONGEST for line in texts.splitlines()):
        found.append("a line without an end")
    if "Traceback" in texts:
        found.append("a traceback")
    if kind.says not in outcome.sentences:
        found.append(f"it does not say {kind.says!r}")
    if outcome.report is None and (outcome.code != 2 or not outcome.err or outcome.out):
        found.append("a refusal is one sentence on standard error and exit code 2")
    if outcome.report is not None:
        faulty = any(words in outcome.err for words in ("not read whole", "cannot be relied on", "cannot be trusted"))
        if outcome.code not in ((2,) if faulty else (0, 1)) or ("check" in outcome.report) is faulty:
            found.append(f"exit code {outcome.code} {'with' if faulty else 'without'} layers that were not read")
    return found


@contextlib.contextmanager
def at_most(seconds: float = PATIENCE, more_bytes: int = MEMORY) -> Iterator[None]:
    """A watchdog over processor time, over waiting, and over the memory of this process where that can be limited."""

    def bark(number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("it hangs" if number == signal.SIGALRM else f"it takes more than {seconds} s")

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, 30 * seconds)}
    before = {number: signal.signal(number, bark) for number in timers}
    for timer, limit in timers.values():
        signal.setitimer(timer, limit)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + more_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def run_kind(kind: Kind, path: Path, folder: Path, *, piped: bool = False) -> Outcome:
    """Run a kind that was written to ``path`` within its limits of time and memory."""
    with at_most(kind.seconds, MEMORY + BYTES_PER_ENTRY * kind.entries):
        return run("-" if piped else str(path), folder, *kind.options, piped=path if piped else None)
