"""Rolling waste up: a subtree that goes as a whole is one bundle with its top path."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from layerscope.core.contents import ContentCount
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import NONE, ImageTree
from layerscope.core.waste import Bundle

#: Bundles or directories per step: some milliseconds.
_STEP: Final = 8192


class _Directory:
    """What one cause wasted right below a directory."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []
        self.empty_files: int = 0
        self.counted: int = 0

    def add(self, bundle: Bundle) -> None:
        """Take a bundle in; empty files are counted, and are no waste on their own."""
        if not bundle.bytes:
            self.empty_files += 1
            return
        self.bundles.append(bundle)
        if bundle.counted:
            self.counted += 1


class Rollup:
    """Merges bundles, one cause after the other, in bounded steps; all is linear in the bundles.

    A directory becomes one item when it went itself, or when all that it visibly held went at the
    same time for the same reason and that is more than one item. ``layers`` tells the wasting layer
    of each cause; ``merged`` has the merged bundles of each, complete when ``step`` says False.
    ``causes`` is emptied on the way: there may be a million bundles.
    """

    def __init__(self, tree: ImageTree, layers: list[int], causes: list[list[Bundle]]) -> None:
        self.merged: list[list[Bundle]] = []
        self._tree = tree
        self._layers = layers
        self._causes = causes
        self._depths: dict[int, int] = {0: 0}
        # By layer, the directories whose contents just before it matter.
        self._asked: list[set[int]] = [set() for _ in tree.layers]
        self._count: ContentCount | None = None
        self._cause: int = 0
        self._next: int = 0
        self._done: list[Bundle] = []
        self._levels: list[dict[int, _Directory]] = []
        self._settling: list[int] = []  # the directories of the deepest level, those not yet settled

    def step(self) -> bool:
        """Do a bounded piece of the work; False when it is done."""
        if self._count is None:
            self._ask()
        elif self._count.step():
            pass
        elif self._cause == len(self._causes):
            return False
        elif self._next < len(self._causes[self._cause]):
            self._add()
        elif len(self._levels) > 1:
            self._settle_some()
        else:
            self._conclude()
        return True

    def _ask(self) -> None:
        """Find out what is to be counted."""
        if self._cause == len(self._causes):
            self._cause = 0
            self._count = ContentCount(self._tree, self._asked)
            return
        parents = self._tree.parents
        wanted = self._asked[self._layers[self._cause]]
        bundles = self._causes[self._cause]
        last: i64 = -1
        for bundle in bundles[self._next : self._next + _STEP]:
            node: i64 = parents[bundle.node]
            if node == last:
                continue
            last = node
            while node > 0 and node not in wanted:
                wanted.add(node)
                node = parents[node]
        self._next += _STEP
        if self._next >= len(bundles):
            self._cause += 1
            self._next = 0

    def _add(self) -> None:
        """Put bundles of the cause to their directories."""
        last: i64 = -1
        directory = _Directory()
        for bundle in self._causes[self._cause][self._next : self._next + _STEP]:
            parent: i64 = self._tree.parents[bundle.node] if bundle.node > 0 else 0
            if parent != last:
                directory = self._directory(parent)
                last = parent
            directory.add(bundle)
        self._next += _STEP

    def _settle_some(self) -> None:
        """Decide over directories of the deepest level; when it has no more, go one level up."""
        level = self._levels[-1]
        if not self._settling:
            self._settling = list(level)
        for node in self._settling[-_STEP:]:
            self._settle(self._layers[self._cause], node, level[node])
        del self._settling[-_STEP:]
        if not self._settling:
            self._levels.pop()

    def _conclude(self) -> None:
        """The bundles of one cause are merged: what the root itself holds stays as it is."""
        for level in self._levels:
            for directory in level.values():
                self._done.extend(directory.bundles)
        self.merged.append(self._done)
        self._causes[self._cause] = []
        self._levels = []
        self._done = []
        self._cause += 1
        self._next = 0

    def _directory(self, node: int) -> _Directory:
        """What is known of a directory, by its depth and its node."""
        depth = self._depth(node)
        while len(self._levels) <= depth:
            self._levels.append({})
        level = self._levels[depth]
        found = level.get(node)
        if found is None:
            found = _Directory()
            level[node] = found
        return found

    def _settle(self, layer: int, node: int, directory: _Directory) -> None:
        """Decide over one directory: hand what it holds to its parent, or leave its items as they are."""
        went = self._went(node, layer)
        all_went = directory.counted > 0 and directory.counted == self._held(layer, node)
        if not went and not all_went:
            self._done.extend(directory.bundles)
            return
        bundles = directory.bundles
        top = went and not self._went(self._tree.parents[node], layer)
        if len(bundles) > 1 or (bundles and top):
            bundles = [_merged(node, bundles, directory.empty_files)]
            directory.empty_files = 0
        parent = self._directory(self._tree.parents[node])
        parent.bundles.extend(bundles)
        parent.empty_files += directory.empty_files
        if all_went:
            parent.counted += 1

    def _held(self, layer: int, node: int) -> int:
        """How many children with bytes the directory had just before the layer."""
        return self._count.held[layer].get(node, 0) if self._count is not None else 0

    def _went(self, node: int, layer: int) -> bool:
        """Did the directory itself end in that layer, and was not made again there?"""
        tree = self._tree
        version: i64 = tree.newest_versions[node]
        while version >= 0 and tree.version_layers[version] >= layer:
            if tree.version_layers[version] == layer:
                return False
            version = tree.olders[version]
        return (
            version >= 0
            and tree.endings[version] == layer
            and tree.kinds[version] == DIRECTORY
            and tree.reasons[version] != NONE
        )

    def _depth(self, node: int) -> int:
        known = self._depths.get(node, -1)
        if known >= 0:
            return known
        path: list[int] = []
        while node not in self._depths:
            path.append(node)
            node = self._tree.parents[node]
        depth = self._depths[node]
        path.reverse()
        for below in path:
            depth += 1
            self._depths[below] = depth
        return depth


def _merged(node: int, bundles: list[Bundle], empty_files: int) -> Bundle:
    whole = Bundle(node, 0)
    whole.files = empty_files
    whole.counted = True
    whole.whole = True
    for bundle in bundles:
        whole.bytes += bundle.bytes
        whole.files += bundle.files
        whole.copies = max(whole.copies, bundle.copies)
        whole.stored_in |= bundle.stored_in
        whole.attributes |= bundle.attributes
    return whole
