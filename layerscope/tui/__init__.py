"""The explorer: screens on one image. The only package that imports textual or rich.

``keys`` is the one registry of keys; ``rows`` the virtual list under every pane; ``filetree`` and
``filters`` the state of Files without a screen; ``layers``, ``files``, ``waste``, ``story`` and
``details`` the panes; ``screen`` lays them out and holds what they share; ``app`` reads the image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from layerscope.tui.preferences import PLAIN, Preferences

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.index import ImageIndex, Progress

    #: Opens the source and builds the index: called once, in a thread, after the first frame is
    #: painted, with a function to report progress to and one that says whether to stop.
    Load = Callable[[Callable[[Progress], None], Callable[[], bool]], ImageIndex]
    #: Draws the conclusions from the index; called in the same thread when the index is whole.
    Analyse = Callable[[ImageIndex], Analysis]
    #: Told which of several images the user wants; ``load`` is then called once more.
    Choose = Callable[[str], None]


def run_explorer(
    reference: str,
    load: Load,
    analyse: Analyse,
    *,
    choose: Choose | None = None,
    theme: str = "",
    preferences: Preferences = PLAIN,
) -> int:
    """Show the image until the user leaves; the exit code (0, or 130 when left while reading).

    Raises what ``load`` or ``analyse`` raised (a ``LayerscopeError`` for everything that a user
    can be told) once the terminal is itself again, so that one place prints errors.
    """
    from layerscope.tui.app import ExplorerApp

    app = ExplorerApp(reference, load, analyse, choose=choose, theme=theme, preferences=preferences)
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
