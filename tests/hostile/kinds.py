"""Kinds of hostile input: each has a name, what becomes of it, and writes itself into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .fates import Fate
from .makers import Make, saved


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    ``says`` is a piece of what is said about it, ``entries`` how many an honest image of its size has,
    ``seconds`` of processor time what it may take, ``options`` what it is opened with. ``piped`` tells
    that it comes to the same through a pipe.
    """

    name: str
    fate: Fate
    make: Make
    says: str = ""
    entries: int = 0
    seconds: float = 10.0
    options: tuple[str, ...] = ()
    piped: bool = True


#: What a family is made of: inputs by their fates and names.
Inputs = Mapping[Fate, Mapping[str, bytes | Make]]


def family(group: str, inputs: Inputs) -> Iterator[Kind]:
    """The kinds of one group."""
    for fate, named in inputs.items():
        for name, data in named.items():
            yield Kind(f"{group}: {name}", fate, saved(data) if isinstance(data, bytes) else data)


def each(make: Callable[[Any], bytes | Make], texts: Mapping[Fate, Mapping[str, Any]]) -> Inputs:
    """Inputs that are made of texts, all in the same way."""
    return {fate: {name: make(text) for name, text in named.items()} for fate, named in texts.items()}
