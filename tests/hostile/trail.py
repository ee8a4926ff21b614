"""What a piece of code does to the world around it, as the interpreter's audit events tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Events after which the world is another.
_CHANGES = {
    *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("os.setxattr", "os.utime", "shutil.copyfile", "shutil.move", "shutil.rmtree", "tempfile.mkdtemp"),
    "tempfile.mkstemp",
}
#: Events that reach out of the process.
_OUTWARDS = {
    *("ctypes.dlopen", "os.exec", "os.fork", "os.forkpty", "os.kill", "os.posix_spawn", "os.spawn", "os.system"),
    *("socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "webbrowser.open"),
}
#: Places that no image is read from.
_FOREIGN = ("/etc/", "/dev/")

_trails: list[list[str]] = []


@contextmanager
def followed(allowed: Path) -> Iterator[list[str]]:
    """The list of all writes but those to ``allowed``, of reads in foreign places, of processes and connections."""
    found: list[str] = []
    _trails.append(found)
    try:
        yield found
    finally:
        _trails.remove(found)
        found[:] = [each for each in found if str(allowed) not in each]


def _hear(event: str, args: tuple[object, ...]) -> None:
    if not _trails:
        return
    found = ""
    if event == "open":
        path, mode, flags = str(args[0]), args[1] or "", args[2]
        writes = isinstance(flags, int) and flags & _WRITES
        if writes or set("wax+") & set(str(mode)) or path.startswith(_FOREIGN):
            found = f"open {path!r} {mode} {flags}"
    elif event in _CHANGES or event in _OUTWARDS:
        found = f"{event} {args!r}"
    if found and "__pycache__" not in found:
        _trails[-1].append(found)


sys.addaudithook(_hear)  # it stays for the process; it hears only while something is followed
