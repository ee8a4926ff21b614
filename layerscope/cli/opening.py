"""Images that the arguments name, opened, indexed and analysed."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.analysis.model import Analysis
    from layerscope.index import ImageIndex
    from layerscope.progress import Keep
    from layerscope.sources.limits import Limits
    from layerscope.sources.model import OpenSource, PassingSource, Progress

#: New objects until the collector of cycles looks at them; Python's own 700 or 2,000 come with every module.
_YOUNG: Final = 50_000


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """While this goes on, the collector of cycles seldom looks: nearly all that is made stays to the end."""
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def analysed(args: argparse.Namespace, keep: Keep | None = None) -> Iterator[Analysis]:
    """The analysis of the image that the arguments name; its source stays open meanwhile."""
    with examined(args, keep) as (_index, analysis):
        yield analysis


@contextmanager
def examined(args: argparse.Namespace, keep: Keep | None = None) -> Iterator[tuple[ImageIndex, Analysis]]:
    """The index of the image that the arguments name, and what follows from it; its source stays open meanwhile."""
    with _seldom_collected(), ExitStack() as stack:
        yield _examine(args, keep, stack)


def _examine(args: argparse.Namespace, keep: Keep | None, stack: ExitStack) -> tuple[ImageIndex, Analysis]:
    from layerscope.analysis.summary import analyse
    from layerscope.cli.bases import asked_base, lookup_beside
    from layerscope.cli.limits import parse_limits
    from layerscope.cli.lines import add_lines, read_stages
    from layerscope.cli.narration import ProgressLine
    from layerscope.index import build_index

    limits = parse_limits(args.limit)
    stages = read_stages(args)
    line = ProgressLine(args)
    try:
        source = open_named(args, limits, line.source)
        stack.callback(source.close)
        base = asked_base(args, limits)
        index = build_index(source, progress=line.index, keep=keep, limits=limits)
    finally:
        line.clear()
    analysis = analyse(index, base=base, lookup=lookup_beside(args, index.image, limits))
    add_lines(args, stages, index.image, analysis)
    return index, analysis


def open_named(
    args: argparse.Namespace, limits: Limits, progress: Progress, spool: Path | None = None
) -> OpenSource | PassingSource:
    """The image that the arguments name, not read yet; the errors of ``open_source``."""
    from layerscope.sources import open_source

    return open_source(
        args.image_reference,
        platform=args.platform,
        image=args.image,
        source=args.source,
        verify=args.verify,
        limits=limits,
        spool=spool,
        progress=progress,
    )
