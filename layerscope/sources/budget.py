"""What one image may hold: limits far above honest images, so that no small file fills memory or takes for ever."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope.core import layer
from layerscope.errors import LimitError

#: Entries of all layers together that one image may have before reading stops.
MAX_ENTRIES = 20_000_000
#: Bytes that names, targets, attributes and folders of all layers together may take, and more for each entry: as
#: much as two layers may, so that one made to do harm does not hide the others.
MAX_TEXT = 2 * layer.MAX_TEXT
TEXT_PER_ENTRY = layer.TEXT_PER_ENTRY
#: Bytes that a blob, and all layers together, may decompress to, and more of them for each compressed byte. Some
#: gigabytes of zeros are an honest layer; gzip makes a thousandth of them, zstd a twenty-thousandth.
MAX_EXPANDED = 32 << 30
EXPANSION = 200

_HARM = "No builder writes such an image; it may be made to do harm."


@dataclass(slots=True, eq=False)
class Budget:
    """Adds up what the layers of one image hold; each way to add is a LimitError where it comes to too much.

    ``compressed`` and ``expanded`` are bytes, ``text`` the bytes of names, targets and attributes.
    """

    entries: int = 0
    text: int = 0
    compressed: int = 0
    expanded: int = 0

    def hold(self, entries: int, text: int) -> None:
        """More entries, and the bytes of their names."""
        self.entries += entries
        self.text += text
        if self.entries > MAX_ENTRIES:
            raise LimitError(f"The image has more than {MAX_ENTRIES} entries.", _HARM)
        if self.text > MAX_TEXT + TEXT_PER_ENTRY * self.entries:
            limit = f"{MAX_TEXT} bytes and {TEXT_PER_ENTRY} per entry"
            raise LimitError(f"The names and attributes of the image take more than {limit}.", _HARM)

    def expand(self, count: int) -> None:
        """More bytes that came out of compressed ones."""
        self.expanded += count
        if self.expanded > allowed(self.compressed):
            raise LimitError(f"The layers of the image decompress to more than {limit_text()}.", _HARM)


def allowed(compressed: int) -> int:
    """How many bytes may come out of so many compressed ones."""
    return MAX_EXPANDED + EXPANSION * compressed


def limit_text() -> str:
    """The limit of ``allowed`` in words."""
    return f"{MAX_EXPANDED} bytes and {EXPANSION} times their compressed size"
