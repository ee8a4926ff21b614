"""What is known of an image and its layers whether they were read or not, as lines of the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.text import one_line, printable, size
from layerscope.tui.cells import cut, wrap
from layerscope.tui.rows import Pieces
from layerscope.tui.story import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from layerscope.analysis.description import DescribedLayer, Description
    from layerscope.analysis.model import LayerFigures, Subject
    from layerscope.tui.growing import SoFar


def digest_lines(layer: DescribedLayer | LayerFigures, width: int) -> Iterator[Pieces]:
    """The digests of a layer, and when it was made."""
    if layer.diff_id:
        yield [("diff id  ", "dim"), (cut(printable(layer.diff_id), width - 9), "")]
    if layer.digest and layer.digest != layer.diff_id:
        packed = f" ({size(layer.compressed_bytes)} packed)" if layer.compressed_bytes is not None else ""
        room = width - 9 - len(packed)
        yield [("digest   ", "dim"), (cut(printable(layer.digest), room) + packed, "")]
    if moment(layer.created):
        yield [("created  ", "dim"), (moment(layer.created), "")]


def command_lines(command: str, width: int) -> Iterator[Pieces]:
    """The command that made a layer, in as many lines as it takes."""
    for part in wrap(one_line(command), width):
        yield [(part, "")]


def subject_lines(subject: Subject, width: int) -> Iterator[Pieces]:
    """Which image it is."""
    for name, text in (("platform", subject.platform), ("id", subject.id), ("digest", subject.digest)):
        if text:
            yield [(f"{name:<9}", "dim"), (cut(printable(text), width - 9), "")]
    if moment(subject.created):
        yield [("created  ", "dim"), (moment(subject.created), "")]


def counts(changes: Sequence[int], width: int) -> Pieces:
    """How many paths were added, modified and removed."""
    words = ("added", "modified", "removed") if width >= 44 else ("", "", "")
    parts = zip("+~-", changes, words, strict=True)
    tones = ("added", "modified", "wasted")
    return [
        (f"{sign} {count:,} {word}".rstrip() + "   ", tone)
        for (sign, count, word), tone in zip(parts, tones, strict=True)
    ]


def early_layer_lines(told: Description | None, so_far: SoFar | None, layer: int, width: int) -> Iterator[Pieces]:
    """What is known of a layer while layers are being read: its documents, and what it changes once that is there.

    -1 stands for one of which nobody knows where it lies.
    """
    if layer < 0:
        yield from sentence_lines("Which layer this is, is known when the image's manifest has come.", width)
        return
    known = told.layers[layer] if told is not None and layer < len(told.layers) else None
    stacked = so_far is not None and layer < so_far.layers
    if so_far is None and known is None:
        yield [("reading", "dim")]
        return
    head = f"Layer {layer + 1}" + (f" of {len(told.layers)}" if told is not None else "")
    if so_far is not None and stacked:
        yield [(head, "title"), (f"  {size(so_far.stored[layer])}", "")]
        yield counts((so_far.added[layer], so_far.modified[layer], so_far.removed[layer]), width)
        yield from _waste(so_far.wasted_in[layer], so_far.wasted_by[layer], width)
    elif known is not None:
        yield [(head, "title")]
    sentence = "What this layer changes is known as soon as all layers below it are read."
    yield from sentence_lines("The layers above are still being read." if stacked else sentence, width)
    if known is not None:
        yield []
        yield from digest_lines(known, width)
        yield []
        yield from command_lines(known.command, width)


def early_image_lines(told: Description | None, so_far: SoFar | None, _layer: int, width: int) -> Iterator[Pieces]:
    """What is known of the image while its layers are being read."""
    if told is not None:
        yield [(cut(printable(told.subject.reference), width), "title")]
    if so_far is not None and so_far.layers:
        of = f" of {len(told.layers)}" if told is not None else ""
        which = f"The lowest layer{of}" if so_far.layers == 1 else f"The lowest {so_far.layers}{of} layers"
        yield [(cut(f"{which}: {size(so_far.size)}", width), "")]
        yield from _waste(so_far.wasted, 0, width)
    elif told is None:
        yield [("reading", "dim")]
        return
    yield from sentence_lines("Layers are still being read.", width)
    if told is not None:
        yield []
        yield from subject_lines(told.subject, width)


def _waste(wasted: int, wastes: int, width: int) -> Iterator[Pieces]:
    if wasted:
        yield [(cut(f"░ {size(wasted)} wasted so far", width), "wasted")]
    if wastes:
        yield [(cut(f"makes {size(wastes)} waste", width), "wasted")]


def sentence_lines(sentence: str, width: int) -> Iterator[Pieces]:
    """What there is to say while something is not known."""
    for part in wrap(sentence, width):
        yield [(part, "dim")]
