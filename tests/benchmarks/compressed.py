"""Measures ``check`` on compressed layers: ``python -m tests.benchmarks.compressed``.

Against decompressing the same layers and doing nothing with them, whole processes both, run by turns: one layer
after the other, as a plain loop does, and as many side by side as there are cores, as `check` does. Layers lie in
a folder (OCI layout), and behind docker-registry on loopback where that is on PATH. What comes from a registry is
measured against two loops: the bare one, and one that compares the sha256 of each blob as `check` does, and as all
do who pull an image. The layouts are written once (about 1 GB on disk) and kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from .docker_registry import serve
from .layouts import layer_blobs, make, push
from .measure import Cost, apart, median, once
from .run import Bench, prepare, row, version_of

LOOP = Path(__file__).with_name("plain_loop.py")
#: The most of the loop's time that `check` may take.
SHARE = 1.25
#: Bytes of memory that a layer eight times as long may take more.
GROWTH = 8 * 1024 * 1024


def by_turns(bench: Bench, first: Sequence[str], second: Sequence[str]) -> tuple[Cost, Cost]:
    """The median costs of two programs that are run by turns, after one run of each to warm the caches."""
    costs = [
        [once(each, bench.folder, bench.environment, (0, 1)) for each in (first, second)] for _ in range(bench.runs + 1)
    ]
    return median([pair[0] for pair in costs[1:]]), median([pair[1] for pair in costs[1:]])


def against(bench: Bench, name: str, command: Sequence[str], loop: Sequence[str], side: str) -> None:
    """Measure `check` against a plain loop; ``side`` says which."""
    checked, plain = by_turns(bench, command, loop)
    row(name, checked)
    row(f"  plain loop, {side}", plain)
    bench.judge(f"{name}, {side}: CPU time", checked.cpu / plain.cpu, SHARE)
    bench.judge(f"{name}, {side}: wall time", checked.wall / plain.wall, SHARE)


def measure(bench: Bench, kind: str, registry: str) -> None:
    """Measure one compression out of every place."""
    layout = apart(make, "usual", kind, bench.folder)
    cores = os.cpu_count() or 1
    loop = [sys.executable, str(LOOP)]
    files = [str(path) for path in layer_blobs(layout)]
    command = bench.command("check", f"oci:{layout}")
    for workers in sorted({1, cores}):
        against(bench, f"{kind}, folder", command, [*loop, kind, str(workers), *files], _side(workers))
    if registry:
        push(layout, registry, kind)
        blobs = [f"http://{registry}/v2/{kind}/blobs/sha256:{path.name}" for path in layer_blobs(layout)]
        command = bench.command("check", f"registry:{registry}/{kind}:1")
        for workers in sorted({1, cores}):
            bare = [kind, str(workers), *blobs]
            against(bench, f"{kind}, registry", command, [*loop, *bare], _side(workers))
            against(bench, f"{kind}, registry", command, [*loop, "--verify", *bare], f"{_side(workers)}, sha256")
    short, long = (
        bench.layerscope("check", f"oci:{apart(make, name, kind, bench.folder)}") for name in ("short", "long")
    )
    bench.judge(f"{kind}: MB more for a layer of 800 MB than of 100", (long.memory - short.memory) / 1e6, GROWTH / 1e6)


def _side(workers: int) -> str:
    return f"{workers} at a time" if workers > 1 else "one by one"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give 1 where a limit is not met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compressed", description=__doc__)
    default = Path(tempfile.gettempdir(), "layerscope-benchmarks")
    parser.add_argument("--dir", type=Path, default=default, help="where the layouts are kept (%(default)s)")
    parser.add_argument("--only", choices=("gzip", "zstd"), help="this compression")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command, besides a first one (%(default)s)")
    options = parser.parse_args(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    bench = prepare(options.dir, options.runs, "wall")
    print(f"{version_of(bench)}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, medians of {options.runs}\n")
    with ExitStack() as stack:
        command, registry = shutil.which("docker-registry"), ""
        if command:
            data = stack.enter_context(tempfile.TemporaryDirectory(prefix="layerscope-registry-"))
            registry = stack.enter_context(serve(command, Path(data)))
        for kind in [options.only] if options.only else ("gzip", "zstd"):
            measure(bench, kind, registry)
    return bench.conclude()


if __name__ == "__main__":
    raise SystemExit(main())
