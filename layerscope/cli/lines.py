"""The Dockerfile that ``--dockerfile`` names: read first, its lines told of the layers later."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import ConfigError
from layerscope.text import shortened

if TYPE_CHECKING:
    from layerscope.analysis.dockerfile import Stage
    from layerscope.analysis.model import Analysis
    from layerscope.sources.model import Image

#: Bytes of a Dockerfile: what is larger is none.
MAX_BYTES = 1 << 20
_HINT = "Name the file that the image was built from with --dockerfile FILE."
#: Where the forges say that the repository lies; what is annotated is named from there.
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def read_stages(args: argparse.Namespace) -> list[Stage]:
    """The stages of the Dockerfile, none where no file is named; ConfigError where it cannot be read."""
    if not args.dockerfile:
        return []
    from layerscope.analysis.dockerfile import parse_dockerfile

    try:
        with Path(args.dockerfile).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        name = shortened(args.dockerfile)
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", _HINT) from error
    # Builders take comments in any encoding.
    stages = parse_dockerfile(data.decode("utf-8", "replace"))
    if len(data) > MAX_BYTES or not stages:
        raise ConfigError(f"{args.dockerfile} is no Dockerfile: there is no FROM in it.", _HINT)
    return stages


def built_from(arguments: Sequence[str]) -> str:
    """The Dockerfile that these arguments of ``docker build`` name; empty where that is not plain."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in ("-f", "--file"):
            return value if Path(value).is_file() else ""
        if option.startswith("--file="):
            file = option.removeprefix("--file=")
            return file if Path(file).is_file() else ""
    inside = Path(arguments[-1] if arguments else ".", "Dockerfile")
    return str(inside) if inside.is_file() else ""


def add_lines(args: argparse.Namespace, stages: Sequence[Stage], image: Image, analysis: Analysis) -> None:
    """Tell the analysis where the layers' instructions stand; a warning where not all were found."""
    if not stages:
        return
    from layerscope.analysis.locate import locate

    analysis.dockerfile = _named(args.dockerfile)
    located = locate(image.config, analysis.history, stages, analysis.dockerfile)
    analysis.locations.update(located.locations)
    if located.warning:
        analysis.warnings.append(located.warning)


def _named(file: str) -> str:
    """The file as a forge knows it: from the root of the repository where it lies in it, else as it was given."""
    roots = [root for name in _ROOTS if (root := os.environ.get(name))]
    path = Path(file).resolve()
    for root in (*roots, "."):
        folder = Path(root).resolve()
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return Path(file).as_posix()
