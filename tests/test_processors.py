"""How many processors may be used: what the kernel lets the process have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerscope import processors
from layerscope.processors import usable_processors


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups ``outer/inner``, in the inner one of which the process is, on a machine of 64 processors."""
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/outer/inner\n")
    monkeypatch.setattr(processors, "_CGROUPS", tmp_path)
    monkeypatch.setattr(processors, "_OWN_CGROUP", own)
    monkeypatch.setattr(processors, "_schedulable", lambda: 64)
    return tmp_path


@pytest.mark.parametrize(
    ("outer", "inner", "count"),
    [
        ("max 100000", "max 100000", 64),
        ("200000 100000", "max 100000", 2),
        ("max 100000", "150000 100000", 2),
        ("300000 100000", "1600000 100000", 3),
        ("1000 100000", "max 100000", 1),
        ("9900000 100000", "", 64),
        ("", "no number", 64),
    ],
)
def test_the_smallest_quota_counts(outer: str, inner: str, count: int, groups: Path) -> None:
    (groups / "outer/cpu.max").write_text(outer)
    (groups / "outer/inner/cpu.max").write_text(inner)
    assert usable_processors() == count


def test_without_control_groups_it_is_what_the_process_may_run_on(groups: Path) -> None:
    (groups / "own").unlink()
    assert usable_processors() == 64


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system ties no process to a processor")
def test_a_process_tied_to_one_processor_has_one() -> None:
    script = "import os, layerscope.processors as p; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    command = [sys.executable, "-c", f"{script}; print(p.usable_processors())"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
