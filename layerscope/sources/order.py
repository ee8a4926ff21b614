"""Which layer of a passing archive lies on which: what its documents tell before the manifest comes.

An archive has its manifest at the end, and its layers in the order of their names, which are hashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from layerscope.errors import LayerscopeError
from layerscope.sources import documents
from layerscope.sources.limits import Limits

#: Where a layer lies that is named by its digest: as engines since Docker 25 write it, and as Podman does.
_PLACES: Final = ("blobs/sha256/{}", "{}.tar")
_SHA256: Final = re.compile(r"sha256:([0-9a-f]{64})")
#: What Docker before 25 writes beside each layer.
_LAYER: Final = re.compile(r"([0-9a-f]{64})/json")
#: No builder writes larger configs, or more images into one archive; of one that did nobody would be told an order.
_LARGEST: Final = 1 << 20
_MOST_ORDERS: Final = 64


class PassingOrder:
    """Takes note of documents as they pass; ``told`` are diff ids that an engine told beforehand."""

    def __init__(self, limits: Limits, told: Sequence[str] = ()) -> None:
        self._limits = limits
        self._orders: set[tuple[str, ...]] = set()
        self._above: dict[str, set[str]] = {}
        self._add_digests(told)

    def note(self, name: str, data: bytes) -> None:
        """A document passed: a config, a manifest, or what Docker says of one layer."""
        if len(data) > _LARGEST or len(self._orders) > _MOST_ORDERS:
            return
        try:
            document = documents.parse(data, name)
            if found := _LAYER.fullmatch(name):
                parent = documents.text(documents.mapping(document).get("parent"))
                self._above.setdefault(parent, set()).add(found[1])
            elif isinstance(document, list):
                self._orders.update(entry.layers for entry in documents.archive_entries(document, self._limits))
            else:
                self._add_digests(_digests(document, self._limits))
        except LayerscopeError:
            return  # whoever needs the document says what is wrong with it

    def _add_digests(self, digests: Iterable[str]) -> None:
        found = [_SHA256.fullmatch(digest) for digest in digests]
        names = [each[1] for each in found if each is not None]
        if 0 < len(names) == len(found) <= self._limits.layers:
            self._orders.update(tuple(place.format(name) for name in names) for place in _PLACES)

    def names(self, passed: Collection[str], resolve: Callable[[str], str]) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, and whether that is all of them; empty while nobody knows.

        ``passed`` are those that passed by now; ``resolve`` gives the name of the file that a name leads to.
        """
        orders = {tuple(map(resolve, order)) for order in self._orders} if passed else set()
        told = [order for order in orders if set(passed) <= set(order)]
        if len(told) == 1:
            return list(told[0]), True
        return [resolve(f"{layer}/layer.tar") for layer in self._chain()], False

    def _chain(self) -> list[str]:
        """The lowest layers of Docker's older form, each of which names the one that it lies on."""
        chain: list[str] = []
        there = self._above.get("", set())
        while len(there) == 1 and len(chain) < len(self._above):
            chain += there
            there = self._above.get(chain[-1], set())
        return chain


def _digests(document: Any, limits: Limits) -> Iterable[str]:
    """The digests of layers that a manifest or a config lists, oldest first."""
    manifest = documents.manifest(document, limits)
    if manifest is not None:
        return [layer.digest for layer in manifest.layers]
    return documents.diff_ids(documents.mapping(document))
