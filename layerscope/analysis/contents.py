"""Rules about what is in an image: forbidden paths, setuid files, the user it runs as."""

from __future__ import annotations

import heapq
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from layerscope.analysis.globs import Matcher
from layerscope.analysis.model import Analysis, Finding, label
from layerscope.analysis.rules import Measure
from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import ImageTree
from layerscope.text import decode

_SETUID, _SETGID = 0o4000, 0o2000
_ZERO = re.compile(r"[+-]?0+")
_COPIES = ("COPY", "ADD")
#: As many findings are told one by one, the heaviest first; all are counted.
MOST = 1000


def find_contents(
    analysis: Analysis, tree: ImageTree, measure: Measure, patterns: Sequence[str]
) -> tuple[int, tuple[Finding, ...]]:
    """How often a rule about paths is broken, and the heaviest of what breaks it; ConfigError for an empty glob."""
    matcher = Matcher(tree, patterns)
    if measure is Measure.SETUID:
        found = [(tree.size(version), version) for version in _setuid(tree, matcher)]
        return len(found), tuple(_setuid_finding(analysis, tree, version) for _, version in _heaviest(found))
    everywhere = measure is Measure.FORBIDDEN_IN_LAYERS
    hits = [(_weigh(tree, node, everywhere), node) for node in matcher.tops() if everywhere or _living(tree, node) >= 0]
    weights = {node: weight for weight, node in hits}
    heaviest = _heaviest([(size, node) for (size, _), node in hits])
    return len(hits), tuple(_forbidden(analysis, tree, node, weights[node]) for _, node in heaviest)


def find_root(analysis: Analysis) -> tuple[str, tuple[Finding, ...]]:
    """The user that the image runs as, and the finding where that is root."""
    name = analysis.user.partition(":")[0]
    if name and name != "root" and not _ZERO.fullmatch(name):
        return analysis.user, ()
    told = f"USER is {analysis.user}, which is root." if name else "No USER is set, so the image runs as root."
    return analysis.user or "root", (
        Finding("", 0, None, told, "End the Dockerfile with USER and a user that is not root."),
    )


def _heaviest(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return heapq.nsmallest(MOST, found, key=lambda pair: (-pair[0], pair[1]))


def _living(tree: ImageTree, node: int) -> int:
    """The version of a path in the final filesystem; -1 where it is not there."""
    version = tree.newest(node)
    return version if version >= 0 and tree.ended(version) < 0 else -1


def _setuid(tree: ImageTree, allowed: Matcher) -> Iterator[int]:
    """The versions in the final filesystem that are files with one of the bits."""
    bits = _SETUID | _SETGID
    marked = {
        (number, entry)
        for number, layer in enumerate(tree.layers)
        for entry, mode in enumerate(layer.modes)
        if mode & bits and layer.kinds[entry] in (FILE, HARDLINK)
    }
    if not marked:
        return
    for version, place in enumerate(zip(tree.version_layers, tree.entries, strict=True)):
        if place in marked and tree.ended(version) < 0 and not allowed.fits(tree.version_node(version)):
            yield version


def _setuid_finding(analysis: Analysis, tree: ImageTree, version: int) -> Finding:
    layer = tree.version_layer(version)
    path = decode(tree.path(tree.version_node(version)))
    mode = tree.layers[layer].mode(tree.version_entry(version))
    what = " and ".join(word for bit, word in ((_SETUID, "setuid"), (_SETGID, "setgid")) if mode & bit)
    return Finding(
        path,
        tree.size(version),
        layer,
        f"{what} ({mode:04o}), from {_maker(analysis, layer)}",
        f"Take the bit away there (chmod a-s {shlex.quote(f'/{path}')}), or name it in --allow-setuid.",
    )


def _forbidden(analysis: Analysis, tree: ImageTree, node: int, weight: tuple[int, int]) -> Finding:
    """A forbidden path; a folder stands for all that is in it."""
    version = tree.newest(node)
    layer, ended = tree.version_layer(_origin(tree, version)), tree.ended(version)
    folder = tree.kind(version) == DIRECTORY
    size, files = weight
    inside = f" ({files} files)" if folder and files != 1 else ""
    cause = f"It{inside} comes from {_maker(analysis, layer)}"
    cure = "Remove it in the instruction that makes it."
    if analysis.layers[layer].command.startswith(_COPIES):
        cure = "Name it in .dockerignore, or copy only what is needed."
    elif analysis.layers[layer].base:
        cure = "It is the base image's: choose a base without it."
    if ended >= 0:
        cause += f"; {label(ended)} takes it away, and it still ships"
    return Finding(decode(tree.path(node)) + ("/" if folder else ""), size, layer, cause, cure)


def _origin(tree: ImageTree, version: int) -> int:
    """The version that brought the path: those on top of it only wrote it again."""
    older = tree.older(version)
    while older >= 0 and tree.ended(older) in (-1, tree.version_layer(version)):
        version, older = older, tree.older(older)
    return version


def _weigh(tree: ImageTree, top: int, everywhere: bool) -> tuple[int, int]:
    """The bytes and the number of files under a node: of the final image, or of all layers."""
    size = files = 0
    waiting = [top]
    while waiting:
        node = waiting.pop()
        waiting.extend(tree.children(node))
        version = tree.newest(node) if everywhere else _living(tree, node)
        while version >= 0:
            if tree.kind(version) in (FILE, HARDLINK):
                size += tree.stored_size(version) if everywhere else tree.size(version)
                files += 1
            version = tree.older(version) if everywhere else -1
    return size, files


def _maker(analysis: Analysis, layer: int) -> str:
    command = analysis.layers[layer].command
    return f"layer {label(layer)}: {command}" if command else f"layer {label(layer)}"
