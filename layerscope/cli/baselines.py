"""The baseline of a check: found in a file or made of another image, and kept for the next time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.analysis.baseline import (
    Baseline,
    baseline_of,
    compare,
    from_document,
    is_better,
    is_related,
    to_document,
)
from layerscope.cli.arguments import NEEDING_BASELINE
from layerscope.cli.narration import say
from layerscope.cli.output import write_text
from layerscope.cli.smallfile import is_there, read_small, read_start
from layerscope.errors import ConfigError, DamagedImageError, ImageNotFoundError, UsageError
from layerscope.text import size

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.analysis.rules import Result

#: Opens and analyses the image that the arguments name.
Analysed = Callable[[argparse.Namespace], AbstractContextManager["Analysis"]]

#: No baseline takes more: 32,000 layers with commands of 200 characters.
_LARGEST = 32 << 20


class Keeper:
    """What a check does with its baseline; ``before`` is None where there is none yet."""

    def __init__(self, args: argparse.Namespace, analysed: Analysed) -> None:
        """Find the baseline; ConfigError or UsageError where it cannot be read, or is absent and required."""
        self._args = args
        self.before = _find(args, analysed)
        self._after: Baseline | None = None

    def attach(self, analysis: Analysis) -> None:
        """Put the comparison into the analysis, or the warning that there is nothing to compare with."""
        before = self.before
        if not analysis.complete:
            return
        if before is None:
            if self._args.baseline:
                analysis.warnings.append(f"There is no baseline {self._args.baseline} yet: growth is not judged.")
            return
        after = self._figures(analysis)
        analysis.comparison = compare(before, after)
        if not is_related(before, after):
            analysis.warnings.append(
                f"The baseline is of {before.reference}, which shares no layer and no name with this image."
            )
        if before.platform != analysis.subject.platform:
            analysis.warnings.append(f"The baseline is an image of {before.platform or 'an unknown platform'}.")

    def keep(self, analysis: Analysis, results: Sequence[Result]) -> None:
        """Write what ``--save-baseline`` and ``--ratchet`` ask for; UsageError where it cannot be written."""
        from layerscope.analysis.rules import passed

        args = self._args
        if args.save_baseline:
            _write(args.save_baseline, self._figures(analysis))
            say(args, f"baseline written: {args.save_baseline} ({size(analysis.figures.size_bytes)})")
        if args.ratchet:
            self._tighten(self._figures(analysis), passed=passed(results))

    def _tighten(self, after: Baseline, *, passed: bool) -> None:
        args, before = self._args, self.before
        if not passed:
            say(args, "baseline not written: a rule failed")
        elif before is not None and not is_better(before, after):
            say(args, f"baseline not written: the image is no better than {args.baseline}")
        else:
            _write(args.baseline, after)
            was = f", was {size(before.size_bytes)}" if before else ""
            say(args, f"baseline {'tightened' if before else 'made'}: {args.baseline} ({size(after.size_bytes)}{was})")

    def _figures(self, analysis: Analysis) -> Baseline:
        if self._after is None:
            self._after = baseline_of(analysis)
        return self._after


def _find(args: argparse.Namespace, analysed: Analysed) -> Baseline | None:
    name = args.baseline
    if not name:
        for needing in NEEDING_BASELINE:
            # Of a config such rules are skipped, so that it also serves where there is no baseline.
            if getattr(args, needing):
                flag = f"--{needing.replace('_', '-')}"
                raise UsageError(f"{flag} needs a baseline.", "Add --baseline with a file or an image.")
        return None
    path = Path(name)
    if name == "-" and args.image_reference == "-":
        raise UsageError("Standard input holds one image.", "Give the baseline as a file, or by its name.")
    if holds_baseline(path):
        return read_baseline(path)
    if args.ratchet and (is_there(path) or not _is_path(name)):
        raise UsageError("--ratchet writes into the baseline, and that is an image.", "Name a file of --save-baseline.")
    if not is_there(path) and _is_path(name):
        _refuse_absent(args)
        return None
    other = copy(args)
    other.image_reference, other.image, other.base, other.dockerfile = name, "", "", ""
    try:
        with analysed(other) as analysis:
            if not analysis.complete:
                raise DamagedImageError(f"The baseline {name} was not read to its end.", "Pull or save it again.")
            return baseline_of(analysis)
    except ImageNotFoundError:
        _refuse_absent(args)
        return None


def _is_path(name: str) -> bool:
    """Whether the name can only be a file's: no image is called so."""
    return name.endswith(".json") or name.startswith((".", "/", "~"))


def _refuse_absent(args: argparse.Namespace) -> None:
    if args.require_baseline:
        raise ConfigError(
            f"There is no baseline {args.baseline}.", "Make one with --save-baseline, or leave out --require-baseline."
        )


def holds_baseline(path: Path) -> bool:
    """Whether there is a file that can only be a baseline, good or bad: no image begins like JSON."""
    if not is_there(path) or not path.is_file():
        return False
    return read_start(path, 64).lstrip()[:1] in (b"{", b"[", b"")


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file; ConfigError where it cannot be read or is none."""
    import json

    data = read_small(path, "Write it anew with --save-baseline.", most=_LARGEST)
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no baseline: {error}.", "Write it anew with --save-baseline.") from error
    return from_document(document, str(path))


def _write(file: str, baseline: Baseline) -> None:
    import json

    write_text(file, json.dumps(to_document(baseline), indent=1) + "\n")
