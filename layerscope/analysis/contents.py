"""Rules about what is in an image: forbidden paths, setuid files, the user it runs as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from layerscope.analysis.model import Analysis, Finding, label
from layerscope.analysis.rules import Measure
from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import ImageTree
from layerscope.errors import ConfigError
from layerscope.text import decode

_SETUID, _SETGID = 0o4000, 0o2000
_COPIES = ("COPY", "ADD")
Fits = Callable[[str], bool]


def find_contents(analysis: Analysis, measure: Measure, patterns: Sequence[str]) -> tuple[tuple[Finding, ...], str]:
    """What a rule about contents finds, largest first, and a note to show beside it."""
    if measure is Measure.ROOT:
        return _find_root(analysis)
    tree = analysis.tree
    if tree is None:
        return (), ""
    if measure is Measure.SETUID:
        found = _find_setuid(analysis, tree, compile_globs(patterns))
    else:
        found = _find_forbidden(analysis, tree, compile_globs(patterns), measure is Measure.FORBIDDEN_IN_LAYERS)
    return tuple(sorted(found, key=lambda finding: (-finding.bytes, finding.path))), ""


def compile_globs(patterns: Sequence[str]) -> Fits:
    """Whether a path, without a leading slash, fits one of the globs; ConfigError for an empty glob.

    As in .gitignore: without a slash inside, a glob is looked for in every folder; with one, it
    starts at the root. ``*`` and ``?`` stay within a folder, ``**`` does not.
    """
    if not patterns:
        return lambda path: False
    matcher = re.compile("|".join(f"(?:{_translated(pattern)})" for pattern in patterns), re.DOTALL)
    return lambda path: matcher.fullmatch(path) is not None


def _translated(pattern: str) -> str:
    anchored = "/" in pattern.strip("/") or pattern.startswith("/")
    inner = pattern.strip("/").removesuffix("/**")
    if inner in ("", "**"):
        raise ConfigError(f"'{pattern}' is no glob of a path.", "Write it like *.pem, .git or /root/.ssh/**.")
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\])", inner)
    return ("" if anchored else "(?:.*/)?") + "".join(map(_piece, parts))


def _piece(part: str) -> str:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
    if wild is not None:
        return wild
    if part.startswith("[") and part.endswith("]") and len(part) > 2:
        negated = part.startswith("[!")
        inside = re.sub(r"([\\\[\]^&|~])", r"\\\1", part[2 if negated else 1 : -1])
        # A range that runs backwards, or nothing at all, is no class: the text itself is meant.
        return f"(?!/)[{'^' if negated else ''}{inside}]" if inside and _is_class(inside) else re.escape(part)
    return re.escape(part)


def _is_class(inside: str) -> bool:
    try:
        re.compile(f"[{inside}]")
    except re.error:
        return False
    return True


def _find_root(analysis: Analysis) -> tuple[tuple[Finding, ...], str]:
    name = analysis.user.partition(":")[0]
    if name and name != "root" and not (name.isdecimal() and int(name) == 0):
        return (), analysis.user
    told = f"USER is {analysis.user}, which is root." if name else "No USER is set, so the image runs as root."
    note = analysis.user or "root"
    return (Finding("", 0, None, told, "End the Dockerfile with USER and a user that is not root."),), note


class _Walk:
    """Every node but the root with its path; ``leave_out()`` passes by what is under the last one."""

    def __init__(self, tree: ImageTree) -> None:
        self._tree = tree
        self._waiting = [(node, "") for node in tree.children(0)]
        self._below = True

    def __iter__(self) -> Iterator[tuple[int, str]]:
        tree, waiting = self._tree, self._waiting
        while waiting:
            node, parent = waiting.pop()
            path = parent + decode(tree.name(node))
            self._below = True
            yield node, path
            if self._below:
                waiting.extend((child, f"{path}/") for child in tree.children(node))

    def leave_out(self) -> None:
        """Do not go into the node that came last."""
        self._below = False


def _living(tree: ImageTree, node: int) -> int:
    """The version of a path in the final filesystem; -1 where it is not there."""
    version = tree.newest(node)
    return version if version >= 0 and tree.ended(version) < 0 else -1


def _find_setuid(analysis: Analysis, tree: ImageTree, allowed: Fits) -> Iterator[Finding]:
    for node, path in _Walk(tree):
        version = _living(tree, node)
        if version < 0 or tree.kind(version) not in (FILE, HARDLINK):
            continue
        layer, entry = tree.version_layer(version), tree.version_entry(version)
        mode = tree.layers[layer].mode(entry)
        if mode & (_SETUID | _SETGID) and not allowed(path):
            what = " and ".join(word for bit, word in ((_SETUID, "setuid"), (_SETGID, "setgid")) if mode & bit)
            cause = f"{what} ({mode:04o}), from {_maker(analysis, layer)}"
            cure = f"Take the bit in that instruction (chmod a-s /{path}), or allow it: --allow-setuid '/{path}'."
            yield Finding(path, tree.size(version), layer, cause, cure)


def _find_forbidden(analysis: Analysis, tree: ImageTree, forbidden: Fits, everywhere: bool) -> Iterator[Finding]:
    walk = _Walk(tree)
    for node, path in walk:
        finding = _forbidden(analysis, tree, node, path, everywhere) if forbidden(path) else None
        if finding:
            # The folder stands for all that is in it.
            walk.leave_out()
            yield finding


def _forbidden(analysis: Analysis, tree: ImageTree, node: int, path: str, everywhere: bool) -> Finding | None:
    living = _living(tree, node)
    version = living if living >= 0 or not everywhere else tree.newest(node)
    if version < 0:
        return None
    layer, ended = tree.version_layer(version), tree.ended(version)
    folder = tree.kind(version) == DIRECTORY
    size, files = _weigh(tree, node, everywhere)
    inside = f" ({files} files)" if folder and files != 1 else ""
    cause = f"It{inside} comes from {_maker(analysis, layer)}"
    cure = "Remove it in the instruction that makes it."
    if analysis.layers[layer].command.startswith(_COPIES):
        cure = "Name it in .dockerignore, or copy only what is needed."
    elif analysis.layers[layer].base:
        cure = "It is the base image's: choose a base without it."
    if ended >= 0:
        cause += f"; {label(ended)} takes it away, and it still ships"
    return Finding(path + "/" if folder else path, size, layer, cause, cure)


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
