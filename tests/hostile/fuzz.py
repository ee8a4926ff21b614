"""A fuzzer: archives, layers and compressed data changed at random, each read in several ways that must agree.

    PYTHONPATH=.:tests python -m hostile.fuzz --seconds 600 --seed 1 [--only TARGET]

An input may be refused with a LayerscopeError, within its time and memory; anything else, and any
difference between the ways, is a finding: it is written to the folder of ``--keep`` and ends the run.
The digest over all answers is the same for every build of the core (``--count`` in place of seconds).
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from core.archives import Forward, list_headers, list_stream
from images import docker_archive, file, folder, link, make_layer, oci_archive, opaque, symlink, whiteout, zstd
from layerscope.errors import LayerscopeError
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source
from layerscope.sources.blobs import compression, decompressed
from layerscope.sources.limits import Limits
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import PipeReader
from layerscope.sources.selection import Wish

from .headers import header_kinds
from .kinds import Kind
from .layers import layer_kinds
from .mutations import mutated
from .records import record_kinds
from .run import at_most

#: What one input may take: seconds of processor time, and bytes.
SECONDS, MEMORY = 10.0, 300 << 20
LIMITS = Limits(expanded_bytes=64 << 20, entries=200_000)
#: Bytes of the largest seed.
LARGEST = 150_000

LAYERS = (
    make_layer([folder("d"), file("d/a", b"a" * 700), file("b", b"b" * 600), symlink("s", "d/a"), link("h", "b")]),
    make_layer([file("d/a", b"A" * 300), whiteout("b"), opaque("d"), file("n" * 300, b"x", records={"mtime": "1.5"})]),
)


def scan(data: bytes, random: Random) -> object:
    """A tar's headers, over seekable and passing readers in pieces of any size, and one by one."""
    piece = random.choice((1, 7, 511, 512, 4096, 1 << 20))
    plain = list_headers(data)
    for other in (list_headers(data, Forward, piece), list_headers(data, whole=True), list_headers(data, piece=piece)):
        assert other == plain, f"pieces of {piece}"
    # The stream that gives the members' bytes words its faults about ends in another way.
    assert list_stream(data, max(piece, 7)).rows[: len(plain.rows)] == plain.rows, "one by one"
    return plain


def unpack(data: bytes, random: Random) -> object:
    """Compressed data, in pieces of any size; how much comes in front of damage may differ."""
    whole, fault = _decompressed(data, 65_536, 1 << 16)
    other, again = _decompressed(data, random.choice((1, 100, 4096)), 97)
    # libzstd reads a frame whose output fits at once in another way, and notices there what it else does not.
    assert bool(fault) == bool(again) or compression(data[:8]) == "zstd", f"{fault} and {again}"
    assert (whole.startswith(other) or other.startswith(whole)) if fault or again else whole == other, "pieces"
    return bool(fault), "" if fault else hashlib.sha256(whole).hexdigest()


def _decompressed(data: bytes, count: int, piece: int) -> tuple[bytearray, str]:
    reader = decompressed(Forward(data, piece), "It", LIMITS)
    read = bytearray()  # a list of parts of some bytes each would take more memory than what is tested
    fault = ""
    try:
        while part := reader.read(count):
            read += part
    except LayerscopeError as error:
        fault = type(error).__name__
    return read, fault


def image(data: bytes, _random: Random, *, verify: bool = False) -> object:
    """A whole archive, as a file and through a pipe."""
    with tempfile.TemporaryDirectory() as folder_name:
        path = Path(folder_name) / "image.tar"
        path.write_bytes(data)
        seekable = _answers(lambda: open_source(str(path), limits=LIMITS, verify=verify))
    wish = Wish("", "archive", limits=LIMITS, verify=verify)
    passing = _answers(lambda: PassingArchive(PipeReader(io.BytesIO(data)), wish, str(path)))
    if seekable[0] == "index":
        # How much of damaged data comes out in front of the damage hangs on the pieces in which it goes in.
        damaged = "has damaged" in repr((seekable, passing))
        assert damaged or passing == seekable, "a pipe"
    else:
        assert passing[0] != "index", "only a pipe opens it"
        assert seekable[1], "there is no sentence"
    return seekable[0], hashlib.sha256(
        repr(seekable).replace(str(path), "").encode("utf-8", "backslashreplace")
    ).hexdigest()


def verified(data: bytes, random: Random) -> object:
    """A whole archive, its layers and documents compared with their digests."""
    return image(data, random, verify=True)


def _answers(start: Callable[[], object]) -> tuple[object, ...]:
    try:
        source = start()
        try:
            index = build_index(source, limits=LIMITS)  # type: ignore[arg-type]
        finally:
            source.close()  # type: ignore[attr-defined]
    except LayerscopeError as error:
        return (type(error).__name__, error.sentence.endswith("."))
    return ("index", *_facts(index))


def _facts(index: ImageIndex) -> Iterator[object]:
    tree = index.tree
    for layer in index.layers:
        yield [(layer.path(n), layer.kind(n), layer.size(n), layer.stored(n)) for n in range(len(layer))], layer.fault
        yield layer.untrusted
    yield tree.image_bytes, tree.wasted_bytes, tree.final_files, tree.files, sorted(tree.wasted())
    assert sum(tree.wasted_in) == sum(tree.wasted_by) == tree.wasted_bytes <= tree.image_bytes, "sums"
    yield index.image.tags, index.image.platform, index.image.id, [each.created_by for each in index.image.history]


#: What is fuzzed, by its name.
TARGETS: dict[str, Callable[[bytes, Random], object]] = {
    "scan": scan,
    "unpack": unpack,
    "image": image,
    "verified": verified,
}


def make_seeds() -> dict[str, list[bytes]]:
    """Inputs to begin with, for each target: made here, and from the corpus where it is at hand."""
    small = [data for kinds in (header_kinds, record_kinds, layer_kinds) for data in _written(kinds())]
    archives = [docker_archive(LAYERS), oci_archive(LAYERS), oci_archive(LAYERS, docker=True)]
    archives += [oci_archive(LAYERS, blobs=[pack(layer) for layer in LAYERS]) for pack in (gzip.compress, zstd)]
    corpus = _corpus()
    packed = [pack(each) for pack in (gzip.compress, zstd, bz2.compress, lzma.compress) for each in LAYERS]
    images = archives * 10 + [gzip.compress(each) for each in archives] + small[::20] + corpus
    return {
        "scan": [*LAYERS, *small[::3], *(each for each in corpus if each[257:262] == b"ustar")],
        "unpack": packed + [gzip.compress(part) * 3 for part in (b"", LAYERS[0])] + [zstd(b"") + packed[2]],
        "image": images,
        "verified": images,
    }


def _written(kinds: Iterator[Kind]) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as name:
        for kind in kinds:
            data = kind.make(Path(name)).read_bytes()
            if len(data) <= LARGEST:
                yield data


def _corpus() -> list[bytes]:
    root = Path(os.environ.get("LAYERSCOPE_CORPUS", ""))
    if not (root / "truth.json").is_file():
        return []
    return [path.read_bytes() for path in sorted(root.rglob("*.tar*")) if 0 < path.stat().st_size <= LARGEST]


def run_one(name: str, number: int, seed: str, seeds: Sequence[bytes], keep: Path | None = None) -> object:
    """One input of a target; its answer. Whatever is raised is a finding, kept with its number."""
    random = Random(f"{seed}/{name}/{number}")
    data = mutated(random, seeds)
    try:
        with at_most(SECONDS, MEMORY):
            return TARGETS[name](data, random)
    except BaseException:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name}-{seed}-{number}").write_bytes(data)
        raise


def main() -> None:
    """Fuzz for so many seconds, or so many inputs of each target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--count", type=int, default=1 << 40)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", choices=tuple(TARGETS), help="this target")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "layerscope-fuzz")
    args = parser.parse_args()
    seeds = make_seeds()
    targets = [args.only] if args.only else list(TARGETS)
    digest, done, start = hashlib.sha256(), 0, time.process_time()
    while done < args.count and (args.count < 1 << 40 or time.process_time() - start < args.seconds):
        for name in targets:
            digest.update(
                repr(run_one(name, done, args.seed, seeds[name], args.keep)).encode("utf-8", "backslashreplace")
            )
        done += 1
    spent = time.process_time() - start
    sys.stdout.write(f"{done} inputs of each of {', '.join(targets)} in {spent:.0f} s of CPU: no finding\n")
    sys.stdout.write(f"digest of all answers: {digest.hexdigest()[:16]}\n")


if __name__ == "__main__":
    main()
