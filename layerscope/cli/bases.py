"""The base image as the user named it, or as a label of the image does."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError, UsageError

if TYPE_CHECKING:
    from layerscope.sources.limits import Limits
    from layerscope.sources.model import Image, Reader

_ENGINES = ("docker", "podman")
#: Digits of a number of layers.
_DIGITS = 9


def asked_base(args: argparse.Namespace, limits: Limits) -> int | Sequence[str] | None:
    """What ``--base`` says: a number of layers, or the diff ids of the image it names; else None."""
    if not args.base:
        return None
    if args.base.isdecimal():
        if len(args.base) > _DIGITS:
            raise UsageError(
                "--base: no image has so many layers.", "Give the number of the base's layers, or its name."
            )
        return int(args.base)
    from layerscope.sources import open_source
    from layerscope.sources.model import PassingSource

    source = open_source(args.base, platform=args.platform, source=args.source, limits=limits)
    try:
        if not isinstance(source, PassingSource):
            return [layer.diff_id for layer in source.image().layers]
        at_hand = _in_engine(args)
        return at_hand or [layer.diff_id for layer in source.read_through(_pass_by).layers]
    finally:
        source.close()


def asked_name(args: argparse.Namespace) -> str:
    """What ``--base`` names where that can stand in a FROM: no number, archive or folder."""
    if not args.base or args.base.isdecimal():
        return ""
    from pathlib import Path

    from layerscope.sources.references import exists, parse_reference

    reference = parse_reference(args.base, args.source)
    named = reference.kind in (*_ENGINES, "registry")
    if not reference.kind:  # an image's name, unless something with that name lies here
        named = not (reference.looks_like_path or exists(Path(reference.place)))
    return reference.place if named else ""


def lookup_beside(args: argparse.Namespace, image: Image, limits: Limits) -> Callable[[str], Sequence[str] | None]:
    """A function that finds other images where this one was found: in its engine, or in its archive."""
    from layerscope.sources.lookup import archive_layers, engine_layers

    def look(name: str) -> Sequence[str] | None:
        # A label is a hint: whatever goes wrong with it is no error of the image.
        with suppress(LayerscopeError):
            if image.source in _ENGINES:
                return engine_layers(image.source, name)
            return archive_layers(args.image_reference, name, args.platform, limits)
        return None

    return look


def _in_engine(args: argparse.Namespace) -> list[str] | None:
    """The base's layers as the engine tells them, so that nothing need be exported for them."""
    from layerscope.sources.lookup import engine_layers
    from layerscope.sources.references import parse_reference

    reference = parse_reference(args.base, args.source)
    kind = reference.kind or "docker"
    return engine_layers(kind, reference.place) if kind in _ENGINES else None


def _pass_by(name: str, reader: Reader, size: int) -> None:
    """Look at nothing: of a base image only the manifest matters."""
