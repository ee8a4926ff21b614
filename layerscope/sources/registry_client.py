"""One repository of a registry (OCI distribution specification): documents whole, blobs as streams."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from layerscope.errors import DamagedImageError
from layerscope.sources import registry_http as http
from layerscope.sources.contents import ALGORITHMS, too_large
from layerscope.sources.limits import Limits
from layerscope.sources.registry_auth import Authorizer
from layerscope.sources.registry_credentials import find_credentials
from layerscope.sources.registry_errors import no_registry, refusal, unreachable
from layerscope.sources.registry_names import RegistryName, is_loopback
from layerscope.sources.waiting import Programs

MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.artifact.manifest.v1+json",
    )
)
#: Bytes of an error's body that are read for its message.
_MAX_MESSAGE = 16 * 1024
#: Times that a 401 is answered: a first challenge, a token that expired, one more.
_LOGINS = 3
_PUSH = "Push the image again; what came is not what was pushed."


class RegistryClient:
    """Asks a registry about one repository; may be used from several threads."""

    def __init__(
        self, name: RegistryName, limits: Limits, narrate: Callable[[str], None] | None, programs: Programs
    ) -> None:
        self.name = name
        self._limits = limits
        self.transport = http.Transport(name.host, narrate)
        self._credentials = find_credentials(name, os.environ, programs)
        self._authorizer = Authorizer(self.transport, name, self._credentials)
        loopback = is_loopback(name.host)
        self._scheme = name.scheme or ("http" if loopback else "https")
        self._may_want_tls = loopback and not name.scheme

    def manifest(self, reference: str) -> bytes:
        """A manifest or an index by its tag or digest; verified where that is a digest."""
        return self._document(f"manifests/{reference}", reference, MANIFESTS, "")

    def config(self, digest: str) -> bytes:
        """A small blob whole, verified."""
        return self._document(f"blobs/{digest}", digest, "", f"The config {digest}")

    def stream(self, digest: str, start: int, what: str) -> BaseHTTPResponse:
        """A blob from a byte on; one that begins at its front anyway has status 200."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        return self._get(f"blobs/{digest}", headers, what)

    def close(self) -> None:
        """End all that goes on and close the connections."""
        self.transport.stop()

    def _document(self, path: str, reference: str, accept: str, what: str) -> bytes:
        attempt = 1
        while True:
            response = self._get(path, {"Accept": accept} if accept else {}, what)
            try:
                data = _read_small(response, what or f"The manifest of {self.name}", self._limits)
                break
            except HTTPError as error:
                response.close()
                if attempt == http.ATTEMPTS:
                    raise unreachable(self.name.registry, error, http.STALL_TIMEOUT) from error
                self.transport.pause(attempt)
                attempt += 1
        if "text/html" in response.headers.get("content-type", "") and data.lstrip()[:1] == b"<":
            raise no_registry(self.name.registry)
        if ":" in reference:
            _check_digest(reference, data, what or f"The manifest {reference}", self.name.registry)
        return data

    def _get(self, path: str, headers: dict[str, str], what: str) -> BaseHTTPResponse:
        """The answer with status 200 or 206; a sentence for any other."""
        logins = 0
        while True:
            url = f"{self._scheme}://{self.name.host}/v2/{self.name.repository}/{path}"
            authorization = self._authorizer.header()
            response = self.transport.send(http.Request(url, headers, authorization))
            if response.status in (200, 206):
                return response
            if response.status == 400 and self._may_want_tls:
                http.finish(response)
                self._scheme, self._may_want_tls = "https", False
                continue
            if response.status == 401 and logins < _LOGINS:
                http.finish(response)
                logins += 1
                challenges = response.headers.getlist("www-authenticate")
                if self._authorizer.renew(challenges, authorization, plain=self._scheme == "http"):
                    continue
                raise refusal(self.name, 401, b"", self._credentials, what)
            raise refusal(self.name, response.status, _message(response), self._credentials, what)


def start_hash(digest: str, what: str) -> tuple[hashlib._Hash, str]:
    """A fresh hash for a digest, and the hex that it has to come to; DamagedImageError for unknown algorithms."""
    algorithm, _, expected = digest.partition(":")
    if algorithm not in ALGORITHMS:
        raise DamagedImageError(f"{what} has a digest of the kind {algorithm}, which cannot be verified.", _PUSH)
    return hashlib.new(algorithm, usedforsecurity=True), expected


def lies(what: str, host: str) -> DamagedImageError:
    """The error for bytes that are not those that their digest names."""
    return DamagedImageError(f"{what} does not have the digest that {host} was asked for.", _PUSH)


def _check_digest(digest: str, data: bytes, what: str, host: str) -> None:
    state, expected = start_hash(digest, what)
    state.update(data)
    if state.hexdigest() != expected:
        raise lies(what, host)


def _read_small(response: BaseHTTPResponse, what: str, limits: Limits) -> bytes:
    most = limits.document_bytes
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        response.close()
        raise too_large(what, int(length[:20]), limits)
    parts: list[bytes] = []
    size = 0
    while data := response.read(most + 1 - size, decode_content=False):
        parts.append(data)
        size += len(data)
        if size > most:
            response.close()
            raise limits.reached("document-bytes", f"{what} has more than {most} bytes.")
    return b"".join(parts)


def _message(response: BaseHTTPResponse) -> bytes:
    """The beginning of an error's body; nothing where it breaks off."""
    try:
        body = response.read(_MAX_MESSAGE, decode_content=True)
    except HTTPError:
        body = b""
    response.close()
    return body
