"""How the screen is divided: shares that keys and the mouse change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.widget import Widget

#: No pane is made smaller than this (cells; rows).
_LEAST_WIDTH: Final = 14
_LEAST_HEIGHT: Final = 3


@dataclass(eq=False)
class Divider:
    """The border between two panes side by side, or one above the other, and where the user put it.

    ``share`` is what the resized pane takes of both, between 0 and 1; None leaves it to the style sheet.
    """

    first: Widget
    second: Widget
    resized: Widget
    upright: bool = True
    share: float | None = None
    _applied: str | None = None

    def is_at(self, x: int, y: int) -> bool:
        """Whether a place of the screen lies on the border."""
        one, two = self.first.region, self.second.region
        if not (self.first.is_on_screen and self.second.is_on_screen and one.area and two.area):
            return False
        if self.upright:
            return one.y <= y < one.bottom and x in (one.right - 1, two.x)
        return one.x < x < one.right - 1 and y == one.bottom - 1

    @property
    def _both(self) -> Region:
        return self.first.region.union(self.second.region)

    def drag(self, x: int, y: int) -> None:
        """Put the border where the mouse is."""
        both = self._both
        done = x - both.x + 1 if self.upright else y - both.y + 1
        self._set(done if self.resized is self.first else self._length - done)

    def nudge(self, cells: int) -> None:
        """Make the resized pane larger or smaller."""
        if self._length:
            now = self.resized.region.width if self.upright else self.resized.region.height
            self._set(now + cells)

    @property
    def _length(self) -> int:
        return self._both.width if self.upright else self._both.height

    def _set(self, cells: int) -> None:
        least = _LEAST_WIDTH if self.upright else _LEAST_HEIGHT
        length = self._length
        if length >= 2 * least:
            # A little more than the share, which is rounded down to cells.
            self.share = (max(least, min(cells, length - least)) + 0.01) / length
            self.apply()

    def apply(self, *, free: bool = True) -> None:
        """Give the pane its share; what the style sheet says where the user has not chosen, or not ``free``."""
        wanted = f"{self.share * 100:.4f}%" if self.share is not None and free else None
        if wanted == self._applied:
            return  # setting a style lays out everything anew, whether it changes or not
        self._applied = wanted
        if self.upright:
            self.resized.styles.width = wanted
        else:
            self.resized.styles.height = wanted
            self.resized.styles.max_height = wanted and "100%"
