"""Paths in the command palette: type a part of one, enter goes there."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from textual.command import CommandPalette, Hit, Hits, Provider
from textual.content import Content
from textual.events import Click

from layerscope.text import decode, printable
from layerscope.tui.filters import Name, parse_filter
from layerscope.tui.searches import SearchError, find_names

if TYPE_CHECKING:
    from layerscope.tui.screen import ExplorerScreen

_T = TypeVar("_T")

#: No more paths are listed: nobody reads on.
_MOST: Final = 40
#: Of more matches than this, only the first are looked at.
_LOOKED_AT: Final = 2_000


class Commands(CommandPalette):
    """Textual's palette, without the two ways in which that of Textual 8.2 fails."""

    def _on_click(self, event: Click) -> None:  # type: ignore[override]  # as in the class above
        """A second click beside the palette comes when it has closed."""
        if self.is_current:
            super()._on_click(event)

    def _action_command_list(self, action: str) -> None:
        """A list without room for a line has no pages to turn."""
        with suppress(KeyError):
            super()._action_command_list(action)


class PathProvider(Provider):
    """The paths of all layers."""

    async def search(self, query: str) -> Hits:
        """The shortest paths whose names contain the query."""
        from layerscope.tui.screen import ExplorerScreen

        screen = self.app.screen_stack[0]
        if not isinstance(screen, ExplorerScreen) or screen.files.model is None or len(query) < 2:
            return
        model = screen.files.model
        wanted = parse_filter(query)
        if wanted.fault or wanted.name == Name():
            return
        try:
            hits = await _in_turn(find_names(model.lookups, wanted.name))
        except SearchError:
            return
        found: list[bytes] = []
        place = hits.find(1)
        while place >= 0 and len(found) < _LOOKED_AT:
            found.append(model.path(place))
            place = hits.find(1, place + 1)
        for number, path in enumerate(sorted(found, key=len)[:_MOST]):
            text = "/" + printable(decode(path))
            # Below the commands, which are few; the shortest path first.
            yield Hit(0.4 - number / 1000, Content(text), partial(_go, screen, path), text=text, help="go to this path")


async def _in_turn(work: Generator[None, None, _T]) -> _T:
    """Do work between the keys."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: _T = done.value
            return result
        await asyncio.sleep(0)


def _go(screen: ExplorerScreen, path: bytes) -> None:
    screen.go_anywhere(path)
