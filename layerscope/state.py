"""What the explorer remembers from one run to the next: the archives that were opened last, the theme.

One small file, ``$XDG_STATE_HOME/layerscope/state.json`` (``~/.local/state`` where that is not set), that
only its owner can read. ``LAYERSCOPE_STATE=off`` in the environment: nothing is read and nothing written.
A file that is absent, damaged or not ours to write is no error: nothing is remembered then.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from layerscope.replacing import replacing

#: Archives that are remembered, and the longest path among them (characters).
MAX_RECENT: Final = 20
_MAX_PATH: Final = 4_096
#: A larger file is none of ours (bytes).
_MAX_FILE: Final = 1 << 20
_OFF: Final = ("off", "0", "no", "false")


def state_file() -> Path | None:
    """Where it lies; None where the user wants none."""
    if os.environ.get("LAYERSCOPE_STATE", "").lower() in _OFF:
        return None
    home = os.environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification: a path that is not absolute is ignored.
    with suppress(RuntimeError):  # a user without a home
        return (Path(home) if Path(home).is_absolute() else Path.home() / ".local/state") / "layerscope/state.json"
    return None


def recent() -> list[Path]:
    """The archives and folders that were opened last, the last first."""
    found = _read().get("recent")
    paths = [path for path in found if isinstance(path, str)] if isinstance(found, list) else []
    return [Path(path) for path in paths[:MAX_RECENT] if Path(path).is_absolute()]


def remember(path: Path) -> None:
    """Put an archive or a folder in front of those that were opened."""
    written = str(path.absolute())
    if len(written) <= _MAX_PATH:
        others = [str(each) for each in recent() if str(each) != written]
        _write({**_read(), "recent": [written, *others][:MAX_RECENT]})


def theme() -> str:
    """The name of the theme that was chosen; empty for none."""
    found = _read().get("theme")
    return found if isinstance(found, str) else ""


def remember_theme(name: str) -> None:
    """Start with this theme from now on."""
    if name != theme():
        _write({**_read(), "theme": name})


def _read() -> dict[str, Any]:
    path = state_file()
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MAX_FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(state: dict[str, Any]) -> None:
    """Replace the file whole: another explorer may read it at the same time."""
    path = state_file()
    if path is None:
        return
    with suppress(OSError, UnicodeError):  # a path with undecodable bytes is not worth a failure either
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path, mode=0o600) as file:
            file.write(json.dumps(state, ensure_ascii=True, indent=1))
