"""Programs of the user's that are given the terminal for a while: a pager, an editor."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from layerscope.errors import UsageError


def pager() -> list[str]:
    """The command of the pager: what $PAGER says, or less, or more; UsageError where there is none."""
    return _command(("PAGER",), ("less", "more"))


def editor() -> list[str]:
    """The command of the editor: what $VISUAL or $EDITOR says, or vi, or nano; UsageError where there is none."""
    return _command(("VISUAL", "EDITOR"), ("vi", "nano"))


def page(command: Sequence[str], chunks: Iterator[bytes]) -> None:
    """Show bytes in a pager; through a pipe, so that nothing is written to disk."""
    with _interrupts_are_its_own(), subprocess.Popen(command, stdin=subprocess.PIPE) as shown:
        assert shown.stdin is not None
        try:
            for chunk in chunks:
                shown.stdin.write(chunk)
            shown.stdin.close()
        except BrokenPipeError:
            return  # left early


def edit(command: Sequence[str], file: Path) -> None:
    """Show a file in an editor."""
    with _interrupts_are_its_own():
        subprocess.run([*command, os.fspath(file)], check=False)


def _command(variables: Sequence[str], usual: Sequence[str]) -> list[str]:
    for variable in variables:
        if words := shlex.split(os.environ.get(variable, "")):
            if shutil.which(words[0]) is None:
                raise UsageError(f"there is no program {words[0]}, which ${variable} names")
            return words
    found = next(filter(shutil.which, usual), "")
    if not found:
        raise UsageError(f"there is no {' and no '.join(usual)}; ${variables[-1]} may name another program")
    return [found]


@contextmanager
def _interrupts_are_its_own() -> Iterator[None]:
    """Ctrl+c means the program that has the terminal, which ends its search with it, and not us behind it.

    A handler, for what is ignored would be ignored by the program too.
    """
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
