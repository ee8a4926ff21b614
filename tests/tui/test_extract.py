"""What extracting writes, and what it never does."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from explorers import load_handmade, press, visit
from handmade import Entry, file, folder, hard_link, make_index, whiteout
from layerscope.errors import UsageError
from layerscope.tui.app import ExplorerApp
from layerscope.tui.extract import Extracted, extract

LAYERS = [
    [
        folder("app"),
        file("app/run", 10, mode=0o4755),
        hard_link("app/again", "app/run"),
        file("app/old", 5),
        Entry("app/here", kind=tarfile.SYMTYPE, link="run"),
        Entry("app/up", kind=tarfile.SYMTYPE, link="../../../etc/passwd"),
        Entry("app/root", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        Entry("app/deep/back", kind=tarfile.SYMTYPE, link="../run"),
        Entry("app/deep/twice", kind=tarfile.SYMTYPE, link="back/../../x"),
        Entry("app/device", kind=tarfile.CHRTYPE),
        Entry("app/pipe", kind=tarfile.FIFOTYPE),
        file("app/deep/er/file", 7),
    ],
    [whiteout("app/old"), file("app/run", 3, b"y")],
]


def extracted(path: bytes, target: Path, layer: int) -> Extracted:
    index = make_index(LAYERS)
    tree = index.tree
    return extract(
        index, tree.find(path), lambda node: tree.version_at(node, layer), target, lambda _done, _total: True
    )


def test_folder_as_it_is_after_a_layer(tmp_path: Path) -> None:
    done = extracted(b"app", tmp_path / "out", 1)
    out = tmp_path / "out"
    assert (out / "run").read_bytes() == b"yyy"
    assert (out / "again").read_bytes() == b"x" * 10
    assert (out / "deep/er/file").read_bytes() == b"x" * 7
    assert not (out / "old").exists()
    assert (out / "here").readlink() == Path("run")
    assert (done.files, done.links, done.bytes) == (3, 2, 20)


def test_versions_below_are_within_reach(tmp_path: Path) -> None:
    extracted(b"app", tmp_path / "out", 0)
    assert (tmp_path / "out/old").read_bytes() == b"xxxxx"
    assert (tmp_path / "out/run").read_bytes() == (tmp_path / "out/again").read_bytes() == b"x" * 10


def test_nothing_dangerous_is_written(tmp_path: Path) -> None:
    done = extracted(b"app", tmp_path / "out", 0)
    out = tmp_path / "out"
    assert sorted(Path(path).name for path, _why in done.skipped) == ["device", "pipe", "root", "twice", "up"]
    assert not any(
        (out / name).is_symlink() or (out / name).exists() for name in ("device", "pipe", "root", "up", "deep/twice")
    )
    assert (out / "run").stat().st_mode & 0o7777 & ~0o755 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert "skipped 5" in done.sentence


def test_one_file(tmp_path: Path) -> None:
    extracted(b"app/run", tmp_path / "mine", 0)
    assert (tmp_path / "mine").read_bytes() == b"x" * 10


def test_what_exists_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("out", "link"):
        with pytest.raises(UsageError):
            extracted(b"app", tmp_path / name, 0)
    with pytest.raises(UsageError):
        extracted(b"app", tmp_path / "no/such/folder", 0)
    assert (tmp_path / "out").read_text() == "mine"


def test_key_asks_where_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2 e enter")
        assert "wrote 4 files, 32 B; skipped 5" in app.explorer.key_bar.render().plain

    visit(load_handmade(LAYERS), look)
    assert (tmp_path / "app/old").read_bytes() == b"xxxxx"
