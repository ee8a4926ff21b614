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

from layerscope.core.layer import LayerIndex, normalise
from layerscope.core.tar import DIRECTORY, FILE

# Why a version is no longer there: scoring.md's reasons, before contents are compared.
NONE: Final = 0
OVERWRITTEN: Final = 1
REMOVED: Final = 2
HIDDEN: Final = 3
REPLACED: Final = 4
DUPLICATE: Final = 5

#: Versions and paths for which columns are filled at once with what they hold in most.
_ROOM: Final = 4096


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
        self.nodes: array[int] = array("I")
        self.entries: array[int] = array("i")
        self.olders: array[int] = array("i")
        self.datas: array[int] = array("i")
        self.version_layers: array[int] = array("h")
        self.endings: array[int] = array("h")
        self.kinds: bytearray = bytearray()
        self.reasons: bytearray = bytearray()
        # By version: had the path something other than a directory in front of the version's layer?
        self.replacing: bytearray = bytearray()
        self.wasted_versions: array[int] = array("I")
        self._room_layer: i64 = -1  # whose versions there is room for
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

    def child_count(self, node: int) -> int:
        """How many nodes these are."""
        there, gone = self.live.get(node), self.gone.get(node)
        return (len(there) if there is not None else 0) + (len(gone) if gone is not None else 0)

    def child_names(self, node: int) -> list[bytes]:
        """Their names, in no particular order."""
        result: list[bytes] = []
        there = self.live.get(node)
        if there is not None:
            result.extend(there.keys())
        gone = self.gone.get(node)
        if gone is not None:
            result.extend(gone.keys())
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

    def has_moved_waste(self) -> bool:
        """Did any bytes go under another name than the one that stored them?"""
        return len(self._wasters) > 0

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
        born: i64 = self.version_layers[version]
        data: i64 = self.datas[version]
        if data >= 0 or self.kinds[version] != DIRECTORY:  # what has bytes is none, and need not be looked up
            self.final_files -= 1
            if born != layer:
                _add(self.removed, layer, 1)
            elif self.replacing[version]:
                _add(self.modified, layer, -1)
                _add(self.removed, layer, 1)
            else:
                _add(self.added, layer, -1)
        if data < 0:
            return
        if self._references:
            left = self._references.get(data, 1) - 1
            if left > 0:
                self._references[data] = left
                return
        if data != version:
            self._wasters[data] = version
            born = self.version_layers[data]
        size: i64 = self.layers[born].stored(self.entries[data])
        self.wasted_versions.append(data)
        self.wasted_bytes += size
        _add(self.wasted_by, layer, size)
        _add(self.wasted_in, born, size)

    def begin_version(self, node: i64, entry: i64, kind: i64, layer: i64) -> int:
        """A new version on top of the others, without bytes as yet."""
        version = len(self.nodes)
        if version >= len(self.endings) or layer != self._room_layer:
            self._make_room(layer)
        replacing = self._stood_before(node, layer)
        if kind != DIRECTORY:
            self.final_files += 1
            if replacing:
                self.modified[layer] += 1
                self.removed[layer] -= 1
            else:
                self.added[layer] += 1
        self.nodes.append(node)
        self.entries.append(entry)
        self.datas.append(version if kind == FILE else -1)
        self.kinds.append(kind)
        older: i64 = self.newest_versions[node]
        if older >= 0:
            self.olders[version] = older
        if replacing:
            self.replacing[version] = 1
        self.newest_versions[node] = version
        return version

    def _make_room(self, layer: i64) -> None:
        """Let the next versions of a layer begin as most do: on top of none, replacing nothing, not ended."""
        self.trim()
        self._room_layer = layer
        self.endings.extend(array("h", [-1]) * _ROOM)
        self.version_layers.extend(array("h", [layer]) * _ROOM)
        self.olders.extend(array("i", [-1]) * _ROOM)
        self.reasons.extend(bytes(_ROOM))
        self.replacing.extend(bytes(_ROOM))

    def trim(self) -> None:
        """Drop the room that was not taken: between steps of merging all columns end together."""
        versions, nodes = self.version_count, self.node_count
        del self.endings[versions:]
        del self.version_layers[versions:]
        del self.olders[versions:]
        del self.reasons[versions:]
        del self.replacing[versions:]
        del self.newest_versions[nodes:]

    def share_data(self, version: int, data: int) -> None:
        """Let a hard link reach the bytes of another version."""
        self.datas[version] = data
        self._references[data] = self._references.get(data, 1) + 1

    def _stood_before(self, node: i64, layer: i64) -> bool:
        """Was there, in front of this layer, something other than a directory at the path?"""
        version: i64 = self.newest_versions[node]
        if version >= 0 and self.version_layers[version] == layer:
            return self.replacing[version] != 0  # what that one found is what there was
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
            if node >= len(self.newest_versions):
                self.newest_versions.extend(array("i", [-1]) * _ROOM)
        there[name] = node
        return node

    def bury(self, parent: int, name: bytes) -> int:
        """Move what a directory has under a name among those that are gone; its node, -1 where nothing is there."""
        there = self.live.get(parent)
        node = there.get(name, -1) if there is not None else -1
        if there is not None and node >= 0:
            del there[name]
            gone = self.gone.get(parent)
            if gone is None:
                gone = {}
                self.gone[parent] = gone
            gone[self.names[node]] = node
        return node

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


def _add(sums: list[int], layer: i64, number: i64) -> None:
    """Add to the sum of a layer. (Written out, the compiler knows these for machine numbers.)"""
    before: i64 = sums[layer]
    sums[layer] = before + number
