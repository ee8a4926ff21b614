"""What a layer, or several in a row, changed: path by path, from the image tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import ImageTree
from layerscope.text import decode


class Kind(StrEnum):
    """What happened to a path."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """A path that is no directory, before and after; sizes in bytes, 0 where it is not there."""

    path: str
    kind: Kind
    size_before: int
    size_after: int


def list_changes(tree: ImageTree, first: int, last: int, below: str = "") -> Iterator[Change]:
    """What the layers ``first`` to ``last`` changed together, in no order; ``below`` limits it to a folder.

    A path that they wrote and removed again is no change. Linear in the paths below that folder.
    """
    start = tree.find(below.encode("utf-8", "surrogateescape"))
    waiting = [start] if start >= 0 else []
    while waiting:
        node = waiting.pop()
        waiting.extend(tree.children(node))
        kind = _kind(tree, node, first, last)
        if kind:
            yield Change(
                path=decode(tree.path(node)),
                kind=kind,
                size_before=_size(tree, _shown(tree, node, first - 1)),
                size_after=_size(tree, _shown(tree, node, last)),
            )


def count_changes(tree: ImageTree, first: int, last: int) -> dict[Kind, int]:
    """How many paths the layers ``first`` to ``last`` added, modified and removed together."""
    if first == last:
        return {
            Kind.ADDED: tree.added[first],
            Kind.MODIFIED: tree.modified[first],
            Kind.REMOVED: tree.removed[first],
        }
    counts = dict.fromkeys(Kind, 0)
    for node in range(tree.node_count):
        kind = _kind(tree, node, first, last)
        if kind:
            counts[kind] += 1
    return counts


def _kind(tree: ImageTree, node: int, first: int, last: int) -> Kind | None:
    before, after = _shown(tree, node, first - 1), _shown(tree, node, last)
    if before == after:
        return None
    if before < 0:
        return Kind.ADDED
    return Kind.MODIFIED if after >= 0 else Kind.REMOVED


def _shown(tree: ImageTree, node: int, layer: int) -> int:
    """The version of a path that a layer shows, -1 where there is none or it is a directory."""
    version = tree.version_at(node, layer) if layer >= 0 else -1
    return -1 if version >= 0 and tree.kind(version) == DIRECTORY else version


def _size(tree: ImageTree, version: int) -> int:
    return tree.size(version) if version >= 0 else 0
