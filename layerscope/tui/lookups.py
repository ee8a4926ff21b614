"""What searches and orders look things up in: made once for an image, in steps, when first needed."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from layerscope.core.names import NameJoin
from layerscope.core.search import RareMarks, SizeClasses
from layerscope.core.wastemap import WasteMap

if TYPE_CHECKING:
    from layerscope.core.outline import Outline


class Lookups:
    """Columns over all paths of an outline that do not depend on the layers that are looked at."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.waste = WasteMap(outline)
        self._names: dict[bool, NameJoin] = {}
        self._rare: bytearray | None = None
        self._sizes: bytearray | None = None

    def prepare(self) -> Generator[None]:
        """What the first filter and the first order by waste would otherwise wait for."""
        while self.waste.step():
            yield
        yield from self.names(True)
        yield from self.rare()
        yield from self.sizes()

    def names(self, fold_case: bool) -> Generator[None, None, NameJoin]:
        """All names, small letters only if asked for."""
        if fold_case not in self._names:
            join = NameJoin(self.outline, fold_case)
            while join.step():
                yield
            self._names[fold_case] = join
        return self._names[fold_case]

    @property
    def names_kept(self) -> list[bytes]:
        """The texts that names are looked for in."""
        return [join.joined for join in self._names.values()]

    def rare(self) -> Generator[None, None, bytearray]:
        """Where the kinds and modes lie that are rare."""
        if self._rare is None:
            marks = RareMarks(self.outline)
            while marks.step():
                yield
            self._rare = marks.mask
        return self._rare

    def sizes(self) -> Generator[None, None, bytearray]:
        """The size class of each path."""
        if self._sizes is None:
            found = SizeClasses(self.outline)
            while found.step():
                yield
            self._sizes = found.classes
        return self._sizes
