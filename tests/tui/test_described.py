"""What an image's documents say is shown as soon as they are there, before its layers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from arrivals import LAYERS, Gates, Trickle, until, visit
from explorers import explorer, settle
from handmade import layer_tar
from images import Entry, docker_members, gzipped, make_config, oci_members, pack
from layerscope.index import Cancelled, ImageIndex, Report, build_index
from layerscope.sources.limits import Limits
from layerscope.sources.passing import PassingArchive
from layerscope.sources.readers import PipeReader
from layerscope.sources.selection import Wish
from layerscope.tui.app import ExplorerApp
from screens import screen_text

TARS = [layer_tar(entries) for entries in LAYERS]
CONFIG = make_config(
    TARS,
    config={"User": "app", "Env": ["MODE=fast"]},
    history=[
        {"created_by": "/bin/sh -c #(nop) ADD file:ab in / ", "created": "2026-11-12T00:20:54Z"},
        {"created_by": "RUN /bin/sh -c ./setup # buildkit"},
        {"created_by": "ENV MODE=fast", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c ./tidy # buildkit"},
        {"created_by": "COPY data / # buildkit"},
    ],
)


def test_history_config_and_details_come_before_any_layer() -> None:
    gates = Gates(LAYERS)
    gates.image.config = {"config": {"User": "app"}}
    gates.image.platform = "linux/amd64"

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        shown = await until(app, pilot, "waiting   RUN ./setup --user app", "Layer 1 of 4")
        assert "diff id  sha256:0000" in shown
        await pilot.press("4")
        shown = await until(app, pilot, "  2   waiting              RUN ./setup --user app", "  4   waiting")
        assert " 0 B" not in shown, "nobody knows how large they are"
        await pilot.press("5")
        await until(app, pilot, "user         app")
        await pilot.press("i")
        assert "platform linux/amd64" in await until(app, pilot, "Layers are still being read.")
        await pilot.press("4", "G")
        await until(app, pilot, "▌ 4 waiting   COPY data /")
        gates.open(0, 1)
        shown = await until(app, pilot, "      70 B              RUN ./setup --user app", "The lowest 2 of 4 layers")
        assert "  4   waiting              COPY data /" in shown

    visit(gates, see)


def test_a_layer_above_a_gap_is_read_and_its_size_in_the_image_not_known() -> None:
    gates = Gates(LAYERS, first=2)

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        gates.open(2)
        await pilot.press("4")
        shown = await until(app, pilot, "  3      read              RUN ./tidy")
        assert "  1   waiting" in shown

    visit(gates, see)


def test_what_the_documents_say_can_be_copied_before_layers_come(monkeypatch: pytest.MonkeyPatch) -> None:
    gates = Gates(LAYERS)
    copied: list[str] = []
    monkeypatch.setattr(ExplorerApp, "copy_to_clipboard", lambda _app, text: copied.append(text))

    async def see(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await until(app, pilot, "Layer 1 of 4")
        await pilot.press("down", "Y", "4", "Y")
        await until(app, pilot, "copied RUN ./setup --user app")
        assert copied == [f"sha256:{1:064x}", "RUN ./setup --user app"]

    visit(gates, see)


def docker_saved() -> dict[str, bytes | Entry]:
    """As Docker up to 24 saves it: beside each layer which one lies below it."""
    members = docker_members(TARS, config=CONFIG)
    names = [name.split("/")[0] for name in members if name.endswith("/layer.tar")]
    made: dict[str, bytes | Entry] = {}
    for number, name in enumerate(names):
        made[f"{name}/json"] = f'{{"parent": "{names[number - 1]}"}}'.encode() if number else b"{}"
    return made | members


@pytest.mark.parametrize(
    "members",
    [
        lambda: oci_members(TARS, config=CONFIG),
        lambda: oci_members(TARS, config=CONFIG, blobs=[gzipped(tar) for tar in TARS]),
        docker_saved,
    ],
    ids=["plain", "packed", "old"],
)
def test_a_pipe_shows_them_as_soon_as_they_have_passed(members: Callable[[], dict[str, bytes | Entry]]) -> None:
    given = members()
    layers = [name for name in given if name.endswith("/layer.tar")] or list(given)[:4]
    papers = [name for name in given if name not in layers and name != "manifest.json"]
    order = [*papers, *layers, *(["manifest.json"] if "manifest.json" in given else [])]
    archive = pack({name: given[name] for name in order})
    third = given[layers[2]]
    assert isinstance(third, bytes)
    history, config = asyncio.run(screens_of(Trickle(archive, archive.index(third)), "  4   waiting"))
    assert "       0 B              ENV MODE=fast" in history
    assert "COPY data /" in history
    assert "user         app" in config


def load_pipe(stream: Trickle) -> Callable[[Report, Cancelled], ImageIndex]:
    """Reads an image from a pipe."""

    def load(report: Report, cancelled: Cancelled) -> ImageIndex:
        source = PassingArchive(PipeReader(stream), Wish("-", "stream", limits=Limits()), "It")
        return build_index(source, progress=report, cancelled=cancelled)

    return load


async def screens_of(stream: Trickle, *words: str) -> tuple[str, str]:
    """History, once it says that, and Config, while layers are still to come."""
    app = explorer(load_pipe(stream))
    async with app.run_test(size=(120, 30)) as pilot:
        try:
            await until(app, pilot, "layers 1–2")
            await pilot.press("4")
            history = await until(app, pilot, *words)
            await pilot.press("5")
            await pilot.pause(0.1)
            config = screen_text(app)
        finally:
            stream.allow_all()
        await settle(app, pilot)
    return history, config


def test_a_config_that_was_another_images_is_taken_back() -> None:
    given = oci_members(TARS, config=CONFIG)
    wrong = oci_members(TARS[:1], config=make_config(TARS[:1], config={"User": "nobody"}))
    config = next(name for name, data in wrong.items() if isinstance(data, bytes) and b"diff_ids" in data)
    order = {config: wrong[config], **{name: given[name] for name in list(given)[:4]}, **given}
    archive = pack(order)
    stream = Trickle(archive, archive.index(TARS[1]) - 512, archive.index(TARS[2]))

    async def run() -> None:
        app = explorer(load_pipe(stream))
        async with app.run_test(size=(120, 30)) as pilot:
            try:
                await pilot.press("5")
                await until(app, pilot, "user         nobody")
                stream.allow()
                shown = await until(app, pilot, "what a container runs comes with the image's config")
                assert "nobody" not in shown
            finally:
                stream.allow_all()
            await settle(app, pilot)
            await until(app, pilot, "user         app")

    asyncio.run(run())


def test_a_layer_that_nobody_can_place_has_no_words_of_another() -> None:
    given = docker_saved()
    layers = [name for name in given if name.endswith("/layer.tar")]
    papers = [f"{name.split('/')[0]}/json" for name in layers]
    config = next(name for name in given if name.endswith(".json") and name != "manifest.json")
    order = [papers[0], papers[2], config, layers[0], layers[2], layers[3], papers[1], layers[1], papers[3]]
    archive = pack({name: given[name] for name in [*order, "manifest.json"]})
    below = given[papers[1]]
    assert isinstance(below, bytes)
    stream = Trickle(archive, archive.index(below))

    async def run() -> None:
        app = explorer(load_pipe(stream))
        async with app.run_test(size=(120, 30)) as pilot:
            try:
                shown = await until(app, pilot, "▌ 1", "diff id", "│  ? ████████████  16.4 kB")
                rows = [line[:56] for line in shown.splitlines() if "│  ? " in line]
                assert not any(word in row for word in ("./setup", "./tidy", "COPY") for row in rows)
                await pilot.press("down", "4")
                shown = await until(app, pilot, "Which layer this is, is known when", "./tidy")
                assert "waiting" not in shown, "it may be the one that has come"
                await pilot.press("1", "Y")
                await until(app, pilot, "this is known when the image's manifest has come")
            finally:
                stream.allow_all()
            await settle(app, pilot)
            await until(app, pilot, "▌ 3", "RUN ./tidy")

    asyncio.run(run())
