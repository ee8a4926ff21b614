"""All kinds of hostile input."""

from __future__ import annotations

from itertools import chain

from .documents import document_kinds
from .headers import header_kinds
from .indexes import index_kinds
from .kinds import Kind
from .layers import layer_kinds
from .outer import outer_kinds
from .records import record_kinds

KINDS: list[Kind] = list(
    chain(outer_kinds(), document_kinds(), index_kinds(), layer_kinds(), header_kinds(), record_kinds())
)
