"""Widgets that keep the lines that they painted, sides and all."""

from __future__ import annotations

from typing import Self

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class Painted(Widget):
    """Has Textual paint its border and one line inside; what that has at its sides, all others get, too.

    Textual looks up all styles anew for each line, which takes longer than the line itself. For widgets without
    tint, opacity or hatch. Stands last among bases: Textual takes styles and keys of the first alone.
    """

    #: Painted lines by their place, of a widget of this size; None where all are to be painted.
    _painted: dict[int, Strip] | None = None
    _painted_size = Size(0, 0)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Paint anew what lies in the regions, which count from inside the border; all where there are none."""
        if repaint and not regions:
            self._painted = None
        elif repaint and self._painted:
            top = self.styles.gutter.top
            for y in (y for region in regions for y in region.line_range):
                self._painted.pop(y + top, None)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        """Other styles: paint all anew."""
        super().notify_style_update()
        self._painted = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of the widget; those that were painted before as they were."""
        size = self.outer_size
        if crop != size.region:
            return super().render_lines(crop)
        if self._painted is None or self._painted_size != size:
            self._painted, self._painted_size = {}, size
        missing = [y for y in range(size.height) if y not in self._painted]
        if missing:
            self._paint(missing, self._painted)
        return [self._painted[y] for y in range(size.height)]

    def _paint(self, lines: list[int], painted: dict[int, Strip]) -> None:
        """Paint some lines: the border, and the first inside it, as Textual does."""
        (width, height), gutter = self.outer_size, self.styles.gutter
        inside = [y for y in lines if gutter.top <= y < height - gutter.bottom]
        for y in [y for y in lines if y not in inside] + inside[:1]:
            painted[y] = super().render_lines(Region(0, y, width, 1))[0]
        if len(inside) < 2:
            return
        first = painted[inside[0]]
        left, right = list(first.crop(0, gutter.left)), list(first.crop(width - gutter.right, width))
        style, background, filters = self.rich_style, self.background_colors[1], self.get_line_filters()
        for y in inside[1:]:
            line = self.render_line(y - gutter.top).adjust_cell_length(width - gutter.width, style)
            segments: list[Segment] = list(line)
            for each in filters:
                segments = each.apply(segments, background)
            painted[y] = Strip([*left, *segments, *right], width)
