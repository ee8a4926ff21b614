"""What keys cost in the explorer on images of three sizes: ``python -m tests.benchmarks.keys``.

A table of milliseconds of CPU, median and 95th percentile, with about 10,000, 100,000 and 1,000,000
paths; the archives take 1.7 GB on disk. Ends with 1 where a limit is not met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .images import make
from .run import key_costs, limit_of, prepare

#: Of the image with the most files: 10,561, 105,233 and 1,052,017 paths.
SCALES = (0.025, 0.25, 2.5)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.keys", description=__doc__)
    default = Path(tempfile.gettempdir(), "layerscope-benchmarks")
    parser.add_argument("--dir", type=Path, default=default, help="where the images are kept (%(default)s)")
    folder = parser.parse_args().dir
    folder.mkdir(parents=True, exist_ok=True)
    bench = prepare(folder, 1, "cpu")
    found = []
    for scale in SCALES:
        archive = make("huge", folder, scale)[0]
        costs = key_costs(bench, archive)
        if not costs:
            sys.stdout.write(f"the explorer could not be measured on {archive}\n")
            return 1
        found.append(costs)
    paths = "".join(f"{costs['memory']['paths']:>13,.0f}" for costs in found)
    sys.stdout.write(f"{'median / 95th percentile, ms':<32}{paths}\n")
    missed = False
    for key in found[0]:
        if key != "memory":
            cells = [f"{costs[key]['median'] * 1e3:.0f} / {costs[key]['p95'] * 1e3:.0f}" for costs in found]
            over = any(costs[key]["p95"] > limit_of(key, costs["memory"]["paths"]) for costs in found)
            missed = missed or over
            row = f"{key:<32}" + "".join(f"{cell:>13}" for cell in cells)
            sys.stdout.write(row + ("  MISSED\n" if over else "\n"))
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
