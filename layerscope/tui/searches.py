"""From a filter to what it finds, in steps of some milliseconds each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

from layerscope.core.names import NameSearch
from layerscope.core.rows import both, either, without
from layerscope.core.search import (
    IS_EMPTY,
    IS_FILE,
    IS_FOLDER,
    RARE,
    KindSearch,
    PathSearch,
    SizeSearch,
    TouchSearch,
)
from layerscope.core.versions import VersionSearch, changing, sized
from layerscope.core.view import ADDED, UNCHANGED, View
from layerscope.tui.filters import Filter, Name, NameTest

if TYPE_CHECKING:
    from layerscope.tui.lookups import Lookups

#: Of so many names one is where a breath is taken.
_STEP: Final = 4_096
#: Files whose bytes are added up; a hundred thousand take some milliseconds.
_MOST_ADDED: Final = 250_000
#: Positions whose bytes are added up in one go.
_CHUNK: Final = 131_072
#: One name of so many is few.
_FEW: Final = 16
#: Seconds that a regular expression may take.
_PATIENCE: Final = 5.0
_LARGEST: Final = 1 << 62
_ANY: Final = Name()
_MATCHER: Final = Path(__file__).with_name("matcher.py")


class SearchError(Exception):
    """A search that came to nothing; the text says why in a few words."""


@dataclass(slots=True)
class Found:
    """Names that were found last, whatever the layers: the same are often asked for again."""

    name: Name | None = None
    hits: bytes = b""


class _Steps(Protocol):
    hits: bytearray

    def step(self) -> bool: ...


def find(lookups: Lookups, wanted: Filter, view: View, found: Found) -> Generator[None, None, tuple[View, bytearray]]:
    """The positions that a filter finds, as a mask, and the view that shows them; SearchError where it cannot.

    That is the view given, or the changes of the layer that is asked for, or all that any layer holds.
    """
    outline, last = lookups.outline, len(lookups.outline.tree.layers) - 1
    layers = set(wanted.layers)
    if max(layers, default=0) > last:
        raise SearchError(f"there {'are' if last else 'is'} {last + 1:,} layer{'s' if last else ''}")
    if wanted.everywhere or len(layers) > 1:
        return (yield from _find_everywhere(lookups, wanted, last, found))
    for layer in layers:
        view = yield from _viewed(View(outline, layer - 1, layer))
    return view, (yield from _find_here(lookups, wanted, view, found))


def _viewed(view: View) -> Generator[None, None, View]:
    while view.step():
        yield
    return view


def _find_everywhere(
    lookups: Lookups, wanted: Filter, last: int, found: Found
) -> Generator[None, None, tuple[View, bytearray]]:
    outline = lookups.outline
    if wanted.marks:
        versions = yield from find_versions(lookups, wanted, found)
        return (yield from _viewed(View(outline, -1, last, versions.newest))), versions.hits
    view = yield from _viewed(View(outline, -1, last, {}))
    hits = yield from _find_here(lookups, wanted, view, found)
    if wanted.kinds or _range(wanted)[0] >= 0:
        # These are found by their newest versions, others may be by older ones.
        versions = yield from find_versions(lookups, wanted, found, without(changing(outline), hits))
        if versions.newest:
            view = yield from _viewed(View(outline, -1, last, versions.newest))
        hits = either(hits, versions.hits)
    return view, hits


def find_versions(
    lookups: Lookups, wanted: Filter, found: Found, among: bytearray | None = None
) -> Generator[None, None, VersionSearch]:
    """What a filter finds in any layer, of all positions or some; SearchError where it cannot."""
    outline, marks, kinds = lookups.outline, wanted.marks, wanted.kinds
    low, high = _range(wanted)
    hits = both(among or b"\x01" * len(outline), (yield from _paths(lookups, wanted, found)))
    if marks or low >= 0:
        hits = without(hits, outline.folder_mask)
    if marks and not marks & {ADDED, UNCHANGED}:
        hits = both(hits, changing(outline))
    if low >= 0:
        hits = both(hits, sized(outline, (yield from lookups.sizes()), low, high))
    if kinds & RARE:
        hits = both(hits, (yield from lookups.rare()))
    if kinds & IS_FOLDER:
        hits = both(hits, outline.is_directory)
    yield
    search = VersionSearch(outline, hits, kinds, low, high, marks)
    yield from _all(search)
    return search


def _paths(lookups: Lookups, wanted: Filter, found: Found) -> Generator[None, None, bytearray]:
    """The positions that may be found in any layer: by what is the same in all of them."""
    outline = lookups.outline
    hits = bytearray(b"\x01") * len(outline)
    if wanted.name != _ANY:
        hits = both(hits, (yield from _names(lookups, wanted.name, found)))
        yield
    if wanted.wasted:
        hits = both(hits, _wasted(lookups))
    for layer in wanted.layers:
        hits = both(hits, (yield from _all(TouchSearch(outline, layer))))
    return hits


def _range(wanted: Filter) -> tuple[int, int]:
    """The least and the most bytes that are asked for; -1 for the least where any will do."""
    if wanted.at_least < 0 and wanted.at_most < 0:
        return -1, _LARGEST
    return max(0, wanted.at_least), wanted.at_most if wanted.at_most >= 0 else _LARGEST


def _find_here(lookups: Lookups, wanted: Filter, view: View, found: Found) -> Generator[None, None, bytearray]:
    """The positions that a filter finds in a view."""
    outline = lookups.outline
    hits = bytearray(view.marks.translate(b"\x00" + b"\x01" * 255))
    if wanted.name != _ANY:
        hits = both(hits, (yield from _names(lookups, wanted.name, found)))
        yield
    if wanted.marks:
        marks = view.marks.translate(bytes(mark in wanted.marks for mark in range(256)))
        hits = without(both(hits, marks), outline.folder_mask)
    if wanted.wasted:
        hits = both(hits, _wasted(lookups))
    low, high = _range(wanted)
    if low >= 0:
        hits = yield from _sizes(lookups, view, without(hits, outline.folder_mask), low, high)
    for layer in wanted.layers:
        hits = both(hits, (yield from _all(TouchSearch(outline, layer))))
    if wanted.kinds:
        hits = yield from _kinds(lookups, wanted.kinds, view, hits)
    return hits


def _kinds(lookups: Lookups, kinds: int, view: View, hits: bytearray) -> Generator[None, None, bytearray]:
    """What of the hits is of these kinds; looks at few of them where masks tell more."""
    rare, folders = (yield from lookups.rare()), lookups.outline.is_directory
    certain = bytearray(len(hits))
    if kinds & RARE:
        hits = both(hits, rare)
    if kinds & IS_FOLDER:
        hits = both(hits, folders)
    if kinds & IS_EMPTY:
        hits = yield from _sizes(lookups, view, hits, 0, 0)
    if kinds == IS_FILE:
        # What is never rare and never a folder is a plain file.
        certain = without(without(hits, rare), folders)
        hits = without(hits, certain)
    return either(certain, (yield from _all(KindSearch(view, lookups.outline, hits, kinds))))


def _sizes(lookups: Lookups, view: View, among: bytearray, low: int, high: int) -> Generator[None, None, bytearray]:
    classes = yield from lookups.sizes()
    return (yield from _all(SizeSearch(lookups.outline, view, classes, among, low, high)))


def _all(search: _Steps) -> Generator[None, None, bytearray]:
    while search.step():
        yield
    return search.hits


def _wasted(lookups: Lookups) -> bytearray:
    mask = bytearray(len(lookups.outline))
    for position in lookups.waste.positions:
        mask[position] = 1
    return mask


def add_up(view: View, hits: bytearray) -> Generator[None, None, int]:
    """The stored bytes of all files that were found; 0 where those are so many that it would hold up who types."""
    total = 0
    if hits.count(1) > _MOST_ADDED:
        return total
    for start in range(0, len(hits), _CHUNK):
        part = hits[start : start + _CHUNK]
        if 1 in part:
            total += sum(compress(view.sizes[start : start + _CHUNK], part))
            yield
    return total


def _names(lookups: Lookups, name: Name, found: Found) -> Generator[None, None, bytes]:
    """As ``find_names``, unless it is what was found last."""
    if found.name != name:
        hits = yield from find_names(lookups, name)
        found.name, found.hits = name, bytes(hits)
    return found.hits


def find_names(lookups: Lookups, name: Name) -> Generator[None, None, bytes | bytearray]:
    """The positions whose names are like that, in any layer, as a mask; SearchError where it cannot."""
    count = len(lookups.outline)
    if name.regex:
        return (yield from _match(name.regex, (yield from lookups.names(False)).joined, count))
    if name.test is not None:
        return (yield from _test(lookups, name, name.test))
    hits = bytearray(b"\x01") * count
    if name.needle:
        hits = yield from _all(NameSearch((yield from lookups.names(name.fold_case)), name.needle))
    if name.folders:
        hits = yield from _all(PathSearch(lookups.outline, hits, list(name.folders), name.fold_case))
    return hits


def _test(lookups: Lookups, name: Name, test: NameTest) -> Generator[None, None, bytearray]:
    """Names one by one, for globs; of those that have the glob's plain parts."""
    names, nodes = lookups.outline.tree.names, lookups.outline.nodes
    joined = yield from lookups.names(name.fold_case)
    among = bytearray(b"\x01") * len(nodes)
    for part in name.parts:
        if among.count(1) * _FEW < len(among):
            break  # to look at these takes less than to look for another part in all
        among = both(among, (yield from _all(NameSearch(joined, part))))
    hits = bytearray(len(nodes))
    place, looked_at = among.find(1), 0
    while place >= 0:
        hits[place] = test(names[nodes[place]]) is not None
        looked_at += 1
        if not looked_at % _STEP:
            yield
        place = among.find(1, place + 1)
    return hits


def _match(regex: bytes, joined: bytes, count: int) -> Generator[None, None, bytes]:
    """Names that match a regular expression, found out by another process that can be stopped."""
    if not count:
        return b""
    command = [sys.executable, "-I", "-S", os.fspath(_MATCHER)]
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise SearchError(f"no process for it: {error.strerror}") from error
    answer: list[bytes] = []
    data = len(regex).to_bytes(4, "big") + regex + joined[1:-1]
    talk = Thread(target=lambda: answer.append(process.communicate(data)[0]), daemon=True)
    talk.start()
    end = time.monotonic() + _PATIENCE
    try:
        while talk.is_alive():
            if time.monotonic() > end:
                raise SearchError("this expression takes too long")
            talk.join(0.002)
            yield
    finally:
        process.kill()
        talk.join()
    if len(answer[0]) != count:
        raise SearchError("this expression cannot be used")
    return answer[0]
