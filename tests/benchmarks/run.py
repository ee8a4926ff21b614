"""Measures ``layerscope check`` as whole processes: ``python -m tests.benchmarks.run``.

Everything that is compared is measured in the same run. The images are written once to a folder
(about 2.6 GB on disk) and kept there. The installed layerscope is measured, so that it is the
compiled one; where none is installed, the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .images import IMAGES, make
from .measure import Cost, FailedError, first_frame, median, once

ROOT = Path(__file__).resolve().parent.parent.parent
LISTING = Path(__file__).with_name("list_headers.py")
INDEXING = Path(__file__).with_name("index_only.py")
EXPLORER = Path(__file__).with_name("explorer.py")
FORMATS = Path(__file__).with_name("formats.py")

#: The most of tarfile's time that `check` may take, by image.
SHARE_OF_TARFILE = {"huge": 1 / 5, "medium": 1 / 2}
#: What `check` may cost, as a multiple of indexing alone: with its own rules, and with dive's.
OVER_INDEXING = 1.10
DIVES_RULES = ("--lowestEfficiency=0.9", "--highestWastedBytes=20MB", "--highestUserWastedPercent=0.1")
#: Bytes of memory per entry, beyond those of an image with one.
BYTES_PER_ENTRY = 350
#: What twice the entries, layers or deletions may cost.
DOUBLED = 2.2
#: Seconds: of `--help` and of `check demo` more than `python -c pass`, of the first frame after the start.
HELP, CHECK_DEMO, FRAME = 0.060, 0.150, 0.400
#: Seconds of CPU that a key may take in the explorer, and a letter of a filter: up to so many paths, and beyond.
KEY, FILTER_KEY, MANY_PATHS, FILTER_KEY_OF_MANY = 0.050, 0.100, 500_000, 0.150
#: What is no key by itself.
NO_KEYS = ("a key that does nothing", "memory")
#: Bytes per path that the explorer's view may take.
ROW_BYTES = 20
#: Seconds of CPU for a format to render 100,000 waste items.
RENDERING = 2.0
#: Deletions against as many other entries. The limit is 1; the rest is for the noise of the clock.
NOISE = 1.05
PAIRS = ("entries", "layers", "deletions")


@dataclass(slots=True)
class Bench:
    """The commands to measure, and what was found so far."""

    folder: Path
    runs: int
    environment: dict[str, str]
    clock: str = "wall"
    limits: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def cost(self, *command: str, allowed: Sequence[int] = (0,), runs: int | None = None) -> Cost:
        """The median cost of a program, after one run to warm the caches."""
        count = self.runs if runs is None else runs
        costs = [once(command, self.folder, self.environment, allowed) for _ in range(count + 1)]
        return median(costs[1:])

    def side_by_side(self, *commands: Sequence[str]) -> list[Cost]:
        """The median cost of each program, run turn by turn: what else the machine does hits all alike."""
        costs = [
            [once(command, self.folder, self.environment, (0, 1)) for command in commands] for _ in range(self.runs + 1)
        ]
        return [median(found) for found in zip(*costs[1:], strict=True)]

    def layerscope(self, *arguments: str) -> Cost:
        """The cost of layerscope; a verdict of `check` is no failure of the measurement."""
        return self.cost(*self.command(*arguments), allowed=(0, 1))

    def time(self, cost: Cost) -> float:
        """The seconds that are judged: of wall time, or of CPU where the machine has other work."""
        return cost.cpu if self.clock == "cpu" else cost.wall

    def command(self, *arguments: str) -> list[str]:
        """How layerscope is started."""
        return [sys.executable, "-m", "layerscope", *arguments]

    def judge(self, what: str, value: float, limit: float, form: str = "{:.2f}") -> None:
        """Note whether a figure is within its limit."""
        self.limits.append((what, form.format(value), form.format(limit), value <= limit))

    def conclude(self) -> int:
        """Print the limits beside what was measured; 1 where one is not met."""
        print(f"\n{'limit':<55} {'measured':>9} {'at most':>9}")
        for what, value, limit, met in self.limits:
            print(f"{what:<55} {value:>9} {limit:>9}  {'met' if met else 'MISSED'}")
        return 0 if all(met for *_, met in self.limits) else 1


def prepare(folder: Path, runs: int, clock: str) -> Bench:
    """An environment without the caller's settings, in which layerscope can be imported."""
    unwanted = ("PYTHON", "LAYERSCOPE", "TEXTUAL")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(unwanted) and k not in ("CI", "NO_COLOR")}
    environment["PYTHONSAFEPATH"] = "1"
    found = subprocess.run([sys.executable, "-c", "import layerscope.cli"], env=environment, capture_output=True)
    if found.returncode:
        environment["PYTHONPATH"] = str(ROOT)
    return Bench(folder, runs, environment, clock)


def start_up(bench: Bench) -> Cost:
    """Measure what every start costs; gives the cost of `check` on an image with one file."""
    nothing = bench.cost(sys.executable, "-c", "pass", runs=bench.runs * 3)
    helped = bench.cost(*bench.command("--help"), runs=bench.runs * 3)
    checked = bench.layerscope("check", "demo")
    for name, cost in (("python -c pass", nothing), ("layerscope --help", helped), ("check demo", checked)):
        row(name, cost)
    for name, cost, limit in (("--help", helped, HELP), ("check demo", checked, CHECK_DEMO)):
        more = bench.time(cost) - bench.time(nothing)
        bench.judge(f"{name}, ms more than python -c pass", more * 1e3, limit * 1e3, "{:.0f}")
    try:
        frames = [first_frame(bench.command("demo"), bench.folder, bench.environment) for _ in range(bench.runs)]
    except FailedError as error:
        print(f"first frame: {error}")
        bench.limits.append(("first painted frame, ms", "none", f"{FRAME * 1e3:.0f}", False))
    else:
        bench.judge("first painted frame, ms", sorted(frames)[len(frames) // 2] * 1e3, FRAME * 1e3, "{:.0f}")
    tiny, _ = make("tiny", bench.folder)
    floor = bench.layerscope("check", str(tiny))
    row("check, one file", floor)
    return floor


def image(bench: Bench, name: str, floor: Cost) -> Cost:
    """Measure one image; ``floor`` is what `check` costs on one with one file."""
    archive, entries = make(name, bench.folder)
    checked, listed = bench.side_by_side(
        bench.command("check", str(archive)), (sys.executable, str(LISTING), str(archive))
    )
    per_entry = max(0, checked.memory - floor.memory) / entries
    share = bench.time(checked) / bench.time(listed)
    row(name, checked, f"{entries:>8,} entries {per_entry:>6.0f} B/entry  {share:>5.2f} of tarfile")
    row("  tarfile lists the headers", listed)
    if name in SHARE_OF_TARFILE:
        bench.judge(f"{name}: share of tarfile's time", share, SHARE_OF_TARFILE[name], "{:.3f}")
    if entries >= 100_000:
        bench.judge(f"{name}: bytes of memory per entry", per_entry, BYTES_PER_ENTRY, "{:.0f}")
    against_dive(bench, name, archive)
    if name == "huge":
        over_indexing(bench, archive)
        explorer(bench, archive)
    return checked


def over_indexing(bench: Bench, archive: Path) -> None:
    """Measure `check` against indexing alone, turn by turn: the machine may have other work."""
    commands = {
        "indexing alone": [sys.executable, str(INDEXING), str(archive)],
        "check": bench.command("check", str(archive)),
        "check with dive's rules": bench.command("check", str(archive), *DIVES_RULES),
    }
    alone, *checks = bench.side_by_side(*commands.values())
    row("  indexing alone", alone)
    for what, cost in zip(list(commands)[1:], checks, strict=True):
        row(f"  {what}", cost)
        bench.judge(f"{what}: times indexing alone", bench.time(cost) / bench.time(alone), OVER_INDEXING)


def key_costs(bench: Bench, archive: Path) -> dict[str, dict[str, float]]:
    """What keys cost in the explorer on an archive, as explorer.py tells; empty where it fails."""
    command = [sys.executable, str(EXPLORER), str(archive)]
    done = subprocess.run(command, env=bench.environment, cwd=bench.folder, capture_output=True, text=True)
    if done.returncode:
        print(f"  explorer: {done.stderr[-400:]}")
    costs: dict[str, dict[str, float]] = json.loads(done.stdout or "{}")
    return costs


def limit_of(key: str, paths: float) -> float:
    """Seconds of CPU that a key of explorer.py may take on an image of so many paths; infinite for what is none."""
    if key in NO_KEYS:
        return float("inf")
    if "filter keystroke" in key:
        return FILTER_KEY if paths <= MANY_PATHS else FILTER_KEY_OF_MANY
    return KEY


def explorer(bench: Bench, archive: Path) -> None:
    """Measure what keys cost in the explorer."""
    costs = key_costs(bench, archive)
    for key, cost in costs.items():
        if "p95" in cost:
            print(
                f"  {key:<24} {cost['median'] * 1e3:5.0f} ms of CPU, {cost['p95'] * 1e3:5.0f} ms at the 95th percentile"
            )
    paths = costs.get("memory", {}).get("paths", 0)
    for key, cost in costs.items() or {"keys": {"p95": float("inf")}}.items():
        if key not in NO_KEYS:
            bench.judge(f"{key}, 95th percentile, ms of CPU", cost["p95"] * 1e3, limit_of(key, paths) * 1e3, "{:.0f}")
    bench.judge("view, bytes per path", costs.get("memory", {}).get("view", float("inf")), ROW_BYTES, "{:.1f}")


def formats(bench: Bench) -> None:
    """Measure what each format takes to render an image with very many waste items."""
    command = [sys.executable, str(FORMATS)]
    done = subprocess.run(command, env=bench.environment, cwd=bench.folder, capture_output=True, text=True)
    if done.returncode:
        print(f"  formats: {done.stderr[-400:]}")
    costs: dict[str, float] = json.loads(done.stdout or "{}")
    for form, cost in costs.items() or {"all": float("inf")}.items():
        bench.judge(f"{form}: 100,000 waste items, s of CPU", cost, RENDERING)


def against_dive(bench: Bench, name: str, archive: Path) -> None:
    """Measure dive on the same archive, once, where it is on PATH."""
    dive = shutil.which("dive")
    if dive is None or name not in ("huge", "medium", "layers"):
        return
    command = (dive, "--source", "docker-archive", "--ci", str(archive))
    try:
        row("  dive", once(command, bench.folder, bench.environment, (0, 1)))
    except FailedError as error:
        print(f"  {error}")


def compare(bench: Bench, costs: dict[str, Cost], floor: Cost) -> None:
    """Judge the pairs: doubled sizes without the start-up they share, deletions against other entries."""
    for name in PAIRS:
        if {f"{name}-1x", f"{name}-2x"} <= costs.keys():
            single, double = (bench.time(costs[f"{name}-{times}x"]) - bench.time(floor) for times in (1, 2))
            bench.judge(f"twice the {name}: times the time", double / single, DOUBLED)
    if {"deleted-9000", "added-9000"} <= costs.keys():
        ratio = bench.time(costs["deleted-9000"]) / bench.time(costs["added-9000"])
        bench.judge("9,000 deletions: times 9,000 other entries", ratio, NOISE)


def row(name: str, cost: Cost, note: str = "") -> None:
    """Print one measurement."""
    print(
        f"{name:<28} {cost.wall:>8.3f} s {cost.cpu:>8.3f} s cpu {cost.memory / 1e6:>7.1f} MB  {note}".rstrip(),
        flush=True,
    )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    default = Path(tempfile.gettempdir(), "layerscope-benchmarks")
    parser.add_argument("--dir", type=Path, default=default, help="where the images are kept (%(default)s)")
    parser.add_argument("--only", action="append", choices=sorted(IMAGES), help="this image; repeatable")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command, besides a first one (%(default)s)")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="the time that is judged (%(default)s)"
    )
    return parser.parse_args(arguments)


def version_of(bench: Bench) -> str:
    """What is measured, and whether it is compiled."""
    command = bench.command("--version")
    done = subprocess.run(command, env=bench.environment, cwd=bench.folder, capture_output=True, text=True)
    return done.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and give 1 where a limit is not met."""
    options = parse(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    bench = prepare(options.dir, options.runs, options.clock)
    print(f"{version_of(bench)}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, medians of {options.runs}\n")
    floor = start_up(bench)
    formats(bench)
    costs = {name: image(bench, name, floor) for name in options.only or IMAGES if name != "tiny"}
    compare(bench, costs, floor)
    return bench.conclude()


if __name__ == "__main__":
    raise SystemExit(main())
