"""The image tree: one tree of paths for the whole image, each path with its versions.

A node is a path; a version is what one layer made of it. Layers are merged from the lowest to the
highest by the rules of the OCI image-spec (layer.md, "Applying Changesets"), each entry once, so time
and memory follow the number of entries, whatever the number of layers or deletions. Where the spec
is silent the tree does what an engine's unpacking into overlay directories does.
"""

from __future__ import annotations

from array import array
from typing import Final

from mypy_extensions import i64

from layerscope.core.layer import OPAQUE, WHITEOUT, LayerIndex, normalise
from layerscope.core.tar import DIRECTORY, FILE, HARDLINK

# Why a version is no longer there: scoring.md's reasons, before contents are compared.
NONE: Final = 0
OVERWRITTEN: Final = 1
REMOVED: Final = 2
HIDDEN: Final = 3
REPLACED: Final = 4
DUPLICATE: Final = 5

#: Layers are numbered in 16 bits; no engine mounts more than some hundred.
MAX_LAYERS: Final = 32_000
_STEP: Final = 4096


class ImageTree:
    """All paths of an image with all their versions, and the sums over them.

    Node 0 is the root. Versions are numbered as they were merged, so a later layer's are higher.
    Sums are in bytes or in numbers of paths that are no directories; lists are by layer.
    """

    def __init__(self) -> None:
        self.layers: list[LayerIndex] = []
        self.image_bytes: int = 0
        self.wasted_bytes: int = 0
        self.files: int = 0
        self.final_files: int = 0
        self.stored: list[int] = []
        self.wasted_in: list[int] = []
        self.wasted_by: list[int] = []
        self.added: list[int] = []
        self.modified: list[int] = []
        self.removed: list[int] = []
        self.broken_links: list[int] = []
        self.names: list[bytes] = [b""]
        self.parents: array[int] = array("i", [-1])
        self.newest_versions: array[int] = array("i", [-1])
        # Children by name, those that are there now apart from those that are gone: a removal then
        # never walks what was removed before.
        self.live: dict[int, dict[bytes, int]] = {}
        self.gone: dict[int, dict[bytes, int]] = {}
        self.nodes: array[int] = array("i")
        self.entries: array[int] = array("i")
        self.olders: array[int] = array("i")
        self.datas: array[int] = array("i")
        self.version_layers: array[int] = array("h")
        self.endings: array[int] = array("h")
        self.kinds: bytearray = bytearray()
        self.reasons: bytearray = bytearray()
        self.wasted_versions: array[int] = array("i")
        self._wasters: dict[int, int] = {}
        self._references: dict[int, int] = {}

    @property
    def node_count(self) -> int:
        """Paths that any layer ever had, the root included."""
        return len(self.names)

    @property
    def version_count(self) -> int:
        """Versions of all paths."""
        return len(self.nodes)

    def name(self, node: int) -> bytes:
        """The last component of the path; empty for the root."""
        return self.names[node]

    def parent(self, node: int) -> int:
        """The node of the directory; -1 for the root."""
        return self.parents[node]

    def path(self, node: int) -> bytes:
        """The path without a leading slash; empty for the root."""
        parts: list[bytes] = []
        while node > 0:
            parts.append(self.names[node])
            node = self.parents[node]
        parts.reverse()
        return b"/".join(parts)

    def child(self, node: int, name: bytes) -> int:
        """The node of a name in a directory, there or gone; -1 where no layer ever had it."""
        there = self.live.get(node)
        if there is not None:
            found = there.get(name, -1)
            if found >= 0:
                return found
        gone = self.gone.get(node)
        return gone.get(name, -1) if gone is not None else -1

    def find(self, path: bytes) -> int:
        """The node of a path, there or gone; -1 where no layer ever had it."""
        node = 0
        for part in normalise(path).split(b"/"):
            if part:
                node = self.child(node, part)
                if node < 0:
                    return -1
        return node

    def children(self, node: int) -> list[int]:
        """All nodes that ever were in a directory, in no particular order."""
        result: list[int] = []
        there = self.live.get(node)
        if there is not None:
            result.extend(there.values())
        gone = self.gone.get(node)
        if gone is not None:
            result.extend(gone.values())
        return result

    def newest(self, node: int) -> int:
        """The newest version of a path; -1 where it has none (an untouched root)."""
        return self.newest_versions[node]

    def older(self, version: int) -> int:
        """The version below; -1 at the lowest."""
        return self.olders[version]

    def version_node(self, version: int) -> int:
        """The node a version belongs to."""
        return self.nodes[version]

    def version_layer(self, version: int) -> int:
        """The layer that made the version."""
        return self.version_layers[version]

    def version_entry(self, version: int) -> int:
        """The entry of the layer's index; -1 for a directory that is only implied."""
        return self.entries[version]

    def kind(self, version: int) -> int:
        """The tar kind of a version."""
        return self.kinds[version]

    def ended(self, version: int) -> int:
        """The layer from which on the version is not there; -1 while it is."""
        return self.endings[version]

    def reason(self, version: int) -> int:
        """Why the version ended; NONE while it is there, and for a directory that was merged."""
        return self.reasons[version]

    def data(self, version: int) -> int:
        """The version that stores the bytes: itself for a file, the target's for a hard link, else -1."""
        return self.datas[version]

    def size(self, version: int) -> int:
        """Logical bytes of a file or of a hard link's target; 0 for other kinds."""
        data: i64 = self.datas[version]
        if data < 0:
            return 0
        return self.layers[self.version_layers[data]].sizes[self.entries[data]]

    def stored_size(self, version: int) -> int:
        """Bytes that the version itself adds to its layer; 0 for anything but a file."""
        if self.kinds[version] != FILE:
            return 0
        return self.layers[self.version_layers[version]].stored(self.entries[version])

    def wasted(self) -> list[int]:
        """The versions whose bytes no path of the final filesystem reaches."""
        return list(self.wasted_versions)

    def waster(self, version: int) -> tuple[int, int]:
        """The layer and the reason that made a wasted version's bytes unreachable.

        Of several names for the same bytes the one that went last is what counts.
        """
        last = self._wasters.get(version, version)
        return self.endings[last], self.reasons[last]

    def last_name(self, version: int) -> int:
        """The version, of all names that a wasted version's bytes had, that went last."""
        return self._wasters.get(version, version)

    def version_at(self, node: int, layer: int) -> int:
        """The version that a path shows after ``layer`` was applied; -1 where it is not there."""
        version: i64 = self.newest_versions[node]
        while version >= 0 and self.version_layers[version] > layer:
            version = self.olders[version]
        if version < 0:
            return -1
        ended: i64 = self.endings[version]
        return -1 if ended >= 0 and ended <= layer else version

    def end_version(self, version: i64, layer: i64, reason: i64) -> None:
        """A version goes: by whom, why, and whether its bytes went with it."""
        self.endings[version] = layer
        self.reasons[version] = reason
        if self.kinds[version] != DIRECTORY:
            self.final_files -= 1
            if self.version_layers[version] != layer:
                self.removed[layer] += 1
            elif self._stood_before(self.nodes[version], layer):
                self.modified[layer] -= 1
                self.removed[layer] += 1
            else:
                self.added[layer] -= 1
        data: i64 = self.datas[version]
        if data < 0:
            return
        if self._references:
            left = self._references.get(data, 1) - 1
            if left > 0:
                self._references[data] = left
                return
        if data != version:
            self._wasters[data] = version
        size = self.stored_size(data)
        self.wasted_versions.append(data)
        self.wasted_bytes += size
        self.wasted_by[layer] += size
        self.wasted_in[self.version_layers[data]] += size

    def begin_version(self, node: i64, entry: i64, kind: i64, layer: i64) -> int:
        """A new version on top of the others, without bytes as yet."""
        version = len(self.nodes)
        if kind != DIRECTORY:
            self.final_files += 1
            if self._stood_before(node, layer):
                self.modified[layer] += 1
                self.removed[layer] -= 1
            else:
                self.added[layer] += 1
        self.nodes.append(node)
        self.entries.append(entry)
        self.olders.append(self.newest_versions[node])
        self.datas.append(version if kind == FILE else -1)
        self.version_layers.append(layer)
        self.endings.append(-1)
        self.kinds.append(kind)
        self.reasons.append(NONE)
        self.newest_versions[node] = version
        return version

    def share_data(self, version: int, data: int) -> None:
        """Let a hard link reach the bytes of another version."""
        self.datas[version] = data
        self._references[data] = self._references.get(data, 1) + 1

    def _stood_before(self, node: i64, layer: i64) -> bool:
        """Was there, in front of this layer, something other than a directory at the path?"""
        version: i64 = self.newest_versions[node]
        while version >= 0 and self.version_layers[version] == layer:
            version = self.olders[version]
        if version < 0 or self.kinds[version] == DIRECTORY:
            return False
        ended: i64 = self.endings[version]
        return ended < 0 or ended == layer

    def revive(self, parent: i64, name: bytes) -> int:
        """The node of a name in a directory, moved among those that are there; made if new."""
        there = self.live.get(parent)
        if there is None:
            there = {}
            self.live[parent] = there
        node = there.get(name, -1)
        if node >= 0:
            return node
        gone = self.gone.get(parent)
        if gone is not None:
            node = gone.pop(name, -1)
        if node < 0:
            node = len(self.names)
            self.names.append(name)
            self.parents.append(parent)
            self.newest_versions.append(-1)
        there[name] = node
        return node

    def bury(self, node: i64) -> None:
        """Move a node among those that are gone from its directory."""
        parent: i64 = self.parents[node]
        name = self.names[node]
        there = self.live.get(parent)
        if there is not None and there.pop(name, -1) >= 0:
            gone = self.gone.get(parent)
            if gone is None:
                self.gone[parent] = {name: int(node)}
            else:
                gone[name] = int(node)

    def bury_children(self, node: i64) -> list[int]:
        """Move all children of a directory among those that are gone; which they were."""
        there = self.live.pop(node, None)
        if there is None:
            return []
        gone = self.gone.get(node)
        if gone is None:
            self.gone[node] = there
        else:
            gone.update(there)
        return list(there.values())


class LayerMerge:
    """Puts one layer on top of an image tree, in steps of some milliseconds."""

    def __init__(self, tree: ImageTree, index: LayerIndex) -> None:
        if len(tree.layers) >= MAX_LAYERS:
            raise ValueError(f"an image of more than {MAX_LAYERS} layers")
        self._tree = tree
        self._index = index
        self._layer: int = len(tree.layers)
        self._whiteouts: list[int] = []
        self._next: int = 0
        self._dying: list[int] = []
        self._dying_reason: int = NONE
        self._unlinked: list[int] = []
        self._directories: dict[int, int] = {0: 0}
        self._phase: int = 0
        self._last: int = -1
        self._last_node: int = 0
        tree.layers.append(index)
        tree.image_bytes += index.stored_bytes
        tree.stored.append(index.stored_bytes)
        for sums in (tree.wasted_in, tree.wasted_by, tree.added, tree.modified, tree.removed):
            sums.append(0)

    def step(self) -> bool:
        """Do a bounded piece of the work; False when the layer is merged."""
        budget: i64 = _STEP
        count: i64 = len(self._index)
        while budget > 0:
            budget -= 1
            if self._dying:
                self._end_node(self._dying.pop())
            elif self._next >= count:
                self._phase += 1
                self._next = 0
                if self._phase > 1:
                    self._link_late()
                    return False
            elif self._phase == 0:
                self._hide(self._next)
                self._next += 1
            else:
                self._place(self._next)
                self._next += 1
        return True

    def _hide(self, entry: i64) -> None:
        """First come the layer's whiteouts: they act on what lies below, wherever they stand."""
        index = self._index
        kind: i64 = index.kinds[entry]
        if kind != WHITEOUT and kind != OPAQUE:
            return
        directory = self._find_live(index.directories[entry])
        if directory < 0:
            return
        if kind == OPAQUE:
            self._dying = self._tree.bury_children(directory)
            self._dying_reason = HIDDEN
            return
        there = self._tree.live.get(directory)
        node = there.get(index.names[entry][4:], -1) if there is not None else -1
        if node >= 0:
            self._tree.bury(node)
            self._dying = [node]
            self._dying_reason = REMOVED

    def _find_live(self, directory: int) -> int:
        """The node of a directory of this layer, -1 where the layers below have none there."""
        parts: list[bytes] = []
        index = self._index
        while directory > 0:
            parts.append(index.directory_names[directory])
            directory = index.directory_parents[directory]
        node = 0
        while parts:
            there = self._tree.live.get(node)
            if there is None:
                return -1
            node = there.get(parts.pop(), -1)
            if node < 0:
                return -1
        return node

    def _end_node(self, node: int) -> None:
        """End the path's version, and leave its children to the steps that follow."""
        tree = self._tree
        version: i64 = tree.newest_versions[node]
        if version >= 0 and tree.endings[version] < 0:
            tree.end_version(version, self._layer, self._dying_reason)
        if node in tree.live:
            self._dying.extend(tree.bury_children(node))

    def _place(self, entry: i64) -> None:
        """Then its entries, in tar order: the last of one path wins."""
        index = self._index
        kind: i64 = index.kinds[entry]
        if kind >= WHITEOUT:
            return
        tree = self._tree
        tree.files += 1
        directory = index.directories[entry]
        name = index.names[entry]
        if directory != self._last:
            self._last_node = self._directory(directory)
            self._last = directory
        node: i64 = tree.revive(self._last_node, name) if name else 0
        old: i64 = tree.newest_versions[node]
        shared: i64 = -1
        if kind == HARDLINK:
            shared = self._target(index.link(entry))
            if shared >= 0 and tree.datas[shared] >= 0:
                shared = tree.datas[shared]
        if old >= 0:
            if shared >= 0:
                # Bytes that only this path reached must not count as gone in between.
                self._replace_linked(node, old, entry, kind, shared)
                return
            self._supersede(old, kind)
        version = tree.begin_version(node, entry, kind, self._layer)
        if shared >= 0:
            tree.share_data(version, shared)
        elif kind == HARDLINK:
            self._unlinked.append(version)

    def _replace_linked(self, node: i64, old: i64, entry: i64, kind: i64, shared: i64) -> None:
        """A hard link takes the place of an older version of its path, perhaps of its own target."""
        tree = self._tree
        if tree.datas[old] == shared and tree.endings[old] < 0:
            tree.share_data(old, shared)  # hold the bytes while the names change
            self._supersede(old, kind)
            version = tree.begin_version(node, entry, kind, self._layer)
            tree.datas[version] = shared
        else:
            self._supersede(old, kind)
            version = tree.begin_version(node, entry, kind, self._layer)
            tree.share_data(version, shared)

    def _supersede(self, old: i64, kind: i64) -> None:
        """What becomes of the path's last version now that the layer writes the path."""
        tree = self._tree
        layer: i64 = self._layer
        old_kind: i64 = tree.kinds[old]
        ended: i64 = tree.endings[old]
        if ended >= 0 and ended != layer:
            return
        reason: i64 = REPLACED
        if old_kind == DIRECTORY and kind == DIRECTORY:
            reason = NONE
        elif old_kind <= HARDLINK and kind <= HARDLINK:
            reason = OVERWRITTEN
        if ended == layer:
            # Removed and written again in one layer: the writing is what counts.
            if tree.version_layers[old] != layer:
                tree.reasons[old] = reason if reason != NONE else tree.reasons[old]
            return
        if tree.version_layers[old] == layer and reason != NONE:
            reason = DUPLICATE
        tree.end_version(old, layer, reason)
        if old_kind == DIRECTORY and kind != DIRECTORY:
            self._dying = tree.bury_children(tree.nodes[old])
            self._dying_reason = REPLACED
            self._last = -1
            self._directories = {0: 0}

    def _directory(self, directory: int) -> int:
        """The node of a directory of this layer; missing parents are implied."""
        known = self._directories.get(directory, -1)
        if known >= 0 and self._is_directory(known):
            return known
        index = self._index
        path: list[int] = []
        while directory > 0:
            path.append(directory)
            directory = index.directory_parents[directory]
        node = 0
        while path:
            directory = path.pop()
            node = self._tree.revive(node, index.directory_names[directory])
            if not self._is_directory(node):
                old: i64 = self._tree.newest_versions[node]
                if old >= 0:
                    self._supersede(old, DIRECTORY)
                self._tree.begin_version(node, -1, DIRECTORY, self._layer)
            self._directories[directory] = node
        return node

    def _is_directory(self, node: i64) -> bool:
        """Is the path there, and a directory? (An untouched root is.)"""
        if node == 0:
            return True
        tree = self._tree
        version: i64 = tree.newest_versions[node]
        return version >= 0 and tree.endings[version] < 0 and tree.kinds[version] == DIRECTORY

    def _target(self, link: bytes) -> int:
        """The living version that a hard link names; -1 where there is none to share bytes with."""
        node = 0
        for part in normalise(link).split(b"/"):
            there = self._tree.live.get(node)
            if there is None:
                return -1
            node = there.get(part, -1)
            if node < 0:
                return -1
        version: i64 = self._tree.newest_versions[node]
        if version < 0 or self._tree.endings[version] >= 0 or self._tree.datas[version] < 0:
            return -1
        return version

    def _link_late(self) -> None:
        """Hard links that stood in front of their targets in the tar."""
        tree = self._tree
        for version in self._unlinked:
            if tree.endings[version] >= 0:
                continue
            target = self._target(self._index.link(tree.entries[version]))
            if target >= 0:
                tree.share_data(version, tree.datas[target])
            else:
                tree.broken_links.append(version)
        self._unlinked = []
