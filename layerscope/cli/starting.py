"""``layerscope init``: a config with comments, fitted to an image."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerscope.analysis.globs import literal
from layerscope.analysis.model import Analysis
from layerscope.analysis.rules import Status, judge, make_content_rule
from layerscope.cli.clashes import refuse_clashes
from layerscope.cli.narration import say
from layerscope.cli.opening import analysed
from layerscope.cli.output import write_text
from layerscope.errors import DamagedImageError, UsageError
from layerscope.text import UNITS, printable, size

#: What hardly ever belongs into an image.
_FORBIDDEN = (".git", ".env", "id_rsa", "*.pem", "*.key", ".npmrc", ".pypirc", "/root/.cache", "__pycache__")
_ROOM = 1.05
_HEAD = """\
# Rules of `layerscope check`, fitted to {name} with some head room: {size} in {layers} layers,
# {wasted} of it wasted. The same may stand under [tool.layerscope] in pyproject.toml.
# Every key is the flag of that name, and a flag on the command line counts before it.

# Where the base image ends: its name, or its number of layers. What lies below is not yours to mend.
{base}

# What it was built from: messages then name its lines.
# dockerfile = "Dockerfile"

# What to compare with: a file that `check --save-baseline` wrote, or an image.
# baseline = "layerscope-baseline.json"
# ratchet = true             # write a better image's figures into it
# require-baseline = true    # exit 2 where there is none, instead of a warning

# A rule is a limit, or a table with a severity: error, warning or off.
#   max-layers = {{ limit = 20, severity = "warning" }}
[rules]
"""
_TAIL = """
# More, where there is a baseline:
# max-growth = "5MB"
# max-growth-percent = "5%"
# max-wasted-growth = "1MB"

# Keys and first looks of the explorer.
# [keys]
# find = ["ctrl+g", "slash"]
# [explorer]
# hide = ["unmodified"]
# theme = "nord"
"""


def write_config(args: argparse.Namespace) -> int:
    """Write the config; UsageError where there is one already, or it cannot be written."""
    path = Path(args.file)
    if args.file != "-" and path.exists() and not args.force:
        raise UsageError(f"{path} is there already.", "Write over it with --force, or name another with --file.")
    refuse_clashes(args, [("--file", args.file)])
    with analysed(args) as analysis:
        if not analysis.complete:
            raise DamagedImageError("The image was not read to its end.", analysis.remedy)
        text = make_config(analysis)
    write_text(args.file, text)
    if args.file != "-":
        say(args, f"{path} written; now: layerscope check {args.image_reference}")
    return 0


def make_config(analysis: Analysis) -> str:
    """The text of a ``layerscope.toml`` that the image passes."""
    figures = analysis.figures
    base = f"base = {analysis.base_layers}"
    head = _HEAD.format(
        name=printable(analysis.subject.reference),
        size=size(figures.size_bytes),
        layers=len(analysis.layers),
        wasted=size(figures.wasted_bytes),
        base=f"# {base}    # found by: {analysis.base_found_by}" if analysis.base_found_by != "option" else base,
    )
    return head + "\n".join((*_limits(analysis), *_contents(analysis))) + "\n" + _TAIL


def _limits(analysis: Analysis) -> Iterator[str]:
    figures = analysis.figures
    largest = max((layer.size_bytes for layer in analysis.layers), default=0)
    yield f'min-efficiency = "{max(0, math.floor(figures.efficiency * 100) - 1)}%"'
    yield f'max-wasted-percent = "{min(100, math.ceil(figures.user_wasted_percent * 100) + 1)}%"'
    # Of nothing some percent is nothing: there is room for a hundredth of the image.
    yield f'max-wasted = "{_rounded(figures.wasted_bytes + figures.size_bytes // 100)}"'
    yield f'max-size = "{_rounded(figures.size_bytes)}"'
    yield f'# max-layer-size = "{_rounded(largest)}"'
    yield f"max-layers = {len(analysis.layers) + 2}"


def _contents(analysis: Analysis) -> Iterator[str]:
    yield ""
    yield "# Globs as in .gitignore; forbid-in-layers also finds what a later layer removes, and still ships."
    absent = [glob for glob in _FORBIDDEN if not _found(analysis, "forbid-in-layers", [glob])]
    gone = [glob for glob in _FORBIDDEN if glob not in absent and not _found(analysis, "forbid", [glob])]
    if absent:
        yield f"forbid-in-layers = {json.dumps(absent)}"
    if gone:
        yield f"forbid = {json.dumps(gone)}    # removed, but still in a layer"
    present = [glob for glob in _FORBIDDEN if glob not in absent and glob not in gone]
    if present:
        yield f"# In the image today, and worth a look: {', '.join(present)}"
    setuid = _found(analysis, "no-setuid", ())
    yield ""
    yield "# Files with the setuid or setgid bit: those of today may stay."
    yield f"no-setuid = {{ allow = {json.dumps(setuid)} }}" if setuid else "no-setuid = true"
    root = judge(analysis, [make_content_rule("non-root")])[0].status is Status.FAIL
    yield ""
    yield "# non-root = true    # it runs as root today: add USER to the Dockerfile" if root else "non-root = true"


def _found(analysis: Analysis, rule: str, patterns: Sequence[str]) -> list[str]:
    """The paths that break a rule today, as globs that fit them and can be written down."""
    (result,) = judge(analysis, [make_content_rule(rule, patterns)])
    return sorted("/" + literal(finding.path) for finding in result.findings)


def _rounded(count: int) -> str:
    """Some more than this, with two or three digits: ``7.5MB``."""
    value, unit = count * _ROOM, 0
    while value >= 1000:
        value /= 1000
        unit += 1
    number = math.ceil(value * 10) / 10 if unit and value < 100 else math.ceil(value)
    return f"{number:g}{UNITS[unit]}"
