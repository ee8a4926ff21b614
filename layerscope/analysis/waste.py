"""Waste items: which bytes no container can read, who made them so, and why."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from layerscope.analysis.model import DUPLICATE, HIDDEN, OVERWRITTEN, REMOVED, REPLACED, REWRITTEN, WasteItem
from layerscope.core import tree as core
from layerscope.core import waste as bundles
from layerscope.core.rollup import Rollup
from layerscope.core.sorting import StepSort
from layerscope.core.tree import ImageTree
from layerscope.core.waste import Bundle, WastedVersions
from layerscope.index import ImageIndex
from layerscope.text import decode

_REASONS = {
    core.OVERWRITTEN: OVERWRITTEN,
    core.REMOVED: REMOVED,
    core.HIDDEN: HIDDEN,
    core.REPLACED: REPLACED,
    core.DUPLICATE: DUPLICATE,
    bundles.REWRITTEN: REWRITTEN,
}
_ATTRIBUTES = {bundles.MODE: "mode", bundles.OWNER: "owner", bundles.TIME: "time", bundles.XATTRS: "xattrs"}


def find_waste(index: ImageIndex) -> list[WasteItem]:
    """All waste of an image, largest first; the bytes of all items add up to the tree's wasted bytes.

    Contents are read where the same path was stored again with the same size, once each.
    """
    wasted = WastedVersions(index.tree)
    while wasted.step():
        pass
    _compare_contents(index, wasted)
    while wasted.bundle():
        pass
    causes = sorted(wasted.causes)
    rollup = Rollup(index.tree, [layer for layer, _ in causes], [wasted.causes[cause] for cause in causes])
    del wasted  # bundles and items would be the most memory that an image of much waste takes
    while rollup.step():
        pass
    items: list[WasteItem] = []
    for (layer, reason), merged in zip(causes, rollup.merged, strict=True):
        while merged:
            items.append(_item(index.tree, merged.pop(), layer, _REASONS[reason]))
    return _largest_first(items)


def _largest_first(items: list[WasteItem]) -> list[WasteItem]:
    """Sorted by bytes, then path, then who wasted them: in steps, as one sort of very many would hold up a screen."""
    # Layer and place in one number: this is when an image of much waste takes the most memory.
    sorting = StepSort([(-item.bytes, item.path, (item.wasted_by << 32) + n) for n, item in enumerate(items)])
    while sorting.step():
        pass
    return [items[place & 0xFFFFFFFF] for _bytes, _path, place in sorting.items]


def _item(tree: ImageTree, bundle: Bundle, layer: int, reason: str) -> WasteItem:
    return WasteItem(
        path=decode(tree.path(bundle.node)) + ("/" if bundle.whole else ""),
        bytes=bundle.bytes,
        files=bundle.files,
        copies=bundle.copies,
        reason=reason,
        stored_in=tuple(_bits(bundle.stored_in)),
        wasted_by=layer,
        attributes=tuple(sorted(name for bit, name in _ATTRIBUTES.items() if bundle.attributes & bit)),
    )


def _bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _compare_contents(index: ImageIndex, wasted: WastedVersions) -> None:
    """Digest what has to be compared, each layer from its front to its back, and tell what is the same."""
    tree = index.tree
    entries: list[array[int]] = [array("i") for _ in tree.layers]
    for number in wasted.candidates:
        for version in wasted.pair(number):
            entries[tree.version_layer(version)].append(tree.version_entry(version))
    for layer, numbers in enumerate(entries):
        index.digest_all(layer, numbers)
    for number in wasted.candidates:
        old, new = (
            tree.layers[tree.version_layer(version)].digest(tree.version_entry(version))
            for version in wasted.pair(number)
        )
        wasted.same[number] = bool(old) and old == new
