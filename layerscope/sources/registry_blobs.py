"""Layers as they come from a registry: resumed where the connection breaks, verified at their end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from layerscope.errors import DamagedImageError, LayerscopeError, SourceError
from layerscope.sources import registry_http as http
from layerscope.sources.blobs import STEP, decompressed
from layerscope.sources.documents import Descriptor
from layerscope.sources.limits import Limits
from layerscope.sources.model import Reader
from layerscope.sources.readers import CHUNK, ENDED_EARLY, discard
from layerscope.sources.registry_client import RegistryClient, lies, start_hash
from layerscope.sources.registry_errors import broken_off
from layerscope.sources.verification import HashingReader, Sums

#: Bytes that must have come since the last break for the tries to be counted from the first again.
PROGRESS = 1 << 20
#: Bytes read at once, at least: as many, up to a decompressor's step, as come within so many seconds. Each read
#: lets other threads run, which is dear where all have work; one of many bytes on a slow line shows no progress.
_SMALLEST_PIECE: Final = 1 << 16
_PIECE_SECONDS: Final = 0.1
_AGAIN = "Try again; what had come by then is shown."


class BlobReader:
    """The bytes of a blob as stored; at their end the digest is compared, and a lie is a DamagedImageError."""

    def __init__(self, client: RegistryClient, blob: Descriptor, what: str) -> None:
        self._client = client
        self._blob = blob
        self._what = what
        self._hash, self._expected = start_hash(blob.digest, what)
        self.position = 0
        self.total = blob.size if blob.size >= 0 else None
        self._ended = False
        self._attempt = 0
        self._broke_at = 0
        self._piece = _SMALLEST_PIECE
        self._response: BaseHTTPResponse | None = self._opened()

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the verified end; DamagedImageError where they do not come."""
        while not self._ended:
            self._client.transport.check()
            wanted = min(count, self._piece)
            if self.total is not None:
                wanted = min(wanted, self.total - self.position)
            try:
                data = self._received(wanted) if wanted else b""
            except HTTPError as error:
                self._break(error)
                continue
            if data:
                self.position += len(data)
                self._hash.update(data)
                return data
            self._end()
        return b""

    def skip(self, count: int, /) -> int:
        """Read ``count`` bytes and drop them."""
        return discard(self, count)

    def close(self) -> None:
        """End the download, finished or not."""
        if self._response is not None:
            self._response.close() if not self._ended else http.finish(self._response)
            self._response = None

    def _received(self, count: int) -> bytes:
        """The next bytes, as many as are asked for unless the answer ends; HTTPError."""
        began = time.monotonic()
        if self._response is None:
            self._response = self._resumed()
        data = self._response.read(count, decode_content=False)
        if not data and self.total is not None:
            raise HTTPError(ENDED_EARLY)
        quick = time.monotonic() - began < _PIECE_SECONDS
        self._piece = min(self._piece * 2, STEP) if quick else max(self._piece // 2, _SMALLEST_PIECE)
        return data

    def _opened(self) -> BaseHTTPResponse:
        response = self._client.stream(self._blob.digest, self.position, self._what)
        length = response.headers.get("content-length", "")
        told = int(length[:20]) if length.isdecimal() else None
        if response.status == 200 and self.total is not None and told is not None and told < self.total:
            response.close()
            raise DamagedImageError(
                f"{self._what} has {told} bytes in {self._client.name.registry}, the manifest says {self.total}.",
                "Push the image again.",
            )
        return response

    def _resumed(self) -> BaseHTTPResponse:
        """The blob from where it broke off; where the registry begins at the front, that far is read again."""
        try:
            response = self._opened()
        except SourceError as error:
            raise DamagedImageError(f"{self._what} broke off, and then: {error.sentence}", error.hint) from error
        if not self.position:
            return response
        if response.status == 206:
            begins = response.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
            if begins != str(self.position):
                response.close()
                raise DamagedImageError(f"{self._what} broke off, and the registry does not resume it.", _AGAIN)
            return response
        left = self.position
        while left and (data := response.read(min(left, CHUNK), decode_content=False)):
            left -= len(data)
        return response

    def _break(self, error: HTTPError) -> None:
        """Wait before the next try, or say that there were enough."""
        self._client.transport.check()
        if self._response is not None:
            self._response.close()
            self._response = None
        self._piece = _SMALLEST_PIECE  # what had come of this one is lost
        if self.position - self._broke_at >= PROGRESS:
            self._attempt = 0
        self._broke_at = self.position
        self._attempt += 1
        if self._attempt >= http.ATTEMPTS:
            of = "" if self.total is None else f" of {self.total}"
            words = broken_off(error, http.STALL_TIMEOUT)
            raise DamagedImageError(
                f"{self._what} did not come whole: after {self.position}{of} bytes "
                f"{self._client.name.registry} {words}.",
                _AGAIN,
            ) from error
        self._client.transport.pause(self._attempt)

    def _end(self) -> None:
        if self._hash.hexdigest() != self._expected:
            raise lies(self._what, self._client.name.registry)
        self._ended = True


class LayerReader:
    """A layer uncompressed, over the blob that it comes in (a ``CheckedReader``)."""

    def __init__(self, blob: BlobReader, plain: Reader) -> None:
        self._blob = blob
        self._plain = plain
        self.read = plain.read
        self.skip = plain.skip

    @property
    def consumed(self) -> int:
        """Bytes of the blob that have come."""
        return self._blob.position

    @property
    def total(self) -> int | None:
        """Bytes of the whole blob, where they are known."""
        return self._blob.total

    def finish(self, goes_on: Callable[[], bool]) -> None:
        """Read what is left of the blob, so that its digest is compared; DamagedImageError where it lies."""
        while goes_on() and self._blob.read(CHUNK):
            pass

    def close(self) -> None:
        """End the download."""
        self._plain.close()


class VerifyingLayerReader(LayerReader):
    """A layer whose uncompressed bytes are hashed, too (a ``SummedReader``)."""

    def __init__(self, blob: BlobReader, plain: HashingReader) -> None:
        super().__init__(blob, plain)
        self._hashing = plain

    def sums(self, _goes_on: Callable[[], bool], /) -> Sums:
        """The digest of the uncompressed bytes: that of the blob was compared already."""
        return Sums(self._hashing.digest())


def open_layer(client: RegistryClient, blob: Descriptor, limits: Limits, *, verify: bool = False) -> LayerReader:
    """The uncompressed tar of a layer from its front; LayerscopeError where it does not come."""
    what = f"Layer {blob.digest}"
    reader = BlobReader(client, blob, what)
    try:
        plain = decompressed(reader, what, limits)
        return VerifyingLayerReader(reader, HashingReader(plain)) if verify else LayerReader(reader, plain)
    except LayerscopeError:
        reader.close()
        raise
