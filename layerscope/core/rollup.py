"""Rolling waste up: a subtree that goes as a whole is one bundle with its top path."""

from __future__ import annotations

from mypy_extensions import i64

from layerscope.core.contents import count_contents
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import NONE, ImageTree
from layerscope.core.waste import Bundle


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
    """Merges bundles of one cause after the other; each pass is linear in its bundles.

    A directory becomes one item when it went itself, or when all that it visibly held went at the
    same time for the same reason and that is more than one item. ``layers`` tells the wasting layer
    of each cause.
    """

    def __init__(self, tree: ImageTree, layers: list[int], causes: list[list[Bundle]]) -> None:
        self._tree = tree
        self._layers = layers
        self._causes = causes
        self._depths: dict[int, int] = {0: 0}
        self._held = count_contents(tree, self._queries())

    def _queries(self) -> list[set[int]]:
        """By layer, the directories whose contents just before it matter."""
        queries: list[set[int]] = []
        for _ in self._tree.layers:
            queries.append(set())
        parents = self._tree.parents
        for cause in range(len(self._causes)):
            wanted = queries[self._layers[cause]]
            last: i64 = -1
            for bundle in self._causes[cause]:
                node: i64 = parents[bundle.node]
                if node == last:
                    continue
                last = node
                while node > 0 and node not in wanted:
                    wanted.add(node)
                    node = parents[node]
        return queries

    def merge(self, cause: int) -> list[Bundle]:
        """The bundles of one cause, merged."""
        layer = self._layers[cause]
        done: list[Bundle] = []
        levels: list[dict[int, _Directory]] = []
        last: i64 = -1
        directory = _Directory()
        for bundle in self._causes[cause]:
            parent: i64 = self._tree.parents[bundle.node] if bundle.node > 0 else 0
            if parent != last:
                directory = self._directory(levels, parent)
                last = parent
            directory.add(bundle)
        depth = len(levels) - 1
        while depth > 0:
            for node, directory in levels[depth].items():
                self._settle(layer, node, directory, levels, done)
            levels[depth] = {}
            depth -= 1
        if levels:
            for directory in levels[0].values():
                done.extend(directory.bundles)
        return done

    def _directory(self, levels: list[dict[int, _Directory]], node: int) -> _Directory:
        """What is known of a directory, by its depth and its node."""
        depth = self._depth(node)
        while len(levels) <= depth:
            levels.append({})
        level = levels[depth]
        found = level.get(node)
        if found is None:
            found = _Directory()
            level[node] = found
        return found

    def _settle(
        self,
        layer: int,
        node: int,
        directory: _Directory,
        levels: list[dict[int, _Directory]],
        done: list[Bundle],
    ) -> None:
        """Decide over one directory: hand what it holds to its parent, or leave its items as they are."""
        went = self._went(node, layer)
        all_went = directory.counted > 0 and directory.counted == self._held[layer].get(node, 0)
        if not went and not all_went:
            done.extend(directory.bundles)
            return
        bundles = directory.bundles
        top = went and not self._went(self._tree.parents[node], layer)
        if len(bundles) > 1 or (bundles and top):
            bundles = [_merged(node, bundles, directory.empty_files)]
            directory.empty_files = 0
        parent = self._directory(levels, self._tree.parents[node])
        parent.bundles.extend(bundles)
        parent.empty_files += directory.empty_files
        if all_went:
            parent.counted += 1

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
