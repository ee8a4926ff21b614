"""Engines behind ssh, as the Docker SDK reaches them, with the ssh processes at hand: the SDK leaves them running."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from docker.transport.sshconn import SSHConnection, SSHConnectionPool, SSHHTTPAdapter, SSHSocket

from layerscope.sources.waiting import Programs


class SshAdapter(SSHHTTPAdapter):
    """Connections through the ssh command to ``ssh://[USER@]HOST[:PORT]``."""

    def __init__(self, host: str, programs: Programs) -> None:
        super().__init__(host, shell_out=True)
        self._programs = programs

    def get_connection(self, url: Any, proxies: Any = None) -> SSHConnectionPool:
        """A pool for one request: the SDK keeps none."""
        return _Pool(self._programs, self.ssh_host)


class _Pool(SSHConnectionPool):
    def __init__(self, programs: Programs, host: str | None) -> None:
        super().__init__(host=host)
        self._programs = programs

    def _new_conn(self) -> SSHConnection:  # type: ignore[override]  # urllib3's connection: its stub is of another version
        return _Connection(self._programs, self.ssh_host)


class _Connection(SSHConnection):
    def __init__(self, programs: Programs, host: str | None) -> None:
        super().__init__(host=host)
        self._programs = programs

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, SSHSocket) and self.sock.proc is not None:
            self._programs.watch(self.sock.proc)

    def close(self) -> None:
        with suppress(OSError):  # it says goodbye to an ssh that has ended
            super().close()
