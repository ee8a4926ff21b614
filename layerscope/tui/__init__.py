"""The explorer: screens on one image. The only package that imports textual or rich.

``keys`` is the one registry of keys; ``rows`` the virtual list under every pane; ``filetree`` and
``filters`` the state of Files without a screen; ``layers``, ``files``, ``waste``, ``story`` and
``details`` the panes; ``screen`` lays them out and holds what they share; ``app`` reads the image, and
``arriving`` shows what has come of it by then, of which ``insides`` tells how it is opened.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from layerscope.errors import InternalError, LayerscopeError
from layerscope.tui.preferences import PLAIN, Preferences

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.index import ImageIndex, Progress
    from layerscope.tui.base import ScopeApp
    from layerscope.tui.start import Shelf

    #: Opens the source and builds the index: called once, in a thread, after the first frame is
    #: painted, with a function to report progress to and one that says whether to stop.
    Load = Callable[[Callable[[Progress], None], Callable[[], bool]], ImageIndex]
    #: Draws the conclusions from the index; called in the same thread when the index is whole.
    Analyse = Callable[[ImageIndex], Analysis]
    #: Told the name of the theme that the user chose.
    Themed = Callable[[str], None]
    #: Told which of several images the user wants; ``load`` is then called once more.
    Choose = Callable[[str], None]

#: What the explorer returns when the user wants to choose another image.
ANOTHER = -1

_REPORT = "With --debug it says where: please report it. `layerscope report` gives the answers without a screen."


def run_start(
    shelves: Sequence[Shelf],
    *,
    fault: str = "",
    theme: str = "",
    remembered: str = "",
    themed: Themed | None = None,
    preferences: Preferences = PLAIN,
) -> str:
    """Let the user choose an image; its reference, empty where none was chosen.

    ``fault`` is why the one that was chosen before could not be opened. ConfigError for a theme or a
    key that there is not; ``remembered`` is a theme that may be gone.
    """
    gc.disable()  # until the first frame: it would go through all modules again and again as they come
    from layerscope.tui.start import StartApp

    app = StartApp(shelves, fault=fault, theme=theme, remembered=remembered, preferences=preferences)
    _run(app, themed)
    return app.return_value or ""


def run_explorer(
    reference: str,
    load: Load,
    analyse: Analyse,
    *,
    choose: Choose | None = None,
    theme: str = "",
    remembered: str = "",
    themed: Themed | None = None,
    preferences: Preferences = PLAIN,
) -> int:
    """Show the image until the user leaves; the exit code (0, or 130 when left while reading), or ANOTHER.

    Raises what ``load`` or ``analyse`` raised (a ``LayerscopeError`` for everything that a user
    can be told, InternalError for anything else) once the terminal is itself again, so that one
    place prints errors.
    """
    gc.disable()  # until the first frame: it would go through all modules again and again as they come
    from layerscope.tui.app import ExplorerApp

    app = ExplorerApp(
        reference, load, analyse, choose=choose, theme=theme, remembered=remembered, preferences=preferences
    )
    _run(app, themed)
    return app.return_code or 0


def _run(app: ScopeApp[Any], themed: Themed | None) -> None:
    theme = app.theme
    try:
        app.run()
    finally:
        gc.enable()  # where it never came to a first frame
        gc.unfreeze()  # what was shown may go: another image may come
    if themed is not None and app.theme != theme:
        themed(app.theme)
    if app.failure is None:
        return
    if isinstance(app.failure, LayerscopeError):
        raise app.failure
    what = f"{type(app.failure).__name__}: {app.failure}"
    raise InternalError(f"The explorer ran into a fault of its own: {what}", _REPORT) from app.failure
