"""Words in a border that are painted alone: Textual paints the whole widget for them, changed or not."""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Captioned(Widget):
    """Has heading and caption in its border. Stands last among bases: Textual takes styles and keys of the first."""

    _heading = Content("")
    _caption = ""
    #: The line, counted from inside the border, that is all that changes.
    _line: int | None = None

    @property
    def heading(self) -> Content:
        """What stands in the top border."""
        return self._heading

    @heading.setter
    def heading(self, words: Content) -> None:
        if not words.is_same(self._heading):
            self._heading = words
            self._line = -1
            self.border_title = words
            self._line = None

    @property
    def caption(self) -> str:
        """What stands in the bottom border."""
        return self._caption

    @caption.setter
    def caption(self, words: str) -> None:
        if words != self._caption:
            self._caption = words
            self._line = self.size.height
            self.border_subtitle = Content(words)
            self._line = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As ever, but for words in the border."""
        if self._line is not None:
            regions = (Region(-1, self._line, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
