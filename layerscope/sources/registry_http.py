"""HTTP to registries: pooled connections, retries with back-off, redirects, time limits.

urllib3 is what both the Docker SDK and requests stand on. Used by itself it takes the system's
certificate authorities as docker does (requests brings its own), and leaves redirects to us: requests
would read ``~/.netrc`` for the host that a registry redirects to.
"""

from __future__ import annotations

import contextlib
import email.utils
import ssl
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.util import Url, parse_url

from layerscope import __version__
from layerscope.errors import CancelledError, SourceError
from layerscope.sources.registry_connections import CONNECT_TIMEOUT, Connections
from layerscope.sources.registry_errors import unreachable
from layerscope.sources.registry_names import is_loopback

#: Times that a request is tried, and seconds before the second try; each further wait is twice as long.
ATTEMPTS = 5
BACKOFF = 0.5
#: The longest wait (seconds) that a registry may ask for with Retry-After.
LONGEST_WAIT = 60
#: Seconds without a byte on a connection until it counts as lost.
STALL_TIMEOUT = 30
#: Redirects in a row that are followed.
REDIRECTS = 8
#: Bytes of an answer that are read to keep its connection; a longer one costs more than a new connection.
_DRAINED = 64 * 1024
_CONNECTIONS = 8

_PASSING = frozenset({429, 500, 502, 503, 504})
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
#: Where docker and podman look for the authorities of single registries.
_AUTHORITIES = ("/etc/docker/certs.d", "/etc/containers/certs.d")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; ``authorization`` is shown to the host of ``url`` and to no other."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)
    method: str = "GET"
    body: str | None = field(default=None, repr=False)


class Transport:
    """Connections to a registry and to where it redirects; may be used from several threads."""

    def __init__(self, host: str, narrate: Callable[[str], None] | None = None) -> None:
        self._host = host
        self._narrate = narrate
        self._lock = threading.Lock()
        self._managers: dict[str, PoolManager] = {}
        self._context: ssl.SSLContext | None = None
        self._live: weakref.WeakSet[BaseHTTPResponse] = weakref.WeakSet()
        self._connections = Connections()

    def send(self, request: Request) -> BaseHTTPResponse:
        """The answer, whatever its status, its body unread; SourceError where none comes."""
        attempt = 1
        while True:
            try:
                response = self._follow(request)
            except HTTPError as error:
                self.check()
                if not _passes(error) or attempt == ATTEMPTS:
                    raise unreachable(parse_url(request.url).netloc or self._host, error, STALL_TIMEOUT) from error
                self.pause(attempt)
            else:
                wait = _asked_wait(response)
                if response.status not in _PASSING or attempt == ATTEMPTS or wait > LONGEST_WAIT:
                    return response
                finish(response)
                self.pause(attempt, wait)
            attempt += 1

    def pause(self, attempt: int, least: float = 0.0) -> None:
        """Wait before the next try; CancelledError once ``stop`` was called."""
        delay = max(least, BACKOFF * 2 ** (attempt - 1))
        if delay > 1 and self._narrate is not None:
            self._narrate(f"Waiting {delay:.0f} s for {self._host}")
        self._connections.wait(delay)
        self.check()

    def check(self) -> None:
        """CancelledError once ``stop`` was called."""
        if self._connections.is_stopped():
            raise CancelledError(f"Reading from {self._host} was stopped.")

    def stop(self) -> None:
        """End what goes on in any thread, and close all connections."""
        self._connections.stop()
        for response in list(self._live):
            # It may have come to its end meanwhile, or its connection be gone already.
            with contextlib.suppress(ValueError, RuntimeError, OSError):
                response.shutdown()
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def resume(self) -> None:
        """It may be asked again."""
        self._connections.resume()

    def _follow(self, request: Request) -> BaseHTTPResponse:
        """The answer behind all redirects."""
        url, authorization = request.url, request.authorization
        for _ in range(REDIRECTS + 1):
            self.check()
            headers = {"User-Agent": f"layerscope/{__version__}", **request.headers}
            if authorization:
                headers["Authorization"] = authorization
            response = self._manager(parse_url(url)).request(
                request.method,
                url,
                body=request.body,
                headers=headers,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=Timeout(connect=CONNECT_TIMEOUT, read=STALL_TIMEOUT),
            )
            self._live.add(response)
            target = response.headers.get("location", "")
            if request.method != "GET" or response.status not in _REDIRECTING or not target:
                return response
            finish(response)
            before, url = url, _redirected(url, target)
            if _origin(url) != _origin(before):
                authorization = ""  # for good: the way back is another host's choice
        raise SourceError(f"{self._host} redirects more than {REDIRECTS} times.", "Try again, or tell its operators.")

    def _manager(self, url: Url) -> PoolManager:
        host, scheme = url.host or "", url.scheme or ""
        proxy = "" if is_loopback(host) or proxy_bypass(host) else getproxies().get(scheme, "")
        with self._lock:
            if scheme == "https" and self._context is None:
                self._context = _tls_context(self._host)
            key = f"{scheme} {proxy}"
            if key not in self._managers:
                self._managers[key] = self._new_manager(proxy)
            return self._managers[key]

    def _new_manager(self, proxy: str) -> PoolManager:
        if proxy:
            address = parse_url(proxy if "://" in proxy else f"http://{proxy}")
            headers = make_headers(proxy_basic_auth=address.auth) if address.auth else None
            manager: PoolManager = ProxyManager(
                str(address), proxy_headers=headers, maxsize=_CONNECTIONS, ssl_context=self._context
            )
        else:
            manager = PoolManager(maxsize=_CONNECTIONS, ssl_context=self._context)
        manager.pool_classes_by_scheme = self._connections.pools
        return manager


def finish(response: BaseHTTPResponse) -> None:
    """Be done with an answer: its connection is kept where what is left of it is short."""
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= _DRAINED:
        response.drain_conn()
    else:
        response.close()


def _passes(error: HTTPError) -> bool:
    """Whether another try may help: not where no such host is, nobody listens, or TLS fails."""
    lost = isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError)
    return lost or isinstance(error, ReadTimeoutError | ProtocolError)


def _asked_wait(response: BaseHTTPResponse) -> float:
    """The seconds that Retry-After asks for: a number, or a date (RFC 9110, 10.2.3)."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _origin(url: str) -> tuple[str, str, int]:
    parts = parse_url(url)
    scheme = parts.scheme or ""
    return scheme, (parts.host or "").lower(), parts.port or (443 if scheme == "https" else 80)


def _redirected(before: str, location: str) -> str:
    """Where a redirect leads; SourceError where that is no web address, or leads from TLS to plain text."""
    host = parse_url(before).netloc
    try:
        after = urljoin(before, location)
        target = parse_url(after)
    except ValueError:  # urllib3's errors of addresses are ValueErrors, too
        after, target = location, Url()
    if target.scheme not in ("http", "https") or not target.host:
        raise SourceError(f"{host} redirects to {after}.", "That is no address of a registry; tell its operators.")
    if before.startswith("https:") and target.scheme == "http" and not is_loopback(target.host):
        sentence = f"{host} redirects to {target.netloc} without TLS."
        raise SourceError(sentence, "What comes so could be anybody's; tell the registry's operators.")
    return after


def _tls_context(host: str) -> ssl.SSLContext:
    """The system's authorities, certifi's where Python finds none, and those of this one registry."""
    context = ssl.create_default_context()
    usual = ssl.get_default_verify_paths()
    if not any((usual.cafile, usual.capath)) and sys.platform != "win32":
        import certifi

        context.load_verify_locations(certifi.where())
    for folder in _AUTHORITIES:
        for certificate in sorted(Path(folder, host).glob("*.crt")):
            with contextlib.suppress(OSError, ssl.SSLError):  # no permission, or no certificate
                context.load_verify_locations(certificate)
    return context
