"""What each layer did to one path: who added it, changed it, removed it, and with which command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from layerscope.core.tar import DIRECTORY, FILE, HARDLINK
from layerscope.core.tree import DUPLICATE, HIDDEN, NONE, OVERWRITTEN, REMOVED, REPLACED
from layerscope.core.view import View
from layerscope.text import decode, printable, size
from layerscope.tui.contents import Contents
from layerscope.tui.entrywords import Attributes, attributes, changed, kind_word, target, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from layerscope.core.outline import Outline
    from layerscope.tui.insides import Openable

_ENDS: Final = {
    REMOVED: "removed",
    HIDDEN: "removed with all in its folder",
    REPLACED: "replaced by something else",
    DUPLICATE: "stored twice in one layer",
}
#: Layers of which is told what they did below a folder.
_MOST_LAYERS: Final = 500


def path_story(
    index: Openable,
    outline: Outline,
    node: int,
    commands: Sequence[str],
    goes_on: Callable[[], bool],
    *,
    so_far: bool = False,
) -> Contents:
    """All that layers did to a path, oldest first; for a folder also what they did below it.

    ``so_far``: more layers are still to come.
    """
    lines = ["/" + decode(index.tree.path(node)), ""]
    told = _events(index, node)
    position = outline.positions[node] if node < len(outline.positions) else -1
    if position >= 0 and outline.ends[position] > position + 1:
        for layer, text in _below(outline, position, len(index.tree.layers), goes_on):
            told.setdefault(layer, []).append(text)
    for layer in sorted(told):
        command = commands[layer] if layer < len(commands) else ""
        lines.append(f"layer {layer + 1}  {printable(' '.join(command.split()))}".rstrip())
        lines += [f"    {text}" for text in told[layer]]
    lines += ["", "the layers above are still being read" if so_far else _end(index, node)]
    return Contents(lines, "story")


def _events(index: Openable, node: int) -> dict[int, list[str]]:
    """By layer: what happened to the path itself."""
    tree = index.tree
    told: dict[int, list[str]] = {}
    before = -1
    for version in versions(tree, node):
        layer = tree.version_layer(version)
        told.setdefault(layer, []).extend(_written(index, before, version))
        ended, reason = tree.ended(version), tree.reason(version)
        if reason in _ENDS:
            told.setdefault(ended, []).append(": ".join([_ENDS[reason], *_left(index, version)]))
        before = version if reason in (NONE, OVERWRITTEN) else -1
    return told


def _left(index: Openable, version: int) -> list[str]:
    """The bytes that ship all the same."""
    stored = index.tree.stored_size(version)
    layer = index.tree.version_layer(version) + 1
    return [f"{size(stored)} stay in layer {layer}"] if stored else []


def _written(index: Openable, before: int, version: int) -> list[str]:
    """What a version is, or how it differs from the one below."""
    tree = index.tree
    now = attributes(tree, version)
    if before < 0:
        return [f"added: {_what(index, version)}  {_facts(now)}".rstrip()]
    if tree.version_entry(version) < 0:
        return ["went on as a folder"]
    changes = []
    if tree.kind(before) != tree.kind(version):
        changes.append(f"{kind_word(tree.kind(before))} → {kind_word(tree.kind(version))}")
    if tree.size(before) != tree.size(version):
        changes.append(f"{size(tree.size(before))} → {size(tree.size(version))}")
    changes += changed(tree, before, version)
    same = _same_bytes(index, before, version)
    if same:
        changes.insert(0, "the same bytes again")
    return ["changed: " + (", ".join(changes) or _what(index, version)), *_left(index, before)]


def _what(index: Openable, version: int) -> str:
    tree = index.tree
    kind = tree.kind(version)
    if kind in (FILE, HARDLINK):
        return f"{kind_word(kind)}, {size(tree.size(version))}"
    link = target(tree, version)
    return kind_word(kind) + (f" → {link}" if link else "")


def _facts(found: Attributes) -> str:
    return "  ".join(part for part in (found.mode, found.owner, found.modified, found.capabilities) if part)


def _same_bytes(index: Openable, before: int, version: int) -> bool:
    """Whether two files are known to have the same contents."""
    tree = index.tree
    if tree.kind(before) != FILE or tree.kind(version) != FILE or tree.size(before) != tree.size(version):
        return False
    old = tree.layers[tree.version_layer(before)].digest(tree.version_entry(before))
    new = tree.layers[tree.version_layer(version)].digest(tree.version_entry(version))
    return bool(old) and old == new


def _below(outline: Outline, position: int, layers: int, goes_on: Callable[[], bool]) -> Iterator[tuple[int, str]]:
    """By layer: bytes written and removed below a folder."""
    for layer in range(min(layers, _MOST_LAYERS)):
        view = View(outline, layer - 1, layer)
        while view.step():
            if not goes_on():
                return
        written, _total, removed = view.sums(position + 1, outline.ends[position])
        if view.mark(position) != 1 and (written or removed):
            parts = [f"{size(written)} written" if written else "", f"{size(removed)} removed" if removed else ""]
            yield layer, " and ".join(part for part in parts if part) + " below"


def _end(index: Openable, node: int) -> str:
    """Where it all leads."""
    tree = index.tree
    last = versions(tree, node)[-1:]
    there = bool(last) and tree.ended(last[0]) < 0
    stored = sum(tree.stored_size(version) for version in versions(tree, node))
    kept = tree.stored_size(last[0]) if there else 0
    if not there:
        return f"not in the final image; the layers store {size(stored)} for it" if stored else "not in the final image"
    if last and tree.kind(last[0]) == DIRECTORY:
        return "in the final image"
    extra = f", and {size(stored - kept)} more in layers below" if stored > kept else ""
    return f"in the final image: {size(tree.size(last[0]))}{extra}"
