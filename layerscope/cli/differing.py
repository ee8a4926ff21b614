"""``layerscope diff``: two images, or an image and a baseline, beside each other."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.analysis.baseline import Baseline, baseline_of, compare
from layerscope.analysis.difference import Difference, compare_configs, compare_files
from layerscope.cli.baselines import holds_baseline, read_baseline
from layerscope.cli.opening import examined
from layerscope.cli.output import write_to
from layerscope.errors import DamagedImageError, UsageError

if TYPE_CHECKING:
    from layerscope.index import ImageIndex


def show_difference(args: argparse.Namespace) -> int:
    """Write what changed; 1 with ``--exit-code`` where anything did."""
    from layerscope.report.difference import write_difference

    if args.image_reference == args.new_reference == "-":
        raise UsageError("Standard input holds one image.", "Give the other as a file, or by its name.")
    with ExitStack() as stack:
        old, old_index = _figures(args, args.image_reference, stack)
        new, new_index = _figures(args, args.new_reference, stack)
        files = config = None
        if old_index and new_index:
            files = compare_files(old_index, new_index)
            config = compare_configs(old_index.image.config, new_index.image.config)
    difference = Difference(args.image_reference, args.new_reference, compare(old, new), files, config)
    write_to("-", partial(write_difference, difference, args.format))
    return int(args.exit_code and not difference.is_empty)


def _figures(args: argparse.Namespace, reference: str, stack: ExitStack) -> tuple[Baseline, ImageIndex | None]:
    """The figures of an image with its index, or those of a baseline file."""
    path = Path(reference)
    if holds_baseline(path):
        return read_baseline(path), None
    one = copy(args)
    one.image_reference = reference
    index, analysis = stack.enter_context(examined(one))
    if not analysis.complete:
        raise DamagedImageError(f"{reference} was not read to its end.", analysis.remedy)
    return baseline_of(analysis), index
