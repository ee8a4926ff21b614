"""Runs a composite GitHub Action's steps as a runner does: environment files, outputs, conditions, bash."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Run:
    """What came of an action: its exit code, what it printed, its outputs, the job's summary."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def run_action(
    action: dict[str, Any], folder: Path, inputs: dict[str, str], workspace: Path, context: dict[str, str], **more: str
) -> Run:
    """Run the steps; ``context`` holds what expressions may ask for, beside inputs and steps' outputs."""
    known = {**context}
    for name, given in action["inputs"].items():
        known[f"inputs.{name}"] = inputs.get(name, _expanded(str(given.get("default", "")), known))
    assert set(inputs) <= set(action["inputs"])
    run = Run()
    summary = workspace / ".summary"
    for number, step in enumerate(action["runs"]["steps"]):
        if run.code or not _holds(str(step.get("if", "true")), known):
            continue
        output = workspace / f".output{number}"
        output.write_text("")
        environment = {
            **os.environ,
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_ACTION_PATH": str(folder),
            "RUNNER_TEMP": str(workspace / ".temp"),
            **{name: _expanded(str(value), known) for name, value in step.get("env", {}).items()},
            **more,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
        run.code = done.returncode
        run.log += done.stdout + done.stderr
        pairs = (line.split("=", 1) for line in output.read_text().splitlines())
        known |= {f"steps.{step['id']}.outputs.{name}": value for name, value in pairs}
    run.outputs = {name: _expanded(output["value"], known) for name, output in action["outputs"].items()}
    run.summary = summary.read_text() if summary.exists() else ""
    return run


def fake_install(workspace: Path) -> None:
    """Put the layerscope under test where the action installs its own."""
    programs = workspace / ".temp" / "layerscope" / "bin"
    programs.mkdir(parents=True)
    for name, start in (("layerscope", f"{sys.executable} -m layerscope"), ("python", sys.executable)):
        (programs / name).write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        (programs / name).chmod(0o755)


def _expanded(text: str, known: dict[str, str]) -> str:
    return _EXPRESSION.sub(lambda match: known.get(match[1], ""), text)


def _holds(condition: str, known: dict[str, str]) -> bool:
    """Whether all terms of a condition of the form ``a == 'x' && b`` hold."""
    found = _EXPRESSION.fullmatch(condition)
    for term in (found[1] if found else condition).split("&&"):
        name, equals, value = (part.strip() for part in term.partition("=="))
        actual = known.get(name, "true" if name == "true" else "")
        if actual != value.strip("'") if equals else not actual:
            return False
    return True
