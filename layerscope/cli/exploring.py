"""The explorer as the command line starts it: on an image, or on the choice of one."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from layerscope import state
from layerscope.cli.opening import open_named
from layerscope.errors import CancelledError, InternalError, LayerscopeError

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.cli.divesettings import DiveSettings
    from layerscope.cli.settings import Settings
    from layerscope.index import ImageIndex
    from layerscope.progress import Cancelled, Report
    from layerscope.sources.limits import Limits
    from layerscope.sources.listing import Listed
    from layerscope.sources.model import Image
    from layerscope.tui import Load
    from layerscope.tui.start import Shelf

#: Sources whose images lie where a path leads.
_FILES = ("archive", "layout")


def explore(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    """Show the image that the arguments name, then those that the user chooses, until he leaves; the exit code."""
    from layerscope.tui import ANOTHER

    code = _show(args, settings, dive)
    if code != ANOTHER:
        return code
    args.source = ""  # what is chosen says itself where it is
    return choose_and_explore(args, settings, dive)


def _show(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    """Show one image; the exit code, or ANOTHER."""
    from layerscope.cli.limits import parse_limits
    from layerscope.cli.lines import read_stages
    from layerscope.tui import run_explorer

    limits = parse_limits(args.limit)
    stages = read_stages(args)
    with ExitStack() as stack:

        def draw(index: ImageIndex) -> Analysis:
            from layerscope.analysis.summary import analyse
            from layerscope.cli.bases import asked_base, asked_name, lookup_beside
            from layerscope.cli.lines import add_lines

            analysis = analyse(index, base=asked_base(args, limits), lookup=lookup_beside(args, index.image, limits))
            analysis.base_name = asked_name(args)
            add_lines(args, stages, index.image, analysis)
            return analysis

        return run_explorer(
            "standard input" if args.image_reference == "-" else args.image_reference,
            _loader(args, limits, stack),
            draw,
            # What came through a pipe cannot be read again.
            choose=None if args.image_reference == "-" else partial(setattr, args, "image"),
            **_wishes(settings, dive),
        )


def _loader(args: argparse.Namespace, limits: Limits, stack: ExitStack) -> Load:
    """What opens and reads the image that the arguments name; the stack closes its source."""
    left = Event()
    stack.callback(left.set)

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        from layerscope.index import build_index
        from layerscope.progress import Progress

        def tell(what: str, done: int, total: int | None) -> None:
            report(Progress(-1, 0, "", done, total, 0, activity=what))

        source = open_named(args, limits, tell, Path(tempfile.gettempdir()))
        stack.callback(source.close)
        if left.is_set():  # while it was being opened: nobody else will close it
            source.close()
            raise CancelledError("The explorer was left.")
        index = build_index(source, progress=report, cancelled=cancelled, limits=limits)
        _remember(args.image_reference, index.image)
        return index

    return load


def _wishes(settings: Settings, dive: DiveSettings) -> dict[str, Any]:
    """How the screens look and what their keys are."""
    from layerscope.cli.divesettings import make_preferences

    return {
        "theme": settings.theme,
        "remembered": state.theme(),
        "themed": state.remember_theme,
        "preferences": make_preferences(settings, dive),
    }


def choose_and_explore(args: argparse.Namespace, settings: Settings, dive: DiveSettings) -> int:
    """Let the user choose an image, then show it, as often as he wants another; 0 where he left without one."""
    from layerscope.tui import ANOTHER, run_start

    fault = ""
    while True:
        reference = run_start(_shelves(), fault=fault, **_wishes(settings, dive))
        if not reference:
            return 0
        args.image_reference, args.image = reference, ""
        try:
            code = _show(args, settings, dive)
            if code != ANOTHER:
                return code
            fault = ""
        except (CancelledError, InternalError):
            raise
        except LayerscopeError as error:
            fault = error.sentence  # no image there, or no longer: choose another


def _shelves() -> list[Shelf]:
    """Where images are looked for: the engines, this folder, what was opened last, the sample."""
    from layerscope.sources.listing import Listed, engine_kinds, list_engine, list_folder, list_paths
    from layerscope.tui.start import Shelf

    def here() -> list[Listed]:
        return list_folder(Path())

    def opened() -> list[Listed]:
        # What lies in this folder is on its own shelf already.
        present = Path.cwd()
        return list_paths(path for path in state.recent() if path.parent != present)

    titles = {"docker": "Docker Engine", "podman": "Podman"}
    engines = [
        Shelf(
            titles[kind], partial(list_engine, kind), f"asking {titles[kind]}", "it has no images yet: docker pull one"
        )
        for kind in engine_kinds()
    ]
    sample = Listed("demo", "demo")
    return [
        *engines,
        Shelf("Archives in this folder", here, "looking", "none: docker save app -o app.tar writes one"),
        Shelf("Opened before", opened, "", ""),
        Shelf("To try: a small sample image, no engine, no network", lambda: [sample], "", ""),
    ]


def _remember(reference: str, image: Image) -> None:
    """Keep the path of an archive or a folder for the next choice."""
    if image.source in _FILES and (path := Path(reference).expanduser()).exists():
        state.remember(path)
