"""Images that hurt, by name: many files, many layers, many deletions, much data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from .archive import DIRECTORY, Row, write_image

Layers = Iterator[Iterable[Row]]

_FILES_PER_FOLDER = 20
_MB = 1_000_000


def small(number: int) -> int:
    """The size of the file of this number: many small ones, 750 bytes on average."""
    return number * 37 % 1500


def path_of(top: str, number: int) -> str:
    """Where the file of this number lies below ``top``: 20 to a folder, 25 folders to a folder."""
    folder = number // _FILES_PER_FOLDER
    return f"{top}/pkg{folder // 25:04d}/mod{folder % 25:02d}/file{number:06d}.py"


def files(top: str, numbers: Iterable[int], size: Callable[[int], int] = small, uid: int = 0) -> Iterator[Row]:
    """Files below ``top`` with the folders that hold them, as a packer walks them."""
    seen: set[str] = set()
    for number in numbers:
        path = path_of(top, number)
        folder = path.rpartition("/")[0]
        if folder not in seen:
            for above in (top, folder.rpartition("/")[0], folder):
                if above not in seen:
                    seen.add(above)
                    yield Row(above + "/", 0, DIRECTORY, uid)
        yield Row(path, size(number), uid=uid)


def deletions(top: str, numbers: Iterable[int]) -> Iterator[Row]:
    """Whiteouts of files that ``files`` wrote."""
    for number in numbers:
        folder, _, name = path_of(top, number).rpartition("/")
        yield Row(f"{folder}/.wh.{name}")


def tiny(scale: float) -> Layers:
    """One file: what every run costs, whatever the image."""
    yield [Row("file", int(1000 * scale))]


def huge(scale: float) -> Layers:
    """400,000 small files in 16 layers with 9,000 deletions."""
    count, gone = int(25_000 * scale), int(3000 * scale)
    for layer in range(16):
        rows = files(f"opt/l{layer:02d}", range(count))
        yield chain(rows, deletions(f"opt/l{layer - 8:02d}", range(0, 2 * gone, 2))) if layer >= 13 else rows


def layers(scale: float, count: int = 120) -> Layers:
    """120 layers of 1,000 files each; every one writes a tenth of the one before it again."""
    number = int(1000 * scale)
    for layer in range(count):
        again = files(f"srv/l{layer - 1:03d}", range(number // 10)) if layer else ()
        yield chain(files(f"srv/l{layer:03d}", range(number)), again)


def large(scale: float) -> Layers:
    """3 GB in 12 files in 3 layers, as holes."""
    for layer in range(3):
        yield [Row(f"data/model-{layer}-{part}.bin", int(256 * _MB * scale)) for part in range(4)]


def chown(scale: float) -> Layers:
    """50,000 files, and all of them again with another owner and the same bytes."""
    numbers = range(int(50_000 * scale))
    yield files("app", numbers)
    yield files("app", numbers, uid=999)


def medium(scale: float) -> Layers:
    """15,000 files with 500 MB in 10 layers."""
    for layer in range(10):
        yield files(f"usr/l{layer}", range(int(1500 * scale)), lambda number: number * 7919 % 66_667)


def entries(scale: float, times: int = 1) -> Layers:
    """100,000 files in 8 layers, times something."""
    for layer in range(8):
        yield files(f"opt/l{layer}", range(int(12_500 * scale) * times))


def deleted(scale: float, times: int = 1, gone: int = 20_000) -> Layers:
    """60,000 files, then a layer with some deletions of them, times something."""
    yield files("opt/a", range(int(60_000 * scale)))
    yield deletions("opt/a", range(int(gone * scale) * times))


def added(scale: float) -> Layers:
    """60,000 files, then a layer with 9,000 other entries: what 9,000 deletions are compared with."""
    yield files("opt/a", range(int(60_000 * scale)))
    yield [Row(path_of("opt/b", number)) for number in range(int(9000 * scale))]


def scattered(scale: float) -> Layers:
    """200,000 files of which a second layer removes every other one: 100,000 waste items."""
    count = int(200_000 * scale)
    yield files("opt/a", range(count), lambda _number: 100)
    yield deletions("opt/a", range(0, count, 2))


IMAGES: dict[str, Callable[[float], Layers]] = {
    "tiny": tiny,
    "huge": huge,
    "medium": medium,
    "layers": layers,
    "large": large,
    "chown": chown,
    "scattered": scattered,
    "deleted-9000": lambda scale: deleted(scale, gone=9000),
    "added-9000": added,
    "entries-1x": entries,
    "entries-2x": lambda scale: entries(scale, 2),
    "layers-1x": lambda scale: layers(scale, 60),
    "layers-2x": layers,
    "deletions-1x": deleted,
    "deletions-2x": lambda scale: deleted(scale, 2),
}


def make(name: str, folder: Path, scale: float = 1.0) -> tuple[Path, int]:
    """The archive of this name, written unless it is there; with its number of entries.

    ``scale`` makes everything smaller (or larger) by that factor.
    """
    target = folder / f"{name}-{scale:g}.tar"
    note = target.with_suffix(".entries")
    if not note.is_file():
        note.write_text(str(write_image(target, IMAGES[name](scale))), encoding="ascii")
    return target, int(note.read_text(encoding="ascii"))
