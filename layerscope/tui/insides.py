"""Files that can be looked into: those of the whole image, or of what has come of it by now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from layerscope.core.tar import OTHER
from layerscope.tui.entrywords import versions

if TYPE_CHECKING:
    from layerscope.core.outline import Outline
    from layerscope.core.tree import ImageTree
    from layerscope.sources.model import Layer

#: Where the bytes of what a layer removes are, as long as nobody has seen them.
BELOW = "what this layer removes lies in layers below, which are still being read"


class Openable(Protocol):
    """A tree of files, and what opens the layers that it is made of."""

    @property
    def tree(self) -> ImageTree:
        """All paths with their versions."""

    def described(self, layer: int) -> Layer:
        """A layer of the tree as its source has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What the files on the screen are made of (an ``Openable``).

    ``outline`` is that of the tree. ``so_far`` tells that other layers will lie on these, ``alone`` that those below
    the last one are not known, ``numbered`` that the last one has its number. ``lock`` is held while going
    through the names of a folder, as the tree grows.
    """

    tree: ImageTree
    outline: Outline
    describe: Callable[[int], Layer]
    so_far: bool = False
    alone: bool = False
    numbered: bool = True
    lock: AbstractContextManager[object] | None = None

    def described(self, layer: int) -> Layer:
        """A layer of the tree as its source has it."""
        return self.describe(layer)


def same_version(tree: ImageTree, version: int, other: ImageTree, node: int) -> int:
    """The version of a path in another tree that is the same entry of the same layer; -1 where there is none.

    For what a layer that was looked at alone removes, it is what that layer finds there.
    """
    if version < 0 or tree is other:
        return version
    below = lies_below(tree, version)
    layer = tree.layers[-1 if below else tree.version_layer(version)]
    number = next((number for number, each in enumerate(other.layers) if each is layer), -1)
    if below:
        return other.version_at(node, number - 1) if number > 0 else -1
    there = (step for step in versions(other, node) if other.version_layer(step) == number)
    return next((step for step in there if other.version_entry(step) == tree.version_entry(version)), -1)


def lies_below(tree: ImageTree, version: int) -> bool:
    """Whether only the name of a version is known: a layer that was looked at alone removes it."""
    return tree.kind(version) == OTHER and tree.version_entry(version) < 0
