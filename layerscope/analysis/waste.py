"""Waste items: which bytes no container can read, who made them so, and why."""

from __future__ import annotations

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

    def sorted_bundles(self) -> list[tuple[tuple[int, str], list[Bundle]]]:
        """One bundle per path and cause, the causes in order."""
        by_node: dict[int, list[int]] = {}
        for version in self._tree.wasted():
            by_node.setdefault(self._tree.version_node(version), []).append(version)
        for node, versions in by_node.items():
            self._sort_versions(node, set(versions))
        return [(cause, list(self._bundles[cause].values())) for cause in sorted(self._bundles)]

    def _sort_versions(self, node: int, wasted: set[int]) -> None:
        """Walk the versions of a path once, the newest first, and put each wasted one to its cause."""
        tree = self._tree
        copies = 0
        newer = -1
        found: list[tuple[int, int]] = []
        version = tree.newest(node)
        while version >= 0:
            copies += tree.kind(version) == FILE
            if version in wasted:
                found.append((version, newer))
            newer = version
            version = tree.older(version)
        for version, successor in found:
            self._add(version, successor, copies)

    def _add(self, version: int, successor: int, copies: int) -> None:
        tree = self._tree
        layer, code = tree.waster(version)
        reason = _REASONS[code]
        attributes: set[str] = set()
        if reason == OVERWRITTEN and self._same_bytes(version, successor, layer):
            reason = REWRITTEN
            attributes = self._changed(version, successor)
        ended = tree.ended(version) == layer
        # Bytes that outlived their own path are shown under the last name they had.
        node = tree.version_node(version if ended else tree.last_name(version))
        stored_in = tree.version_layer(version)
        bundles = self._bundles.setdefault((layer, reason), {})
        bundle = bundles.get(node)
        if bundle is None:
            bundle = bundles[node] = Bundle(node, 0, 1, copies, set(), set(), counted=False)
        bundle.bytes += tree.stored_size(version)
        bundle.stored_in.add(stored_in)
        bundle.attributes |= attributes
        bundle.counted |= ended and stored_in < layer

    def _same_bytes(self, version: int, successor: int, layer: int) -> bool:
        """Does the path, as the wasting layer stores it, hold the very bytes of the version before?"""
        tree = self._tree
        if successor < 0 or tree.version_layer(successor) != layer or tree.data(successor) < 0:
            return False
        if tree.size(version) != tree.size(successor):
            return False
        data = tree.data(successor)
        if tree.stored_size(version) != tree.stored_size(data):
            return False
        return self._digest(version) == self._digest(data)

    def _digest(self, version: int) -> bytes:
        return self._index.digest(self._tree.version_layer(version), self._tree.version_entry(version))

    def _changed(self, version: int, successor: int) -> set[str]:
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
        return {name for name, differs in changes.items() if differs}
