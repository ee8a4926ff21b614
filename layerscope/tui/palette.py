"""Paths in the command palette: type a part of one, enter goes there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from textual.command import Hit, Hits, Provider
from textual.content import Content

from layerscope.text import decode, printable
from layerscope.tui.filters import parse_filter

if TYPE_CHECKING:
    from layerscope.tui.screen import ExplorerScreen

#: No more paths are listed: nobody reads on.
_MOST: Final = 40
#: Of more matches than this, only the first are looked at.
_LOOKED_AT: Final = 2_000


class PathProvider(Provider):
    """The paths of the files that are shown."""

    async def search(self, query: str) -> Hits:
        """The shortest paths whose names contain the query."""
        from layerscope.tui.screen import ExplorerScreen

        screen = self.app.screen_stack[0]
        if not isinstance(screen, ExplorerScreen) or screen.files.model is None or len(query) < 2:
            return
        model = screen.files.model
        places = model.matches(parse_filter(query))[:_LOOKED_AT]
        paths = sorted((model.path(place) for place in places), key=len)[:_MOST]
        for number, path in enumerate(paths):
            text = "/" + printable(decode(path))
            # Below the commands, which are few; the shortest path first.
            yield Hit(0.4 - number / 1000, Content(text), partial(_go, screen, path), text=text, help="go to this path")


def _go(screen: ExplorerScreen, path: bytes) -> None:
    screen.go_to(path)
