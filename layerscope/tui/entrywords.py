"""What is known of one path, in words: attributes, link targets, its story through the layers."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from layerscope.core.tar import BLOCK, CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK
from layerscope.core.tree import DUPLICATE, HIDDEN, NONE, OVERWRITTEN, REMOVED, REPLACED
from layerscope.text import decode, printable
from layerscope.tui.capabilities import ATTRIBUTE, capabilities

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree

_TYPES: Final = {
    FILE: stat.S_IFREG,
    HARDLINK: stat.S_IFREG,
    SYMLINK: stat.S_IFLNK,
    CHAR: stat.S_IFCHR,
    BLOCK: stat.S_IFBLK,
    DIRECTORY: stat.S_IFDIR,
    FIFO: stat.S_IFIFO,
}
_KINDS: Final = {
    FILE: "file",
    HARDLINK: "hard link",
    SYMLINK: "symbolic link",
    CHAR: "character device",
    BLOCK: "block device",
    DIRECTORY: "folder",
    FIFO: "fifo",
}
#: The same in a column.
_SHORT: Final = {**_KINDS, HARDLINK: "hardlink", SYMLINK: "link", CHAR: "char", BLOCK: "block"}
_ENDS: Final = {
    OVERWRITTEN: "overwritten",
    REMOVED: "removed",
    HIDDEN: "hidden",
    REPLACED: "replaced",
    DUPLICATE: "stored twice",
}
#: Versions of one path that are looked at for a row's note; a story tells all of them.
_NOTE_VERSIONS: Final = 200


class Attributes(NamedTuple):
    """The columns beside a name; empty where the layers only imply a folder."""

    mode: str = ""
    owner: str = ""
    link: str = ""
    modified: str = ""
    kind: str = ""
    capabilities: str = ""


def target(tree: ImageTree, version: int) -> str:
    """Where a link leads, printable; empty for what is none."""
    entry = tree.version_entry(version)
    link = tree.layers[tree.version_layer(version)].link(entry) if entry >= 0 else b""
    return printable(decode(link)) if link else ""


def attributes(tree: ImageTree, version: int) -> Attributes:
    """What a layer says of a version beside its contents: all printable, the time in UTC."""
    entry = tree.version_entry(version)
    if entry < 0:
        return Attributes(kind=_SHORT.get(tree.kind(version), "?"))
    index = tree.layers[tree.version_layer(version)]
    kind = tree.kind(version)
    return Attributes(
        mode=stat.filemode(_TYPES.get(kind, 0) | index.mode(entry)),
        owner=f"{index.uid(entry)}:{index.gid(entry)}",
        link=target(tree, version),
        modified=moment(index.mtime(entry)),
        kind=_SHORT.get(kind, "?"),
        capabilities=capabilities(index.xattrs(entry).get(ATTRIBUTE, b"")),
    )


def changed(tree: ImageTree, before: int, version: int) -> list[str]:
    """How a version's attributes differ from those of one below it: ``owner 0:0 → 999:999``."""
    was, now = attributes(tree, before), attributes(tree, version)
    pairs = {
        "mode": (was.mode, now.mode),
        "owner": (was.owner, now.owner),
        "target": (was.link, now.link),
        "time": (was.modified, now.modified),
    }
    changes = [f"{word} {old} → {new}" for word, (old, new) in pairs.items() if old != new and old and new]
    if was.capabilities != now.capabilities:
        changes.append(f"{was.capabilities or 'no capabilities'} → {now.capabilities or 'none'}")
    return changes


def moment(nanoseconds: int) -> str:
    """A time since the epoch as ``2026-11-20 09:14``; empty for times that no calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return ""


def kind_word(kind: int) -> str:
    """The kind of an entry in a word or two."""
    return _KINDS.get(kind, "entry of an unknown kind")


def versions(tree: ImageTree, node: int) -> list[int]:
    """All versions of a path, oldest first."""
    found = []
    version = tree.newest(node)
    while version >= 0:
        found.append(version)
        version = tree.older(version)
    return found[::-1]


def fate(tree: ImageTree, version: int) -> tuple[int, int]:
    """The layer that ends what a version shows, and the reason; -1 where it stays.

    A folder over a folder goes on: its newest version tells.
    """
    later: list[int] = []
    newer = tree.newest(tree.version_node(version))
    while newer > version and len(later) < _NOTE_VERSIONS:
        later.append(newer)
        newer = tree.older(newer)
    for step in [version, *reversed(later)]:
        if tree.reason(step) != NONE:
            return tree.ended(step), tree.reason(step)
    return -1, NONE


def note(tree: ImageTree, version: int) -> str:
    """Why a row deserves a look: ``removed in 8``, ``2 copies``; empty where it does not."""
    layer, reason = fate(tree, version)
    if layer >= 0 and layer != tree.version_layer(version):
        word = "rewritten" if reason == OVERWRITTEN and _is_same(tree, version, layer) else _ENDS[reason]
        return f"{word} in {layer + 1}"
    copies = 0
    older = version
    while older >= 0 and copies < _NOTE_VERSIONS:
        copies += tree.kind(older) == FILE
        older = tree.older(older)
    return f"{copies} copies" if copies > 1 else ""


def _is_same(tree: ImageTree, version: int, layer: int) -> bool:
    """Whether a layer stored a file's bytes again, as far as looking for waste has compared them."""
    data, again = tree.data(version), tree.data(tree.version_at(tree.version_node(version), layer))
    if data < 0 or again < 0 or tree.size(version) != tree.size(again):
        return False
    old, new = (tree.layers[tree.version_layer(each)].digest(tree.version_entry(each)) for each in (data, again))
    return bool(old) and old == new


def story(tree: ImageTree, node: int) -> list[str]:
    """What each layer did to a path, oldest first: ``layer 2  written  file, 1.2 kB``."""
    from layerscope.text import size

    lines = []
    for version in versions(tree, node):
        kind = tree.kind(version)
        what = kind_word(kind) + (f", {size(tree.size(version))}" if kind in (FILE, HARDLINK) else "")
        lines.append(f"layer {tree.version_layer(version) + 1}: {what}")
        if tree.reason(version) != NONE and tree.reason(version) != OVERWRITTEN:
            lines.append(f"layer {tree.ended(version) + 1}: {_ENDS[tree.reason(version)]}")
    return lines
