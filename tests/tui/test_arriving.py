"""What can be seen, and done, while layers are still being read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from arrivals import LAYERS, Gates, Trickle, until, visit
from explorers import THEME, explorer, settle
from handmade import file, layer_tar
from images import oci_members, pack
from layerscope.analysis.summary import analyse
from layerscope.index import Cancelled, ImageIndex, Report, build_index
from layerscope.sources.candidates import SeveralImagesError
from layerscope.sources.limits import Limits
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import PipeReader
from layerscope.sources.selection import Wish
from layerscope.tui.app import ExplorerApp
from screens import screen_text


def test_the_lowest_layers_show_their_changes_while_others_come() -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0, 1)
        await until(app, pilot, "layers 1–2: ░ 750 B wasted so far", "passwd")
        await pilot.press("down")
        shown = await until(app, pilot, "-    700 B     motd", "~     60 B     passwd", "+     10 B")
        assert "waiting   RUN ./tidy" in shown, "what describes the layers comes before them"
        assert "+ 1 added   ~ 1 modified   - 1 removed" in shown
        assert "changes in this layer" in shown
        assert "makes 750 B waste" in shown
        await pilot.press("2", *"jj")
        before = app.explorer.files.path
        gates.open()
        await settle(app, pilot)
        assert app.explorer.files.path == before
        assert app.explorer.selection.layer == 1

    visit(gates, see)


def test_a_layer_above_a_gap_shows_what_it_writes_and_names_what_it_deletes() -> None:
    gates = Gates(LAYERS, first=2)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(2)
        await until(app, pilot, "RUN ./tidy")
        await pilot.press("down", "down")
        shown = await until(app, pilot, "alone, not compared yet", "readme")
        row = next(line for line in shown.splitlines() if "old.so" in line)
        assert "│- " in row
        assert " B " not in row.rpartition("│-")[2], "nobody knows how large it was"
        assert "wasted so far" not in shown
        await pilot.press("up", "3")
        gates.open(0)
        await until(app, pilot, "0 B wasted so far - causes are told", "What this layer changes is known as soon as")
        await pilot.press("2", "1", "down")
        gates.open(1)
        await until(app, pilot, "2.0 kB", "changes in this layer")

    visit(gates, see)


def test_a_layer_that_is_not_there_yet_shows_no_other_layers_files() -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0)
        await until(app, pilot, "motd")
        await pilot.press("down")
        shown = await until(app, pilot, "this layer is not read yet")
        assert "motd" not in shown
        await pilot.press("up")
        await until(app, pilot, "motd")
        await pilot.press("down")
        gates.open(1)
        await until(app, pilot, "-    700 B")

    visit(gates, see)


def test_up_to_here_and_ranges_are_shown_as_far_as_the_layers_below_are_there() -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0, 1, 2)
        await until(app, pilot, "layers 1–3")
        await pilot.press("down", "down", "c")
        shown = await until(app, pilot, "changes of layers 2-3", "old.so", "readme", "motd")
        assert "~     60 B" in shown
        await pilot.press("c", "v", "up")
        await until(app, pilot, "changes of layers 2-3")

    visit(gates, see)


def test_what_the_user_folded_and_hid_stays_so_when_the_rest_has_come() -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0)
        await until(app, pilot, "motd")
        await pilot.press("2", "home", "space", "s")
        shown = await until(app, pilot, "▸ etc", "by size")
        assert "motd" not in shown
        gates.open()
        await settle(app, pilot)
        shown = await until(app, pilot, "▸ etc", "by size", "efficiency")
        assert "motd" not in shown

    visit(gates, see)


def test_stopping_shows_the_same_changes() -> None:
    gates = Gates(LAYERS)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(0, 1)
        await until(app, pilot, "layers 1–2")
        await pilot.press("escape")
        gates.open()
        await settle(app, pilot)
        await pilot.press("down")
        await until(app, pilot, "-    700 B     motd", "~     60 B     passwd", "incomplete")

    visit(gates, see)


@pytest.mark.parametrize("size", [(80, 24), (120, 30)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("first", "numbers", "words"),
    [(0, (0, 1, 2), ("-", "motd", "passwd", "░")), (1, (1,), ("alone, not compared yet", "motd"))],
    ids=["lowest", "alone"],
)
def test_screens(
    first: int,
    numbers: tuple[int, ...],
    words: tuple[str, ...],
    size: tuple[int, int],
    snapshot_text: SnapshotAssertion,
) -> None:
    gates = Gates(LAYERS, first)
    seen = []

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(*numbers)
        while not app.explorer.layer_list.name_of(max(numbers)):
            await pilot.pause(0.02)
        await pilot.press("down")
        await until(app, pilot, *words)
        await pilot.pause(0.3)
        seen.append(screen_text(app))

    visit(gates, see, size)
    assert seen[0] == snapshot_text


def test_layers_that_pass_in_another_order_get_their_numbers_from_the_config() -> None:
    tars = [layer_tar(entries) for entries in LAYERS]
    members = oci_members(tars)
    blobs = [name for name in members if name.startswith("blobs/")]
    layers = [name for name in blobs if members[name] in tars]
    config = next(name for name in blobs if b"diff_ids" in bytes(members[name]))  # type: ignore[arg-type]
    others = [name for name in members if name not in (*layers, config)]
    order = [layers[2], config, layers[1], layers[0], layers[3], *others]
    archive = pack({name: members[name] for name in order})
    stream = Trickle(archive, archive.index(bytes(members[layers[3]])))  # type: ignore[arg-type]

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        source = PassingArchive(PipeReader(stream), Wish("-", "stream", limits=Limits()), "It")
        return build_index(source, progress=report, cancelled=cancelled)

    async def run() -> None:
        app = explorer(load)
        async with app.run_test(size=(120, 30)) as pilot:
            try:
                shown = await until(app, pilot, "layers 1–3: ░ 2.8 kB wasted so far", "motd")
                rows = [line[2:5] for line in shown.splitlines()[2:6]]
                assert [row.strip() for row in rows] == ["1", "2", "3", "4"]
                await pilot.press("down", "down")
                await until(app, pilot, "old.so", "changes in this layer")
            finally:
                stream.allow_all()
            await settle(app, pilot)
            assert app.explorer.selection.layer == 2

    asyncio.run(run())


def test_another_reading_begins_anew() -> None:
    first, second = Gates(LAYERS), Gates([[file("other/thing", 40)], [file("other/thing", 41)], *LAYERS[2:]])
    told: list[str] = []

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        if not told:
            first.open()
            first.load(report, cancelled)
            raise SeveralImagesError("x.tar", ["a:1", "b:2"])
        return second.load(report, cancelled)

    async def run() -> None:
        app = ExplorerApp("x.tar", load, analyse, choose=told.append, theme=THEME)
        async with app.run_test(size=(120, 30)) as pilot:
            try:
                await until(app, pilot, "Which image?")
                await pilot.press("enter")
                second.open(0, 1)
                await until(app, pilot, "layers 1–2: ░ 40 B wasted so far", "thing")
            finally:
                second.open()
            await settle(app, pilot)

    asyncio.run(run())
