"""What ``/`` finds in Waste: the terms of Files, asked of items instead of paths."""

from __future__ import annotations

import fnmatch
import re
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from layerscope.tui.filters import Filter, parse_waste_filter

if TYPE_CHECKING:
    from layerscope.analysis.model import WasteItem


class WasteFound(NamedTuple):
    """The numbers of the items that were found, the text that their paths have, and what was not understood."""

    numbers: array[int]
    text: str = ""
    fault: str = ""


def find_waste(items: Sequence[WasteItem], text: str) -> WasteFound:
    """The items that a text asks for; all when it is empty, or where nothing of it was understood."""
    wanted, words = parse_waste_filter(text)
    numbers: Sequence[int] = range(len(items))
    if words:
        is_like = _path_test(words)
        numbers = [number for number in numbers if is_like("/" + items[number].path)]
    if wanted.asks:
        numbers = [number for number in numbers if _is_it(items[number], wanted)]
    return WasteFound(array("i", numbers), "" if _is_glob(words) else words, wanted.fault)


def _is_it(item: WasteItem, wanted: Filter) -> bool:
    """Bytes, reason and layers; any of several reasons, all of several layers."""
    if item.bytes < wanted.at_least or 0 <= wanted.at_most < item.bytes:
        return False
    if wanted.reasons and item.reason not in wanted.reasons:
        return False
    return all(layer == item.wasted_by or layer in item.stored_in for layer in wanted.layers)


def _is_glob(words: str) -> bool:
    return any(sign in words for sign in "*?[")


def _path_test(words: str) -> Callable[[str], object]:
    """Whether a path, with a slash in front, is like that; small letters match both."""
    fold = words == words.lower()
    if not _is_glob(words):
        return (lambda path: words in path.lower()) if fold else (lambda path: words in path)
    match = re.compile(fnmatch.translate(words), re.IGNORECASE if fold else 0).match
    if "/" in words:
        return lambda path: match(path) or match(path[1:])
    return lambda path: match(path.rstrip("/").rpartition("/")[2])
