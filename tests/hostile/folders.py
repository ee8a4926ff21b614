"""Folders as images: links that lead out of them or in circles, pipes, sockets and devices in place of files."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from images import blob_path, docker_members, make_layer, oci_members, write_folder
from images import file as entry

from .fates import OPENED, REFUSED, WARNED, Fate
from .kinds import Kind
from .makers import Make

LOWER, UPPER = make_layer([entry("a", b"a" * 100)]), make_layer([entry("b", b"b" * 100)])
LAYER = blob_path(LOWER)
Change = Callable[[Path], None]


def folder_kinds() -> Iterator[Kind]:
    """All kinds of folders."""
    for place, fates in {"index.json": (REFUSED, REFUSED), LAYER: (WARNED, OPENED)}.items():
        name = "index.json" if place == "index.json" else "a layer"
        for what, change in _instead(place).items():
            fate = fates[1] if what.startswith("a link within") else fates[0]
            yield Kind(f"folder, {name}: {what}", OPENED if what == "a link within it" else fate, _layout(change))
    for what, (fate, change) in _whole().items():
        yield Kind(f"folder: {what}", fate, _layout(change))
    for what, (fate, name) in _names().items():
        yield Kind(f"folder, a layer's name: {what}", fate, _unpacked(name))
    for what, (fate, make) in _no_folders().items():
        yield Kind(f"path: {what}", fate, make)


def _layout(change: Change) -> Make:
    """An OCI layout with something changed; beside it lies a file that is none of its business."""

    def make(folder: Path) -> Path:
        (folder / "outside").write_bytes(LOWER)
        path = write_folder(folder / "layout", oci_members([LOWER, UPPER]))
        change(path)
        return path

    return make


def _instead(place: str) -> Mapping[str, Change]:
    """What can stand in the place of a file."""

    def replaced(put: Callable[[Path], object]) -> Change:
        def change(path: Path) -> None:
            target = path / place
            (path / "kept").write_bytes(target.read_bytes())
            target.unlink()
            put(target)

        return change

    def listening(path: Path) -> None:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may have some hundred bytes
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
        os.chdir(here)

    def hole(path: Path) -> None:
        path.write_bytes(b"")
        os.truncate(path, 1 << 40)

    return {
        "a pipe that nobody writes": replaced(os.mkfifo),
        "a socket": replaced(listening),
        "a folder": replaced(Path.mkdir),
        "a link to itself": replaced(lambda path: path.symlink_to(path.name)),
        "a link to nothing": replaced(lambda path: path.symlink_to("nothing")),
        "a link out of it": replaced(lambda path: path.symlink_to(path.parents[len(Path(place).parents)] / "outside")),
        "a link to /etc/passwd": replaced(lambda path: path.symlink_to("/etc/passwd")),
        "a link to /dev/zero": replaced(lambda path: path.symlink_to("/dev/zero")),
        "a link to /dev/stdin": replaced(lambda path: path.symlink_to("/dev/stdin")),
        "a link to /proc/self/mem": replaced(lambda path: path.symlink_to("/proc/self/mem")),
        "a link upwards": replaced(lambda path: path.symlink_to("../" * 40 + "etc/passwd")),
        "a link within it": replaced(lambda path: path.symlink_to("../" * place.count("/") + "kept")),
        "a hole of a terabyte": replaced(hole),
        "empty": replaced(Path.touch),
    }


def _whole() -> Mapping[str, tuple[Fate, Change]]:
    """Changes that go beyond one file."""

    def blobs_outside(path: Path) -> None:
        (path / "blobs").rename(path.parent / "elsewhere")
        (path / "blobs").symlink_to("../elsewhere")

    def blobs_circle(path: Path) -> None:
        (path / "blobs").rename(path / "elsewhere")
        (path / "blobs").symlink_to("blobs")

    def moved(path: Path) -> None:
        (path / "blobs").rename(path / "elsewhere")
        (path / "blobs").symlink_to("elsewhere")

    def crowded(path: Path) -> None:
        for number in range(5000):
            (path / "blobs" / "sha256" / f"{number:064x}").touch()

    def odd_names(path: Path) -> None:
        for name in (b"\x1b[2J", b"new\nline", b"\xff\xfe", b"n" * 255):
            Path(os.fsdecode(os.fsencode(path) + b"/" + name)).touch()

    def nothing(path: Path) -> None:
        for name in ("index.json", "oci-layout"):
            (path / name).unlink()

    def documents_of_a_terabyte(path: Path) -> None:
        for each in (path / "blobs" / "sha256").iterdir():
            if each.read_bytes()[:1] == b"{":
                os.truncate(each, 1 << 40)

    def both(path: Path) -> None:
        os.mkfifo(path / "manifest.json")

    return {
        "blobs is a link out of it": (REFUSED, blobs_outside),
        "blobs is a link to itself": (REFUSED, blobs_circle),
        "blobs is a link within it": (OPENED, moved),
        "5,000 blobs": (OPENED, crowded),
        "odd names beside": (OPENED, odd_names),
        "no index": (REFUSED, nothing),
        "documents of a terabyte": (REFUSED, documents_of_a_terabyte),
        "a pipe as manifest.json beside": (REFUSED, both),
    }


def _unpacked(name: str) -> Make:
    """An unpacked ``docker save`` archive whose first layer has this name."""

    def make(folder: Path) -> Path:
        (folder / "outside").write_bytes(LOWER)
        members = docker_members([LOWER, UPPER])
        listed = json.loads(bytes(members["manifest.json"]))  # type: ignore[arg-type]
        listed[0]["Layers"][0] = name.replace("FOLDER", str(folder))
        return write_folder(folder / "saved", {**members, "manifest.json": json.dumps(listed).encode()})

    return make


def _names() -> Mapping[str, tuple[Fate, str]]:
    return {
        "upwards": (WARNED, "../outside"),
        "upwards, to a file of the system": (WARNED, "../" * 40 + "etc/passwd"),
        "absolute": (WARNED, "FOLDER/outside"),
        "of a device": (WARNED, "/dev/zero"),
        "of this process's memory": (WARNED, "/proc/self/mem"),
        "of a pipe of this process": (WARNED, "/dev/fd/0"),
        "empty": (WARNED, ""),
        "a dot": (WARNED, "."),
        "with a NUL": (WARNED, "a\0b"),
        "with a surrogate": (WARNED, "\ud800"),
        "too long for a file": (WARNED, "n" * 300),
        "too long for a path": (WARNED, "n/" * 5000),
        "of a home": (WARNED, "~/.bashrc"),
        "of a URL": (WARNED, "file:///etc/passwd"),
    }


def _no_folders() -> Mapping[str, tuple[Fate, Make]]:
    def bare(make: Callable[[Path], object]) -> Make:
        def made(folder: Path) -> Path:
            make(folder / "image.tar")
            return folder / "image.tar"

        return made

    def linked(folder: Path) -> Path:
        path = write_folder(folder / "layout", oci_members([LOWER, UPPER]))
        (folder / "link").symlink_to(path)
        return folder / "link"

    return {
        "an empty folder": (REFUSED, bare(Path.mkdir)),
        "a link to itself": (REFUSED, bare(lambda path: path.symlink_to("image.tar"))),
        "a link to nothing": (REFUSED, bare(lambda path: path.symlink_to("nothing"))),
        "a link to /dev/zero": (REFUSED, bare(lambda path: path.symlink_to("/dev/zero"))),
        "a link to /dev/null": (REFUSED, bare(lambda path: path.symlink_to("/dev/null"))),
        "a link to a layout": (OPENED, linked),
        "a name that drives a terminal": (REFUSED, lambda folder: folder / "\x1b[2J\u202e.tar"),
        "a name too long": (REFUSED, lambda folder: folder / ("n" * 5000)),
        "a name with a surrogate": (REFUSED, lambda folder: folder / "\udcff.tar"),
    }
