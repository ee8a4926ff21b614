"""The contents of one version of a file as lines to read: text, a hex dump, an archive's list, a difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from layerscope.core.drive import BoundedReader
from layerscope.core.tar import DIRECTORY
from layerscope.errors import CancelledError, DamagedImageError, LayerscopeError
from layerscope.text import decode, size
from layerscope.tui.entrywords import kind_word, target
from layerscope.tui.insides import BELOW, lies_below
from layerscope.tui.listings import is_archive, listing, take, unpacked

if TYPE_CHECKING:
    from layerscope.sources.model import Reader
    from layerscope.tui.insides import Openable

#: No more than this is read of a file (bytes).
MAX_PREVIEW: Final = 2_000_000
#: No more than this is shown of a binary file (bytes).
MAX_HEX: Final = 65_536
#: No more lines than this are compared: the comparison takes their number squared.
MAX_DIFF_LINES: Final = 4_000
_PIECE: Final = 1 << 20
#: Bytes at the beginning that tell a binary file.
_TELLING: Final = 8_192

#: Told how many bytes of how many are done of the way to a file's end; says whether to go on.
Watch = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Lines to show (not printable), what they are, and a sentence where something is left out.

    ``cut`` tells that they were on their way when reading was stopped.
    """

    lines: list[str]
    kind: str
    remark: str = ""
    cut: bool = False


def read_contents(index: Openable, version: int, watch: Watch, *, raw: bool = False) -> Contents:
    """The contents of a version; a sentence in place of what has none or cannot be read.

    ``raw`` shows the bytes, whatever they are. CancelledError where ``watch`` says so.
    """
    tree = index.tree
    data = tree.data(version)
    if data < 0:
        return _without_contents(index, version)
    try:
        return _read(index, data, watch, raw)
    except CancelledError:
        raise
    except LayerscopeError as error:
        return Contents([], "file", error.sentence)
    except OSError as error:
        return Contents([], "file", f"the contents cannot be read: {error.strerror or error}")


def _without_contents(index: Openable, version: int) -> Contents:
    """What is no file: where a link leads, which device it is."""
    tree = index.tree
    kind = kind_word(tree.kind(version))
    if lies_below(tree, version):
        return Contents([], "removed", BELOW)
    if tree.kind(version) == DIRECTORY:
        return Contents([], kind, "a folder has no contents of its own")
    link = target(tree, version)
    if link:
        return Contents([f"→ {link}"], kind)
    major, minor = tree.layers[tree.version_layer(version)].device(tree.version_entry(version))
    number = f", number {major}:{minor}" if major or minor else ""
    return Contents([], kind, f"a {kind} has no contents{number}")


def _read(index: Openable, data: int, watch: Watch, raw: bool) -> Contents:
    tree = index.tree
    whole = tree.stored_size(data)
    holes = ""
    if whole != tree.size(data):
        holes = f"a sparse file of {size(tree.size(data))}: what the layer stores of it, without the holes; "
    with closing(open_file(index, data, watch)) as reader:
        found = take(reader, MAX_PREVIEW)
    if not raw and is_archive(found):
        with closing(open_file(index, data, watch)) as reader:
            told = listing(reader, found, whole)
        if told is not None:
            return Contents(told.lines, "archive", holes + told.remark)
        packed = len(found) < whole
        opened = unpacked(found, MAX_PREVIEW)
        if opened is not None:
            name, found = opened
            remark = f"unpacked from {name}{': only the beginning' if packed or len(found) >= MAX_PREVIEW else ''}"
            return _lines(found, len(found), holes + remark, raw)
    return _lines(found, whole, holes, raw)


def _lines(found: bytes, whole: int, remark: str, raw: bool) -> Contents:
    """Bytes as lines of text, or in hex where they are none."""
    if raw or b"\0" in found[:_TELLING]:
        shown = found[:MAX_HEX]
        left_out = f"the first {size(len(shown))} of {size(whole)}" if len(shown) < whole else ""
        return Contents(hex_lines(shown), "hex" if raw else "binary", (remark + left_out).removesuffix("; "))
    left_out = f"the first {size(len(found))} of {size(whole)}" if len(found) < whole else ""
    lines = decode(found).expandtabs(4).split("\n")
    if not lines[-1]:
        lines.pop()  # what stands after the last line's end is no line
    return Contents(lines, "text", (remark + (left_out or ("" if lines else "an empty file"))).removesuffix("; "))


def open_file(index: Openable, data: int, watch: Watch) -> Reader:
    """The stored bytes of the file that a version stores.

    The layer is read up to the file, from wherever its source has it: the archive, the spool, or fetched
    again from a registry. DamagedImageError where it is not at hand or ends too early, CancelledError.
    """
    tree = index.tree
    number, entry = tree.version_layer(data), tree.version_entry(data)
    layer, described = tree.layers[number], index.described(number)
    if described.opener is None:
        sentence = f"The contents of layer {number + 1} are not at hand: they passed and were not kept."
        raise DamagedImageError(described.missing or sentence, "Save the image to a file and open that.")
    offset, stored = layer.offset(entry), layer.stored(entry)
    reader = described.opener()
    try:
        at = 0
        piece = offset if described.seekable else _PIECE
        while at < offset:
            if not watch(at, offset + stored):
                raise CancelledError("Reading was stopped.")
            passed = reader.skip(min(piece, offset - at))
            at += passed
            if not passed:
                raise DamagedImageError(f"Layer {number + 1} ends before this file.", "Save the image again.")
    except LayerscopeError:
        reader.close()
        raise
    return _Watched(reader, stored, offset, watch)


class _Watched(BoundedReader):
    """The bytes of one file; closing it closes the layer's reader."""

    def __init__(self, reader: Reader, stored: int, offset: int, watch: Watch) -> None:
        super().__init__(reader, stored)
        self._layer = reader
        self._watch = watch
        self._total = offset + stored

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; CancelledError where nobody waits for them any more."""
        if not self._watch(self._total - self.left, self._total):
            raise CancelledError("Reading was stopped.")
        return super().read(min(count, _PIECE))

    def close(self) -> None:
        """Close the layer's reader."""
        self._layer.close()


def pieces(reader: Reader) -> Iterator[bytes]:
    """All that a reader gives, to its end."""
    while piece := reader.read(_PIECE):
        yield piece


def paced(report: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Watch:
    """A watch that reports ten times a second at most."""
    last = time.monotonic()

    def watch(done: int, total: int) -> bool:
        nonlocal last
        if time.monotonic() - last >= 0.1:
            last = time.monotonic()
            report(done, total)
        return not cancelled()

    return watch


def hex_lines(raw: bytes) -> list[str]:
    """Offset, sixteen bytes in hex, and what of them is text, per line."""
    lines = []
    for start in range(0, len(raw), 16):
        row = raw[start : start + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        digits = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}"
        lines.append(f"{start:08x}  {digits}  {text}")
    return lines


def compare(older: Contents, newer: Contents, names: tuple[str, str], changes: Sequence[str] = ()) -> Contents:
    """A unified diff of two versions; of equal contents ``changes`` tell what else is different."""
    if max(len(older.lines), len(newer.lines)) > MAX_DIFF_LINES:
        return Contents([], "difference", f"more than {MAX_DIFF_LINES:,} lines are not compared")
    lines = list(unified_diff(older.lines, newer.lines, *names, lineterm=""))
    cut = " · ".join(dict.fromkeys(part.remark for part in (older, newer) if part.remark))
    if not lines:
        equal = f"what can be shown is equal ({cut})" if cut else "the contents are equal"
        return Contents(list(changes) or ["owner, mode and time too"], "difference", equal)
    return Contents(lines, "difference", cut)
