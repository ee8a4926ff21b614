"""Explorers to look at: images for them, keys pressed in them, what their screens say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from copy import copy
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.pilot import Pilot

import handmade
from layerscope.analysis.summary import analyse
from layerscope.core.layer import LayerIndex
from layerscope.core.tar import DIRECTORY, FILE, SYMLINK, Member
from layerscope.index import Cancelled, ImageIndex, Report, build_index
from layerscope.sources import open_source
from layerscope.sources.model import HistoryEntry, Image, Layer
from layerscope.stack import LayerStack
from layerscope.tui.app import ExplorerApp
from screens import screen_text

Load = Callable[[Report, Cancelled], ImageIndex]
#: Baselines are made with this theme, whatever the environment asks for.
THEME = "textual-dark"


@cache
def demo_index() -> ImageIndex:
    """The bundled sample image, its layers kept in memory."""
    with TemporaryDirectory() as folder, closing(open_source("demo", spool=Path(folder))) as source:
        index = build_index(source)
        for layer in index.image.layers:
            assert layer.opener is not None
            with closing(layer.opener()) as reader:
                layer.opener = partial(handmade.BytesReader, reader.read(1 << 30))
    return index


def load_demo(report: Report, cancelled: Cancelled) -> ImageIndex:
    """The bundled sample image."""
    return _fresh(demo_index())


def load_handmade(layers: Sequence[Sequence[handmade.Entry]], history: Sequence[HistoryEntry] = ()) -> Load:
    """An image written down entry by entry."""
    return lambda report, cancelled: handmade.make_index(layers, history)


def explorer(load: Load, reference: str = "demo", theme: str = THEME) -> ExplorerApp:
    """An explorer that has not been started."""
    return ExplorerApp(reference, load, analyse, theme=theme)


async def settle(app: ExplorerApp, pilot: Pilot[Any]) -> None:
    """Wait until everything is read and shown."""
    for _ in range(200):
        await pilot.pause()
        if app.explorer.waste.rows.known:
            break
    await app.workers.wait_for_complete()
    await pilot.pause()


async def press(app: ExplorerApp, pilot: Pilot[Any], keys: str) -> None:
    """Press keys, separated by blanks, and wait for what they started."""
    for key in keys.split():
        await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause()


def visit(
    load: Load,
    look: Callable[[ExplorerApp, Pilot[Any]], Awaitable[None]],
    *,
    size: tuple[int, int] = (120, 40),
    reference: str = "demo",
) -> ExplorerApp:
    """Start an explorer, wait until all is read, and do something with it."""

    async def run() -> ExplorerApp:
        app = explorer(load, reference)
        async with app.run_test(size=size) as pilot:
            await settle(app, pilot)
            await look(app, pilot)
        return app

    return asyncio.run(run())


def screen_after(load: Load, keys: str = "", *, size: tuple[int, int] = (80, 24), reference: str = "demo") -> str:
    """The screen after some keys."""
    seen: list[str] = []

    async def look(app: ExplorerApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, keys)
        seen.append(screen_text(app))

    visit(load, look, size=size, reference=reference)
    return seen[0]


_NAMES = {"]": "right_square_bracket", "[": "left_square_bracket", "/": "slash", "?": "question_mark"}
_NAMES |= {"=": "equals_sign", "*": "asterisk", ".": "full_stop", ">": "greater_than_sign"}
_NAMES |= {"^": "circumflex_accent", "$": "dollar_sign", "-": "minus"}
_NAMES |= {"{": "left_curly_bracket", "}": "right_curly_bracket", "(": "left_parenthesis", ")": "right_parenthesis"}


def pressed(keys: str) -> str:
    """Keys as people write them, by Textual's names."""
    return " ".join(_NAMES.get(key, key) for key in keys.split())


# acme/api:2.4, an image of 1.1 GB of which no byte exists: only headers are needed to show it.

_PIP = "usr/local/lib/python3.11/site-packages"
_KINDS = {"d": DIRECTORY, "l": SYMLINK}

_CHUNKS: list[tuple[str, int | str | None]] = [(f"app/static/chunk-{number:03}.js", 180_000) for number in range(101)]

#: Layers as (command, created, entries); an entry is a path and a size, a link's target, or a directory's None.
ACME: list[tuple[str, str, list[tuple[str, int | str | None]]]] = [
    (
        "/bin/sh -c #(nop) ADD file:d13afefcc2b0b02b598a3ac2598fe2187db41de1e17820e5b600a955b1429d42 in / ",
        "2026-11-12T00:20:54Z",
        [
            ("bin", "usr/bin"),
            ("lib", "usr/lib"),
            ("etc/debian_version", 5),
            ("etc/passwd", 839),
            ("etc/ssl/certs/ca-certificates.crt", 1_799_000),
            ("usr/bin/perl", 3_785_928),
            ("usr/lib/x86_64-linux-gnu/libc.so.6", 1_922_136),
            ("usr/lib/x86_64-linux-gnu/libcrypto.so.3", 4_709_072),
            ("usr/share/locale.archive", 61_200_000),
            ("var/lib/dpkg/status", 81_500),
            ("var/cache/debconf/templates.dat", 1_300_000),
        ],
    ),
    (
        "RUN /bin/sh -c apt-get update && apt-get upgrade -y # buildkit",
        "2026-11-20T09:11:02Z",
        [
            ("usr/lib/x86_64-linux-gnu/libc.so.6", 1_922_200),
            ("usr/lib/x86_64-linux-gnu/libcrypto.so.3", 4_709_200),
            ("var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages", 37_100_000),
            ("var/lib/dpkg/status", 82_100),
            ("var/cache/debconf/templates.dat", 1_310_000),
        ],
    ),
    (
        "RUN /bin/sh -c apt-get install -y build-essential libpq-dev # buildkit",
        "2026-11-20T09:12:41Z",
        [
            ("usr/lib/gcc/x86_64-linux-gnu/12/cc1", 33_300_000),
            ("usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", 35_400_000),
            ("usr/lib/x86_64-linux-gnu/libLLVM-14.so.1", 112_800_000),
            ("usr/lib/x86_64-linux-gnu/libperl.so.5.36", 183_400_000),
            ("var/cache/apt/archives/gcc-12_12.2.0-14_amd64.deb", 37_000_000),
            ("var/lib/dpkg/status", 105_400),
            ("var/cache/debconf/templates.dat", 1_320_000),
        ],
    ),
    ("COPY requirements.txt /app/ # buildkit", "2026-11-20T09:12:44Z", [("app/requirements.txt", 96)]),
    (
        "RUN /bin/sh -c pip install -r requirements.txt # buildkit",
        "2026-11-20T09:14:09Z",
        [
            ("root/.cache/pip/http-v2/0/a/3f29ce", 88_300_000),
            ("root/.cache/pip/selfcheck/b12.json", 8_100_000),
            ("usr/local/bin/uvicorn", 220),
            (f"{_PIP}/torch/lib/libtorch_cpu.so", 208_000_000),
            (f"{_PIP}/torch/__init__.py", 3_400_000),
            (f"{_PIP}/numpy/core/_multiarray_umath.so", 88_300_000),
            (f"{_PIP}/pydantic_core/__init__.py", 4_400),
            (f"{_PIP}/pydantic_core/_pydantic_core.cpython-311-x86_64-linux-gnu.so", 11_900_000),
            (f"{_PIP}/pydantic_core/core_schema.py", 148_200),
            (f"{_PIP}/pydantic_core/py.typed", 0),
            (f"{_PIP}/pip/_vendor/certifi/cacert.pem", 104_700_000),
        ],
    ),
    (
        "COPY . /app # buildkit",
        "2026-11-20T09:14:12Z",
        [*_CHUNKS, ("app/main.py", 4_120), ("app/.git/objects/pack/pack-4f1e.pack", 3_516_000)],
    ),
    (
        "RUN /bin/sh -c chown -R app:app /app/static # buildkit",
        "2026-11-20T09:14:15Z",
        _CHUNKS,
    ),
    (
        "RUN /bin/sh -c rm -rf /root/.cache/pip /var/lib/apt/lists # buildkit",
        "2026-11-20T09:14:16Z",
        [("root/.cache/.wh.pip", 0), ("var/lib/apt/.wh.lists", 0), ("etc/.wh.debian_version", 0)],
    ),
    ("COPY entrypoint.sh / # buildkit", "2026-11-20T09:14:17Z", [("entrypoint.sh", 1_214)]),
]


def _layer(entries: Sequence[tuple[str, int | str | None]], owner: int) -> LayerIndex:
    index = LayerIndex()
    parents: set[str] = set()
    for path, what in entries:
        above = path.split("/")[:-1]
        for depth in range(1, len(above) + 1):
            parent = "/".join(above[:depth])
            if parent not in parents:
                parents.add(parent)
                index.add([_member(parent, None)])
        index.add([_member(path, what, owner)])
        # Equal sizes stand for equal contents.
        index.set_digest(len(index) - 1, f"{what}".encode().ljust(16, b"\0"))
    index.finish()
    return index


def _member(path: str, what: int | str | None, owner: int = 0) -> Member:
    kind = FILE if isinstance(what, int) else SYMLINK if isinstance(what, str) else DIRECTORY
    member = Member(path.encode(), 48 + kind, 512)
    member.kind = kind
    member.uid = member.gid = owner
    member.mode = {FILE: 0o644, SYMLINK: 0o777}.get(kind, 0o755)
    if isinstance(what, int):
        member.size = member.stored = what
    elif isinstance(what, str):
        member.link = what.encode()
    return member


@cache
def acme_index() -> ImageIndex:
    """acme/api:2.4 as told above."""
    history = [HistoryEntry(created_by=command, created=created) for command, created, _entries in ACME]
    history.insert(1, HistoryEntry('/bin/sh -c #(nop)  CMD ["bash"]', "2026-11-12T00:20:55Z", empty_layer=True))
    history.insert(6, HistoryEntry("ENV PYTHONUNBUFFERED=1", "2026-11-20T09:14:10Z", empty_layer=True))
    history.append(HistoryEntry('CMD ["uvicorn" "main:app"]', "2026-11-20T09:14:17Z", empty_layer=True))
    image = Image(
        reference="acme/api:2.4",
        source="docker",
        id="sha256:1f3d6a0c2b7e",
        platform="linux/amd64",
        created="2026-11-20T09:14:17Z",
        config={"config": {"User": "app", "Env": ["PATH=/usr/local/bin:/usr/bin", "PYTHONUNBUFFERED=1"]}},
        history=history,
        layers=[Layer(name=str(number), diff_id=f"sha256:{number + 1:064x}") for number in range(len(ACME))],
    )
    index = ImageIndex(image, [_layer(entries, 999 * ("chown" in command)) for command, _created, entries in ACME])
    index.tree = LayerStack().conclude(index.layers)
    return index


def load_acme(report: Report, cancelled: Cancelled) -> ImageIndex:
    """acme/api:2.4."""
    return _fresh(acme_index())


def _fresh(index: ImageIndex) -> ImageIndex:
    """The same index with layers of its own: an explorer that ends closes them."""
    mine = copy(index)
    mine.image = replace(index.image, layers=[replace(layer) for layer in index.image.layers])
    return mine
