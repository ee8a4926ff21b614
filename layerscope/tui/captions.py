"""Words in a bottom border that are painted alone: Textual paints the whole widget for them, changed or not."""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Captioned(Widget):
    """Has a caption in its bottom border. Stands last among bases: Textual takes styles and keys of the first alone."""

    _caption = ""
    _is_captioning = False

    @property
    def caption(self) -> str:
        """What stands there."""
        return self._caption

    @caption.setter
    def caption(self, words: str) -> None:
        if words != self._caption:
            self._caption = words
            self._is_captioning = True
            self.border_subtitle = Content(words)
            self._is_captioning = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As ever, but for a caption."""
        if self._is_captioning:
            regions = (Region(-1, self.size.height, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
