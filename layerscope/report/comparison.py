"""What differs between an image and its baseline: as text, as tables of Markdown, as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from layerscope.analysis.model import Comparison, Delta, FolderDelta
from layerscope.report.words import percent
from layerscope.text import one_line, printable, size

_LINES = 5
_ROWS = 20
_NAME_CELLS = 80
Coded = Callable[[str], str]
AnyDelta = Delta | FolderDelta
#: What the lists are by. An image grows by what is stored, so folders are summed over all layers.
_LAYER, _FOLDER, _WASTE = "layer", "folder, stored in all layers", "waste"


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The deltas, the largest five of each kind."""
    yield f"compared with {printable(comparison.baseline)}:"
    for title, total in (("size", comparison.size), ("wasted", comparison.wasted)):
        yield f"  {change(total):>10}  {title} {size(total.before)} → {size(total.after)}{_share(total)}"
    for title, deltas in _kinds(comparison):
        if deltas:
            yield f"  by {title}:"
        for delta in deltas[:_LINES]:
            yield f"  {change(delta):>10}  {_named(title, delta)}{_status(delta)}"
        rest = deltas[_LINES:]
        if rest:
            yield f"  {signed(sum(delta.bytes for delta in rest)):>10}  in {len(rest)} more"


def comparison_tables(comparison: Comparison, coded: Coded) -> Iterator[str]:
    """The deltas as one table of Markdown, text out of the image made harmless by ``coded``."""
    size_, wasted = comparison.size, comparison.wasted
    yield (
        f"**{change(size_)}** since {coded(comparison.baseline)}: "
        f"{size(size_.before)} → {size(size_.after)}{_share(size_)}, wasted {change(wasted)}"
    )
    yield ""
    rows = [
        f"| {change(delta)} | {title} | {coded(_named(title, delta))}{_status(delta)} |"
        for title, deltas in _kinds(comparison)
        for delta in deltas[:_ROWS]
    ]
    if rows:
        yield "<details><summary>What changed</summary>"
        yield ""
        yield "| change | by | what |"
        yield "| ---: | --- | --- |"
        yield from rows
        yield ""
        yield "</details>"
        yield ""


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The deltas as plain values."""
    return {
        "baseline": comparison.baseline,
        "sizeBytes": _delta(comparison.size),
        "wastedBytes": _delta(comparison.wasted),
        "growthPercent": comparison.growth_percent if math.isfinite(comparison.growth_percent) else None,
        "newLayers": list(comparison.new_layers),
        "layers": [{"command": delta.name, **_delta(delta)} for delta in comparison.layers],
        "folders": [{"name": delta.name, **_delta(delta), **_readable(delta)} for delta in comparison.folders],
        "waste": [{"reason": delta.name, **_delta(delta)} for delta in comparison.waste],
    }


def signed(count: int) -> str:
    """Bytes with their sign: ``+3.8 MB``, ``-96 B``, ``±0``."""
    return f"+{size(count)}" if count > 0 else size(count) if count else "±0"


def change(delta: AnyDelta) -> str:
    """By how much it changed."""
    return signed(delta.bytes)


def _kinds(comparison: Comparison) -> Iterable[tuple[str, Sequence[AnyDelta]]]:
    return (
        (_LAYER, [delta for delta in comparison.layers if delta.bytes]),
        (_FOLDER, comparison.folders),
        (_WASTE, comparison.waste),
    )


def _named(kind: str, delta: AnyDelta) -> str:
    if kind == _FOLDER:
        return "files in /" if delta.name == "." else f"/{printable(delta.name)}/"
    name = one_line(delta.name) or "a layer without a command"
    return name if len(name) <= _NAME_CELLS else f"{name[: _NAME_CELLS - 1]}…"


def _status(delta: AnyDelta) -> str:
    readable = ""
    if isinstance(delta, FolderDelta) and delta.unreadable:
        told = size(delta.readable_after or 0)
        readable = f", {told if delta.readable_after else 'none'} of it readable" if told != size(delta.after) else ""
    if not delta.before:
        return f"  (new{readable})"
    if not delta.after:
        return "  (gone)"
    stored = " stored" if readable else ""
    return f"  ({size(delta.before)} → {size(delta.after)}{stored}{readable})"


def _readable(delta: FolderDelta) -> dict[str, int | None]:
    return {"readableBefore": delta.readable_before, "readableAfter": delta.readable_after}


def _share(delta: Delta) -> str:
    return (
        f" ({'+' if delta.bytes > 0 else '-'}{percent(abs(delta.bytes) / delta.before)})"
        if delta.before and delta.bytes
        else ""
    )


def _delta(delta: AnyDelta) -> dict[str, int]:
    return {"before": delta.before, "after": delta.after, "delta": delta.bytes}
