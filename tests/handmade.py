"""Small images written down entry by entry, indexed the way real ones are."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from layerscope.index import ImageIndex, build_index
from layerscope.sources.model import HistoryEntry, Image, Layer, Reader


@dataclass(frozen=True)
class Entry:
    """One entry of a layer's tar; ``data`` is a file's content."""

    path: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    mtime: int = 1_700_000_000
    xattrs: dict[str, str] = field(default_factory=dict)


def file(path: str, size: int = 0, fill: bytes = b"x", **attributes: Any) -> Entry:
    """A file of ``size`` bytes; another ``fill`` is another content."""
    return Entry(path, fill * size, **attributes)


def folder(path: str, **attributes: Any) -> Entry:
    """A directory's own entry."""
    return Entry(path, kind=tarfile.DIRTYPE, mode=0o755, **attributes)


def hard_link(path: str, target: str) -> Entry:
    """Another name for the bytes of ``target``."""
    return Entry(path, kind=tarfile.LNKTYPE, link=target)


def symlink(path: str, target: str) -> Entry:
    """A path that leads to another."""
    return Entry(path, kind=tarfile.SYMTYPE, link=target, mode=0o777)


def whiteout(path: str) -> Entry:
    """Hides ``path`` in the layers below."""
    parent, slash, name = path.rpartition("/")
    return Entry(f"{parent}{slash}.wh.{name}")


def opaque(path: str) -> Entry:
    """Hides all that lower layers have in the directory ``path``."""
    return Entry(f"{path}/.wh..wh..opq")


def layer_tar(entries: Sequence[Entry]) -> bytes:
    """The uncompressed tar of a layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type, info.linkname, info.mode, info.mtime = entry.kind, entry.link, entry.mode, entry.mtime
            info.uid, info.gid = entry.owner
            info.size = len(entry.data)
            info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in entry.xattrs.items()}
            tar.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


class BytesReader:
    """Reads and skips in bytes at hand."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._size = len(data)

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes."""
        return self._file.read(count)

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes, as far as there are any."""
        start = self._file.tell()
        return self._file.seek(min(self._size, start + count)) - start

    def close(self) -> None:
        """Nothing to let go of."""


class HandmadeSource:
    """A source of one image at hand."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def image(self) -> Image:
        """The image."""
        return self._image

    def close(self) -> None:
        """Nothing to let go of."""


def _opener(data: bytes) -> Callable[[], Reader]:
    return lambda: BytesReader(data)


def make_image(layers: Sequence[Sequence[Entry]], history: Sequence[HistoryEntry] = ()) -> Image:
    """An image of these layers, oldest first, each with a diff id made of its number."""
    return Image(
        reference="handmade",
        source="test",
        history=list(history),
        layers=[
            Layer(name=f"{number}/layer.tar", diff_id=f"sha256:{number:064x}", seekable=True, opener=_opener(tar))
            for number, tar in enumerate(map(layer_tar, layers))
        ],
    )


def make_index(layers: Sequence[Sequence[Entry]], history: Sequence[HistoryEntry] = ()) -> ImageIndex:
    """The index of an image of these layers, oldest first."""
    return build_index(HandmadeSource(make_image(layers, history)))
