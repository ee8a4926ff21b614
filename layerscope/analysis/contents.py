"""Rules about what is in an image: forbidden paths, setuid files, the user it runs as."""

from __future__ import annotations

import heapq
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from layerscope.analysis.globs import Matcher
from layerscope.analysis.measures import Measure
from layerscope.analysis.model import Analysis, Finding, label
from layerscope.analysis.users import user_id
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
        by_version = dict(_setuid(tree, matcher))
        heavy = _heaviest((tree.size(version), version) for version in by_version)
        return len(by_version), tuple(_setuid_finding(analysis, tree, each, by_version[each]) for _, each in heavy)
    everywhere = measure is Measure.FORBIDDEN_IN_LAYERS
    hits = [(_weigh(tree, node, everywhere), node) for node in matcher.tops() if everywhere or _living(tree, node) >= 0]
    weights = {node: weight for weight, node in hits}
    heaviest = _heaviest([(size, node) for (size, _), node in hits])
    return len(hits), tuple(_forbidden(analysis, tree, node, weights[node]) for _, node in heaviest)


def find_root(analysis: Analysis) -> tuple[str, tuple[Finding, ...]]:
    """The user that the image runs as, and the finding where that is root, by its own /etc/passwd too."""
    name = analysis.user.partition(":")[0]
    told = f"USER is {analysis.user}, which is root." if name else "No USER is set, so the image runs as root."
    if name and name != "root" and not _ZERO.fullmatch(name):
        passwd = analysis.find_passwd()
        uid = user_id(passwd, name) if passwd is not None else -1
        if uid is None:
            return f"{analysis.user}, whom /etc/passwd does not know: engines will not start it", ()
        if uid:
            return analysis.user, ()
        told = f"USER is {analysis.user}, which is root by the image's /etc/passwd."
    return analysis.user or "root", (
        Finding("", 0, None, told, "End the Dockerfile with USER and a user that is not root."),
    )


def _heaviest(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return heapq.nsmallest(MOST, found, key=lambda pair: (-pair[0], pair[1]))


def _living(tree: ImageTree, node: int) -> int:
    """The version of a path in the final filesystem; -1 where it is not there."""
    version = tree.newest(node)
    return version if version >= 0 and tree.ended(version) < 0 else -1


def _setuid(tree: ImageTree, allowed: Matcher) -> Iterator[tuple[int, int]]:
    """The versions in the final filesystem that are files with one of the bits, each with whose header sets it.

    A hard link's header sets the mode of the file that it shares: the last one counts, beside the file's own.
    """
    bits = _SETUID | _SETGID
    marked = {
        (number, entry)
        for number, layer in enumerate(tree.layers)
        if (wanted := layer.rights_with(bits))
        for entry, rights in enumerate(layer.rights)
        if rights in wanted and layer.kinds[entry] in (FILE, HARDLINK)
    }
    if not marked:
        return
    last = _last_links(tree)
    by_link = {data for data, link in last.items() if (tree.version_layer(link), tree.version_entry(link)) in marked}
    for version, place in enumerate(zip(tree.version_layers, tree.entries, strict=True)):
        data = tree.data(version)
        found = place in marked or data in by_link
        if found and tree.ended(version) < 0 and not allowed.fits(tree.version_node(version)):
            yield version, version if place in marked else last[data]


def _last_links(tree: ImageTree) -> dict[int, int]:
    """The hard link that was made last, of each version that has any."""
    found = {}
    version = tree.kinds.find(HARDLINK)
    while version >= 0:
        if tree.data(version) >= 0:
            found[tree.data(version)] = version
        version = tree.kinds.find(HARDLINK, version + 1)
    return found


def _setuid_finding(analysis: Analysis, tree: ImageTree, version: int, source: int) -> Finding:
    layer = tree.version_layer(source)
    path = decode(tree.path(tree.version_node(version)))
    mode = tree.layers[layer].mode(tree.version_entry(source))
    what = " and ".join(word for bit, word in ((_SETUID, "setuid"), (_SETGID, "setgid")) if mode & bit)
    return Finding(
        path,
        tree.size(version),
        layer,
        f"It is {what} ({mode:04o}), from {_maker(analysis, layer)}",
        f"Take the bit away there (chmod a-s {shlex.quote(f'/{path}')}), or name it in --allow-setuid.",
    )


def _forbidden(analysis: Analysis, tree: ImageTree, node: int, weight: tuple[int, int]) -> Finding:
    """A forbidden path; a folder stands for all that is in it."""
    version = tree.newest(node)
    layer, ended = tree.version_layer(_origin(tree, version)), tree.ended(version)
    folder = tree.kind(version) == DIRECTORY
    size, files = weight
    inside = f" ({files} files)" if folder and files != 1 else ""
    # What becomes of it comes before the command, which may be long.
    gone = f", layer {label(ended)} takes it away, and it still ships" if ended >= 0 else ""
    cause = f"It{inside} comes from {_maker(analysis, layer, gone)}"
    cure = "Remove it in the instruction that makes it."
    if analysis.layers[layer].command.startswith(_COPIES):
        cure = "Name it in .dockerignore, or copy only what is needed."
    elif analysis.layers[layer].base:
        cure = "It is the base image's: choose a base without it."
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


def _maker(analysis: Analysis, layer: int, gone: str = "") -> str:
    command = analysis.layers[layer].command
    return f"layer {label(layer)}{gone}{f' ({command})' if command else ''}"
