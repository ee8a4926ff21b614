"""Baselines of walking, finding and looking inside, story by story."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from explorers import explorer, load_handmade, press, pressed, screen_after, settle
from layerscope.tui.app import ExplorerApp
from shop_image import HISTORY, LAYERS

LOAD = load_handmade(LAYERS, HISTORY)
Compare = Callable[..., bool]


def typed(text: str) -> str:
    """The keys for a text."""
    names = {" ": "space", ":": "colon", ">": "greater_than_sign", "/": "slash", "*": "asterisk", ".": "full_stop"}
    names |= {"(": "left_parenthesis", "-": "minus", "_": "underscore"}
    return " ".join(names.get(letter, letter) for letter in text)


def at(layer: int, text: str) -> str:
    """Keys that put the cursor of Files on the first match of a filter, in a layer counted from 1."""
    return f"{'] ' * (layer - 1)}2 / {typed(text)} enter"


STORIES: dict[str, tuple[str, list[str]]] = {
    "shop": ("", ["100x30"]),
    "columns_menu": ("2 B down down down space", ["80x24"]),
    "columns": ("2 = B down down down space down down space down space down space enter", ["200x40"]),
    "columns_narrow": ("2 = b", ["60x20"]),
    "by_waste": ("] 2 s s s", ["100x30"]),
    "filter_setuid": (f"2 / {typed('setuid')}", ["80x24"]),
    "filter_capabilities": (f"2 / {typed('is:caps')}", ["80x24"]),
    "filter_layer": (f"] ] ] c 2 / {typed('layer:4 is:file')}", ["80x24"]),
    "filter_wasted": (f"] / {typed('is:wasted >1M')}", ["80x24"]),
    "filter_links": (f"2 / {typed('is:link')} enter", ["60x15"]),
    "filter_path": (f"] / {typed('apt/archives/lib')}", ["80x24"]),
    "filter_unknown_term": (f"2 / {typed('is:remvo')}", ["80x24"]),
    "filter_broken_regex": (f"2 / {typed('/(/')}", ["80x24"]),
    "filter_regex": (f"2 / {typed('/^p.*[0-9]$/')}", ["80x24"]),
    "go_to_path": (f"ctrl+p {typed('archives')}", ["80x24"]),
    "go_to_removed_path": (f"] ] ] ] 2 ctrl+p {typed('libssl3')} down enter", ["100x24"]),
    "levels": ("] ] ] ] c 2 > >", ["80x24"]),
    "path_story": (f"{at(2, 'nginx.conf')} H", ["80x24"]),
    "path_story_chown": (f"{at(4, 'app.js')} H", ["100x24"]),
    "path_story_removed": (f"{at(2, 'libssl3')} H", ["100x24"]),
    "path_story_folder": ("] ] ] ] c 2 / s h o p enter H", ["100x24"]),
    "text": (f"{at(1, 'nginx.conf')} enter", ["100x30"]),
    "text_third_column": (f"{at(2, 'nginx.conf')} enter", ["200x50"]),
    "text_search": (f"{at(2, 'nginx.conf')} enter / {typed('proxy_pass')} enter n n", ["100x30"]),
    "text_search_nothing": (f"{at(2, 'nginx.conf')} enter / {typed('apache')}", ["80x24"]),
    "text_changed": (f"{at(2, 'nginx.conf')} enter d", ["100x24"]),
    "text_older": (f"{at(2, 'nginx.conf')} enter [", ["80x15"]),
    "text_only_chowned": (f"{at(4, 'app.js')} enter d", ["80x15"]),
    "text_long_line": (f"{at(3, 'app.js')} enter right right", ["80x15"]),
    "text_in_hex": (f"{at(1, 'passwd')} enter x", ["100x15"]),
    "text_unpacked": (f"{at(1, 'changelog.gz')} enter", ["80x24"]),
    "text_empty": (f"{at(3, 'notes')} enter", ["60x15"]),
    "archive_tar": (f"{at(3, 'site.tar')} enter", ["100x24"]),
    "archive_zip": (f"{at(3, 'theme.zip')} enter", ["80x15"]),
    "binary_program": (f"{at(1, 'ping')} enter", ["100x20"]),
    "device": (f"{at(1, 'null')} enter", ["60x15"]),
    "removed_file": (f"{at(5, 'motd')} enter", ["80x15"]),
    "extract_question": (f"{at(2, 'archives')} e", ["80x24"]),
}


@pytest.mark.parametrize(
    ("story", "size"),
    [pytest.param(story, size, id=f"{story}-{size}") for story in STORIES for size in STORIES[story][1]],
)
def test_inside(story: str, size: str, snapshot_text: SnapshotAssertion) -> None:
    width, height = map(int, size.split("x"))
    screen = screen_after(LOAD, pressed(STORIES[story][0]), size=(width, height), reference="shop/web:5")
    assert screen == snapshot_text


PICTURES: dict[str, tuple[str, tuple[int, int], str]] = {
    "columns": (STORIES["columns"][0], (160, 30), "textual-dark"),
    "filter_setuid": (f"2 / {typed('setuid')}", (100, 30), "textual-light"),
    "path_story": (STORIES["path_story"][0], (100, 24), "textual-dark"),
    "search": (STORIES["text_search"][0], (100, 30), "tokyo-night"),
    "difference": (STORIES["text_changed"][0], (100, 24), "textual-dark"),
    "third_column": (STORIES["text_third_column"][0], (200, 50), "textual-dark"),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_inside_picture(picture: str, snap_compare: Compare) -> None:
    keys, size, theme = PICTURES[picture]
    app = explorer(LOAD, "shop/web:5", theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        assert isinstance(pilot.app, ExplorerApp)
        await settle(pilot.app, pilot)
        await press(pilot.app, pilot, pressed(keys))

    assert snap_compare(app, terminal_size=size, run_before=prepare)
