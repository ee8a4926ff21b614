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

# A package manager that takes away what an earlier RUN installed.
_UNINSTALL = re.compile(
    r"\b(?:apt|apt-get|aptitude|apk|dnf|microdnf|yum|zypper|pip3?|npm|conda|gem) (?:-\S+ )*"
    r"(?:purge|remove|autoremove|autopurge|del|erase|uninstall|prune)\b",
    re.ASCII,
)
_COPIES = ("COPY", "ADD")
_EVERY_RUN = "Every RUN that installs writes it anew: install in one RUN."
_TOGETHER = "Install, use and remove the packages in one RUN, or do it in a stage of its own and copy the result."


class Remedy(NamedTuple):
    """``cause`` says what happened, ``cure`` what to change; both hold words out of the image."""

    cause: str
    cure: str


class _Setter(NamedTuple):
    """How an attribute of a file is set: by which tool in a RUN, which is a flag of COPY and ADD too."""

    what: str
    tool: str
    given: re.Pattern[str]
    """What a RUN gave to the tool, where that can stand in a COPY."""

    def flag(self, command: str) -> str:
        """The flag that sets what a command sets."""
        value = self.given.search(command)
        return f"--{self.tool}={value[1]}" if value else f"--{self.tool}"


_SETTERS = {
    "owner": _Setter("owner", "chown", re.compile(r"\bchown (?:-\S+ )*([\w.-]+(?::[\w.-]+)?) ", re.ASCII)),
    "mode": _Setter("mode", "chmod", re.compile(r"\bchmod (?:-\S+ )*(0?[0-7]{3,4}) ", re.ASCII)),
}


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
    _Known("etc/ld.so.cache", "the linker's cache", _EVERY_RUN),
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


def changes(item: WasteItem) -> str:
    """What became of a file that was rewritten with the same bytes: ``only owner changed``."""
    return f"only {' and '.join(item.attributes)} changed" if item.attributes else "nothing changed"


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
        return f"The same bytes lie in {_listed(item.stored_in)} and again in {by}: {changes(item)}."
    return f"Layer {by} stores the path more than once, and only the last one counts."


def _cure(item: WasteItem, known: _Known | None, layers: Sequence[LayerFigures]) -> str:
    if item.reason == DUPLICATE:
        return "Make the tool that writes this layer store each path once."
    if all(layers[layer].base for layer in item.stored_in):
        return _base_cure(item, known, layers)
    if item.reason == REWRITTEN and (known is None or _is_set(item)):
        return f"{_rewritten_cure(item, layers)}{_base_part(item, layers)}"
    if _is_uninstalled(item, known, layers):
        return _TOGETHER
    if known:
        return f"{known.cure}{_base_part(item, layers)}"
    maker = _instruction(layers, item.stored_in[-1]) if item.stored_in else ""
    if item.reason in (REMOVED, HIDDEN):
        if maker in _COPIES:
            return "Copy only what is needed, or name the rest in .dockerignore."
        return (_TREE if item.files > 1 else _FILE).cure
    if item.reason == OVERWRITTEN and maker in _COPIES and _instruction(layers, item.wasted_by) == maker:
        return "Copy it once, from where its last version lies."
    return "Write the final version at once, in one instruction."


def _is_uninstalled(item: WasteItem, known: _Known | None, layers: Sequence[LayerFigures]) -> bool:
    """Whether a package manager's RUN took it away, or wrote anew what such RUNs always do, to take packages away."""
    if not _UNINSTALL.search(layers[item.wasted_by].command):
        return False
    if known:
        return known.cure == _EVERY_RUN
    maker = _instruction(layers, item.stored_in[-1]) if item.stored_in else ""
    return item.reason == REMOVED or (item.reason == OVERWRITTEN and maker == "RUN")


def _base_part(item: WasteItem, layers: Sequence[LayerFigures]) -> str:
    """What that does not cure."""
    return " The base image brings a part of it." if any(layers[layer].base for layer in item.stored_in) else ""


def _base_cure(item: WasteItem, known: _Known | None, layers: Sequence[LayerFigures]) -> str:
    """What lies in the base ships whatever later layers do."""
    if layers[item.wasted_by].base:
        return "Both layers are the base image's: a leaner base saves it."
    again = item.reason in (REWRITTEN, OVERWRITTEN)
    if again and known and known.cure == _EVERY_RUN and not _is_set(item):
        return "Nothing to do: whatever installs over a base image writes it anew."
    if item.reason == REWRITTEN and _is_set(item):
        return "The base image brings it: change only the files that need it, or change them where the base is made."
    if item.reason == REWRITTEN:
        return f"The base image brings it: keep {label(item.wasted_by)} from writing it again."
    if item.reason == OVERWRITTEN:
        return "The base image brings it: leave it as it is, or choose a base that has it right."
    return "The base image brings it: choose a base without it."


def _is_set(item: WasteItem) -> bool:
    """Whether it was rewritten for what an instruction can be told to set."""
    return any(attribute in item.attributes for attribute in _SETTERS)


def _rewritten_cure(item: WasteItem, layers: Sequence[LayerFigures]) -> str:
    """The same bytes again: who makes the file has to make it as the later layer leaves it."""
    by = label(item.wasted_by)
    own = [layer for layer in item.stored_in if not layers[layer].base]
    copies = [layer for layer in own if _instruction(layers, layer) in _COPIES]
    others = [layer for layer in own if layer not in copies]
    setters = [setter for attribute, setter in _SETTERS.items() if attribute in item.attributes]
    if _instruction(layers, item.wasted_by) in _COPIES:
        kept = " and ".join(setter.what for setter in setters)
        if others:
            return f"Write it once: it lies in {_listed(own)}, and {by} copies it again."
        return f"Copy it once, with the {kept} that {by} gives it." if kept else "Copy it once."
    if not setters:
        return _again_cure(item, copies, others)
    command = layers[item.wasted_by].command
    flags = " ".join(setter.flag(command) for setter in setters)
    steps = [f"{_instruction(layers, layer)} {flags} in {label(layer)}" for layer in copies]
    told = [f"use {_worded(steps)}"] if steps else []
    if others:
        tools = " and ".join(setter.tool for setter in setters)
        user = " (or set USER before it)" if setters == [_SETTERS["owner"]] else ""
        told.append(f"call {tools} in the RUN of {_listed(others)}{user}")
    called = [setter.tool for setter in setters if re.search(rf"\b{setter.tool}\b", command)]
    instead = f" instead of {' and '.join(called)} in {by}" if called else f", so that {by} need not store it again"
    text = ", and ".join(told)
    return f"{text[0].upper()}{text[1:]}{instead}."


def _again_cure(item: WasteItem, copies: Sequence[int], others: Sequence[int]) -> str:
    """Nothing of it changed that owner and mode are: a later command wrote what was there."""
    by = label(item.wasted_by)
    if "xattrs" in item.attributes:
        if copies:
            return "Set xattrs before it is copied, in a stage of its own."
        return f"Set xattrs in the RUN of {_listed(others)} instead of in {by}."
    if copies:
        return f"It is as it should be in {_listed([*copies, *others])}: keep {by} from writing it again."
    return f"Join the RUN of {_listed(others)} with that of {by}, or keep {by} from writing it again."


def _instruction(layers: Sequence[LayerFigures], layer: int) -> str:
    return layers[layer].command.partition(" ")[0] if 0 <= layer < len(layers) else ""


def _listed(layers: Sequence[int]) -> str:
    return _worded([label(layer) for layer in layers])


def _worded(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
