"""One registry of keys: nothing in it is dead, nothing collides, and the README tells the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from layerscope.tui.app import ExplorerApp
from layerscope.tui.files import FilesPane
from layerscope.tui.finder import FindBar
from layerscope.tui.keys import KEYS, Key, bindings, groups, markdown_table, shown, written
from layerscope.tui.layers import LayersPane
from layerscope.tui.map import MapRows
from layerscope.tui.preview import PreviewPane
from layerscope.tui.rows import Rows
from layerscope.tui.screen import ExplorerScreen
from layerscope.tui.start import StartApp
from layerscope.tui.waste import WastePane

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES: dict[str, type[DOMNode]] = {
    "app": ExplorerApp,
    "screen": ExplorerScreen,
    "rows": Rows,
    "layers": LayersPane,
    "files": FilesPane,
    "waste": WastePane,
    "map": MapRows,
    "start": StartApp,
    "preview": PreviewPane,
    "find": FindBar,
}


def single(found: Iterable[Binding]) -> list[str]:
    return [key for binding in found for key in binding.key.split(",")]


@pytest.mark.parametrize("place", PLACES)
def test_no_key_has_two_meanings_in_one_place(place: str) -> None:
    keys = single(bindings(place))
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.where}-{key.action}")
def test_every_action_exists(key: Key) -> None:
    space, _, name = key.action.rpartition(".") if "(" not in key.action else key.action.split("(")[0].rpartition(".")
    owner = PLACES[space or key.where]
    assert callable(getattr(owner, f"action_{name}", None)), key.action


@pytest.mark.parametrize("place", PLACES)
def test_every_place_binds_what_the_registry_says(place: str) -> None:
    bound = {binding.key for binding in Binding.make_bindings(PLACES[place].BINDINGS)}
    assert {binding.key for binding in Binding.make_bindings(bindings(place))} <= bound


def test_panes_do_not_take_keys_of_the_screen() -> None:
    # A key of a pane hides the same key of the screen: only the preview may, and dive's chords.
    screen = set(single(bindings("screen")))
    for place in ("rows", "layers", "files", "waste", "map"):
        assert not screen & set(single(bindings(place))), place


def test_dives_chords_are_bound() -> None:
    files, layers, screen = (set(single(bindings(place))) for place in ("files", "layers", "screen"))
    assert {"ctrl+a", "ctrl+r", "ctrl+u"} <= files
    assert {"ctrl+a", "ctrl+l"} <= layers
    assert {"ctrl+f", "ctrl+o", "ctrl+b", "ctrl+e", "ctrl+@"} <= screen


def test_keys_are_written_as_people_know_them() -> None:
    assert shown("question_mark") == "?"
    assert written("slash,ctrl+underscore,ctrl+slash") == "/ ctrl+/"
    assert [heading for heading, _keys in groups()] == [
        "Find",
        "Files",
        "Waste",
        "Look inside",
        "Panes",
        "General",
        "Layers",
        "Map",
        "Choosing an image",
        "Move",
    ]


def test_readme_has_the_table_of_the_registry() -> None:
    readme = ROOT / "README.md"
    if not readme.is_file() or "| keys |" not in readme.read_text(encoding="utf-8"):
        pytest.skip("there is no table of keys in a README yet")
    table = re.search(r"^\| keys \|.*?(?=\n\n|\Z)", readme.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert table is not None
    assert table[0].strip() == markdown_table().strip()
