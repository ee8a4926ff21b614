"""What Files say about what they show: how much that is, or why there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layerscope.text import printable, size
from layerscope.tui.filetree import MARKS, FileTree, Order
from layerscope.tui.keys import Key, written

#: What people call a mark, where that is not its name.
_WORDS: Final = {"unchanged": "unmodified"}
#: Layers that are named where a filter finds something in others.
_MOST_LAYERS: Final = 3


def nothing_found(model: FileTree, keys: Sequence[Key]) -> str:
    """Why a filter or the marks leave nothing, and where there is something."""
    wanted = model.filter
    if wanted is None:
        return "nothing to show: A M R U bring files back"
    text = printable(wanted.text.strip())
    if model.hidden:
        return _hidden_sentence(model.hidden, text, keys)
    if wanted.fault:
        return f"{wanted.fault} - esc clears"
    if model.elsewhere:
        first = next(iter(model.elsewhere)) + 1
        return f"'{text}': {_here(model)}; {_there(model.elsewhere)} - enter goes to layer {first}, esc clears"
    if wanted.everywhere or wanted.layers:
        return f"no file matches '{text}' - esc clears"
    where = "this layer" if model.alone else "any layer"
    return f"no file in {where} matches '{text}' - esc clears"


def _here(model: FileTree) -> str:
    one = model.view.before == model.view.after - 1
    return f"not {'in' if one else 'there after'} layer {model.view.after + 1}"


def _there(counts: dict[int, int]) -> str:
    """Where there are how many: ``4 in layer 3, 2 in layer 8``."""
    told = [f"{count:,} in layer {layer + 1}" for layer, count in counts.items()]
    more = len(told) - _MOST_LAYERS
    return ", ".join(told) if more <= 1 else f"{', '.join(told[:_MOST_LAYERS])} and more in {more} others"


def _hidden_sentence(hidden: dict[str, int], text: str, keys: Sequence[Key]) -> str:
    """That all matches are hidden, and the keys that show them."""
    names = {key.action: written(key.keys.split(",")[0]) for key in keys}
    shown = [f"{names[f'toggle_mark({name!r})']} shows {_WORDS.get(name, name)} files" for name in hidden]
    count = sum(hidden.values())
    matches = f"{count:,} match{'' if count == 1 else 'es'}"
    return f"{matches} of '{text}', all hidden: {', '.join(shown)} - esc clears"


def counted(model: FileTree) -> str:
    """How many files there are, and how large those are that a filter found, for the border."""
    view = model.view
    if model.hidden:
        return f"0 · {sum(model.hidden.values()):,} hidden"
    if model.elsewhere:
        layer, count = next(iter(model.elsewhere.items()))
        return f"0 here · {count:,} in layer {layer + 1}{', …' if len(model.elsewhere) > 1 else ''}"
    if model.filter is not None:
        found = f"{model.hit_count:,} of {view.files:,}"
        return f"{found} · {size(model.hit_bytes)}" if model.hit_bytes else found
    words = f"{view.added + view.modified + view.removed:,} of {view.files:,}"
    if model.order is not Order.NAME or model.backwards:
        words = f"by {model.order.value}{' backwards' if model.backwards else ''} · {words}"
    hidden = [_WORDS.get(name, name) for name, mark in MARKS.items() if mark not in model.shown]
    return f"without {', '.join(hidden)} · {words}" if hidden else words
