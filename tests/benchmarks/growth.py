"""Measures what images that hurt cost at twice their size: ``PYTHONPATH=tests python -m benchmarks.growth``.

The makers are those of the hostile input. ``check`` as a process of its own, in seconds of CPU, without what
it takes on an image with one file; the two sizes of each kind are run by turns.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from core.archives import pax
from hostile.large import chain, each, rewritten, star, streamed
from hostile.makers import END, Make, layered, member

from .measure import apart
from .run import Bench, prepare, row, version_of

#: The most that twice the size may take of the time.
DOUBLED = 2.3
#: Members of a layer whose paths are deep, and of one whose members have many records.
_PATHS, _MARKED = 12, 20_000


class Growth(NamedTuple):
    """A kind of image that grows: its maker by a size, and the smaller of the two sizes."""

    make: Callable[[int], Make]
    size: int


def deep(depth: int) -> Make:
    """Files, each at the end of a path of its own through so many folders."""
    folders = b"d/" * depth
    return layered(each(lambda number: pax((b"path", b"%d/" % number + folders + b"f")) + member("x"), _PATHS) + END)


def marked(records: int) -> Make:
    """Files with so many attributes each, in records of a pax header."""
    attributes = [(b"SCHILY.xattr.user.name%d" % number, b"value") for number in range(records)]
    header = pax(*attributes)
    return layered(each(lambda number: header + member(b"%d" % number), _MARKED) + END)


GROWTHS: dict[str, Growth] = {
    "names in a folder": Growth(streamed, 500_000),
    "folders in a path": Growth(deep, 4_500),
    "layers": Growth(lambda count: rewritten(count, 500), 200),
    "records per header": Growth(marked, 20),
    "links to one file": Growth(lambda count: layered(star(count) + END), 150_000),
    "links in a chain": Growth(lambda count: layered(chain(count) + END), 150_000),
}


def write(name: str, size: int, folder: Path) -> Path:
    """The image of a kind in a size, in a folder of its own."""
    place = folder / f"{name.replace(' ', '-')}-{size}"
    place.mkdir()
    return GROWTHS[name].make(size)(place)


def measure(bench: Bench, name: str, growth: Growth, floor: float) -> None:
    """Measure a kind at both sizes."""
    paths = [apart(write, name, size, bench.folder) for size in (growth.size, 2 * growth.size)]
    costs = bench.side_by_side(*(bench.command("check", str(path)) for path in paths))
    for size, cost in zip((growth.size, 2 * growth.size), costs, strict=True):
        row(f"{size:,} {name}", cost)
    single, double = (cost.cpu - floor for cost in costs)
    bench.judge(f"twice the {name}: times the CPU", double / single, DOUBLED)
    for path in paths:
        path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give 1 where a limit is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(GROWTHS), help="this kind; repeatable")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, besides a first one (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="layerscope-growth-") as name:
        bench = prepare(Path(name), options.runs, "cpu")
        print(f"{version_of(bench)}, medians of {options.runs}\n")
        one = Path(name, "one")
        one.mkdir()
        floor = bench.layerscope("check", str(layered(member("x") + END)(one)))
        row("one file", floor)
        for kind in options.only or GROWTHS:
            measure(bench, kind, GROWTHS[kind], floor.cpu)
    return bench.conclude()


if __name__ == "__main__":
    raise SystemExit(main())
