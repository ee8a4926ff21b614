"""A connection to an engine through the Docker SDK, with the SDK's many exceptions told in sentences."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, TLSParameterError
from docker.tls import TLSConfig
from docker.utils import version_gte
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import HTTPError, ProtocolError

from layerscope.errors import ImageNotFoundError, LayerscopeError, SourceError
from layerscope.sources.endpoints import Endpoint, docker_endpoint, podman_endpoints
from layerscope.sources.platforms import Platform
from layerscope.sources.readers import ENDED_EARLY
from layerscope.sources.waiting import Programs, awaited

#: From this API version on an export can be asked for one platform (Docker Engine 28).
PLATFORM_EXPORT = "1.48"

#: Seconds to wait for a connection; what an engine then takes to answer is its own affair.
CONNECT_TIMEOUT = 30
#: Seconds until an engine counts as gone whose name nobody looks up, or which accepts and says nothing.
LONGEST_CONNECTING = 60
_CHUNK = 1 << 20
#: What the SDK's requests to engines behind ssh begin with.
_SSH = "http+docker://ssh"
#: What a list of images is to tell beside the usual.
_LISTED = {"shared-size": "1", "manifests": "1"}
#: How engines tell that a registry was asked and has no such image, or none that it would show.
_ABSENT = re.compile(r"not found|unknown|does not exist|denied|unauthorized|no such image", re.IGNORECASE)
_NO_ENGINE = "Start it, or do without: layerscope registry:NAME, or layerscope ./app.tar that `docker save` wrote."


class EngineClient:
    """One engine, connected; ``title`` is what it is called at the beginning of a sentence."""

    def __init__(self, api: APIClient, name: str, endpoint: Endpoint) -> None:
        self._api = api
        self._name = name
        self.title = _title(name)
        self.command = "podman" if name == "Podman" else "docker"
        self.way = ""
        self._endpoint = endpoint

    @property
    def exports_platforms(self) -> bool:
        """Whether an export can be asked for one platform."""
        return version_gte(self._api.api_version, PLATFORM_EXPORT)

    def inspect(self, image: str) -> dict[str, Any] | None:
        """What the engine knows about an image; None where it has none of that name.

        Where an image may have several platforms (containerd's store), it tells of each in ``Manifests``.
        """
        url = f"{self._api.base_url}/v{self._api.api_version}/images/{image}/json"
        parameters = {"manifests": "1"} if self.exports_platforms else {}
        try:
            with self._api.get(url, params=parameters, timeout=self._api.timeout) as response:
                if response.status_code == requests.codes.not_found:
                    return None
                if response.status_code >= 400:
                    hint = "Check the name." if response.status_code == requests.codes.bad_request else "See its log."
                    raise SourceError(f"{self.title} refused while looking for {image}: {_message(response)}.", hint)
                found = response.json()
        except (requests.RequestException, ValueError) as error:
            raise self._told(error, f"looking for {image}") from error
        return found if isinstance(found, dict) else {}

    def images(self) -> list[dict[str, Any]]:
        """All images but those that only builds have left.

        What they share is told from API version 1.42 on, their ``Manifests`` from 1.47 on by containerd's store.
        """
        url = f"{self._api.base_url}/v{self._api.api_version}/images/json"
        try:
            with self._api.get(url, params=_LISTED, timeout=CONNECT_TIMEOUT) as response:
                if response.status_code >= 400:
                    raise SourceError(f"{self.title} lists no images: {_message(response)}.", "See its log.")
                found = response.json()
        except (DockerException, requests.RequestException, ValueError) as error:
            raise self._told(error, "listing its images") from error
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def pull(self, image: str, platform: str) -> Iterator[dict[str, Any]]:
        """Pull an image; the engine's progress messages. SourceError where that fails."""
        try:
            for message in self._api.pull(image, stream=True, decode=True, platform=platform or None):
                if "error" in message:
                    raise self._not_pulled(image, str(message["error"]))
                yield message
        except APIError as error:
            raise self._not_pulled(image, error.explanation or str(error)) from error
        except (DockerException, requests.RequestException, HTTPError) as error:
            raise self._told(error, f"pulling {image}") from error

    def export(self, image: str, platform: Platform | None) -> Export:
        """The image as a ``docker save`` stream; ImageNotFoundError where it is gone."""
        parameters = {}
        if platform is not None and self.exports_platforms:
            wanted = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant}
            parameters["platform"] = json.dumps({key: value for key, value in wanted.items() if value})
        url = f"{self._api.base_url}/v{self._api.api_version}/images/{image}/get"
        try:
            response = self._api.get(url, params=parameters, stream=True, timeout=(CONNECT_TIMEOUT, None))
            if response.status_code < 400:
                return Export(response, lambda error: self._told(error, f"exporting {image}"))
            with response:
                reason = _message(response)
        except requests.RequestException as error:
            raise self._told(error, f"exporting {image}") from error
        if response.status_code == requests.codes.not_found:
            raise ImageNotFoundError(f"{self.title} no longer has the image {image}.", "It was removed meanwhile.")
        raise SourceError(f"{self.title} does not export {image}: {reason}.", "See its log.")

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _not_pulled(self, image: str, reason: str) -> SourceError:
        """ImageNotFoundError only where a registry said that there is none: else nobody could look."""
        kind = ImageNotFoundError if _ABSENT.search(reason) else SourceError
        sentence = f"{self.title} has no image {image}, and cannot pull it: {_clean(reason)}."
        return kind(sentence, f"Check the name, the network and `{self.command} login`.")

    def _told(self, error: Exception, doing: str) -> LayerscopeError:
        return _unreachable(self._name, self._endpoint, error, f" while {doing}")


class _Api(APIClient):
    """The SDK's client, whose certificate authority the environment cannot replace, and whose ssh can be ended.

    requests puts REQUESTS_CA_BUNDLE before the authority of a session, and so refuses every engine with
    one of its own.
    """

    def __init__(self, endpoint: Endpoint, tls: TLSConfig | None, programs: Programs) -> None:
        self._host, self._programs = endpoint.host, programs
        super().__init__(endpoint.host, "auto", CONNECT_TIMEOUT, tls if tls is not None else False, use_ssh_client=True)

    def mount(self, prefix: str | bytes, adapter: Any) -> None:
        """Send what begins with the prefix through the adapter, as requests does; for ssh through ours."""
        if prefix == _SSH:
            from layerscope.sources.engine_ssh import SshAdapter

            adapter = SshAdapter(self._host, self._programs)
        super().mount(prefix, adapter)

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._programs.end()

    def merge_environment_settings(
        self, url: str | bytes | None, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """The settings of a request, as requests merges them."""
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


class Export:
    """The bytes of an export as they come; SourceError where the engine breaks off."""

    def __init__(self, response: requests.Response, told: Callable[[Exception], LayerscopeError]) -> None:
        self._response = response
        self._told = told

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.raw.stream(_CHUNK, decode_content=True)
        except (HTTPError, OSError) as error:
            raise self._told(error) from error

    def interrupt(self) -> None:
        """Wake whichever thread waits for the export: it gets a SourceError, or the end."""
        with suppress(ValueError, RuntimeError, OSError, AttributeError):  # it came to its end, or is no socket
            self._response.raw.shutdown()

    def close(self) -> None:
        """End the export, finished or not, and whichever thread waits for it."""
        self.interrupt()
        self._response.close()


def connect(kind: str, programs: Programs | None = None) -> EngineClient:
    """The engine that the docker (or podman) command line would use; SourceError where none answers.

    ``programs`` gets the ssh commands through which it is reached.
    """
    programs = programs or Programs()
    if kind == "docker":
        return _connected("the Docker Engine", docker_endpoint(os.environ), programs)
    endpoints = podman_endpoints(os.environ)
    if not endpoints:
        hint = "Start it: systemctl --user start podman.socket, or set CONTAINER_HOST, or put podman on PATH."
        raise SourceError("Podman's API service does not run: there is no socket of it.", hint)
    return _connected("Podman", endpoints[0], programs)


def _connected(name: str, endpoint: Endpoint, programs: Programs) -> EngineClient:
    try:
        _probe(endpoint.host)
        make = partial(_Api, endpoint, _tls(endpoint), programs)
        # The SDK waits for name servers as long as these like; ssh may ask for a password.
        api = make() if endpoint.host.startswith("ssh:") else awaited(make, lambda: False, LONGEST_CONNECTING)
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise _unreachable(name, endpoint, error) from error
    api.timeout = 600  # an engine under load takes its time to inspect, too
    return EngineClient(api, name, endpoint)


def _probe(host: str) -> None:
    """Connect to a socket and hang up: the SDK wraps what goes wrong there many times over."""
    path = host.removeprefix("unix://")
    if path != host and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(CONNECT_TIMEOUT)
            probe.connect(path)


def _tls(endpoint: Endpoint) -> TLSConfig | None:
    folder = endpoint.certificates
    if folder is None:
        return None
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    authority = folder / "ca.pem"
    try:
        return TLSConfig(
            client_cert=pair if (folder / "cert.pem").exists() else None,
            ca_cert=str(authority) if authority.exists() else None,
            verify=endpoint.verify,
        )
    except TLSParameterError as error:
        raise SourceError(
            f"The certificates in {folder} cannot be used: {error}.", "Check DOCKER_CERT_PATH."
        ) from error


def _unreachable(name: str, endpoint: Endpoint, error: BaseException, doing: str = "") -> LayerscopeError:
    """The sentence for a connection that failed, by the error of the operating system below it all."""
    cause = _root(error)
    if isinstance(cause, PermissionError):
        hint = "Join the group that owns the socket (`sudo usermod -aG docker $USER`, then log in again), or use sudo."
        return SourceError(f"You may not talk to {name} at {endpoint}: permission denied.", hint)
    by_ssh = endpoint.host.startswith("ssh:")
    if isinstance(cause, FileNotFoundError) and by_ssh:
        sentence = f"{_title(name)} at {endpoint} is reached by ssh, and there is no ssh command."
        return SourceError(sentence, "Install OpenSSH's client; on Debian it is called openssh-client.")
    if isinstance(cause, FileNotFoundError):
        return SourceError(f"{_title(name)} does not run: nothing listens at {endpoint}.", _NO_ENGINE)
    if isinstance(cause, ConnectionRefusedError):
        return SourceError(f"{_title(name)} does not run: {endpoint} refuses the connection.", _NO_ENGINE)
    if isinstance(error, APIError):
        return SourceError(f"{_title(name)} refused{doing}: {_clean(error.explanation or str(error))}.", "See its log.")
    if isinstance(cause, NameError) and by_ssh:  # the SDK's way to miss a module
        sentence = f"{_title(name)} at {endpoint} is reached by ssh, for which the package paramiko is missing."
        return SourceError(sentence, f"Install it: {sys.executable} -m pip install 'layerscope[ssh]'")
    if isinstance(cause, ssl.SSLError):
        words = getattr(cause, "verify_message", "") or cause.reason or str(cause)
        sentence = f"The TLS connection to {name} at {endpoint} failed: {_clean(words)}."
        return SourceError(sentence, "Check DOCKER_CERT_PATH, or the certificates of the context.")
    if "HTTP request to an HTTPS server" in str(error):  # the words of Go's server
        sentence = f"{_title(name)} at {endpoint} speaks TLS."
        return SourceError(
            sentence, "Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of your certificates."
        )
    if doing:
        early = isinstance(error, ProtocolError | ChunkedEncodingError) and not isinstance(cause, OSError)
        why = ENDED_EARLY if early else _words(cause)
        return SourceError(f"{_title(name)} broke off{doing}: {why}.", "See its log, then try again.")
    hint = f"What ssh says is above; `docker -H {endpoint.host} version` has to answer." if by_ssh else _NO_ENGINE
    return SourceError(f"{_title(name)} at {endpoint} does not answer: {_words(cause)}.", hint)


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _root(error: BaseException) -> BaseException:
    """The innermost error that tells something: HTTP libraries wrap them in one another's arguments."""
    seen: set[int] = set()
    found, waiting = error, [error]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        found = current
        if isinstance(current, OSError) and current.errno is not None:
            return current
        below = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting.extend(item for item in below if isinstance(item, BaseException))
    return found


def _words(cause: BaseException) -> str:
    """What an error says, without its number."""
    return _clean(getattr(cause, "strerror", None) or str(cause))


def _message(response: requests.Response) -> str:
    """The engine's own words in an error response."""
    try:
        body = response.json()
    except ValueError:
        body = None
    words = body.get("message") if isinstance(body, dict) else None
    return _clean(words if isinstance(words, str) else f"status {response.status_code}")


def _clean(words: str) -> str:
    """An engine's message as the end of a sentence: one line, no full stop, no request id."""
    return re.sub(r"\s+", " ", words).strip().rstrip(".")[:400]
