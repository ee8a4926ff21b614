"""Which folders of a file tree are folded: by the user, for the changes of a layer, over a filter's matches."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from layerscope.core.rows import both, without
from layerscope.core.view import UNCHANGED

if TYPE_CHECKING:
    from layerscope.core.outline import Outline
    from layerscope.core.rows import RowMap
    from layerscope.core.view import View

#: With more matches than this, a filter leaves folders folded: nobody reads that many rows.
OPEN_MATCHES: Final = 5_000

#: Folders of which is remembered one by one what the user did to them, when other files take their place.
_FOLLOWED: Final = 1_000

#: What the user did to a folder: nothing, folded it, unfolded it.
_FOLDED, _UNFOLDED = 1, 2


class Folds:
    """A mask of folded folders; while a filter is on, one of its own that is dropped with it."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._folded = bytearray(outline.folder_mask)
        self._filter_folded: bytearray | None = None
        self._choices = bytearray(len(outline))
        #: All folders but those that the user unfolded; None where that is to be found out.
        self._unchosen: bytearray | None = None

    def follow(self, other: Folds, place: Callable[[int], int]) -> None:
        """Take over what the user folded and unfolded elsewhere; ``place`` is where a folder is here, or -1."""
        folders, choices = other._outline.folder_mask, other._choices
        chosen = {
            choice: both(choices.translate(bytes(each == choice for each in range(256))), folders)
            for choice in (_FOLDED, _UNFOLDED)
        }
        common = max(chosen, key=lambda choice: chosen[choice].count(1))
        if chosen[common].count(1) > _FOLLOWED:
            self.fold_all(common == _FOLDED)  # as the user did
            del chosen[common]
        for choice, mask in chosen.items():
            position, left = mask.find(1), _FOLLOWED
            while position >= 0 and left:
                here = place(position)
                if here >= 0 and self._outline.folder_mask[here]:
                    self._choices[here] = choice
                    self._folded[here] = choice == _FOLDED
                position, left = mask.find(1, position + 1), left - 1
        self._unchosen = None

    @property
    def mask(self) -> bytearray:
        """1 for each folder that is folded."""
        return self._folded if self._filter_folded is None else self._filter_folded

    def toggle(self, position: int) -> None:
        """Fold or unfold a folder."""
        self.mask[position] ^= 1
        if self._filter_folded is None:
            self._choices[position] = _FOLDED if self._folded[position] else _UNFOLDED
            self._unchosen = None

    def unfold_above(self, position: int) -> bool:
        """Unfold what a position lies in; whether anything was folded."""
        changed, folds = False, self.mask
        parent = self._outline.parent(position)
        while parent >= 0:
            changed = changed or bool(folds[parent])
            folds[parent] = 0
            parent = self._outline.parent(parent)
        return changed

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold every folder."""
        self._fold_to(bytearray(self._outline.folder_mask) if folded else bytearray(len(self._outline)))

    def fold_level(self, level: int) -> None:
        """Unfold ``level`` levels of folders (up to 255) and fold all below."""
        deep = self._outline.depths.translate(bytes(depth >= level for depth in range(256)))
        self._fold_to(both(deep, self._outline.folder_mask))

    def _fold_to(self, folds: bytearray) -> None:
        if self._filter_folded is None:
            self._folded = folds
            self._choices = folds.translate(bytes([_UNFOLDED, _FOLDED]) + bytes(254))
            self._unchosen = None
        else:
            self._filter_folded = folds

    def drop_filter(self) -> None:
        """No filter is on: what was folded before it is so again."""
        self._filter_folded = None

    def open_hits(self, hits: bytearray, count: int) -> None:
        """A filter is on: what lies above its matches is open, unless they are very many."""
        folds = self._filter_folded = bytearray(self._outline.folder_mask)
        hit = hits.find(1) if count <= OPEN_MATCHES else -1
        while hit >= 0:
            parent = self._outline.parent(hit)
            while parent >= 0 and folds[parent]:
                folds[parent] = 0
                parent = self._outline.parent(parent)
            hit = hits.find(1, hit + 1)

    def open_changes(self, view: View, rows: RowMap, height: int) -> None:
        """Unfold the folders with the largest changes first, while there is room for their rows."""
        if self._unchosen is None:
            chosen = self._choices.translate(bytes(choice == _UNFOLDED for choice in range(256)))
            self._unchosen = without(self._outline.folder_mask, chosen)
        self._folded = bytearray(self._unchosen)
        waiting: list[tuple[int, int]] = []
        room = height - self._children(view, rows, (0, len(self._outline)), height, waiting)
        while waiting and room > 0:
            _size, head = heappop(waiting)
            position = rows.innermost(head)
            if self._choices[position] == _FOLDED:
                continue
            below: list[tuple[int, int]] = []
            count = self._children(view, rows, (position + 1, self._outline.ends[position]), room, below)
            if count <= room:
                self._folded[position] = 0
                room -= count
                for folder in below:
                    heappush(waiting, folder)

    def _children(
        self, view: View, rows: RowMap, span: tuple[int, int], limit: int, folders: list[tuple[int, int]]
    ) -> int:
        """How many rows siblings take, counted to just over the limit; changed folders go on the heap."""
        count, (start, stop) = 0, span
        start = rows.keep.find(1, start, stop)
        while start >= 0 and count <= limit:
            end = self._outline.ends[start]
            count += 1
            if self._outline.folder_mask[start] and view.mark(start) != UNCHANGED:
                heappush(folders, (-view.size(start), start))
            start = rows.keep.find(1, end, stop)
        return count
