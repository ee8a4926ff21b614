"""Inputs made: members, tars and ``docker save`` archives out of bytes, and what writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from core.archives import header, padded

END = bytes(1024)
#: Writes the input into an empty folder; the path of the image.
Make = Callable[[Path], Path]


def member(name: bytes | str, data: bytes = b"", flag: bytes = b"0", link: bytes = b"") -> bytes:
    """A member of a tar as it should be."""
    raw = name.encode() if isinstance(name, str) else name
    return header(raw, flag, b"%011o" % len(data), link, b"ustar\x0000") + padded(data)


def tar(*members: bytes) -> bytes:
    """A whole tar of these members."""
    return b"".join(members) + END


def archive(members: Mapping[str, bytes]) -> bytes:
    """A tar of files by their names."""
    return tar(*(member(name, data) for name, data in members.items()))


def saved(data: bytes) -> Make:
    """Writes the bytes as the image."""

    def make(folder: Path) -> Path:
        path = folder / "image.tar"
        path.write_bytes(data)
        return path

    return make


def edited(block: bytes, at: int, data: bytes) -> bytes:
    """A header with some bytes of it changed and its checksum right again."""
    changed = block[:at] + data + block[at + len(data) :]
    if at <= 148 < at + len(data):
        return changed
    blank = changed[:148] + b" " * 8 + changed[156:]
    return blank[:148] + b"%06o\0 " % sum(blank[:512]) + blank[156:]


LOWER = tar(member("d/", flag=b"5"), member("d/a", b"a" * 700), member("b", b"b" * 600))
UPPER = tar(member("d/a", b"A" * 300), member(".wh.b"), member("c", flag=b"1", link=b"d/a"))


def layered(*layers: bytes, config: bytes = b"") -> Make:
    """Writes a ``docker save`` archive of these layers, its manifest first."""
    return saved(archive(docker(*layers, config=config)))


def docker(*layers: bytes, config: bytes = b"", manifest: bytes = b"") -> dict[str, bytes]:
    """The members of a ``docker save`` archive of these layers."""
    names = ", ".join(f'"l{number}/layer.tar"' for number in range(len(layers)))
    ids = ", ".join(f'"sha256:{number:064x}"' for number in range(len(layers)))
    known = f'{{"architecture": "amd64", "os": "linux", "rootfs": {{"type": "layers", "diff_ids": [{ids}]}}}}'
    listed = f'[{{"Config": "config.json", "RepoTags": ["a:1"], "Layers": [{names}]}}]'
    members = {"manifest.json": manifest or listed.encode(), "config.json": config or known.encode()}
    return members | {f"l{number}/layer.tar": layer for number, layer in enumerate(layers)}
