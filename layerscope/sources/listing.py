"""What there is to choose from: the images of an engine, the archives and image folders in a folder."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from layerscope.sources import documents

if TYPE_CHECKING:
    import os

#: Entries of a folder that are looked at, and images of an engine that are listed.
MAX_LISTED: Final = 5_000
_NAMELESS: Final = ("", "<none>:<none>", "<none>@<none>")
_NO_NAME: Final = "  (no name)"
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Listed:
    """One image to choose: ``reference`` opens it, ``name`` is what people call it (not printable).

    ``created`` is an RFC 3339 time in UTC, of an archive that of its last change, empty where nobody tells;
    ``shared_bytes`` are those that other images of the engine have too, None where it does not tell.
    """

    reference: str
    name: str
    size_bytes: int | None = None
    created: str = ""
    shared_bytes: int | None = None


def list_engine(kind: str) -> list[Listed]:
    """The images of ``docker`` or ``podman``, the newest first, nameless ones last.

    SourceError where it does not answer.
    """
    from layerscope.sources.engine_client import connect

    client = connect(kind)
    try:
        found = client.images()
    finally:
        client.close()
    listed = [each for one in found[:MAX_LISTED] for each in _named(kind, one)]
    listed.sort(key=lambda each: each.created, reverse=True)
    return sorted(listed, key=lambda each: each.name.endswith(_NO_NAME))


def engine_kinds() -> list[str]:
    """The engines worth asking: Docker, and Podman where its socket is."""
    import os

    from layerscope.sources.endpoints import podman_endpoints

    return ["docker", *(["podman"] if podman_endpoints(os.environ) else [])]


def _named(kind: str, found: dict[str, Any]) -> Iterator[Listed]:
    """An image once for each of its names; by its id where it has none."""
    identity = documents.text(found.get("Id"))
    names = [name for name in documents.texts(found.get("RepoTags")) if name not in _NAMELESS]
    shared = found.get("SharedSize")
    for name in names or [identity]:
        yield Listed(
            reference=f"{kind}://{name}",
            name=name if names else f"{identity[:19]}{_NO_NAME}",
            size_bytes=_size(found),
            created=_moment(found.get("Created")),
            shared_bytes=_count(shared),
        )


def _size(found: dict[str, Any]) -> int | None:
    """The bytes of an image's files: containerd's store counts what it keeps packed of all platforms with them.

    Where it has unpacked none, the bytes of its largest platform as stored are the best that it tells.
    """
    images = [each for each in documents.stored_manifests(found) if each.get("Available") is True]
    unpacked = [_part(documents.mapping(each.get("ImageData")), "Unpacked") for each in images]
    stored = [_part(each, "Content") for each in images]
    return max(unpacked, default=0) or max(stored, default=0) or _count(found.get("Size"))


def _part(found: dict[str, Any], name: str) -> int:
    """A number of bytes below ``Size``; 0 where it is not told."""
    return _count(documents.mapping(found.get("Size")).get(name)) or 0


def _count(value: object) -> int | None:
    """A number of bytes; an engine that has not counted says -1."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _moment(seconds: object) -> str:
    if not isinstance(seconds, int | float) or not 0 < seconds < _LATEST:
        return ""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def list_folder(folder: Path) -> list[Listed]:
    """The archives and image folders in a folder, the newest first; empty where it cannot be read."""
    try:
        paths = [path for _number, path in zip(range(MAX_LISTED), folder.iterdir(), strict=False)]
    except OSError:
        return []
    listed = list_paths(paths)
    return sorted(listed, key=lambda each: each.created, reverse=True)


def list_paths(paths: Iterable[Path]) -> list[Listed]:
    """Those of some paths that are archives or image folders, in their order."""
    return [listed for path in paths if (listed := _look(path)) is not None]


def _look(path: Path) -> Listed | None:
    from layerscope.sources.blobs import BLOCK, content_kind
    from layerscope.sources.layout import is_image_folder

    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return _listed(path, status, None) if is_image_folder(path) else None
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        with path.open("rb") as file:
            return _listed(path, status, status.st_size) if content_kind(file.read(BLOCK)) else None
    except OSError:  # gone, or somebody else's
        return None


def _listed(path: Path, status: os.stat_result, size: int | None) -> Listed:
    written = str(path) if path.is_absolute() else f"./{path}"
    name = written + "/" if size is None else written
    return Listed(written, name, size, _moment(status.st_mtime))
