"""Which layers the explorer looks at: one, all up to one, or a range."""

from __future__ import annotations

from typing import NamedTuple


class Selection(NamedTuple):
    """The layer under the cursor and what its changes are compared with; layers start at 0."""

    layer: int = 0
    upto: bool = False
    anchor: int | None = None

    @property
    def first(self) -> int:
        """The files are compared with what was there before this layer.

        Up-to-here leaves the lowest layer out, as dive does: what all the others changed in it.
        """
        if self.anchor is not None:
            return min(self.anchor, self.layer)
        return min(1, self.layer) if self.upto else self.layer

    @property
    def last(self) -> int:
        """The files are shown as they are after this layer."""
        return self.layer if self.anchor is None else max(self.anchor, self.layer)

    @property
    def words(self) -> str:
        """What the marks mean, for a border."""
        if self.first == self.last:
            return "changes in this layer"
        return f"changes of layers {self.first + 1}-{self.last + 1}"

    def moved(self, layer: int) -> Selection:
        """The same question asked of another layer."""
        return self._replace(layer=layer)

    def ranged(self) -> Selection:
        """A range starts at this layer, or the range is given up."""
        return self._replace(anchor=self.layer if self.anchor is None else None)

    def covers(self, layer: int) -> bool:
        """Whether the changes of a layer are among those shown."""
        return self.first <= layer <= self.last
