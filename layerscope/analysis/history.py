"""History: the commands that made an image, cleaned for people and matched to its layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from layerscope.analysis.model import HistoryLine, LayerFigures
from layerscope.sources.model import HistoryEntry, Image, Layer

# The shells that builders put before a RUN's text, with their options: /bin/sh -c, /bin/bash -o pipefail -c.
_SHELL = r"(?:/[\w./-]*/(?:ba|da|a|z|k|mk)?sh(?: -[\w-]+| pipefail)*? -[a-z]*c|cmd /S /C|powershell -Command)"
_NOP = re.compile(rf"^{_SHELL} #\(nop\)\s*")
# The shell is looked for at the beginnings of words only: a command of a megabyte takes no longer than it has to.
_RUN = re.compile(rf"^(?:RUN )?(?:\|\d+ .*?(?<![\w./-]))?{_SHELL}\s+", re.DOTALL)
_BUILDKIT = "# buildkit"
_HASH = re.compile(r"\b(file|dir|multi):([0-9a-f]{12})[0-9a-f]{52}\b")
_BLANKS = re.compile(r"[ \t]{2,}|\t")


def clean(created_by: str) -> str:
    """The instruction as its author wrote it, as far as the builder left it in ``created_by``; blanks are squeezed."""
    return _BLANKS.sub(" ", unsqueezed(created_by)).strip()


def unsqueezed(created_by: str) -> str:
    """The same with all its blanks: in a script of several lines they may mean something."""
    text, classic = _NOP.subn("", created_by.strip().removesuffix(_BUILDKIT).rstrip())
    if not classic:
        text = _RUN.sub("RUN ", text)
    return _HASH.sub(r"\1:\2", text).strip()


def match_history(entries: Sequence[HistoryEntry], layers: int) -> list[HistoryLine]:
    """The history's lines, oldest first, each with its layer; layers that it does not know follow.

    Entries and layers are matched from the oldest on, as the OCI image-spec has it. A line that should
    have a layer and for which none is left has neither a layer nor ``empty``.
    """
    lines: list[HistoryLine] = []
    layer = 0
    for entry in entries:
        has_layer = not entry.empty_layer and layer < layers
        lines.append(
            HistoryLine(
                text=clean(entry.created_by),
                created=entry.created,
                layer=layer if has_layer else None,
                empty=entry.empty_layer,
                raw=entry.created_by,
                comment=entry.comment,
            )
        )
        layer += has_layer
    lines.extend(HistoryLine("", "", missing, False) for missing in range(layer, layers))
    return lines


def titles(image: Image) -> list[str]:
    """What each layer of an image is called, oldest first: its command, else its digest, else its name."""
    lines = {line.layer: line.text for line in match_history(image.history, len(image.layers))}
    return [title(lines[number], layer) for number, layer in enumerate(image.layers)]


def title(command: str, layer: Layer | LayerFigures) -> str:
    """What a layer is called where its command may not be known."""
    return command or layer.diff_id or layer.digest or layer.name


def history_warning(entries: Sequence[HistoryEntry], layers: int) -> str:
    """A sentence where the history tells of another number of layers than there are; else empty."""
    told = sum(not entry.empty_layer for entry in entries)
    if not entries or told == layers:
        return ""
    return f"The history tells of {told} layers and the image has {layers}: commands may stand beside the wrong layer."
