"""All kinds of hostile input."""

from __future__ import annotations

from itertools import chain

from .documents import document_kinds
from .folders import folder_kinds
from .headers import header_kinds
from .indexes import index_kinds
from .kinds import Kind
from .large import large_kinds
from .layers import layer_kinds
from .names import name_kinds
from .outer import outer_kinds
from .packed import packed_kinds
from .records import record_kinds

#: The groups of kinds by what is hostile about them.
GROUPS = {
    "outer archives": outer_kinds,
    "manifests and configs": document_kinds,
    "indexes": index_kinds,
    "layers": layer_kinds,
    "headers": header_kinds,
    "extended headers": record_kinds,
    "compression": packed_kinds,
    "names": name_kinds,
    "folders": folder_kinds,
    "large input": large_kinds,
}
KINDS: list[Kind] = list(chain.from_iterable(make() for make in GROUPS.values()))
