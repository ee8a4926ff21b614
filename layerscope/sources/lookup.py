"""Which layers an image has, asked of where it lies, without reading or pulling anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.sources.limits import Limits


def engine_layers(kind: str, name: str) -> list[str] | None:
    """The diff ids, oldest first, of an image that an engine has; None where it has none of that name.

    ``kind`` is ``docker`` or ``podman``. SourceError where the engine does not answer.
    """
    from layerscope.sources.engine_client import connect

    client = connect(kind)
    try:
        found = client.inspect(name)
    finally:
        client.close()
    layers = ((found or {}).get("RootFS") or {}).get("Layers")
    return [str(layer) for layer in layers] if layers else None


def archive_layers(reference: str, name: str, platform: str = "", limits: Limits | None = None) -> list[str] | None:
    """The diff ids of another image in the same archive or folder; None where it holds none of that name."""
    from layerscope.sources import open_source
    from layerscope.sources.model import PassingSource

    try:
        source = open_source(reference, image=name, platform=platform, limits=limits)
    except LayerscopeError:
        return None
    try:
        # What can be read only once was read for the image itself already.
        return None if isinstance(source, PassingSource) else [layer.diff_id for layer in source.image().layers]
    except LayerscopeError:
        return None
    finally:
        source.close()
