"""Contents of layers that are there can be looked at, compared and written while others still come."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from arrivals import Gates, Trickle, until, visit
from explorers import explorer, settle
from handmade import Entry, file, layer_tar, whiteout
from images import gzipped, oci_members, pack
from layerscope.errors import CancelledError
from layerscope.index import Cancelled, ImageIndex, Report, build_index
from layerscope.sources import spool
from layerscope.sources.limits import Limits
from layerscope.sources.model import Reader
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import PipeReader
from layerscope.sources.selection import Wish
from layerscope.tui.app import ExplorerApp

Pilots = Pilot[Any]
#: Layers of text, so that what is shown can be read; the third stands for what does not come.
TEXTS = [
    [Entry("etc/motd", b"hello from below\n"), Entry("etc/old", b"gone soon\n"), file("etc/fill", 5_000)],
    [Entry("etc/motd", b"hello from above\n"), whiteout("etc/old")],
    [Entry("etc/late", b"the third\n"), whiteout("etc/motd")],
    [file("srv/data", 9_000)],
]
TARS = [layer_tar(entries) for entries in TEXTS]


async def go_to(app: ExplorerApp, pilot: Pilots, path: bytes) -> None:
    """Put the cursor of Files on a path."""
    await pilot.press("2")
    assert app.explorer.files.go_to(path)
    await pilot.pause()


def test_a_file_is_previewed_compared_and_told_of_while_layers_come() -> None:
    gates = Gates(TEXTS)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        gates.open(0, 1)
        await until(app, pilot, "layers 1–2")
        await pilot.press("right_square_bracket")
        await until(app, pilot, "~", "motd", "-", "old")
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        await until(app, pilot, "/etc/motd in layer 2", "1  hello from above", "version 2 of 2")
        await pilot.press("d")
        await until(app, pilot, "-hello from below", "+hello from above")
        await pilot.press("d", "left_square_bracket")
        await until(app, pilot, "/etc/motd in layer 1", "hello from below")
        await pilot.press("d")
        await until(app, pilot, "there is no version below")
        await pilot.press("H")
        shown = await until(app, pilot, "the layers above are still being read", "changed:")
        assert "in the final image" not in shown
        gates.open()
        await settle(app, pilot)
        await until(app, pilot, "not in the final image")
        await pilot.press("escape")
        assert app.explorer.index is not None

    visit(gates, see)


def test_escape_leaves_the_preview_and_then_stops_reading() -> None:
    gates = Gates(TEXTS)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        gates.open(0)
        await until(app, pilot, "changes in this layer", "motd", "esc stops")
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        shown = await until(app, pilot, "hello from below")
        assert "esc stops" not in shown, "here it goes back"
        await pilot.press("escape")
        shown = await until(app, pilot, "2 Files", "esc stops")
        assert "hello from below" not in shown
        await pilot.press("escape")
        await until(app, pilot, "stopping")

    visit(gates, see, (80, 24))


def test_a_folder_of_the_layers_that_are_there_is_written(tmp_path: Path) -> None:
    gates = Gates(TEXTS)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        gates.open(0, 1)
        await until(app, pilot, "layers 1–2")
        await pilot.press("right_square_bracket", "2", "home", "e")
        app.screen.query_one(Input).value = str(tmp_path / "out")
        await pilot.press("enter")
        await until(app, pilot, "wrote 2 files")
        assert (tmp_path / "out/motd").read_bytes() == b"hello from above\n"
        assert not (tmp_path / "out/old").exists()

    visit(gates, see)


def archive(*, packed: bool = False) -> tuple[bytes, int]:
    """An archive whose config comes first, and where its third layer begins."""
    blobs = [gzipped(tar) for tar in TARS] if packed else TARS
    members = oci_members(TARS, blobs=blobs)
    papers = [name for name in members if name not in list(members)[:4]]
    data = pack({name: members[name] for name in [*papers, *list(members)[:4]]})
    return data, data.index(blobs[2])


def watch_pipe(
    stream: Trickle, folder: Path | None, see: Callable[[ExplorerApp, Pilots], Any], size: tuple[int, int] = (120, 30)
) -> None:
    """Look at an explorer on a pipe that stands still in front of the third layer."""
    source = PassingArchive(PipeReader(stream), Wish("-", "stream", limits=Limits()), "It", spool=folder)

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        return build_index(source, progress=report, cancelled=cancelled)

    async def run() -> None:
        app = explorer(load)
        async with app.run_test(size=size) as pilot:
            try:
                await until(app, pilot, "layers 1–2")
                await pilot.press("right_square_bracket")
                await until(app, pilot, "motd", "old", "changes in this layer")
                await see(app, pilot)
            finally:
                stream.allow_all()
            await settle(app, pilot)

    with closing(source):
        asyncio.run(run())


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_what_passed_through_a_pipe_is_shown_and_written_while_more_passes(packed: bool, tmp_path: Path) -> None:
    data, place = archive(packed=packed)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        await go_to(app, pilot, b"etc/old")
        await pilot.press("enter")
        await until(app, pilot, "/etc/old in layer 1", "gone soon")
        await pilot.press("escape", "e")
        app.screen.query_one(Input).value = str(tmp_path / "old")
        await pilot.press("enter")
        await until(app, pilot, "wrote 1 file")
        assert (tmp_path / "old").read_bytes() == b"gone soon\n"

    watch_pipe(Trickle(data, place), tmp_path / "spool", see)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_what_passed_through_a_pipe_that_is_stopped_is_still_shown(packed: bool, tmp_path: Path) -> None:
    data, place = archive(packed=packed)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("escape")
        await until(app, pilot, "stopping")
        stream.allow_all()
        await settle(app, pilot)
        await until(app, pilot, "incomplete")
        assert app.explorer.files.path == b"etc/motd"
        await pilot.press("enter")
        await until(app, pilot, "/etc/motd in layer 2", "hello from above")
        await pilot.press("escape", "4")
        shown = await until(app, pilot, "not read", "step 3")
        assert re.search("not read ✗ +step 3", shown), "0 B would be a lie"
        assert "  4  not read" in shown
        assert "  2      17 B" in shown

    stream = Trickle(data, place)
    watch_pipe(stream, tmp_path, see)


def test_what_passed_and_was_not_kept_says_so() -> None:
    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        await until(app, pilot, "The contents of layer 2 are not at hand: they passed and were not kept.")

    watch_pipe(Trickle(*archive()), None, see)


def test_where_the_spool_cannot_be_read_meanwhile_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "HAS_PREAD", False)
    stream = Trickle(*archive())

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        await until(app, pilot, "Contents can be shown when reading is over.")
        await pilot.press("escape", "e")
        app.screen.query_one(Input).value = str(tmp_path / "motd")
        await pilot.press("enter")
        await until(app, pilot, "wrote nothing: Contents can be shown when reading is over.")
        stream.allow_all()
        await settle(app, pilot)
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        await until(app, pilot, "hello from above")

    watch_pipe(stream, tmp_path, see)


def test_a_layer_above_a_gap_is_looked_into_as_far_as_it_goes() -> None:
    gates = Gates(TEXTS, first=2)

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        gates.open(2)
        await until(app, pilot, "read.")
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(app, pilot, "alone, not compared yet", "late")
        await go_to(app, pilot, b"etc/late")
        await pilot.press("b", "i", "i")
        await until(app, pilot, "What layers below have of it is told as soon as they")
        await pilot.press("H")
        await until(app, pilot, "what layers did to a path is told as soon as all layers below this one are read")
        await pilot.press("enter")
        shown = await until(app, pilot, "/etc/late in layer 3", "the third")
        assert "version" not in shown
        await pilot.press("d")
        await until(app, pilot, "the layers below are still being read")
        await pilot.press("escape")
        await go_to(app, pilot, b"etc/motd")
        await until(app, pilot, "removed by this layer")
        for key in ("e", "o", "O"):
            await pilot.press(key)
            await until(app, pilot, "what this layer removes lies in layers below, which are still being read")
        await pilot.press("enter")
        await until(app, pilot, "what this layer removes lies in layers below, which are still being read")
        gates.open(0, 1)
        await until(app, pilot, "/etc/motd in layer 2", "hello from above", "version 2 of 2")

    visit(gates, see)


def test_what_reading_cuts_off_when_it_is_stopped_comes_again_afterwards() -> None:
    """A registry ends all that it is asked for when reading is stopped, and may then be asked again."""
    gates = Gates(TEXTS)
    stopped = threading.Event()

    async def see(app: ExplorerApp, pilot: Pilots) -> None:
        gates.open(0)
        await until(app, pilot, "changes in this layer", "motd")
        layer = gates.image.layers[0]
        opener = layer.opener

        def broken() -> Reader:
            raise CancelledError("Reading was stopped.")

        layer.opener = broken
        await go_to(app, pilot, b"etc/motd")
        await pilot.press("enter")
        await until(app, pilot, "reading was stopped before this file had come")
        layer.opener = opener
        stopped.set()
        gates.open()
        await settle(app, pilot)
        await until(app, pilot, "hello from below")

    visit(gates, see)
    assert stopped.is_set()
