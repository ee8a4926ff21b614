"""User names and passwords for registries, where docker and podman keep them; asks no registry."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerscope.sources.documents import mapping, strings, text
from layerscope.sources.registry_names import RegistryName
from layerscope.sources.waiting import Programs

#: Seconds that a credential helper may take: some ask the user to unlock a key ring.
HELPER_TIMEOUT = 60
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
#: The user name that helpers give with an identity token (docker-credential-helpers, ``credentials``).
_TOKEN_USER = "<token>"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a registry or its token server is shown; ``origin`` is where it was found.

    ``identity_token`` is an OAuth2 refresh token, ``bearer`` a finished token. All are empty where
    nothing was found; ``problem`` then may say why.
    """

    user: str = ""
    password: str = ""
    identity_token: str = ""
    bearer: str = ""
    origin: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.user!r} of {self.origin!r})"  # no secret reaches a traceback

    @property
    def basic(self) -> str:
        """The value of an Authorization header; empty where there is no user."""
        if not self.user:
            return ""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


def find_credentials(
    name: RegistryName, environment: Mapping[str, str], programs: Programs | None = None
) -> Credentials:
    """The first credentials for the image's registry in any of the usual files; empty ones where none has any.

    ``programs`` runs the credential helpers; CancelledError once it was ended.
    """
    problem = ""
    for path in _files(environment):
        found = _from_file(path, name, programs or Programs())
        if found.user or found.identity_token or found.bearer:
            return found
        problem = problem or found.problem
    return Credentials(problem=problem)


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """The file that a variable names, then docker's, then podman's (containers-auth.json(5))."""
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    home = Path(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  # Path.home() may raise
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers", "auth.json")
    getuid = getattr(os, "getuid", None)
    if getuid:
        yield Path("/run/containers", str(getuid()), "auth.json")
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json"


def _from_file(path: Path, name: RegistryName, programs: Programs) -> Credentials:
    try:
        config = mapping(json.loads(path.read_bytes()))
    except OSError:
        return Credentials()
    except (ValueError, RecursionError):
        return Credentials(problem=f"{path} is no valid JSON")
    helpers = strings(config.get("credHelpers"))
    helper = next((helpers[alias] for alias in name.aliases if alias in helpers), text(config.get("credsStore")))
    found = _ask_helper(helper, name.credentials_key, programs) if helper else Credentials()
    if found.user or found.identity_token:
        return found
    entries = {_normalised(key): mapping(entry) for key, entry in mapping(config.get("auths")).items()}
    for key in _keys(name):
        if entry := entries.get(key):
            return _from_entry(entry, str(path))
    return found


def _keys(name: RegistryName) -> Iterator[str]:
    """What an entry for the image may be called: podman's may name a part of a registry."""
    parts = name.repository.split("/")
    for count in range(len(parts), -1, -1):
        for alias in name.aliases:
            yield "/".join((alias, *parts[:count]))


def _normalised(key: str) -> str:
    """A key without scheme, API version and slash: docker writes ``https://index.docker.io/v1/``."""
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix("/v1").removesuffix("/v2")


def _from_entry(entry: Mapping[str, object], origin: str) -> Credentials:
    fields = strings(entry)
    user, password = fields.get("username", ""), fields.get("password", "")
    if fields.get("auth"):
        try:
            decoded = base64.b64decode(fields["auth"]).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return Credentials(problem=f"{origin} holds a password that is no base64")
        user, _, password = decoded.partition(":")
        password = password.strip("\0")  # old docker padded it
    return Credentials(user, password, fields.get("identitytoken", ""), fields.get("registrytoken", ""), origin)


def _ask_helper(helper: str, key: str, programs: Programs) -> Credentials:
    """Run ``docker-credential-HELPER get``; a helper without an answer is no error: the image may be public."""
    program = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper):
        return Credentials(problem=f"{program!r} is no name of a credential helper")
    try:
        done = programs.run([program, "get"], given=key.encode(), seconds=HELPER_TIMEOUT)
        answer = strings(json.loads(done.stdout)) if done.returncode == 0 else {}
    except FileNotFoundError:
        return Credentials(problem=f"the credential helper {program} is not installed")
    except (OSError, subprocess.TimeoutExpired):
        return Credentials(problem=f"the credential helper {program} does not answer")
    except ValueError:
        return Credentials(problem=f"the credential helper {program} gives no JSON")
    user, secret = answer.get("Username", ""), answer.get("Secret", "")
    if user == _TOKEN_USER:
        return Credentials(identity_token=secret, origin=program)
    return Credentials(user, secret, origin=program) if user else Credentials()
