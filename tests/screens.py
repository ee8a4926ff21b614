"""Baselines of screens: under the top-level ``snapshots/``, as SVG and as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_textual_snapshot
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from textual.app import App

SNAPSHOTS = Path(__file__).resolve().parent.parent / "snapshots"


class ScreenImage(pytest_textual_snapshot.SVGImageExtension):  # type: ignore[misc]  # untyped package
    """What ``snap_compare`` saves: ``tests/test_x.py`` has its baselines in ``snapshots/test_x/``."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of a test module's baselines."""
        return str(SNAPSHOTS / test_location.basename)


class ScreenText(SingleFileSnapshotExtension):
    """A screen, or any other text, as a file that a reviewer can read in a diff."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of a test module's baselines."""
        return str(SNAPSHOTS / test_location.basename)


def screen_text(app: App[Any]) -> str:
    """What the terminal would show, a line per row, without colours and trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
