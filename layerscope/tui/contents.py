"""The contents of one version of a file as lines to read: text, or a hex dump."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from layerscope.core.tar import DIRECTORY
from layerscope.errors import LayerscopeError
from layerscope.text import decode, printable, size
from layerscope.tui.entrywords import attributes, kind_word

if TYPE_CHECKING:
    from layerscope.index import ImageIndex

#: No more than this is read of a file (bytes).
MAX_PREVIEW: Final = 2_000_000
#: No more than this is shown of a binary file (bytes).
MAX_HEX: Final = 65_536
#: No more lines than this are compared: the comparison takes their number squared.
MAX_DIFF_LINES: Final = 4_000
_PIECE: Final = 262_144


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Lines to show (not printable), what they are, and a sentence where something is left out."""

    lines: list[str]
    kind: str
    remark: str = ""


def read_contents(index: ImageIndex, version: int) -> Contents:
    """The contents of a version; a sentence in place of what has none or cannot be read."""
    tree = index.tree
    data = tree.data(version)
    if data < 0:
        link = attributes(tree, version).link
        kind = kind_word(tree.kind(version))
        if tree.kind(version) == DIRECTORY:
            return Contents([], kind, "a folder has no contents of its own")
        return Contents([f"→ {link}"] if link else [], kind, "" if link else f"a {kind} has no contents")
    try:
        raw = read_bytes(index, data)
    except LayerscopeError as error:
        return Contents([], "file", error.sentence)
    except OSError as error:
        return Contents([], "file", f"the contents cannot be read: {error.strerror or error}")
    whole = tree.size(data)
    if b"\0" in raw[:8192]:
        shown = raw[:MAX_HEX]
        remark = f"the first {size(len(shown))} of {size(whole)}" if len(shown) < whole else ""
        return Contents(hex_lines(shown), "binary", remark)
    remark = f"the first {size(len(raw))} of {size(whole)}" if len(raw) < whole else ""
    lines = decode(raw).expandtabs(4).split("\n")
    if not lines[-1]:
        lines.pop()  # what stands after the last line's end is no line
    return Contents(lines, "text", remark or ("" if lines else "an empty file"))


def read_bytes(index: ImageIndex, version: int, limit: int = MAX_PREVIEW) -> bytes:
    """Up to ``limit`` bytes of the file that a version stores."""
    tree = index.tree
    reader = index.open(tree.version_layer(version), tree.version_entry(version))
    parts = []
    left = limit
    try:
        while left > 0 and (piece := reader.read(min(_PIECE, left))):
            parts.append(piece)
            left -= len(piece)
    finally:
        reader.close()
    return b"".join(parts)


def page(raw: bytes) -> None:
    """Show bytes in $PAGER, or less; through a pipe, so that nothing is written to disk."""
    command = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    # A pager that is left early closes the pipe: run() takes no notice of that.
    subprocess.run(command, input=raw, check=False)


def hex_lines(raw: bytes) -> list[str]:
    """Offset, sixteen bytes in hex, and what of them is text, per line."""
    lines = []
    for start in range(0, len(raw), 16):
        row = raw[start : start + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        digits = f"{row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}"
        lines.append(f"{start:08x}  {digits}  {text}")
    return lines


def compare(older: Contents, newer: Contents, names: tuple[str, str]) -> Contents:
    """A unified diff of two versions."""
    if max(len(older.lines), len(newer.lines)) > MAX_DIFF_LINES:
        return Contents([], "difference", f"more than {MAX_DIFF_LINES:,} lines are not compared")
    lines = list(unified_diff(older.lines, newer.lines, *names, lineterm=""))
    return Contents(lines, "difference", "" if lines else "the contents are equal")


def title(path: bytes) -> str:
    """The last part of a path, printable."""
    return printable(decode(path.rsplit(b"/", 1)[-1]))
