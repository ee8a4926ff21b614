"""The user's own keys: in what they do, in the key bar, in the help; and how the explorer looks at first."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

from explorers import THEME, Load, load_demo, load_handmade, press, settle
from handmade import file
from layerscope.analysis.summary import analyse
from layerscope.cli.divesettings import _ACTIONS
from layerscope.errors import ConfigError
from layerscope.tui.app import ExplorerApp
from layerscope.tui.keys import KEYS, keymap, remapped
from layerscope.tui.preferences import Preferences
from screens import screen_text


def after(preferences: Preferences, keys: str = "", load: Load = load_demo) -> ExplorerApp:
    """An explorer that these preferences were given to, after some keys; ``sub_title`` is its last screen."""

    async def run() -> ExplorerApp:
        app = ExplorerApp("demo", load, analyse, theme=THEME, preferences=preferences)
        async with app.run_test(size=(120, 40)) as pilot:
            pilot_: Pilot[Any] = pilot
            await settle(app, pilot_)
            await press(app, pilot_, keys)
            app.sub_title = screen_text(app)
        return app

    return asyncio.run(run())


def test_names_are_one_per_thing_to_do() -> None:
    named: dict[str, set[str]] = {}
    for key in KEYS:
        named.setdefault(key.name, set()).add(key.action)
    assert {name: actions for name, actions in named.items() if len(actions) > 1} == {}
    assert set(_ACTIONS.values()) <= set(named)
    assert all(name == name.lower() and " " not in name and "_" not in name for name in named)


def test_an_own_key_takes_the_place_of_ours() -> None:
    app = after(Preferences(keys={"toggle-mode": "f6,/", "find": "f3"}), "f6")
    assert app.explorer.selection.upto
    assert not after(Preferences(keys={"toggle-mode": "f6"}), "c").explorer.selection.upto
    assert after(Preferences(keys={"toggle-mode": "f6,/", "find": "f3"}), "slash").explorer.selection.upto
    assert "f3 Find" in app.sub_title
    assert "/ Find" not in app.sub_title


def test_the_help_shows_the_users_keys() -> None:
    screen = after(Preferences(keys={"toggle-mode": "f6"}), "question_mark").sub_title
    assert "Keys" in screen
    lines = after(Preferences(keys={"find": "f3"}), "question_mark").sub_title.splitlines()
    assert any("f3" in line and "filter files or waste" in line for line in lines)


def test_dives_keys_of_its_config() -> None:
    keys = {"set-mode-upto": "ctrl+g", "down": "n,j", "toggle-added": "f7"}
    app = after(Preferences(dive_keys=keys), "ctrl+g n")
    assert app.explorer.selection.upto
    assert app.explorer.selection.layer == 1
    moved = after(Preferences(dive_keys=keys), "down")
    assert moved.explorer.selection.layer == 1, "our own keys stay"
    hidden = after(Preferences(dive_keys=keys), "2 f7")
    assert "without added" in hidden.sub_title


def test_nothing_changes_without_preferences() -> None:
    assert remapped(Preferences()) == KEYS
    assert keymap(KEYS) == {}


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ({"fnd": "f"}, "Did you mean find?"),
        ({"xyzzy": "f"}, "There are "),
        ({"find": ""}, "Write it like"),
        ({"find": "f,,g"}, "Write it like"),
        ({"find": "hyper+x"}, "Write it like"),
    ],
)
def test_what_is_no_key(keys: dict[str, str], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        remapped(Preferences(keys=keys))
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"find": "q"}, "keys.find: 'q' is quit's key too."),
        ({"find": "/,k"}, "keys.find: 'k' is up's key too."),
        ({"quit": "x,z"}, "keys.quit: 'x' is raw's key too."),
        ({"find": "f3", "story": "f3"}, "keys.find: 'f3' is story's key too."),
        ({"sort": "space"}, "keys.sort: 'space' is fold's key too."),
        ({"again": "k"}, "keys.again: 'k' is up's key too."),
        ({"map": "?"}, "keys.map: '?' is help's key too."),
    ],
)
def test_one_key_for_two_things_that_are_heard_together(keys: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigError) as caught:
        remapped(Preferences(keys=keys))
    assert caught.value.sentence == names


@pytest.mark.parametrize(
    "keys",
    [
        {key.name: key.keys for key in KEYS if key.name not in ("keep", "out", "into", "fold", "find", "help")},
        {"find": "q", "quit": "ctrl+q"},
        {"story": "f3", "again": "f3"},
        {"difference": "m", "range": "m"},
        {"page-down": "pagedown,ctrl+f", "page-up": "pageup,ctrl+b"},
    ],
    ids=["the usual", "given away", "on two screens", "in two panes", "instead of dive's"],
)
def test_keys_that_do_not_meet(keys: dict[str, str]) -> None:
    remapped(Preferences(keys=keys))


def test_a_key_of_the_users_comes_before_a_chord_of_dives() -> None:
    app = after(Preferences(keys={"page-down": "ctrl+f"}), "2 ctrl+f")
    assert app.explorer.files.cursor > 5


def test_what_is_no_theme() -> None:
    with pytest.raises(ConfigError, match="There is no theme 'mine'"):
        ExplorerApp("demo", load_demo, analyse, theme="mine")


def test_how_it_looks_at_first() -> None:
    app = after(Preferences(hide=("unchanged", "added"), attributes=True, upto=True, folded=True), "2")
    assert app.explorer.selection.upto
    assert "without added, unmodified" in app.sub_title
    assert app.explorer.files.columns.on
    assert app.explorer.files.model is not None
    few = load_handmade([[file("a/b", 1), file("c/d", 1)]])
    assert after(Preferences(), load=few).explorer.files.item_count == 4
    assert after(Preferences(folded=True), load=few).explorer.files.item_count == 2
