"""Users of an image: what its own /etc/passwd says that a name is."""

from __future__ import annotations

import re
from typing import Final

from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import ImageTree
from layerscope.errors import LayerscopeError
from layerscope.index import ImageIndex
from layerscope.sources.readers import read_all

#: Where the users of an image are listed, and how many bytes of that are read.
PASSWD: Final = b"etc/passwd"
MAX_PASSWD: Final = 1 << 20
_NUMBER: Final = re.compile(rb"[+-]?[0-9]{1,20}")


def is_passwd(path: bytes, size: int) -> bool:
    """Whether a file has to be kept while it passes."""
    return path == PASSWD and size <= MAX_PASSWD


def read_passwd(index: ImageIndex) -> bytes | None:
    """The /etc/passwd of the final filesystem, empty where there is none; None where it cannot be had."""
    tree = index.tree
    folder, version = (_living(tree, path) for path in (b"etc", PASSWD))
    if version < 0:
        return b"" if folder < 0 or tree.kind(folder) == DIRECTORY else None
    if tree.kind(version) not in (FILE, HARDLINK) or tree.data(version) < 0:
        return None  # a link: what it leads to is not followed
    stored = tree.data(version)
    layer, entry = tree.version_layer(stored), tree.version_entry(stored)
    if entry in index.layers[layer].kept:
        return index.layers[layer].kept[entry]
    try:
        reader = index.open(layer, entry)
        try:
            return read_all(reader, MAX_PASSWD)
        finally:
            reader.close()
    except LayerscopeError:  # it passed and was not kept, or the layer is damaged, which is told elsewhere
        return None


def user_id(passwd: bytes, name: str) -> int | None:
    """The uid that engines start a user with; None for a name that is not listed.

    As moby/sys/user has it: the first line with that name, or with that uid, counts; what is no number is 0.
    """
    wanted = name.encode("utf-8", "surrogateescape")
    number = int(wanted) if _NUMBER.fullmatch(wanted) else None
    for line in passwd.split(b"\n"):
        fields = line.strip().split(b":")
        uid = int(fields[2]) if len(fields) > 2 and _NUMBER.fullmatch(fields[2]) else 0
        if fields[0] and (fields[0] == wanted or uid == number):
            return uid
    return number


def _living(tree: ImageTree, path: bytes) -> int:
    """The version of a path in the final filesystem; -1 where it is not there."""
    node = tree.find(path)
    version = tree.newest(node) if node >= 0 else -1
    return version if version >= 0 and tree.ended(version) < 0 else -1
