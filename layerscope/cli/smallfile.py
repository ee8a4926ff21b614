"""Small files that a user names, read with a bound: a device or a dump is told of, not read without end."""

from __future__ import annotations

import errno
from pathlib import Path

from layerscope.errors import ConfigError
from layerscope.text import shortened

#: Bytes of a config: what is larger is none.
MAX_CONFIG = 4 << 20
#: Nothing of that name: not there, or nothing that could be there.
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)


def read_small(path: Path, hint: str, *, most: int = MAX_CONFIG, whose: str = "") -> bytes:
    """The whole file; ConfigError with this hint where it cannot be read or has more than ``most`` bytes."""
    name = f"{whose}{shortened(str(path))}"
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", hint) from error
    if len(data) > most:
        raise ConfigError(f"{name} is too large: more than {most} bytes.", hint)
    return data


def read_start(path: Path, count: int) -> bytes:
    """The first bytes of a file; ConfigError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_small_text(path: Path, hint: str, *, whose: str = "") -> str:
    """The whole file as text (UTF-8); ConfigError where it is none."""
    try:
        return read_small(path, hint, whose=whose).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{whose}{path} cannot be read: it is no text.", hint) from error


def list_folder(folder: Path) -> list[Path]:
    """What lies in the folder, sorted; none where there is none; ConfigError where that cannot be told."""
    try:
        return sorted(folder.iterdir()) if is_there(folder) and folder.is_dir() else []
    except OSError as error:
        raise _unreadable(folder, error) from error


def is_there(path: Path) -> bool:
    """Whether something is there; ConfigError where that cannot be told."""
    try:
        path.stat()
    except ValueError:  # a name that no file can have
        return False
    except OSError as error:
        if error.errno in _ABSENT:
            return False
        raise ConfigError(
            f"{shortened(str(path))} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    return True


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{shortened(str(path))} cannot be read: {error.strerror}.", "Check its permissions.")
