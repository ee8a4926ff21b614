"""Debian's ``docker-registry`` on loopback, for as long as it is needed."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class NotStartedError(Exception):
    """The registry ended, or does not listen."""


@contextmanager
def serve(command: str, folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[str]:
    """A registry that keeps its data in a folder, with further settings; its ``host:port``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder)}},
        "http": {"addr": address},
        "validation": {"disabled": True},  # manifests of all kinds, foreign layers included
        **(settings or {}),
    }
    (folder / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        _await(address, process)
        yield address
    finally:
        process.terminate()
        process.wait()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    for _ in range(200):
        if process.poll() is not None:
            raise NotStartedError("the registry does not start")
        try:
            socket.create_connection((host, int(port)), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise NotStartedError("the registry does not listen")
