"""Images that the arguments name, opened, indexed and analysed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.cli.narration import ProgressLine
    from layerscope.index import ImageIndex
    from layerscope.progress import Keep
    from layerscope.sources.limits import Limits
    from layerscope.sources.model import OpenSource, PassingSource


@contextmanager
def analysed(args: argparse.Namespace, keep: Keep | None = None) -> Iterator[Analysis]:
    """The analysis of the image that the arguments name; its source stays open meanwhile."""
    with examined(args, keep) as (_index, analysis):
        yield analysis


@contextmanager
def examined(args: argparse.Namespace, keep: Keep | None = None) -> Iterator[tuple[ImageIndex, Analysis]]:
    """The index of the image that the arguments name, and what follows from it; its source stays open meanwhile."""
    from layerscope.analysis.summary import analyse
    from layerscope.cli.bases import asked_base, lookup_beside
    from layerscope.cli.limits import parse_limits
    from layerscope.cli.lines import add_lines, read_stages
    from layerscope.cli.narration import ProgressLine
    from layerscope.index import build_index

    limits = parse_limits(args.limit)
    stages = read_stages(args)
    line = ProgressLine(args)
    with ExitStack() as stack:
        try:
            source = _open_source(args, limits, line)
            stack.callback(source.close)
            base = asked_base(args, limits)
            index = build_index(source, progress=line.index, keep=keep, limits=limits)
        finally:
            line.clear()
        analysis = analyse(index, base=base, lookup=lookup_beside(args, index.image, limits))
        add_lines(args, stages, index.image, analysis)
        yield index, analysis


def _open_source(args: argparse.Namespace, limits: Limits, line: ProgressLine) -> OpenSource | PassingSource:
    from layerscope.sources import open_source

    return open_source(
        args.image_reference,
        platform=args.platform,
        image=args.image,
        source=args.source,
        verify=args.verify,
        limits=limits,
        progress=line.source,
    )
