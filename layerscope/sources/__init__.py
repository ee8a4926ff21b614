"""Where the bytes of an image come from: one function from a reference to a source.

``references`` takes a reference apart; ``places`` opens files, folders and pipes, ``engine`` asks an
engine, ``registry`` a registry; ``selection`` finds the image among what they hold. Modules are
imported when they are needed: an archive is opened without the Docker SDK.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import ImageNotFoundError
from layerscope.sources.model import OpenSource, PassingSource, Progress
from layerscope.sources.references import Reference, parse_reference, split_place

if TYPE_CHECKING:
    from layerscope.sources.limits import Limits
    from layerscope.sources.selection import Wish


def open_source(
    reference: str,
    *,
    platform: str = "",
    image: str = "",
    source: str = "",
    verify: bool = False,
    limits: Limits | None = None,
    spool: Path | None = None,
    progress: Progress | None = None,
) -> OpenSource | PassingSource:
    """The source that a reference names; LayerscopeError with a sentence where there is none.

    ``image`` chooses among several in one archive, ``platform`` is ``OS/ARCH[/VARIANT]``, ``source`` a
    scheme for references without one. With a ``spool`` folder the layers of a passing source can be
    opened after it was read through. ``verify`` compares layers and documents with
    their digests. ``limits`` is what the user allows the image.
    """
    from layerscope.sources.limits import Limits
    from layerscope.sources.selection import Wish

    parsed = parse_reference(reference, source)
    wish = Wish(reference, parsed.kind, image, platform, verify, limits or Limits())
    if parsed.kind in ("docker", "podman", "registry"):
        return _remote(parsed, wish, spool, progress)
    from layerscope.sources import places

    if parsed.kind == "stream" or (parsed.kind == "archive" and parsed.place == "-"):
        return places.open_standard_input(wish, spool)
    if parsed.kind == "demo":
        from layerscope.demo import ARCHIVE

        return places.open_place(str(ARCHIVE), wish, spool)
    if parsed.kind in ("archive", "layout"):
        place, named = split_place(parsed.place)
        return places.open_place(place, replace(wish, image=image or named), spool)
    if places.is_meant(Path(parsed.place).expanduser(), parsed):
        return places.open_place(parsed.place, wish, spool)
    if parsed.looks_like_path:
        raise ImageNotFoundError(f"There is no file or folder {parsed.place}.", "Check the path.")
    return _remote(parsed, wish, spool, progress)


def _remote(parsed: Reference, wish: Wish, spool: Path | None, progress: Progress | None) -> OpenSource | PassingSource:
    if parsed.kind == "registry":
        from layerscope.sources.registry import RegistrySource

        return RegistrySource(parsed, wish, progress)
    from layerscope.sources.engine import EngineSource

    return EngineSource(parsed, wish, spool=spool, progress=progress)
