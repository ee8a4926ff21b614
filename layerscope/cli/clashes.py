"""Files that are to be written and must not be: what is read itself, or what another result goes to."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from layerscope.errors import UsageError

STANDARD = ("-", "/dev/stdout")


def refuse_clashes(args: argparse.Namespace, outputs: Sequence[tuple[str, str]]) -> None:
    """UsageError where one of these outputs, each a flag and its file, is read too, or two are one."""
    for flag, file in outputs:
        for what, path in _inputs(args):
            if file not in STANDARD and _is_part(Path(file), path):
                raise UsageError(f"{flag} {file} would write over {what}.", "Name another file.")
    for (flag, file), (other, second) in combinations(outputs, 2):
        if file in STANDARD and second in STANDARD:
            raise UsageError(
                f"{_named(flag, file)} and {_named(other, second)} both go to standard output.",
                "Let one of them go to a file.",
            )
        if not {file, second} & set(STANDARD) and _is_same(Path(file), Path(second)):
            raise UsageError(f"{flag} and {other} both write {file}.", "Name a file of its own for each.")


def check_outputs(args: argparse.Namespace, reports: Sequence[tuple[str, str]]) -> None:
    """UsageError where the results of a check or a report, these reports among them, are in each other's way."""
    named = [("--output" if args.output else "the report", file) for _, file in reports]
    kept = [("--save-baseline", getattr(args, "save_baseline", "")), ("--json", args.json)]
    refuse_clashes(args, [*named, *((flag, file) for flag, file in kept if file)])


def _named(flag: str, file: str) -> str:
    return f"{flag} {file}" if flag.startswith("-") else flag


def _inputs(args: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """What is read, in words, and where it lies."""
    from layerscope.sources.references import parse_reference, split_place

    images = {"the image": "image_reference", "the baseline": "baseline", "the base image": "base"}
    for what, name in images.items():
        # What is no reference and no path is told of where it is opened.
        with suppress(UsageError, OSError, RuntimeError):
            reference = parse_reference(getattr(args, name, ""), args.source if name == "image_reference" else "")
            if reference.kind in ("", "archive", "layout"):
                yield what, Path(split_place(reference.place)[0]).expanduser()
    for what, name in (("the Dockerfile", "dockerfile"), ("the config", "config"), ("dive's config", "ci_config")):
        if file := getattr(args, name, ""):
            yield what, Path(file)
    if args.command != "init":
        yield from (("the config", Path(name)) for name in ("layerscope.toml", "pyproject.toml"))
    yield "dive's config", Path(".dive-ci")


def _is_part(file: Path, read: Path) -> bool:
    """Whether the file is what is read, or a part of an image in a folder."""
    with suppress(OSError, RuntimeError):
        if not read.is_dir():
            return _is_same(file, read) and (file.is_file() or not file.exists())
        inner = file.resolve()
        folder = read.resolve()
        if file.exists() and inner.is_relative_to(folder):
            return inner.relative_to(folder).parts[0] in ("blobs", "index.json", "oci-layout")
    return False


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one file; of a device or a pipe, which takes whatever comes, that is no harm."""
    with suppress(OSError, RuntimeError):  # absent, out of reach, a loop of links
        if one.exists() and other.exists():
            return one.is_file() and one.samefile(other)
        return one.resolve() == other.resolve()
    return False
