"""The columns beside the names of Files, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from layerscope.core.view import REMOVED
from layerscope.text import size
from layerscope.tui.cells import cut
from layerscope.tui.entrywords import Attributes, attributes
from layerscope.tui.filetree import FileTree, Order

if TYPE_CHECKING:
    from layerscope.tui.rows import Pieces

#: From this width of the pane on the first columns are shown, unless the user chose.
_WIDE: Final = 72
#: Columns are left out where a name would get fewer cells than this.
_NAME: Final = 12


class Column(NamedTuple):
    """A column by its name, with its width in cells; numbers stand on the right."""

    name: str
    width: int
    right: bool = False


#: In the order in which they are painted; the size and the link's target have places of their own.
COLUMNS: Final = (
    Column("permissions", 10),
    Column("owner", 9, right=True),
    Column("modified", 16),
    Column("type", 8),
    Column("layer", 5, right=True),
    Column("wasted", 9, right=True),
    Column("capabilities", 20),
)
SIZE: Final = "size"
TARGET: Final = "link target"
#: All that can be chosen.
CHOICES: Final = (*(column.name for column in COLUMNS[:2]), SIZE, *(column.name for column in COLUMNS[2:]), TARGET)
_FIRST: Final = frozenset({"permissions", "owner", SIZE, TARGET})
_FEW: Final = frozenset({SIZE, TARGET})


class Columns:
    """What the user chose to see: by itself what there is room for."""

    def __init__(self) -> None:
        self.chosen = _FIRST
        self.on: bool | None = None

    def shown(self, width: int) -> frozenset[str]:
        """The names of what is shown in a pane of this width, in cells."""
        return self.chosen if self.on or (self.on is None and width >= _WIDE) else self.chosen & _FEW

    def toggle(self, width: int) -> None:
        """Show all that are chosen, or the size alone."""
        self.on = not (self.on if self.on is not None else width >= _WIDE)

    def choose(self, names: frozenset[str]) -> None:
        """Show these."""
        self.chosen, self.on = names, True

    def painted(self, width: int) -> Iterator[Column]:
        """The columns in front of the size that fit."""
        names = self.shown(width)
        left = width - 2 - (9 if SIZE in names else 0) - _NAME
        for column in COLUMNS:
            if column.name in names and left >= column.width + 1:
                left -= column.width + 1
                yield column

    def width(self, width: int) -> int:
        """How many cells they take in a pane of this width, the size included."""
        taken = sum(column.width + 1 for column in self.painted(width))
        return taken + (9 if SIZE in self.shown(width) else 0)

    def pieces(self, tree: FileTree, position: int, version: int, width: int, tone: str) -> Pieces:
        """The columns of a row; nothing where the layers do not tell."""
        names = self.shown(width)
        columns = list(self.painted(width))
        if columns:
            found = attributes(tree.tree, version) if version >= 0 else Attributes()
            text = "".join(_cell(column, _text(column, found, tree, position, version)) for column in columns)
            yield (text, "dim")
        if SIZE in names:
            yield (_size_cell(tree, position), "" if tone else "dim")


def _size_cell(tree: FileTree, position: int) -> str:
    """The size, or what of it is wasted where that is what the rows are sorted by."""
    if tree.alone and tree.mark(position) == REMOVED:
        return " " * 9  # nobody knows yet what it was
    if tree.order is Order.WASTE:
        wasted = tree.lookups.waste.below(position)
        return f"{f'░{size(wasted)}' if wasted else '':>8} "
    return f"{size(tree.size(position)):>8} "


def _cell(column: Column, text: str) -> str:
    shown = cut(text, column.width)
    return (shown.rjust(column.width) if column.right else shown.ljust(column.width)) + " "


def _text(column: Column, found: Attributes, tree: FileTree, position: int, version: int) -> str:
    if column.name == "wasted":
        wasted = tree.lookups.waste.below(position)
        return f"░{size(wasted)}" if wasted else ""
    if column.name == "layer":
        return f"L{tree.tree.version_layer(version) + 1}" if version >= 0 and not tree.alone else ""
    texts = {
        "permissions": found.mode,
        "owner": found.owner,
        "modified": found.modified,
        "type": found.kind,
        "capabilities": found.capabilities,
    }
    return texts[column.name]
