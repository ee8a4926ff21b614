"""What compressed images are measured against: their layers decompressed by the fastest library, and nothing else.

``python plain_loop.py KIND WORKERS PLACE...`` reads each place, a file or the address of a blob, in pieces,
as many side by side as there are workers, and drops what comes out; it imports nothing of layerscope.
"""

from __future__ import annotations

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


def run(kind: str, place: str) -> int:
    """Decompress one layer; the bytes that came out."""
    member = decompressor(kind)()
    if not place.startswith("http:"):
        with open(place, "rb", buffering=0) as stream:  # noqa: PTH123  # pathlib would be part of what is measured
            return consume(stream.read, member)
    host, _, path = place.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/{path}")
    count = consume(connection.getresponse().read, member)
    connection.close()
    return count


def main(kind: str, workers: str, *places: str) -> int:
    """Decompress all layers; the bytes that came out."""
    with ThreadPoolExecutor(int(workers)) as pool:
        return sum(pool.map(lambda place: run(kind, place), places))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*sys.argv[1:])}\n")
