"""What Files say about what they show: how much that is, or why there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layerscope.text import printable
from layerscope.tui.filetree import MARKS, FileTree, Order
from layerscope.tui.keys import Key, written

#: What people call a mark, where that is not its name.
_WORDS: Final = {"unchanged": "unmodified"}


def nothing_found(model: FileTree, elsewhere: int, keys: Sequence[Key]) -> str:
    """Why a filter or the marks leave nothing; ``elsewhere`` is the layer that has what is looked for, or -1."""
    wanted = model.filter
    if wanted is None:
        return "nothing to show: A M R U bring files back"
    if model.hidden:
        return _hidden_sentence(model.hidden, printable(wanted.text), keys)
    if elsewhere >= 0:
        there = f"{model.elsewhere[0]:,} in other layers - enter goes to layer {elsewhere + 1}, esc clears"
        return f"no file matches '{printable(wanted.text)}' here, {there}"
    return wanted.fault or f"no file matches '{printable(wanted.text)}' - esc clears"


def _hidden_sentence(hidden: dict[str, int], text: str, keys: Sequence[Key]) -> str:
    """That all matches are hidden, and the keys that show them."""
    names = {key.action: written(key.keys.split(",")[0]) for key in keys}
    shown = [f"{names[f'toggle_mark({name!r})']} shows {_WORDS.get(name, name)} files" for name in hidden]
    count = sum(hidden.values())
    matches = f"{count:,} match{'' if count == 1 else 'es'}"
    return f"{matches} of '{text}', all hidden: {', '.join(shown)} - esc clears"


def counted(model: FileTree, elsewhere: int) -> str:
    """How many files there are, for the border; ``elsewhere`` is the layer that has what is looked for, or -1."""
    view = model.view
    if model.filter is not None and model.filter.fault:
        return model.filter.fault
    if model.hidden:
        return f"0 · {sum(model.hidden.values()):,} hidden"
    if elsewhere >= 0:
        return f"0 · enter: layer {elsewhere + 1}"
    if model.filter is not None:
        return f"{model.hit_count:,} of {view.files:,}"
    words = f"{view.added + view.modified + view.removed:,} of {view.files:,}"
    if model.order is not Order.NAME or model.backwards:
        words = f"by {model.order.value}{' backwards' if model.backwards else ''} · {words}"
    hidden = [_WORDS.get(name, name) for name, mark in MARKS.items() if mark not in model.shown]
    return f"without {', '.join(hidden)} · {words}" if hidden else words
