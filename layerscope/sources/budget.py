"""What the layers of one image hold together, counted while they are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from layerscope.core import layer
from layerscope.sources.limits import Limits


@dataclass(slots=True, eq=False)
class Budget:
    """Adds up what the layers of one image hold; each way to add is a LimitError where it comes to too much.

    ``compressed`` and ``expanded`` are bytes, ``text`` the bytes of names, targets and attributes.
    """

    limits: Limits = field(default_factory=Limits)
    entries: int = 0
    text: int = 0
    compressed: int = 0
    expanded: int = 0

    def hold(self, entries: int, text: int) -> None:
        """More entries, and the bytes of their names."""
        limits = self.limits
        self.entries += entries
        self.text += text
        if self.entries > limits.entries:
            raise limits.reached("entries", f"The image has more than {limits.entries} entries.")
        if self.text > limits.name_bytes + layer.TEXT_PER_ENTRY * self.entries:
            most = f"{limits.name_bytes} bytes and {layer.TEXT_PER_ENTRY} per entry"
            raise limits.reached("name-bytes", f"The names and attributes of the image take more than {most}.")

    def expand(self, count: int) -> None:
        """More bytes that came out of compressed ones."""
        self.expanded += count
        if self.expanded > self.limits.expanded(self.compressed):
            most = self.limits.expanded_text()
            raise self.limits.reached("expanded-bytes", f"The layers of the image decompress to more than {most}.")
