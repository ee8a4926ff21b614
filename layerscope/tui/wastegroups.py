"""Waste items in groups: which rows a list of them has, without a screen."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from layerscope.text import printable
from layerscope.tui.wastefilter import find_waste

if TYPE_CHECKING:
    from layerscope.analysis.model import WasteItem

#: Folders above an item that name its group.
_LEVELS: Final = 2


class Grouping(Enum):
    """What the items of a group have in common; the value is the word for it."""

    BYTES = "bytes"
    LAYER = "layer"
    DIRECTORY = "directory"
    REASON = "reason"


def _directory(item: WasteItem) -> str:
    """The folder that an item lies in, its upper levels only, with a slash in front: ``/var/lib``."""
    above = item.path.rstrip("/").split("/")[:-1]
    return "/" + "/".join(above[:_LEVELS])


_KEYS: Final[dict[Grouping, Callable[[WasteItem], int | str]]] = {
    Grouping.LAYER: lambda item: item.wasted_by,
    Grouping.DIRECTORY: _directory,
    Grouping.REASON: lambda item: item.reason,
}


@dataclass(slots=True, eq=False)
class Group:
    """Items that have something in common: a layer that made them waste, a folder, a reason.

    ``key`` is the layer's number (from 0), the folder's path (not printable), or the reason.
    """

    key: int | str
    bytes: int = 0
    files: int = 0
    items: array[int] = field(default_factory=lambda: array("i"))

    @property
    def name(self) -> str:
        """The key for people, printable."""
        return f"layer {self.key + 1}" if isinstance(self.key, int) else printable(self.key)


class WasteRows:
    """The rows of a list of waste items: all of them, or groups that fold.

    ``items`` come largest first, and stay so within a group; groups are sorted by their bytes, and
    folded at first. A row is the number of an item, or ``-1 - number`` of a group; ``needle`` is what
    was looked for, ``marked`` the text in it that the paths have, ``fault`` what of it was not
    understood. What ``prepare`` made, another grouping or order only puts together.
    """

    def __init__(self, items: Sequence[WasteItem] = ()) -> None:
        self.items = items
        self.grouping = Grouping.BYTES
        self.backwards = False
        self.groups: list[Group] = []
        self.total = sum(item.bytes for item in items)
        self.needle = self.marked = self.fault = ""
        #: The items that are shown: all, or those that were looked for.
        self.numbers: array[int] = array("i", range(len(items)))
        self.rows: array[int] = array("i", self.numbers)
        self._folded: set[int | str] = set()
        self._group_of: array[int] = array("i")
        self._made: dict[Grouping, tuple[list[Group], array[int]]] = {}

    def prepare(self) -> None:
        """What other groupings would otherwise wait for: one pass over the items for each."""
        for grouping in _KEYS:
            self._groups(grouping)

    def group_by(self, grouping: Grouping, *, backwards: bool = False) -> None:
        """Put the items in other groups, all of them folded; or turn around those that there are."""
        self.backwards = backwards
        if grouping is not self.grouping:
            self.grouping = grouping
            self._regroup()
        self._collect()

    def search(self, text: str) -> None:
        """Only the items that a text asks for, in open groups; all when it is empty."""
        self.needle = text.strip()
        self.numbers, self.marked, self.fault = find_waste(self.items, self.needle)
        self._regroup()
        self._collect()

    def _regroup(self) -> None:
        self.groups, self._group_of = [], array("i")
        if self.grouping is not Grouping.BYTES:
            self.groups, self._group_of = self._groups(self.grouping)
        self._folded = set() if self.needle else {group.key for group in self.groups}

    def _groups(self, grouping: Grouping) -> tuple[list[Group], array[int]]:
        """The groups, and by item the number of its own; kept unless they are of some items only."""
        if self.needle:
            return self._make_groups(_KEYS[grouping])
        if grouping not in self._made:
            self._made[grouping] = self._make_groups(_KEYS[grouping])
        return self._made[grouping]

    def _make_groups(self, key_of: Callable[[WasteItem], int | str]) -> tuple[list[Group], array[int]]:
        found: dict[int | str, Group] = {}
        for number in self.numbers:
            item = self.items[number]
            key = key_of(item)
            group = found.get(key)
            if group is None:
                group = found[key] = Group(key)
            group.bytes += item.bytes
            group.files += item.files
            group.items.append(number)
        groups = sorted(found.values(), key=lambda group: -group.bytes)
        group_of = array("i", bytes(4 * len(self.items)))
        for place, group in enumerate(groups):
            for number in group.items:
                group_of[number] = place
        return groups, group_of

    def _collect(self) -> None:
        step = -1 if self.backwards else 1
        self.rows = array("i")
        if self.grouping is Grouping.BYTES:
            self.rows.extend(self.numbers[::step])
            return
        for place in range(len(self.groups))[::step]:
            group = self.groups[place]
            self.rows.append(-1 - place)
            if group.key not in self._folded:
                self.rows.extend(group.items[::step])

    def group_at(self, row: int) -> int:
        """The group whose heading a row is; -1 where it is an item."""
        return -1 - self.rows[row] if self.rows[row] < 0 else -1

    def item_at(self, row: int) -> WasteItem | None:
        """The item in a row; None where it is a heading, or where there is no row."""
        return self.items[self.rows[row]] if 0 <= row < len(self.rows) and self.rows[row] >= 0 else None

    def heading_of(self, row: int) -> int:
        """The row of the heading above a row, or the row itself; -1 without groups."""
        if not self.groups or not 0 <= row < len(self.rows):
            return -1
        number = self.rows[row]
        return row if number < 0 else self.rows.index(-1 - self._group_of[number])

    def row_of(self, number: int) -> int:
        """The row with an item's number, or with the heading of the group it is folded in; 0 if neither."""
        if number >= 0 and self.groups and self.is_folded(self._group_of[number]):
            number = -1 - self._group_of[number]
        return self.rows.index(number) if number in self.rows else 0

    def is_folded(self, group: int) -> bool:
        """Whether a group shows its heading alone."""
        return self.groups[group].key in self._folded

    def toggle(self, group: int) -> None:
        """Fold or unfold a group."""
        self._folded ^= {self.groups[group].key}
        self._collect()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold all groups."""
        self._folded = {group.key for group in self.groups} if folded else set()
        self._collect()
