"""Where the base image ends and the user's own layers begin (scoring.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from layerscope.analysis.model import HistoryLine
from layerscope.errors import UsageError
from layerscope.sources.model import Image

#: How the end of the base was found, as reports name it.
OPTION = "option"
LABEL = "label"
HISTORY = "history"
LOWEST_LAYER = "lowest layer"

_LABELS = ("org.opencontainers.image.base.digest", "org.opencontainers.image.base.name")

#: Diff ids, oldest first, of the image with that name or digest in the same source; None when it is not at hand.
Lookup = Callable[[str], Sequence[str] | None]


def find_base(
    image: Image,
    history: Sequence[HistoryLine],
    asked: int | Sequence[str] | None = None,
    lookup: Lookup | None = None,
) -> tuple[int, str]:
    """How many of the oldest layers are the base, and how that was found.

    ``asked`` is what the user said: a number of layers, or the base's diff ids. UsageError where
    that cannot be.
    """
    if asked is not None:
        return _asked_base(image, asked), OPTION
    by_label = _base_by_label(image, lookup) if lookup else 0
    if by_label:
        return by_label, LABEL
    by_history = min(_base_by_history(history), len(image.layers))
    if by_history:
        return by_history, HISTORY
    return min(1, len(image.layers)), LOWEST_LAYER


def _asked_base(image: Image, asked: int | Sequence[str]) -> int:
    layers = len(image.layers)
    if isinstance(asked, int):
        if not 0 <= asked <= layers:
            raise UsageError(f"--base {asked}: the image has {layers} layers.", f"Give a number from 0 to {layers}.")
        return asked
    if not _is_prefix(asked, image):
        raise UsageError(
            "--base: its layers are not the lowest layers of the image.",
            "Give the image that the Dockerfile's FROM names, in the very version that was built upon.",
        )
    return len(asked)


def _is_prefix(diff_ids: Sequence[str], image: Image) -> bool:
    ours = [layer.diff_id for layer in image.layers]
    return "" not in ours[: len(diff_ids)] and list(diff_ids) == ours[: len(diff_ids)]


def _base_by_label(image: Image, lookup: Lookup) -> int:
    container = image.config.get("config")
    labels = container.get("Labels") if isinstance(container, dict) else None
    for key in _LABELS:
        name = image.annotations.get(key) or (labels.get(key) if isinstance(labels, dict) else None)
        diff_ids = lookup(name) if isinstance(name, str) and name else None
        if diff_ids and _is_prefix(diff_ids, image):
            return len(diff_ids)
    return 0


def _base_by_history(history: Sequence[HistoryLine]) -> int:
    # A command that only empty entries follow is this image's own last word, not its base's.
    layers = base = 0
    candidate = 0
    for line in history:
        if line.layer is not None:
            base = candidate
            layers += 1
        elif line.empty and line.text.startswith(("CMD", "ENTRYPOINT")):
            candidate = layers
    return base
