"""Answers to a registry's 401: basic authentication and bearer tokens (distribution's token specification)."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from layerscope.errors import SourceError
from layerscope.sources import documents
from layerscope.sources.registry_credentials import Credentials
from layerscope.sources.registry_errors import denied, refusal, registry_words, unreachable
from layerscope.sources.registry_http import STALL_TIMEOUT, Request, Transport, finish
from layerscope.sources.registry_names import RegistryName, is_loopback

#: Seconds that a token is good for where its server does not say (token specification).
USUAL_LIFETIME = 60
#: Seconds before its end at which a token counts as expired: the answer takes time, and clocks differ.
_MARGIN = 5
#: Bytes of an answer of a token server that are read.
_MAX_TOKEN = 256 * 1024
_CLIENT = "layerscope"

_CHALLENGE = re.compile(r"\b(bearer|basic)\b((?:[\s,]*[a-z_]+=(?:\"[^\"]*\"|[^\s,\"]+))*)", re.IGNORECASE)
_PARAMETER = re.compile(r"([a-z_]+)=(?:\"([^\"]*)\"|([^\s,\"]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a registry asks for, ``bearer`` or ``basic``; realm, service and scope of a token."""

    kind: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def parse_challenge(headers: Iterable[str]) -> Challenge | None:
    """The best challenge of all WWW-Authenticate headers: a token rather than the password."""
    found: dict[str, Challenge] = {}
    for header in headers:
        for kind, rest in _CHALLENGE.findall(header):
            fields = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)}
            given = (fields.get(key, "") for key in ("realm", "service", "scope"))
            found.setdefault(kind.lower(), Challenge(kind.lower(), *given))
    return found.get("bearer") or found.get("basic")


class Authorizer:
    """Keeps what opens one repository of a registry; used from several threads."""

    def __init__(self, transport: Transport, name: RegistryName, credentials: Credentials) -> None:
        self._transport = transport
        self._name = name
        self._credentials = credentials
        self._lock = threading.Lock()
        self._header = f"Bearer {credentials.bearer}" if credentials.bearer else ""
        self._expires = float("inf")

    def header(self) -> str:
        """The value of the Authorization header to send now; empty before the first challenge."""
        with self._lock:
            return self._header if time.monotonic() < self._expires else ""

    def renew(self, challenges: Iterable[str], refused: str, *, plain: bool) -> bool:
        """Answer a challenge; whether there is something new to send. SourceError where login fails.

        ``refused`` is what was sent; ``plain`` whether the registry itself is spoken to without TLS.
        """
        challenge = parse_challenge(challenges)
        with self._lock:
            if self._header != refused and time.monotonic() < self._expires:
                return True  # another thread was faster
            if challenge is None:
                return False
            if challenge.kind == "basic":
                before, self._header = self._header, self._credentials.basic
                self._expires = float("inf")
                return self._header not in ("", before)
            self._header, lifetime = self._fetch_token(challenge, plain)
            self._expires = time.monotonic() + max(lifetime - _MARGIN, _MARGIN)
            return True

    def _fetch_token(self, challenge: Challenge, plain: bool) -> tuple[str, float]:
        """A new header and the seconds that it is good for."""
        _check_realm(self._name.registry, challenge.realm, plain)
        response = self._transport.send(self._token_request(challenge))
        body = _body(response, parse_url(challenge.realm).netloc or "")
        if response.status in (400, 401, 403):
            raise denied(self._name, self._credentials, registry_words(body)[1])
        if response.status != 200:
            raise refusal(self._name, response.status, body, self._credentials, "a token")
        try:
            answer = documents.mapping(json.loads(body))
        except (ValueError, RecursionError):
            answer = {}
        token = documents.text(answer.get("token")) or documents.text(answer.get("access_token"))
        if not token or not token.isascii() or not token.isprintable():
            sentence = f"The token server of {self._name.registry} gives no token."
            raise SourceError(sentence, "Try again later, or tell its operators.")
        lifetime = answer.get("expires_in")
        return f"Bearer {token}", lifetime if isinstance(lifetime, int | float) else USUAL_LIFETIME

    def _token_request(self, challenge: Challenge) -> Request:
        """A GET with the password, or a POST of the identity token (OAuth2)."""
        scope = challenge.scope or f"repository:{self._name.repository}:pull"
        fields = {"service": challenge.service, "scope": scope}
        fields = {key: value for key, value in fields.items() if value}
        identity = self._credentials.identity_token
        if identity:
            fields |= {"grant_type": "refresh_token", "client_id": _CLIENT, "refresh_token": identity}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return Request(challenge.realm, headers, method="POST", body=urlencode(fields))
        joint = "&" if "?" in challenge.realm else "?"
        return Request(f"{challenge.realm}{joint}{urlencode(fields)}", authorization=self._credentials.basic)


def _check_realm(host: str, realm: str, plain: bool) -> None:
    """SourceError where a password would go to no server, or in plain text over a network."""
    url = parse_url(realm)
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError(f"{host} asks for a token and names no server for it.", "Tell its operators.")
    if url.scheme == "http" and not plain and not is_loopback(url.host):
        sentence = f"{host} asks to send the password to {url.netloc} without TLS."
        raise SourceError(sentence, "That was not done; tell its operators.")


def _body(response: BaseHTTPResponse, host: str) -> bytes:
    try:
        body = response.read(_MAX_TOKEN, decode_content=True)
    except HTTPError as error:
        raise unreachable(host, error, STALL_TIMEOUT) from error
    finish(response)
    return body
