"""Files that are replaced whole: who reads one meanwhile, or after a failure, never sees half of it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

#: Letters of the file's name in that of the temporary one beside it: names have at most 255 bytes.
_TOLD = 40


@contextmanager
def replacing(path: Path, *, errors: str = "strict", mode: int | None = None) -> Iterator[TextIO]:
    """A text stream (UTF-8) that becomes the file once all is written; where that fails, what was there stays.

    A link stays, what it leads to is replaced. A device or a pipe is written to, and so is a file that
    cannot be replaced where it lies: in a folder that is not ours to write, or mounted as a single file.
    ``mode`` are the permissions, else those of the file that is there. OSError.
    """
    target = path.resolve()
    kept = _mode(target)
    # What /dev/fd names is a file that somebody has open: another in its place would not be seen.
    replaced = (kept is None or stat.S_ISREG(kept)) and path.parts[:2] != ("/", "dev")
    stream = _temporary(target, errors) if replaced else None
    if stream is None:
        with target.open("w", encoding="utf-8", errors=errors, newline="\n") as direct:
            yield direct
        return
    temporary = Path(stream.name)
    try:
        with stream:
            yield stream
        temporary.chmod(mode if mode is not None else _usual() if kept is None else stat.S_IMODE(kept))
        _move(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _mode(target: Path) -> int | None:
    """Kind and permissions of what is there; None for nothing."""
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return None


def _temporary(target: Path, errors: str) -> TextIO | None:
    """A file beside the target; None where none can be and the target itself may be written."""
    prefix = f".{target.name[:_TOLD]}."
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix)
    except PermissionError:
        if os.access(target, os.W_OK):
            return None
        raise
    os.close(handle)
    return Path(name).open("w", encoding="utf-8", errors=errors, newline="\n")


def _move(temporary: Path, target: Path) -> None:
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(temporary, target)  # a mounted file keeps its place


def _usual() -> int:
    """Permissions of a new file."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
