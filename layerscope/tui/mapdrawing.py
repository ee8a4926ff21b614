"""Areas drawn in cells: boxes of lines around names, boxes within boxes, waste shaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from layerscope.text import printable, size
from layerscope.tui.cells import cut
from layerscope.tui.treemap import Box, lay_out

if TYPE_CHECKING:
    from layerscope.tui.mapmodel import ImageMap, Part

#: Parts of one folder that have an area: nobody sees more.
MOST: Final = 400
#: A box with less room inside shows nothing of what is in it (cells; rows); nor do more levels than this.
_ROOM: Final = (12, 3)
_LEVELS: Final = 4


def label(part: Part) -> str:
    """The name of a part, printable."""
    name = printable(part.name)
    if part.layer >= 0:
        return f"{part.layer + 1} {name}"
    return f"{name}/" if part.holds else name


class Drawing:
    """A canvas of cells."""

    def __init__(self, width: int, height: int) -> None:
        self._canvas = [[" "] * width for _ in range(height)]

    def lines(self) -> list[str]:
        """What was drawn, line by line."""
        return ["".join(line) for line in self._canvas]

    def put(self, model: ImageMap, boxes: Iterable[tuple[Box, Part]]) -> None:
        """Draw parts in their boxes, and in those what is in them."""
        waiting = [(box, part, 1) for box, part in boxes]
        while waiting:
            box, part, level = waiting.pop()
            if not (box.width and box.height):
                continue
            inner = Box(box.x + 1, box.y + 1, box.width - 2, box.height - 2)
            name, parts = label(part), []
            if level < _LEVELS and inner.width >= _ROOM[0] and inner.height >= _ROOM[1]:
                parts = model.inside(part)[:MOST]
                while len(parts) == 1 and parts[0].holds and cell_len(name) < inner.width:
                    # Folders with nothing but a folder in them share its box.
                    name += label(parts[0])
                    parts = model.inside(parts[0])[:MOST]
            self._frame(box, part, name, bare=bool(parts))
            within = lay_out([each.bytes for each in parts], inner.width, inner.height)
            for laid, each in zip(within, parts, strict=False):
                moved = Box(inner.x + laid.x, inner.y + laid.y, laid.width, laid.height)
                waiting.append((moved, each, level + 1))

    def _frame(self, box: Box, part: Part, name: str, *, bare: bool) -> None:
        """Lines around the name, and the size inside unless that is to stay bare."""
        fill = "░" if part.wasted * 2 > part.bytes else " "
        inner = box.width - 2
        for y in range(box.y, box.y + box.height):
            line = "│"
            if box.width >= 4 and box.height >= 2:
                if y == box.y:
                    line = _padded(f"┌{_title(name, part.bytes if bare else -1, inner)}", "─", box.width - 1) + "┐"
                elif y == box.y + box.height - 1:
                    line = "└" + "─" * inner + "┘"
                else:
                    told = size(part.bytes) if y == box.y + 1 and inner >= 8 and not bare else ""
                    line = f"│{_padded(told, fill, inner)}│"
            elif box.width >= 2:
                line = f"[{_padded(cut(name, inner) if box.width >= 4 else '', fill, inner)}]"
            self._write(box.x, y, line)

    def _write(self, x: int, y: int, text: str) -> None:
        """Write into a line of cells; a letter two cells wide leaves the second one empty."""
        line = self._canvas[y]
        for letter in text:
            if x >= len(line):
                return
            line[x] = letter
            if cell_len(letter) == 2 and x + 1 < len(line):
                x += 1
                line[x] = ""
            x += 1


def _title(name: str, count: int, width: int) -> str:
    """The name, and the number of bytes where there is one (not negative) and room for it."""
    told = f" {size(count)} " if count >= 0 else ""
    return name + told if cell_len(name) + len(told) < width else cut(name, width - 1)


def _padded(text: str, filling: str, width: int) -> str:
    return text + filling * max(0, width - cell_len(text))
