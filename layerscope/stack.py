"""Layers on top of each other as they arrive: the tree of an image whose reading still goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from layerscope.core.layer import LayerIndex
from layerscope.core.merge import LayerMerge
from layerscope.core.tree import ImageTree


class LayerStack:
    """Merges the lowest layers, each once, as far as they have arrived without a gap.

    Whoever reads offers layers and concludes; meanwhile another thread may ``step``. ``tree`` grows by that:
    what it says of merged layers stays true, whatever comes on top of them. Who looks through the whole tree
    holds ``lock`` (and lets go of it soon once ``closed``); a question about one path needs none.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tree = ImageTree()
        #: Whether reading is over, and whoever looks at the stack should leave the lock to who concludes.
        self.closed = False
        self._layers: Sequence[LayerIndex | None] = ()
        self._merge: LayerMerge | None = None

    def offer(self, layers: Sequence[LayerIndex | None]) -> None:
        """The layers as far as they are known, the oldest first; None where one has not arrived."""
        self._layers = layers

    def step(self) -> bool:
        """With the lock held, do a bounded piece of merging; False when all that arrived is merged."""
        layers = self._layers
        merged = self.tree.layers
        if len(merged) > len(layers) or any(layer is not layers[place] for place, layer in enumerate(merged)):
            # Other documents tell of another order: what was merged is not what lies at the bottom.
            self.tree, self._merge = ImageTree(), None
        if self._merge is not None:
            if self._merge.step():
                return True
            self._merge = None
        place = len(self.tree.layers)
        layer = layers[place] if place < len(layers) else None
        if layer is None:
            return False
        self._merge = LayerMerge(self.tree, layer)
        return True

    def conclude(self, layers: Sequence[LayerIndex], merged: Callable[[int, int], None] | None = None) -> ImageTree:
        """Merge what is left of the layers of the whole image; ``merged`` is told of each, and how many there are."""
        self.closed = True
        self.offer(layers)
        told, going = 0, True
        with self.lock:
            while going:
                going = self.step()
                done = len(self.tree.layers) - (self._merge is not None)
                while merged is not None and told < done:
                    merged(told, len(layers))
                    told += 1
        return self.tree
