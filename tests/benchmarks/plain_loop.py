"""What compressed images are measured against: their layers decompressed by the fastest library, and nothing else.

``python plain_loop.py [--verify] KIND WORKERS PLACE...`` reads each place, a file or the address of a blob, in
pieces, as many side by side as there are workers, and drops what comes out; it imports nothing of layerscope.
With ``--verify`` it compares the sha256 of what it read with the one that the place ends with, as all do who pull.
"""

from __future__ import annotations

import hashlib
import http.client
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_PIECE = 64 * 1024
#: What comes out at once, at most: without a bound both libraries are slower.
_OUT = 256 * 1024


def decompressor(kind: str) -> Callable[[], Any]:
    """The fastest decompressor of the kind that there is here."""
    if kind == "gzip":
        from isal import igzip_lib

        return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor


def consume(read: Callable[[int], bytes], member: Any) -> int:
    """Decompress one stream to its end; the bytes that came out."""
    count = 0
    while not member.eof:
        count += len(member.decompress(read(_PIECE) if member.needs_input else b"", _OUT))
    return count


def consume_verified(read: Callable[[int], bytes], member: Any, digest: str) -> int:
    """Decompress one stream to its end; the bytes that came out, ValueError where those read have another sha256."""
    state = hashlib.sha256()

    def hashed(most: int) -> bytes:
        data = read(most)
        state.update(data)
        return data

    count = consume(hashed, member)
    while hashed(_PIECE):
        pass
    if state.hexdigest() != digest:
        raise ValueError(f"the sha256 is not {digest}")
    return count


def run(kind: str, place: str, verify: bool) -> int:
    """Decompress one layer; the bytes that came out."""
    member = decompressor(kind)()

    def through(read: Callable[[int], bytes]) -> int:
        return consume_verified(read, member, place[-64:]) if verify else consume(read, member)

    if not place.startswith("http:"):
        with open(place, "rb", buffering=0) as stream:  # noqa: PTH123  # pathlib would be part of what is measured
            return through(stream.read)
    host, _, path = place.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/{path}")
    count = through(connection.getresponse().read)
    connection.close()
    return count


def main(*arguments: str) -> int:
    """Decompress all layers; the bytes that came out."""
    verify = arguments[0] == "--verify"
    kind, workers, *places = arguments[verify:]
    with ThreadPoolExecutor(int(workers)) as pool:
        return sum(pool.map(lambda place: run(kind, place, verify), places))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*sys.argv[1:])}\n")
