"""The corpus: wasted bytes are what other tools leave unreachable, and the items explain all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from layerscope.analysis.summary import analyse
from layerscope.errors import LayerscopeError
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source


def figures_of(path: Path, image: str, diff_ids: list[str] | None) -> tuple[int, int] | None:
    """Wasted bytes, and the sum over the items; None where it is another image than the one meant."""
    source = open_source(str(path), image=image)
    try:
        index: ImageIndex = build_index(source)
        if diff_ids is not None and [layer.diff_id for layer in index.image.layers] != diff_ids:
            return None
        analysis = analyse(index)
        return analysis.figures.wasted_bytes, sum(item.bytes for item in analysis.waste)
    finally:
        source.close()


def figures_of_any(path: Path, known: dict[str, Any]) -> tuple[int, int] | None:
    """The figures of the image that the truth is about; places that hold several say their names."""
    try:
        return figures_of(path, "", known["diff_ids"])
    except LayerscopeError as error:
        several = re.search(r"holds \d+ images: (.*)\.$", error.sentence)
        if not several:
            raise
    found = [figures_of(path, name, known["diff_ids"]) for name in several[1].split(", ")]
    return next((figures for figures in found if figures), None)


@pytest.mark.corpus
def test_wasted_bytes_are_those_of_the_truth(corpus: Path) -> None:
    truth = json.loads((corpus / "truth.json").read_text(encoding="utf-8"))
    images = {name: known for name, known in truth.items() if "merged" in known}
    wrong = {}
    for name, known in images.items():
        hidden = known["merged"]["hidden_bytes"]
        figures = figures_of_any(corpus / name, known)
        if figures != (hidden, hidden):
            wrong[name] = (figures, hidden)
    assert not wrong
    assert len(images) == 63
