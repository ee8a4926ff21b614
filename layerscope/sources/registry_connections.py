"""Connections to registries that can be given up at any time: while they are made, too."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
import weakref
from functools import partial
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.wait import wait_for_write

from layerscope.errors import CancelledError
from layerscope.sources.waiting import awaited

#: Seconds without an address, and without a connection, until it counts as lost.
CONNECT_TIMEOUT = 15
#: Seconds between two looks whether a connection is still wanted.
_LOOK_EVERY: Final = 0.1
_UNDER_WAY: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK)


class Connections:
    """The connections of one transport; ``pools`` are urllib3's that make them, by scheme."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._made: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        # A second handle on what is not yet ready: under TLS the first is not to be had meanwhile.
        self._handles: dict[HTTPConnection, socket.socket] = {}
        self.pools = self._pools()

    def stop(self) -> None:
        """End what goes on with any connection; those that are asked for from now on are not made."""
        self._stopped.set()
        with self._lock:
            sockets = [*self._handles.values(), *(connection.sock for connection in self._made)]
        for each in sockets:
            if each is not None:
                with contextlib.suppress(OSError):  # it was closed meanwhile
                    each.shutdown(socket.SHUT_RDWR)

    def resume(self) -> None:
        """Connections may be made again."""
        self._stopped.clear()

    def is_stopped(self) -> bool:
        """Whether ``stop`` was called last."""
        return self._stopped.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until ``stop`` is called."""
        self._stopped.wait(seconds)

    def _pools(self) -> dict[str, type[HTTPConnectionPool]]:
        opened, made = self._opened, self._end_making

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return opened(self)

            def connect(self) -> None:
                try:
                    super().connect()
                finally:
                    made(self)

        class Secure(Plain, HTTPSConnection):
            pass

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        return {"http": PlainPool, "https": SecurePool}

    def _opened(self, connection: HTTPConnection) -> socket.socket:
        """A connected socket; urllib3's errors, CancelledError."""
        places = self._looked_up(connection)
        failure = OSError("it has no address")
        for family, kind, protocol, _, place in places:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in connection.socket_options or ():
                    sock.setsockopt(*option)
                self._connect(sock, place, connection.host)
                sock.settimeout(CONNECT_TIMEOUT)
                with self._lock:
                    self._handles[connection] = sock.dup()
                return sock
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(connection, f"no connection in {CONNECT_TIMEOUT} s") from failure
        raise NewConnectionError(connection, str(failure)) from failure

    def _looked_up(self, connection: HTTPConnection) -> list[Any]:
        """The addresses of a host; NameResolutionError, CancelledError."""
        ask = partial(socket.getaddrinfo, connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
        try:
            return awaited(ask, self.is_stopped, CONNECT_TIMEOUT)
        except (OSError, UnicodeError) as error:  # TimeoutError is one of the first
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(connection.host, connection, reason) from error

    def _end_making(self, connection: HTTPConnection) -> None:
        """A connection is ready, or failed."""
        with self._lock:
            self._made.add(connection)
            handle = self._handles.pop(connection, None)
        if handle is not None:
            handle.close()

    def _connect(self, sock: socket.socket, place: Any, host: str) -> None:
        """Connect a socket; OSError, CancelledError once ``stop`` was called."""
        sock.setblocking(False)
        error = sock.connect_ex(place)
        if error in _UNDER_WAY:
            end = time.monotonic() + CONNECT_TIMEOUT
            while not wait_for_write(sock, _LOOK_EVERY):
                if self.is_stopped():
                    raise CancelledError(f"Reading from {host} was stopped.")
                if time.monotonic() >= end:
                    raise TimeoutError
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
