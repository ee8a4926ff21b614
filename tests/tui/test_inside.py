"""Looking inside: what is read and what is not, searches, archives, stories, and contents that mean harm."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

from explorers import load_handmade, press, pressed, screen_after, visit
from handmade import BytesReader, Entry, file, folder, hard_link, make_index, whiteout
from layerscope.core.outline import outline_of
from layerscope.errors import CancelledError, DamagedImageError
from layerscope.sources.model import Reader
from layerscope.tui.app import ExplorerApp
from layerscope.tui.capabilities import capabilities
from layerscope.tui.contents import Contents, open_file, pieces, read_contents
from layerscope.tui.extract import extract
from layerscope.tui.listings import MAX_MEMBERS
from layerscope.tui.pathstory import path_story
from shop_image import HISTORY, LAYERS


def contents_of(entries: list[Entry], path: bytes, *, raw: bool = False) -> Contents:
    index = make_index([entries])
    return read_contents(index, index.tree.newest(index.tree.find(path)), lambda _done, _total: True, raw=raw)


def tar_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_are_listed_in_any_compression(mode: Any) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for number in range(3):
            tar.addfile(tarfile.TarInfo(f"dir/file{number}"))
    told = contents_of([Entry("a.tar", buffer.getvalue())], b"a.tar")
    assert told.kind == "archive"
    assert [line.split()[-1] for line in told.lines] == ["dir/file0", "dir/file1", "dir/file2"]


def test_zip_is_listed_as_the_standard_library_lists_it() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(300):
            archive.writestr(f"d/{number}.txt", b"x" * number)
        archive.comment = b"a comment"
        expected = archive.namelist()
    told = contents_of([Entry("a.jar", buffer.getvalue())], b"a.jar")
    assert [line.split()[-1] for line in told.lines] == expected
    assert told.remark == "a zip, 300 members"


def test_archives_that_end_early_tell_what_they_held() -> None:
    whole = gzip.compress(tar_of(*(f"file{number}" for number in range(200))))
    told = contents_of([Entry("a.tgz", whole[: len(whole) // 2])], b"a.tgz")
    assert told.kind == "archive"
    assert "; " in told.remark


def test_an_archive_of_endless_members_is_listed_in_part() -> None:
    bomb = gzip.compress(tar_of("x")[:512] * (MAX_MEMBERS + 50))
    told = contents_of([Entry("a.tgz", bomb)], b"a.tgz")
    assert len(told.lines) == MAX_MEMBERS
    assert told.remark.endswith("the rest is left out")


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"PK\x05\x06" * 9, b"\x1f\x8b\x08garbage", b"BZh9"])
def test_what_only_begins_like_an_archive_is_shown_as_bytes(data: bytes) -> None:
    told = contents_of([Entry("a", data + bytes(50))], b"a")
    assert told.kind in ("binary", "archive")


def test_compressed_text_is_unpacked_and_raw_is_raw() -> None:
    entries = [Entry("a.gz", gzip.compress(b"one\ntwo\n", mtime=0))]
    assert contents_of(entries, b"a.gz").lines == ["one", "two"]
    assert contents_of(entries, b"a.gz", raw=True).lines[0].startswith("00000000  1f 8b 08")


def test_large_files_are_shown_in_part() -> None:
    told = contents_of([file("big", 3_000_000)], b"big")
    assert told.remark == "the first 2.0 MB of 3.0 MB"


def test_a_way_through_a_layer_can_be_left() -> None:
    index = make_index([[file("a", 9_000_000), file("b", 100)]])
    index.image.layers[0].seekable = False
    version = index.tree.newest(index.tree.find(b"b"))
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> bool:
        seen.append((done, total))
        return done < 3_000_000

    with pytest.raises(CancelledError):
        open_file(index, version, watch)
    assert len(seen) > 2
    assert all(done <= total for done, total in seen)


def test_a_layer_that_breaks_off_says_so() -> None:
    index = make_index([[file("a", 5000), file("b", 5000)]])
    layer = index.image.layers[0]
    assert layer.opener is not None
    with closing(layer.opener()) as reader:
        beginning = reader.read(6000)

    def broken() -> Reader:
        return BytesReader(beginning)

    layer.opener = broken
    version = index.tree.newest(index.tree.find(b"b"))
    assert read_contents(index, version, lambda _d, _t: True).remark == "Layer 1 ends before this file."
    layer.opener = None
    layer.missing = "Layer 1 is a foreign layer."
    assert read_contents(index, version, lambda _d, _t: True).remark == "Layer 1 is a foreign layer."
    with pytest.raises(DamagedImageError):
        open_file(index, version, lambda _d, _t: True)


def test_whole_files_go_to_the_pager() -> None:
    index = make_index([[file("big", 3_000_000)]])
    with closing(open_file(index, index.tree.newest(index.tree.find(b"big")), lambda _d, _t: True)) as reader:
        assert sum(map(len, pieces(reader))) == 3_000_000


def story(path: bytes) -> list[str]:
    index = make_index(LAYERS, HISTORY)
    for number, layer in enumerate(index.layers):
        index.digest_all(number, range(len(layer)))
    commands = [entry.created_by for entry in HISTORY]
    return path_story(index, outline_of(index.tree), index.tree.find(path), commands, lambda: True).lines


def test_story_tells_who_wrote_changed_and_removed() -> None:
    text = "\n".join(story(b"srv/shop/app.js"))
    assert "layer 3  COPY site" in text
    assert "the same bytes again, mode -rw-r--r-- → -rw-r-----, owner 0:0 → 33:33\n    8.6 kB stay in layer 3" in text
    assert story(b"etc/motd")[-1] == "not in the final image; the layers store 9 B for it"
    assert "    2.5 MB removed below" in story(b"var/cache/apt")
    assert "added: character device" in "\n".join(story(b"dev/null"))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (bytes.fromhex("0100000200200000000000000000000000000000"), "cap_net_raw=ep"),
        (bytes.fromhex("0000000200040000000000000000000000000000"), "cap_net_bind_service=p"),
        (bytes.fromhex("0100000300200000002000000000000000000000e8030000"), "cap_net_raw=eip"),
        (bytes.fromhex("01000002ffffffff00000000ff01000000000000"), None),
        (b"", ""),
        (b"\x01", "?"),
        (b"\x01\0\0\x02\0", "?"),
        (b"\x01\0\0\x09" + bytes(20), "?"),
    ],
)
def test_capabilities_are_written_as_getcap_does(raw: bytes, text: str | None) -> None:
    found = capabilities(raw)
    if text is None:
        assert found.count("cap_") == 41
    else:
        assert found == text


def test_search_in_the_preview_goes_round_and_is_left_first() -> None:
    lines = b"\n".join(b"needle %d" % n if n % 50 == 7 else b"hay" for n in range(200))

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        preview = app.explorer.preview
        await press(app, pilot, "2 enter slash N e e")
        assert "0 lines with" in str(preview.border_subtitle)
        await press(app, pilot, "backspace backspace backspace n e e d enter")
        assert "4 lines with" in str(preview.border_subtitle)
        seen = []
        for _ in range(5):
            await press(app, pilot, "n")
            seen.append(preview.scroll_offset.y)
        assert seen[0] != seen[1]
        assert seen[4] == seen[0]
        await press(app, pilot, "escape")
        assert app.explorer.pane_with_keys == "preview"
        assert not app.explorer.searcher.display
        await press(app, pilot, "escape")
        assert app.explorer.pane_with_keys == "files"

    visit(load_handmade([[Entry("notes", lines)]]), look)


def test_keys_that_come_in_one_go_follow_the_focus() -> None:
    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "2")
        for key, letter in (("slash", "/"), ("s", "s"), ("t", "t"), ("z", "z")):
            app.post_message(Key(key, letter))  # all are on their way before the first is looked at
        for _ in range(4):
            await pilot.pause()
        assert app.explorer.files.model is not None
        assert app.explorer.files.model.filter is not None
        assert app.explorer.files.model.filter.text == "stz"

    visit(load_handmade([[file("stz"), file("x")]]), look)


EVIL = "\x1b]0;owned\x07[red]x\x9b2J\u202e"


@pytest.mark.parametrize("keys", ["enter", "enter x", "enter d", "H", "enter / o w n", "e", "b B", "enter right"])
def test_evil_names_and_contents_are_painted_harmlessly(keys: str) -> None:
    import re

    data = (EVIL + "\n").encode() * 50
    layers = [
        [Entry(f"a{EVIL}", data), Entry(f"b{EVIL}.tar", tar_of(f"in/{EVIL}", EVIL))],
        [Entry(f"a{EVIL}", data + b"more"), Entry(f"b{EVIL}.tar", tar_of(f"out/{EVIL}"))],
    ]
    for start in ("] 2 ", "] 2 down "):
        screen = screen_after(load_handmade(layers), pressed(start + keys), size=(120, 30))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", screen)
        assert "owned" in screen


def test_extraction_goes_on_after_what_the_disk_refuses(tmp_path: Path) -> None:
    layers = [
        [
            folder("app"),
            file("app/" + "n" * 300, 4),
            Entry("app/nul\0byte", b"zero"),
            hard_link("app/other", "app/" + "n" * 300),
            file("app/z", 7),
            Entry("app/..\\x", b"win"),
        ]
    ]
    index = make_index(layers)
    tree = index.tree
    target = tmp_path / "out"
    done = extract(index, tree.find(b"app"), lambda node: tree.version_at(node, 0), target, lambda _d, _t: True)
    assert (target / "z").read_bytes() == b"x" * 7
    assert all(Path(path).parent == target for path, _why in done.skipped)
    assert "n" * 300 in "".join(path for path, _why in done.skipped)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_extraction_that_is_stopped_tells_all_that_is_missing(tmp_path: Path) -> None:
    index = make_index([[folder("d"), *(file(f"d/{number}", 1000) for number in range(20))], [whiteout("none")]])
    tree = index.tree
    left = 5

    def watch(_done: int, _total: int) -> bool:
        nonlocal left
        left -= 1
        return left > 0

    done = extract(index, tree.find(b"d"), lambda node: tree.version_at(node, 0), tmp_path / "d", watch)
    assert done.files + len(done.skipped) == 20
    assert done.skipped
    assert {why for _path, why in done.skipped} == {"stopped"}
    assert len(list((tmp_path / "d").iterdir())) == done.files
