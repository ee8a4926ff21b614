"""Layers written down as lists of entries, drawn at random, and a naive model of what a stack of them makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from layerscope.core.layer import LayerIndex
from layerscope.core.merge import LayerMerge
from layerscope.core.tar import CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Member
from layerscope.core.tree import ImageTree


class Entry(NamedTuple):
    """One member of a layer's tar; ``size`` in bytes, for files; ``hole`` those of them that are not stored."""

    name: str
    kind: int = FILE
    size: int = 0
    link: str = ""
    hole: int = 0


Stack = list[list[Entry]]


def index_layer(entries: list[Entry]) -> LayerIndex:
    """The index of a layer with these entries in this order."""
    index = LayerIndex()
    made = []
    for entry in entries:
        member = Member(entry.name.encode(), 48 + entry.kind, 512)
        member.kind, member.link = entry.kind, entry.link.encode()
        member.size, member.stored, member.sparse = entry.size, entry.size - entry.hole, entry.hole > 0
        made.append(member)
    index.add(made)
    index.finish()
    return index


def merge_layers(layers: Stack) -> ImageTree:
    """The tree of an image of these layers, oldest first."""
    tree = ImageTree()
    for entries in layers:
        merge = LayerMerge(tree, index_layer(entries))
        while merge.step():
            pass
    return tree


parts = st.sampled_from("abc")
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
folders = st.lists(parts, max_size=3).map(lambda above: "".join(part + "/" for part in above))
leads = st.sampled_from(["", "", "", "./", "/"])


def written(lead: str, path: str, kind: int, size: int) -> Entry:
    """An entry that is no link."""
    return Entry(lead + path + ("/" if kind == DIRECTORY else ""), kind, size if kind == FILE else 0)


entries = st.one_of(
    st.builds(
        written, leads, paths, st.sampled_from([FILE, FILE, FILE, DIRECTORY, SYMLINK, CHAR, FIFO]), st.integers(0, 9)
    ),
    st.builds(lambda path, target: Entry(path, HARDLINK, 0, target), paths, paths),
    st.builds(lambda folder, name: Entry(f"{folder}.wh.{name}"), folders, parts),
    st.builds(lambda folder: Entry(f"{folder}.wh..wh..opq"), folders),
    st.just(Entry("./", DIRECTORY)),
    st.sampled_from([Entry(".wh..wh.plnk/", DIRECTORY), Entry("a/.wh..wh.aufs")]),
)
stacks = st.lists(st.lists(entries, max_size=8), max_size=6)


Path = tuple[str, ...]
#: What wrote a path: layer and entry; an entry of -1 is a directory that others imply.
Place = tuple[int, int]


@dataclass(eq=False)
class Inode:
    """Bytes that names share."""

    place: Place
    size: int


@dataclass(eq=False)
class Node:
    """What a path is, who wrote it, and the bytes that it reads."""

    kind: int
    place: Place
    inode: Inode | None = None


@dataclass
class Model:
    """The filesystem of a stack as one dictionary, changed entry by entry as a reader of the rules would."""

    paths: dict[Path, Node] = field(default_factory=dict)
    inodes: list[Inode] = field(default_factory=list)
    snapshots: list[dict[Path, Node]] = field(default_factory=list)
    unreachable_since: dict[Place, int] = field(default_factory=dict)
    bytes_of: dict[Path, Inode] = field(default_factory=dict)

    def apply(self, entries: list[Entry]) -> None:
        """Put one layer on top."""
        layer = len(self.snapshots)
        split = [tuple(part for part in entry.name.split("/") if part not in ("", ".")) for entry in entries]
        for path in split:
            self._hide(path)
        late: list[tuple[Path, Node, Path]] = []
        for number, (entry, path) in enumerate(zip(entries, split, strict=True)):
            if not any(part.startswith(".wh.") for part in path):
                self._place(path, entry, (layer, number), late)
        self._link(late)
        self.snapshots.append({path: Node(node.kind, node.place, node.inode) for path, node in self.paths.items()})
        reachable = {id(node.inode) for node in self.paths.values()}
        for inode in self.inodes:
            if id(inode) not in reachable:
                self.unreachable_since.setdefault(inode.place, layer)

    def _hide(self, path: Path) -> None:
        if path and path[-1] == ".wh..wh..opq":
            self._remove(path[:-1], itself=False)
        elif path and path[-1].startswith(".wh.") and not path[-1].startswith(".wh..wh."):
            self._remove((*path[:-1], path[-1].removeprefix(".wh.")), itself=True)

    def _remove(self, top: Path, *, itself: bool) -> None:
        for path in [path for path in self.paths if path[: len(top)] == top and (itself or path != top)]:
            del self.paths[path]

    def _place(self, path: Path, entry: Entry, place: Place, late: list[tuple[Path, Node, Path]]) -> None:
        for depth in range(1, len(path)):
            above = self.paths.get(path[:depth])
            if above is None or above.kind != DIRECTORY:
                self._remove(path[:depth], itself=True)
                self.paths[path[:depth]] = Node(DIRECTORY, (place[0], -1))
        node = Node(entry.kind, place)
        if entry.kind == FILE:
            node.inode = Inode(place, entry.size)
            self.inodes.append(node.inode)
        if entry.kind == HARDLINK:
            target = tuple(entry.link.split("/"))
            if target in self.paths and self.paths[target].inode:
                node.inode = self.paths[target].inode
            else:
                late.append((path, node, target))
        if entry.kind != DIRECTORY or (path in self.paths and self.paths[path].kind != DIRECTORY):
            self._remove(path, itself=True)
        self.paths[path] = node

    def _link(self, late: list[tuple[Path, Node, Path]]) -> None:
        """Links in front of their targets, and links to such links."""
        linked = True
        while linked:
            linked = False
            for path, node, target in late:
                if self.paths.get(path) is node and not node.inode and target in self.paths:
                    node.inode = self.paths[target].inode
                    linked = linked or bool(node.inode)
