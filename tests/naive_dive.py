"""dive's figures the slow way, after the description of its algorithm: a new stack for every whiteout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from handmade import Entry


@dataclass
class Node:
    """A path of a tree: what its entry says, and what lies below."""

    size: int = 0
    is_dir: bool = False
    children: dict[str, Node] = field(default_factory=dict)


def add(root: Node, path: str, size: int, is_dir: bool) -> None:
    """Put an entry at its path; missing parents are empty."""
    node = root
    parts = path.split("/")
    for part in parts:
        if part.startswith(".wh..wh.") and part not in node.children:
            return
        node = node.children.setdefault(part, Node())
    node.size, node.is_dir = size, is_dir


def find(root: Node, path: str) -> Node | None:
    """The node of a path, if it is there."""
    node: Node | None = root
    for part in path.split("/"):
        node = node.children.get(part) if node else None
    return node


def visit(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """All below, children first, siblings by name."""
    for name in sorted(node.children):
        below = f"{path}/{name}" if path else name
        yield from visit(node.children[name], below)
        yield below, node.children[name]


def target(path: str) -> str | None:
    """What a whiteout names; None for other paths."""
    parent, slash, name = path.rpartition("/")
    return f"{parent}{slash}{name[4:]}" if name.startswith(".wh.") else None


def stack(root: Node, upper: Node) -> None:
    """Put a layer's tree on others."""
    for path, node in list(visit(upper)):
        gone = target(path)
        if gone is None:
            add(root, path, node.size, node.is_dir)
        elif find(root, gone):
            parent, _, name = gone.rpartition("/")
            above = find(root, parent) if parent else root
            if above:
                del above.children[name]


def layer_tree(entries: Sequence[Entry]) -> Node:
    """One layer's own tree."""
    root = Node()
    for entry in entries:
        add(root, entry.path, len(entry.data), entry.kind == b"5")
    return root


def naive_figures(layers: Sequence[Sequence[Entry]]) -> tuple[float, int, dict[str, tuple[int, int]]]:
    """Efficiency, wasted bytes, and count and bytes of each repeated path."""
    trees = [layer_tree(entries) for entries in layers]
    sizes: dict[str, list[int]] = {}
    for number, tree in enumerate(trees):
        for path, node in visit(tree):
            if node.children:
                continue
            gone = target(path)
            if gone is None:
                sizes.setdefault(path, []).append(node.size)
                continue
            below = Node()
            for lower in trees[:number]:
                stack(below, lower)
            found = find(below, gone)
            if number and found:
                size = found.size + sum(inner.size for _, inner in visit(found)) if found.is_dir else 0
                sizes.setdefault(gone, []).append(size)
    total = sum(map(sum, sizes.values()))
    repeated = {path: (len(found), sum(found)) for path, found in sizes.items() if len(found) > 1}
    smallest = sum(map(min, sizes.values()))
    return smallest / total if total else 1.0, sum(size for _, size in repeated.values()), repeated
