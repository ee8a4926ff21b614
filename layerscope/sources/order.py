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
        self._configs: dict[str, list[tuple[str, ...]]] = {}
        self._named: dict[tuple[str, ...], str] = {}
        self._add_digests(told)

    def note(self, name: str, data: bytes) -> None:
        """A document passed: a config, a manifest, or what Docker says of one layer."""
        if len(data) > _LARGEST or max(len(self._orders), len(self._configs)) > _MOST_ORDERS:
            return
        try:
            document = documents.parse(data, name)
            if found := _LAYER.fullmatch(name):
                parent = documents.text(documents.mapping(document).get("parent"))
                self._above.setdefault(parent, set()).add(found[1])
            elif isinstance(document, list):
                for entry in documents.archive_entries(document, self._limits):
                    self._orders.add(entry.layers)
                    self._named[entry.layers] = entry.config
            else:
                self._add(name, document)
        except LayerscopeError:
            return  # whoever needs the document says what is wrong with it

    def _add(self, name: str, document: Any) -> None:
        """A manifest names its config and its layers as they are stored, a config names them unpacked."""
        manifest = documents.manifest(document, self._limits)
        if manifest is None:
            if orders := self._add_digests(documents.diff_ids(documents.mapping(document))):
                self._configs[name] = orders
            return
        orders = self._add_digests(layer.digest for layer in manifest.layers)
        if config := _SHA256.fullmatch(manifest.config.digest):
            self._named.update(dict.fromkeys(orders, _PLACES[0].format(config[1])))

    def _add_digests(self, digests: Iterable[str]) -> list[tuple[str, ...]]:
        """What layers with these digests may be called; nothing where that cannot be told."""
        found = [_SHA256.fullmatch(digest) for digest in digests]
        names = [each[1] for each in found if each is not None]
        if not 0 < len(names) == len(found) <= self._limits.layers:
            return []
        orders = [tuple(place.format(name) for name in names) for place in _PLACES]
        self._orders.update(orders)
        return orders

    def names(self, passed: Collection[str], resolve: Callable[[str], str]) -> tuple[list[str], bool]:
        """The names of the layers, oldest first, and whether that is all of them; empty while nobody knows.

        ``passed`` are those that passed by now; ``resolve`` gives the name of the file that a name leads to.
        """
        orders = {tuple(map(resolve, order)) for order in self._orders} if passed else set()
        told = [order for order in orders if set(passed) <= set(order)]
        if len(told) == 1:
            return list(told[0]), True
        return [resolve(f"{layer}/layer.tar") for layer in self._chain()], False

    def config(self, layers: Sequence[str], whole: bool, resolve: Callable[[str], str]) -> str:
        """The config of the image whose lowest layers, or all (``whole``), are these; its name.

        Empty where it has not passed, or where several may be it.
        """
        if not whole:
            # Docker's older form: a config tells how many layers there are, and not what they are called.
            found = [name for name, orders in self._configs.items() if layers and len(layers) <= len(orders[0])]
            return found[0] if len(found) == len(self._configs) == 1 else ""
        told = {self._named[order] for order in self._named if tuple(map(resolve, order)) == tuple(layers)}
        found = list(told) or [
            name
            for name, orders in self._configs.items()
            if any(tuple(map(resolve, order)) == tuple(layers) for order in orders)
        ]
        return found[0] if len(found) == 1 and found[0] in self._configs else ""

    def _chain(self) -> list[str]:
        """The lowest layers of Docker's older form, each of which names the one that it lies on."""
        chain: list[str] = []
        there = self._above.get("", set())
        while len(there) == 1 and len(chain) < len(self._above):
            chain += there
            there = self._above.get(chain[-1], set())
        return chain
