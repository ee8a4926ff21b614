"""How much an image may hold: limits far above honest images, so that no small file fills memory or takes for ever.

Each is an option (``--limit NAME=VALUE``), for whoever trusts an image that goes beyond it. What the
formats themselves limit (an extended header of a tar, links in a row) is fixed where it is read.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields

from layerscope.core import layer
from layerscope.errors import LimitError

#: Bytes that may come out for each compressed one, beyond what ``expanded_bytes`` allows: gzip makes a
#: thousand of one, zstd twenty thousand, and an honest layer hardly ever a hundred.
EXPANSION = 200
#: Documents of the largest size that one image may have, all together.
DOCUMENTS = 8


class Turn:
    """Something that one thread at a time may have, as often as it likes; any thread may give it back."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread = 0
        self._taken = 0

    def take(self) -> None:
        """Wait until no other thread has it."""
        me = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._thread == me)
            self._thread = me
            self._taken += 1

    def give(self) -> None:
        """Give back what was taken once."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows an image. The options have the fields' names, with ``-`` for ``_``."""

    entries: int = 20_000_000
    """Entries of all layers together."""
    depth: int = layer.MAX_DEPTH
    """Folders that one path may lead through."""
    name_bytes: int = 2 * layer.MAX_TEXT
    """Bytes of names, targets, attributes and folders, beyond 1024 for each entry; half of it for one layer,
    so that one made to do harm does not hide the others."""
    expanded_bytes: int = 32 << 30
    """Bytes that compressed layers may come to, beyond 200 times their compressed size."""
    layers: int = 500
    """Layers of an image; containers/storage stops at 500, docker at 127."""
    images: int = 2000
    """Images of an archive, and manifests that its indexes may name."""
    members: int = 100_000
    """Members of an archive around layers."""
    document_bytes: int = 4 << 20
    """Bytes of one manifest or config; registries and containerd refuse manifests above 4 MiB."""
    decoder_bytes: int = 128 << 20
    """Working memory that an xz or zstd stream may ask for: ``xz -9`` needs 65 MiB, ``zstd --long`` 128 MiB."""
    spool_bytes: int = 64 << 30
    """Bytes that the explorer keeps on disk of an image that came as a stream."""
    large_decoders: Turn = field(default_factory=Turn, init=False, repr=False, compare=False)
    """Taken by readers that need much of ``decoder_bytes``."""

    def reached(self, option: str, sentence: str) -> LimitError:
        """The error for a limit that an image went beyond; its hint says how to raise it."""
        return LimitError(sentence, raise_hint(option, 2 * int(getattr(self, option.replace("-", "_")))), option)

    def expanded(self, compressed: int) -> int:
        """How many bytes may come out of so many compressed ones."""
        return self.expanded_bytes + EXPANSION * compressed

    def expanded_text(self) -> str:
        """The limit of ``expanded`` in words."""
        return f"{self.expanded_bytes} bytes and {EXPANSION} times their compressed size"


#: The options' names.
NAMES = tuple(each.name.replace("_", "-") for each in fields(Limits) if each.init)


def raise_hint(option: str, value: int) -> str:
    """What to do where an honest image goes beyond a limit."""
    return f"If you trust the image, raise this limit: --limit {option}={value}"
