"""How many processors may really be used: not those of the machine where a container gets two of its sixty-four."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


def usable_processors() -> int:
    """Processors that this process may run on, no more than its control groups let it use up; at least 1."""
    count = _schedulable()
    quotas = (_quota(folder / "cpu.max") for folder in _cgroup_folders())
    return max(1, min(count, *quotas, count))


def _schedulable() -> int:
    """Those that the process may be put on (sched_setaffinity(2), taskset, a cpuset)."""
    process_count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if process_count is not None:
        return int(process_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_folders() -> list[Path]:
    """The control group of this process and those above it (cgroups(7), version 2); none on other systems."""
    try:
        lines = _OWN_CGROUP.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if path is None or ".." in path:
        return [_CGROUPS]
    own = _CGROUPS / path
    return [own, *(parent for parent in own.parents if parent.is_relative_to(_CGROUPS))]


def _quota(file: Path) -> int:
    """Processors' worth of time per period, rounded up (``200000 100000`` is 2); very many for ``max`` or no file."""
    try:
        quota, period = file.read_text(encoding="ascii").split()[:2]
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 1 << 16
