"""A host that is reached by ssh: the machine itself, by OpenSSH's real server and client."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from daemons import needs_root, stop, wait_for
from registries import program, run


@contextmanager
def ssh_host(folder: Path) -> Iterator[tuple[str, Path]]:
    """A real sshd on loopback that lets this user in by a key of its own; the host as ``DOCKER_HOST`` names it.

    The second is a folder for the front of PATH: ssh takes its config from the home in the system's
    user database, whatever HOME says, so that the ``ssh`` there names the test's.
    """
    needs_root()
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd does not start without it
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/user.pub\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n"
    )
    key = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    (folder / "config").write_text(
        f"Host *\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known\n"
        "  StrictHostKeyChecking yes\n  BatchMode yes\n"
    )
    (folder / "bin").mkdir()
    (folder / "bin/ssh").write_text(f'#!/bin/sh\nexec {program("ssh")} -F {folder}/config "$@"\n')
    (folder / "bin/ssh").chmod(0o755)
    with (folder / "log").open("wb") as log:
        command = [program("sshd"), "-D", "-e", "-f", str(folder / "sshd_config")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: _listens(port), process, folder / "log")
        yield f"ssh://root@127.0.0.1:{port}", folder / "bin"
    finally:
        stop(process)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
