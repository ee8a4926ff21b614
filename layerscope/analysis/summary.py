"""The analysis of one image: its figures at once, its waste and dive's figures when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layerscope.analysis.base import Lookup, find_base
from layerscope.analysis.description import DescribedLayer, describe
from layerscope.analysis.history import history_warning
from layerscope.analysis.model import (
    Analysis,
    DiveFigures,
    DiveFile,
    Figures,
    LayerFigures,
    WasteItem,
    label,
    labels,
    unnamed,
)
from layerscope.core.tree import ImageTree
from layerscope.index import ImageIndex
from layerscope.sources.model import Image


def analyse(index: ImageIndex, *, base: int | Sequence[str] | None = None, lookup: Lookup | None = None) -> Analysis:
    """Everything there is to say about an image.

    ``base`` is the number of layers, or the diff ids, of the base image where the user told them;
    ``lookup`` finds other images in the same source. UsageError where ``base`` cannot be.
    """
    image = index.image
    told = describe(image)
    base_layers, found_by = find_base(image, told.history, base, lookup)

    def find_waste() -> list[WasteItem]:
        from layerscope.analysis.waste import find_waste

        return find_waste(index)

    def find_dive() -> DiveFigures:
        from layerscope.analysis.dive import find_dive_figures

        return find_dive_figures(index.tree)

    def find_dive_files(layer: int) -> Iterable[DiveFile]:
        from layerscope.analysis.divefiles import list_dive_files

        return list_dive_files(index.layers[layer])

    def find_passwd() -> bytes | None:
        from layerscope.analysis.users import read_passwd

        return read_passwd(index)

    return Analysis(
        subject=told.subject,
        figures=_figures(index.tree, image, base_layers),
        layers=_layers(index, told.layers, base_layers),
        history=told.history,
        base_layers=base_layers,
        base_found_by=found_by,
        warnings=_warnings(index),
        find_waste=find_waste,
        find_dive=find_dive,
        find_dive_files=find_dive_files,
        tree=index.tree,
        user=_user(image),
        find_passwd=find_passwd,
        fault=image.fault,
    )


def _user(image: Image) -> str:
    container = image.config.get("config")
    user = container.get("User") if isinstance(container, dict) else None
    return user if isinstance(user, str) else ""


def _figures(tree: ImageTree, image: Image, base_layers: int) -> Figures:
    user_size = sum(tree.stored[base_layers:])
    user_wasted = sum(tree.wasted_by[base_layers:])
    # A layer only wastes bytes of its own and of those below: what the base's layers did not waste
    # of their own bytes, the user's layers did.
    base_wasted_by_user = sum(tree.wasted_in[:base_layers]) - sum(tree.wasted_by[:base_layers])
    answers_for = user_size + base_wasted_by_user
    compressed = [layer.compressed_bytes for layer in image.layers]
    return Figures(
        size_bytes=tree.image_bytes,
        wasted_bytes=tree.wasted_bytes,
        efficiency=1 - tree.wasted_bytes / tree.image_bytes if tree.image_bytes else 1.0,
        user_size_bytes=user_size,
        user_wasted_bytes=user_wasted,
        user_wasted_percent=user_wasted / answers_for if answers_for else 0.0,
        user_reach_bytes=answers_for,
        files=tree.files,
        final_files=tree.final_files,
        compressed_bytes=None if None in compressed else sum(size for size in compressed if size is not None),
    )


def _layers(index: ImageIndex, told: Sequence[DescribedLayer], base_layers: int) -> list[LayerFigures]:
    tree = index.tree
    return [
        LayerFigures(
            index=number,
            diff_id=told[number].diff_id,
            digest=told[number].digest,
            media_type=layer.media_type,
            size_bytes=tree.stored[number],
            compressed_bytes=told[number].compressed_bytes,
            wasted_in_bytes=tree.wasted_in[number],
            wasted_by_bytes=tree.wasted_by[number],
            added=tree.added[number],
            modified=tree.modified[number],
            removed=tree.removed[number],
            command=told[number].command,
            created=told[number].created,
            base=number < base_layers,
            entries=index.layers[number].entries,
            name=layer.name,
            fault=index.layers[number].fault,
            limit=index.layers[number].limit,
            untrusted=index.layers[number].untrusted,
        )
        for number, layer in enumerate(index.image.layers)
    ]


def _warnings(index: ImageIndex) -> list[str]:
    image = index.image
    warnings = [image.fault] if image.fault else []
    warnings += image.warnings
    about_history = history_warning(image.history, len(image.layers))
    if about_history:
        warnings.append(about_history)
    warnings.extend(
        f"Layer {label(number)}: whiteouts and AUFS metadata hold {layer.hidden_bytes} bytes that no figure counts."
        for number, layer in enumerate(index.layers)
        if layer.hidden_bytes
    )
    alike: dict[str, list[int]] = {}
    for number, fault in index.faults:
        alike.setdefault(fault.rstrip("."), []).append(number)
    for fault, numbers in alike.items():
        warnings.append(f"{'Layer' if len(numbers) == 1 else 'Layers'} {labels(numbers)}: {unnamed(fault)}.")
    return warnings
