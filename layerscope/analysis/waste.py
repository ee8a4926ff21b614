"""Waste items: which bytes no container can read, who made them so, and why."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import groupby

from layerscope.analysis.model import DUPLICATE, HIDDEN, OVERWRITTEN, REMOVED, REPLACED, REWRITTEN, WasteItem
from layerscope.analysis.rollup import Bundle, Rollup
from layerscope.core import tree as core
from layerscope.core.tar import FILE
from layerscope.core.tree import ImageTree
from layerscope.index import ImageIndex
from layerscope.text import decode

_REASONS = {
    core.OVERWRITTEN: OVERWRITTEN,
    core.REMOVED: REMOVED,
    core.HIDDEN: HIDDEN,
    core.REPLACED: REPLACED,
    core.DUPLICATE: DUPLICATE,
}


def find_waste(index: ImageIndex) -> list[WasteItem]:
    """All waste of an image, largest first; the bytes of all items add up to the tree's wasted bytes.

    Contents are read where the same path was stored again with the same size, once each.
    """
    causes = _Causes(index).sorted_bundles()
    rollup = Rollup(index.tree, [(layer, bundles) for (layer, _), bundles in causes])
    items: list[WasteItem] = []
    for cause, bundles in rollup.bundles():
        (layer, reason), _ = causes[cause]
        items.extend(_item(index.tree, bundle, layer, reason) for bundle in bundles)
    items.sort(key=lambda item: (-item.bytes, item.path, item.wasted_by))
    return items


def _item(tree: ImageTree, bundle: Bundle, layer: int, reason: str) -> WasteItem:
    return WasteItem(
        path=decode(tree.path(bundle.node)) + ("/" if bundle.whole else ""),
        bytes=bundle.bytes,
        files=bundle.files,
        copies=bundle.copies,
        reason=reason,
        stored_in=tuple(sorted(bundle.stored_in)),
        wasted_by=layer,
        attributes=tuple(sorted(bundle.attributes)),
    )


class _Causes:
    """Sorts wasted versions by what wasted them: a layer and a reason."""

    def __init__(self, index: ImageIndex) -> None:
        self._index = index
        self._tree = index.tree
        self._bundles: dict[tuple[int, str], dict[int, Bundle]] = {}
        # Most bundles lie in one layer and changed the same attributes: they share the sets.
        self._layer_sets = [frozenset((layer,)) for layer in range(len(index.layers))]
        self._attribute_sets: dict[frozenset[str], frozenset[str]] = {}

    def sorted_bundles(self) -> list[tuple[tuple[int, str], list[Bundle]]]:
        """One bundle per path and cause, the causes in order."""
        wasted = sorted(self._tree.wasted(), key=self._tree.nodes.__getitem__)
        self._digest_candidates(wasted)
        for version, successor, copies in self._with_successors(wasted):
            self._add(version, successor, copies)
        return [(cause, list(self._bundles[cause].values())) for cause in sorted(self._bundles)]

    def _with_successors(self, wasted: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Each wasted version with the next newer one of its path (or -1), and how often the path is stored.

        ``wasted`` is in the order of the nodes; the versions of a path are walked once, the newest first.
        """
        tree = self._tree
        for node, group in groupby(wasted, key=tree.nodes.__getitem__):
            of_node = set(group)
            copies = 0
            newer = -1
            found: list[tuple[int, int]] = []
            version = tree.newest(node)
            while version >= 0:
                copies += tree.kind(version) == FILE
                if version in of_node:
                    found.append((version, newer))
                newer = version
                version = tree.older(version)
            for version, successor in found:
                yield version, successor, copies

    def _digest_candidates(self, wasted: Sequence[int]) -> None:
        """Digest what has to be compared, each layer from its front to its back."""
        tree = self._tree
        entries: list[array[int]] = [array("i") for _ in tree.layers]
        for version, successor, _ in self._with_successors(wasted):
            if self._may_be_same(version, successor):
                for data in (version, tree.data(successor)):
                    entries[tree.version_layer(data)].append(tree.version_entry(data))
        for layer, numbers in enumerate(entries):
            self._index.digest_all(layer, numbers)

    def _may_be_same(self, version: int, successor: int) -> bool:
        """Did the wasting layer store the path again as a file of the same size?"""
        tree = self._tree
        if successor < 0 or tree.data(successor) < 0 or not tree.stored_size(version):
            return False
        layer, code = tree.waster(version)
        return (
            code == core.OVERWRITTEN
            and tree.version_layer(successor) == layer
            and tree.size(version) == tree.size(successor)
            and tree.stored_size(version) == tree.stored_size(tree.data(successor))
        )

    def _add(self, version: int, successor: int, copies: int) -> None:
        tree = self._tree
        layer, code = tree.waster(version)
        reason = _REASONS[code]
        attributes: frozenset[str] = frozenset()
        if self._may_be_same(version, successor) and self._has_bytes_of(version, tree.data(successor)):
            reason = REWRITTEN
            attributes = self._changed(version, successor)
        ended = tree.ended(version) == layer
        # Bytes that outlived their own path are shown under the last name they had.
        node = tree.version_node(version if ended else tree.last_name(version))
        stored_in = tree.version_layer(version)
        bundles = self._bundles.setdefault((layer, reason), {})
        size = tree.stored_size(version)
        counted = ended and stored_in < layer
        bundle = bundles.get(node)
        if bundle is None:
            bundles[node] = Bundle(node, size, 1, copies, self._layer_sets[stored_in], attributes, counted)
        else:
            bundle.bytes += size
            bundle.stored_in |= self._layer_sets[stored_in]
            bundle.attributes |= attributes
            bundle.counted |= counted

    def _has_bytes_of(self, version: int, other: int) -> bool:
        """Are the bytes equal? Where a damaged layer lacks them they pass for different."""
        digest = self._digest(version)
        return bool(digest) and digest == self._digest(other)

    def _digest(self, version: int) -> bytes:
        return self._index.digest(self._tree.version_layer(version), self._tree.version_entry(version))

    def _changed(self, version: int, successor: int) -> frozenset[str]:
        """What tells two versions with the same bytes apart."""
        tree = self._tree
        old, new = tree.layers[tree.version_layer(version)], tree.layers[tree.version_layer(successor)]
        before, after = tree.version_entry(version), tree.version_entry(successor)
        changes = {
            "owner": (old.uid(before), old.gid(before)) != (new.uid(after), new.gid(after)),
            "mode": old.mode(before) != new.mode(after),
            "time": old.mtime(before) != new.mtime(after),
            "xattrs": old.xattrs(before) != new.xattrs(after),
        }
        names = frozenset(name for name, differs in changes.items() if differs)
        return self._attribute_sets.setdefault(names, names)
