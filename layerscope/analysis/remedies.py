"""What to do about a waste item: its cause in one sentence, the cure in another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from layerscope.analysis.model import (
    DUPLICATE,
    HIDDEN,
    OVERWRITTEN,
    REMOVED,
    REPLACED,
    REWRITTEN,
    LayerFigures,
    WasteItem,
    label,
)

# What a RUN gave to chown or chmod, where that can stand in a COPY too.
_CHOWN = re.compile(r"\bchown (?:-\S+ )*([\w.-]+(?::[\w.-]+)?) ", re.ASCII)
_CHMOD = re.compile(r"\bchmod (?:-\S+ )*(0?[0-7]{3,4}) ", re.ASCII)

# A package manager that takes away what an earlier RUN installed.
_UNINSTALL = re.compile(
    r"\b(?:apt|apt-get|aptitude|apk|dnf|microdnf|yum|zypper|pip3?|npm|conda|gem) (?:-\S+ )*"
    r"(?:purge|remove|autoremove|autopurge|del|erase|uninstall|prune)\b",
    re.ASCII,
)
_EVERY_RUN = "Every RUN that installs writes it anew: install in one RUN."
_TOGETHER = "Install, use and remove the packages in one RUN, or do it in a stage of its own and copy the result."


class Remedy(NamedTuple):
    """``cause`` says what happened, ``cure`` what to change; both hold words out of the image."""

    cause: str
    cure: str


class _Known(NamedTuple):
    """A place that fills up in the same way in every image."""

    part: str
    what: str
    cure: str
    plural: bool = False


# Looked for anywhere in the path, between slashes; the first that fits counts.
_KNOWN = (
    _Known(".cache/pip", "pip's cache", "Remove it in the RUN that makes it, or use pip install --no-cache-dir."),
    _Known(".cache/uv", "uv's cache", "Install with uv's --no-cache, or with a cache mount there."),
    _Known(".cache/pypoetry", "Poetry's cache", "Install with poetry's --no-cache, or with a cache mount there."),
    _Known(
        "var/lib/apt/lists",
        "apt's package lists",
        "End the RUN that calls apt-get with rm -rf /var/lib/apt/lists/*.",
        True,
    ),
    _Known("var/cache/apt", "apt's cache", "Call apt-get clean in the same RUN, or use a cache mount there."),
    _Known("var/cache/apk", "apk's cache", "Install with apk add --no-cache."),
    _Known("var/cache/dnf", "dnf's cache", "Call dnf clean all in the same RUN, or use a cache mount there."),
    _Known("var/cache/yum", "yum's cache", "Call yum clean all in the same RUN, or use a cache mount there."),
    _Known("var/cache/zypp", "zypper's cache", "Call zypper clean --all in the same RUN."),
    _Known(".npm/_cacache", "npm's cache", "Call npm cache clean --force in the same RUN, or use a cache mount there."),
    _Known(".cache/yarn", "yarn's cache", "Call yarn cache clean in the same RUN, or use a cache mount there."),
    _Known("share/.cache/yarn", "yarn's cache", "Call yarn cache clean in the same RUN, or use a cache mount there."),
    _Known(".pnpm-store", "pnpm's store", "Use a cache mount there, or prune it in the same RUN."),
    _Known(
        ".cargo/registry", "cargo's registry", "Build in a stage of its own and copy the result, or use a cache mount."
    ),
    _Known(
        "cargo/registry", "cargo's registry", "Build in a stage of its own and copy the result, or use a cache mount."
    ),
    _Known("go/pkg/mod", "Go's module cache", "Build in a stage of its own and copy the binary, or use a cache mount."),
    _Known(
        ".cache/go-build", "Go's build cache", "Build in a stage of its own and copy the binary, or use a cache mount."
    ),
    _Known(
        ".m2/repository", "Maven's repository", "Build in a stage of its own and copy the result, or use a cache mount."
    ),
    _Known(
        ".gradle/caches", "Gradle's cache", "Build in a stage of its own and copy the result, or use a cache mount."
    ),
    _Known(
        ".nuget/packages", "NuGet's cache", "Build in a stage of its own and copy the result, or use a cache mount."
    ),
    _Known(".composer/cache", "Composer's cache", "Install with composer's --no-cache, or with a cache mount there."),
    _Known("conda/pkgs", "conda's package cache", "Call conda clean --all --yes in the same RUN."),
    _Known("var/lib/dpkg", "dpkg's database", _EVERY_RUN),
    _Known("var/lib/rpm", "rpm's database", _EVERY_RUN),
    _Known("usr/lib/sysimage/rpm", "rpm's database", _EVERY_RUN),
    _Known("lib/apk/db", "apk's database", _EVERY_RUN),
    _Known("var/cache/debconf", "debconf's cache", _EVERY_RUN),
    _Known("var/log", "logs", "Remove them in the RUN that writes them.", True),
    _Known(".git", "git's history", "Name .git in .dockerignore, or clone in a stage of its own."),
    _Known("node_modules", "node's packages", "Install the final set once, in one RUN or a stage of its own.", True),
    _Known(".cache", "caches", "Remove them in the RUN that fills them, or use cache mounts there.", True),
    _Known("__pycache__", "Python's bytecode", "Name __pycache__ in .dockerignore, or set PYTHONDONTWRITEBYTECODE=1."),
)
_FILE = _Known("", "It", "Remove it in the RUN that makes it.")
_TREE = _Known("", "They", "Remove them in the RUN that makes them.", True)


def find_remedy(item: WasteItem, layers: Sequence[LayerFigures]) -> Remedy:
    """The cause of the waste and its cure, for people: layers are numbered from 1 in both."""
    known = _known_place(item.path)
    place = known or (_TREE if item.files > 1 else _FILE)
    return Remedy(_cause(item, place), _cure(item, known, layers))


def _known_place(path: str) -> _Known | None:
    inside = f"/{path.strip('/')}/"
    return next((known for known in _KNOWN if f"/{known.part}/" in inside), None)


def _cause(item: WasteItem, known: _Known) -> str:
    verb, ships = ("are", "they still ship") if known.plural else ("is", "it still ships")
    by = label(item.wasted_by)
    written = f"{known.what} {verb} written in {_listed(item.stored_in)}"
    if item.reason == REMOVED:
        return f"{written} and removed in {by}: {ships}."
    if item.reason == OVERWRITTEN:
        return f"{written} and again, with other bytes, in {by}: both ship."
    if item.reason == HIDDEN:
        return f"{written}, and {by} hides all that its directory held (opaque): {ships}."
    if item.reason == REPLACED:
        return f"{written}, and {by} puts something of another kind there: {ships}."
    if item.reason == REWRITTEN:
        changed = " and ".join(item.attributes)
        told = f"only {changed} changed" if changed else "nothing changed"
        return f"The same bytes lie in {_listed(item.stored_in)} and again in {by}: {told}."
    return f"Layer {by} stores the path more than once, and only the last one counts."


def _cure(item: WasteItem, known: _Known | None, layers: Sequence[LayerFigures]) -> str:
    if item.reason == DUPLICATE:
        return "Make the tool that writes this layer store each path once."
    if all(layers[layer].base for layer in item.stored_in):
        return _base_cure(item, layers)
    if item.reason == REWRITTEN:
        return _rewritten_cure(item, layers)
    if _is_uninstalled(item, layers) and (known is None or known.cure == _EVERY_RUN):
        return _TOGETHER
    if known:
        return f"{known.cure}{_base_part(item, layers)}"
    maker = _instruction(layers, item.stored_in[-1]) if item.stored_in else ""
    if item.reason in (REMOVED, HIDDEN):
        if maker in ("COPY", "ADD"):
            return "Copy only what is needed, or name the rest in .dockerignore."
        return (_TREE if item.files > 1 else _FILE).cure
    if item.reason == OVERWRITTEN and maker in ("COPY", "ADD") and _instruction(layers, item.wasted_by) == maker:
        return "Copy it once, from where its last version lies."
    return "Write the final version at once, in one instruction."


def _is_uninstalled(item: WasteItem, layers: Sequence[LayerFigures]) -> bool:
    return item.reason == REMOVED and _UNINSTALL.search(layers[item.wasted_by].command) is not None


def _base_part(item: WasteItem, layers: Sequence[LayerFigures]) -> str:
    """What that does not cure."""
    return " The base image brings a part of it." if any(layers[layer].base for layer in item.stored_in) else ""


def _base_cure(item: WasteItem, layers: Sequence[LayerFigures]) -> str:
    """What lies in the base ships whatever later layers do."""
    if layers[item.wasted_by].base:
        return "Both layers are the base image's: a leaner base saves it."
    if item.reason == REWRITTEN:
        return "The base image brings it: change only the files that need it, or change them where the base is made."
    if item.reason == OVERWRITTEN:
        return "The base image brings it: leave it as it is, or choose a base that has it right."
    return "The base image brings it: choose a base without it."


def _rewritten_cure(item: WasteItem, layers: Sequence[LayerFigures]) -> str:
    copied = _instruction(layers, item.stored_in[-1]) if item.stored_in else ""
    for attribute, flag, given in (("owner", "chown", _CHOWN), ("mode", "chmod", _CHMOD)):
        if copied in ("COPY", "ADD") and attribute in item.attributes:
            value = given.search(layers[item.wasted_by].command)
            written = f"--{flag}={value[1]}" if value else f"--{flag}"
            return (
                f"Use {copied} {written} in {label(item.stored_in[-1])} instead of {flag} in {label(item.wasted_by)}."
            )
    if _instruction(layers, item.wasted_by) in ("COPY", "ADD"):
        return "Copy it once."
    what = " and ".join(item.attributes)
    return f"Set {what} in the RUN that makes the file." if what else "Leave it as it is."


def _instruction(layers: Sequence[LayerFigures], layer: int) -> str:
    return layers[layer].command.partition(" ")[0] if 0 <= layer < len(layers) else ""


def _listed(layers: Sequence[int]) -> str:
    names = [label(layer) for layer in layers]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
