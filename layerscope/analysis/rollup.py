"""Rolling waste up: a subtree that goes as a whole is one item with its top path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from layerscope.core.contents import count_contents
from layerscope.core.tar import DIRECTORY
from layerscope.core.tree import NONE, ImageTree


@dataclass(slots=True, eq=False)
class Bundle:
    """Wasted bytes that share a cause: of one path at first, of a subtree once merged."""

    node: int
    bytes: int
    files: int
    copies: int
    stored_in: frozenset[int]
    attributes: frozenset[str]
    counted: bool
    """Whether the path was visible, with bytes of its own, just before the layer that wasted it."""
    whole: bool = False
    """Whether ``node`` is a directory that stands for all below it."""


@dataclass(slots=True, eq=False)
class _Directory:
    """What one cause wasted right below a directory."""

    bundles: list[Bundle] = field(default_factory=list)
    empty_files: int = 0
    counted: int = 0


class Rollup:
    """Merges bundles of one cause after the other; each pass is linear in its bundles.

    A directory becomes one item when it went itself, or when all that it visibly held went at the
    same time for the same reason and that is more than one item.
    """

    def __init__(self, tree: ImageTree, causes: Iterable[tuple[int, list[Bundle]]]) -> None:
        self._tree = tree
        self._depths: dict[int, int] = {0: 0}
        self._causes = list(causes)
        self._held = count_contents(tree, self._queries())

    def bundles(self) -> Iterator[tuple[int, list[Bundle]]]:
        """The merged bundles of each cause, in the order of the causes given."""
        for cause, (layer, bundles) in enumerate(self._causes):
            yield cause, self._merge(layer, bundles)

    def _queries(self) -> list[set[int]]:
        """By layer, the directories whose contents just before it matter."""
        queries: list[set[int]] = [set() for _ in self._tree.layers]
        parents = self._tree.parents
        for layer, bundles in self._causes:
            wanted = queries[layer]
            for bundle in bundles:
                node = parents[bundle.node]
                while node > 0 and node not in wanted:
                    wanted.add(node)
                    node = parents[node]
        return queries

    def _merge(self, layer: int, bundles: list[Bundle]) -> list[Bundle]:
        done: list[Bundle] = []
        by_depth: dict[int, dict[int, _Directory]] = {}
        for bundle in bundles:
            self._directory(by_depth, bundle.node).bundles.append(bundle)
        for directories in by_depth.values():
            for directory in directories.values():
                _set_empty_apart(directory)
        for depth in range(max(by_depth, default=0), 0, -1):
            for node, directory in by_depth.pop(depth, {}).items():
                self._settle(layer, node, directory, by_depth, done)
        for directory in by_depth.pop(0, {}).values():
            done.extend(directory.bundles)
        return done

    def _directory(self, by_depth: dict[int, dict[int, _Directory]], child: int) -> _Directory:
        parent = self._tree.parents[child] if child > 0 else 0
        return by_depth.setdefault(self._depth(parent), {}).setdefault(parent, _Directory())

    def _settle(
        self,
        layer: int,
        node: int,
        directory: _Directory,
        by_depth: dict[int, dict[int, _Directory]],
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
        parent = self._directory(by_depth, node)
        parent.bundles.extend(bundles)
        parent.empty_files += directory.empty_files
        parent.counted += all_went

    def _went(self, node: int, layer: int) -> bool:
        """Did the directory itself end in that layer, and was not made again there?"""
        tree = self._tree
        version = tree.newest(node)
        while version >= 0 and tree.version_layer(version) >= layer:
            if tree.version_layer(version) == layer:
                return False
            version = tree.older(version)
        return (
            version >= 0
            and tree.ended(version) == layer
            and tree.kind(version) == DIRECTORY
            and tree.reason(version) != NONE
        )

    def _depth(self, node: int) -> int:
        path = []
        while node not in self._depths:
            path.append(node)
            node = self._tree.parents[node]
        depth = self._depths[node]
        for below in reversed(path):
            depth += 1
            self._depths[below] = depth
        return depth


def _set_empty_apart(directory: _Directory) -> None:
    """Empty files are counted where their directory goes, and are no waste on their own."""
    empty = [bundle for bundle in directory.bundles if not bundle.bytes]
    directory.empty_files = len(empty)
    directory.bundles = [bundle for bundle in directory.bundles if bundle.bytes]
    directory.counted = sum(bundle.counted for bundle in directory.bundles)


def _merged(node: int, bundles: list[Bundle], empty_files: int) -> Bundle:
    return Bundle(
        node=node,
        bytes=sum(bundle.bytes for bundle in bundles),
        files=sum(bundle.files for bundle in bundles) + empty_files,
        copies=max(bundle.copies for bundle in bundles),
        stored_in=frozenset().union(*{bundle.stored_in for bundle in bundles}),
        attributes=frozenset().union(*{bundle.attributes for bundle in bundles}),
        counted=True,
        whole=True,
    )
