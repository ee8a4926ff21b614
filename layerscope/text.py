"""Text for people: the one boundary that text out of an image passes, and sizes."""

from __future__ import annotations

import re

# C0, DEL, C1, bidi and other invisible format controls, separators, lone surrogates,
# variation selectors' tag block: whatever could drive a terminal or disguise a name.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
#: Steps of a thousand, as docker writes them.
UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode control pictures
    return "\u2421" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """The text with every character that could drive a terminal made visible, one cell each."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """The same of a text that may have several lines, a script say, in one."""
    return printable(" ".join(text.split()))


def shortened(text: str, most: int = 240) -> str:
    """The text, its middle left out where it has more than ``most`` characters: names may have a million."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[head + 1 - most :]}"


def decode(name: bytes) -> str:
    """A name out of a tar as text: UTF-8, undecodable bytes as surrogate escapes."""
    return name.decode("utf-8", "surrogateescape")


def size(count: int) -> str:
    """A number of bytes in SI units with one decimal: ``0 B``, ``96 B``, ``1.2 kB``, ``512.9 MB``."""
    sign = "-" if count < 0 else ""
    value: float = abs(count)
    if value < 1000:
        return f"{sign}{value:.0f} B"
    unit = 0
    while value >= 999.95 and unit < len(UNITS) - 1:
        value /= 1000
        unit += 1
    return f"{sign}{value:.1f} {UNITS[unit]}"
