"""What goes wrong with registries, in sentences."""

from __future__ import annotations

import json
import re
import socket
import ssl

from urllib3.exceptions import (
    ConnectTimeoutError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from layerscope.errors import ImageNotFoundError, LayerscopeError, SourceError
from layerscope.sources import documents
from layerscope.sources.readers import ENDED_EARLY
from layerscope.sources.registry_credentials import Credentials
from layerscope.sources.registry_names import RegistryName

_NETWORK = "Check the name of the registry, the network and the proxy settings."
_AGAIN = "Try again later."


def unreachable(host: str, error: BaseException, seconds: float) -> SourceError:
    """The sentence for a connection that failed; ``seconds`` is the time limit for a stall."""
    if isinstance(error, ProxyError):
        return SourceError(
            f"The proxy before {host} does not work: {_cause(error)}.", "Check HTTPS_PROXY and NO_PROXY."
        )
    if isinstance(error, NameResolutionError) and _is_unanswered(error.__cause__):
        return SourceError(f"The name of {host} cannot be looked up: no name server answers.", _NETWORK)
    if isinstance(error, NameResolutionError):
        return SourceError(f"There is no host {host}.", _NETWORK)
    if isinstance(error, NewConnectionError):
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        what = "refuses the connection" if refused else f"cannot be reached: {_cause(error)}"
        return SourceError(f"{host} {what}.", _NETWORK)
    if isinstance(error, ConnectTimeoutError):
        return SourceError(f"{host} does not answer: there is no connection.", _NETWORK)
    if isinstance(error, SSLError):
        return _tls_failed(host, error)
    return SourceError(f"{host} {broken_off(error, seconds)}.", _AGAIN)


def _is_unanswered(reason: BaseException | None) -> bool:
    """Whether the lookup of a name came to nothing, not even to there being no such name."""
    again = isinstance(reason, socket.gaierror) and reason.errno == socket.EAI_AGAIN
    return again or isinstance(reason, TimeoutError)


def broken_off(error: BaseException, seconds: float) -> str:
    """What a host did that broke off in the middle, as a predicate."""
    if isinstance(error, ReadTimeoutError):
        return f"stalled: nothing came in {seconds:g} s"
    return f"broke off the connection ({_cause(error)})"


def refusal(name: RegistryName, status: int, body: bytes, credentials: Credentials, what: str = "") -> LayerscopeError:
    """The sentence for an answer that is not what was asked for; ``what`` names a layer or a config."""
    host, wanted = name.registry, f"{what} of {name}" if what else str(name)
    code, words = registry_words(body)
    if status in (401, 403):
        return denied(name, credentials, words)
    if status == 404 and what:
        return ImageNotFoundError(f"{host} does not hold {wanted}.", "Push the image again.")
    if status == 404:
        known = code == "MANIFEST_UNKNOWN"
        which = f"no {'digest' if name.digest else 'tag'} {name.reference} of {name.repository}" if known else ""
        return ImageNotFoundError(
            f"{host} has {which or f'no image {name}'}.", _other_meaning(name) or "Check the name and the tag."
        )
    if status == 429:
        sentence = f"{host} refuses {wanted}: too many requests{f' ({words})' if words else ''}."
        return SourceError(sentence, f"Wait, or raise the limit: docker login {_login(name)}".rstrip())
    reason = f"status {status}{f', {words}' if words else ''}"
    hint = _AGAIN if status >= 500 else "Check that this is the address of a registry."
    return SourceError(f"{host} does not give {wanted}: {reason}.", hint)


def denied(name: RegistryName, credentials: Credentials, words: str = "") -> SourceError:
    """The sentence for 401 and 403: many registries answer so for images that do not exist, too."""
    reason = f" ({words})" if words else ""
    if credentials.origin:
        sentence = f"{name.registry} denies {name} to the login found in {credentials.origin}{reason}."
        return SourceError(sentence, f"Check the name, or log in again: docker login {_login(name)}".rstrip())
    sentence = f"{name.registry} has no image {name}, or gives it to nobody who is not logged in{reason}."
    problem = f" ({credentials.problem})" if credentials.problem else ""
    hint = _other_meaning(name) or f"Check the name, or log in: docker login {_login(name)}".rstrip()
    return SourceError(sentence, f"{hint}{problem}")


def no_registry(host: str) -> SourceError:
    """The sentence for a web page where a manifest should be."""
    return SourceError(f"{host} answers with a web page: it is no registry.", "Check the name of the registry.")


def registry_words(body: bytes) -> tuple[str, str]:
    """The code and the message of an answer's first error (distribution-spec, error codes)."""
    try:
        document = documents.mapping(json.loads(body))
    except (ValueError, RecursionError):
        return "", ""
    errors = documents.sequence(document.get("errors"))
    fields = documents.strings(errors[0] if errors else document)
    message = fields.get("message") or fields.get("details") or fields.get("error", "")
    return fields.get("code", ""), re.sub(r"\s+", " ", message).strip().rstrip(".")[:300]


def _other_meaning(name: RegistryName) -> str:
    """A hint for ``registry:2``: that is an image's name, too."""
    repository = name.repository.removeprefix("library/")
    if repository == name.repository or not repository[0].isdigit():
        return ""
    return f"The image registry:{repository} of an engine is written docker://registry:{repository}."


def _login(name: RegistryName) -> str:
    return "" if name.registry != name.host else name.registry


def _tls_failed(host: str, error: SSLError) -> SourceError:
    reason = next((arg for arg in error.args if isinstance(arg, ssl.SSLError)), None)
    words = getattr(reason, "verify_message", "") or getattr(reason, "reason", "") or _cause(error)
    if words in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return SourceError(f"{host} speaks no TLS.", f"If it may be read in plain text: registry:http://{host}/NAME")
    hint = f"Put its authority into SSL_CERT_FILE or /etc/docker/certs.d/{host}/ca.crt."
    return SourceError(f"The TLS connection to {host} failed: {words}.", hint)


def _cause(error: BaseException) -> str:
    """The words of the innermost error: HTTP libraries wrap them in one another's arguments."""
    found = error
    for _ in range(8):
        below = [found.__cause__, *found.args, found.__context__]
        inner = next((item for item in below if isinstance(item, BaseException)), None)
        if inner is None:
            break
        found = inner
    if isinstance(found, IncompleteRead):
        return ENDED_EARLY
    words = getattr(found, "strerror", None) or str(found) or type(found).__name__
    return re.sub(r"\s+", " ", str(words)).strip().rstrip(".")[:200]
