"""All kinds of hostile input."""

from __future__ import annotations

from itertools import chain

from .documents import document_kinds
from .indexes import index_kinds
from .kinds import Kind
from .outer import outer_kinds

KINDS: list[Kind] = list(chain(outer_kinds(), document_kinds(), index_kinds()))
