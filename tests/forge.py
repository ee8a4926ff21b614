"""A forge to try things on: runs an action's steps as GitHub's runner does, and answers as its API does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / ".github/actions/layerscope"

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


def read_yaml(path: Path) -> Any:
    """A YAML file as plain values; the parser comes with the test extra."""
    return pytest.importorskip("ruamel.yaml").YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def act(workspace: Path, inputs: dict[str, str], context: dict[str, str] | None = None, **more: str) -> Run:
    """Run the action in the workspace."""
    return run_action(read_yaml(ACTION / "action.yml"), ACTION, inputs, workspace, context or {}, **more)


class Api(ThreadingHTTPServer):
    """As much of GitHub's API as the comment needs."""

    def __init__(self, code: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code = code
        self.comments: list[dict[str, Any]] = [{"id": n, "body": f"other {n}"} for n in range(150)]
        self.asked: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def _answer(self) -> None:
        api, method = self.server, self.command
        api.asked.append((method, self.path))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        answer: Any = {}
        if self.headers["Authorization"] != "Bearer secret" or (api.code != 200 and method != "GET"):
            self.send_response(api.code if api.code != 200 else 401)
        else:
            self.send_response(200)
            if method == "GET":
                page = int(re.search(r"[?&]page=(\d+)", self.path)[1])  # type: ignore[index]
                answer = api.comments[(page - 1) * 100 : page * 100]
            elif method == "POST":
                api.comments.append({"id": 1000 + len(api.comments), **body})
            else:
                number = int(self.path.rpartition("/")[2])
                next(one for one in api.comments if one["id"] == number).update(body)
        data = json.dumps(answer).encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        """Nothing: the test looks at ``asked``."""


@contextmanager
def api(code: int = 200) -> Iterator[Api]:
    """A running API."""
    server = Api(code)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def comment(workspace: Path, server: Api, **inputs: str) -> Run:
    """Run the action on a pull request, with comments."""
    event = workspace / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    context = {"github.token": "secret", "github.event.pull_request": "x"}
    return act(
        workspace,
        {"image": "app.tar", "comment": "true", **inputs},
        context,
        GITHUB_EVENT_PATH=str(event),
        GITHUB_API_URL=f"http://127.0.0.1:{server.server_port}",
        GITHUB_REPOSITORY="some/where",
    )
