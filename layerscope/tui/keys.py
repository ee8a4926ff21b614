"""Every key, once: the source of widget bindings, key bar, help, palette and the README table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import Final, NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode

from layerscope.errors import ConfigError
from layerscope.tui.preferences import Preferences

#: What the actions with a number are called in a config; the others are called as their action is.
_NAMES: Final = {
    "next_match(1)": "next-match",
    "next_match(-1)": "previous-match",
    "fold_level(-1)": "less-levels",
    "fold_level(1)": "more-levels",
    "next_pane(1)": "next-pane",
    "next_pane(-1)": "previous-pane",
    "step_layer(-1)": "previous-layer",
    "step_layer(1)": "next-layer",
    "step_version(-1)": "older-version",
    "step_version(1)": "newer-version",
    "move(-1)": "up",
    "move(1)": "down",
    "page(-1)": "page-up",
    "page(1)": "page-down",
    "widen(4)": "wider",
    "widen(-4)": "narrower",
    "heighten(2)": "taller",
    "heighten(-2)": "shorter",
}


class Key(NamedTuple):
    """One thing that keys do.

    ``where`` names the widget class that acts (``app``, ``screen``, ``rows``, ``layers``,
    ``files``, ``preview``); ``keys`` are Textual's names, the first is the one to show; ``label``
    is a word for the key bar, ``help`` a clause for help, palette and README. ``dive`` are the
    chords that dive's users know, bound in ``dive_where`` (the same place unless said). ``bar`` is 0
    for a key that is not in the key bar, 1 for one that is, 2 where there is room; ``only`` names the
    panes, blank-separated, in whose bar it is.
    """

    where: str
    keys: str
    action: str
    label: str
    help: str
    group: str
    bar: int = 0
    only: str = ""
    palette: bool = True
    dive: str = ""
    dive_where: str = ""

    @property
    def name(self) -> str:
        """What a config calls it: ``find``, ``toggle-added``, ``show-waste``."""
        action = self.action.removeprefix("screen.")
        words = re.findall(r"-?\w+", action.replace("toggle_mark", "toggle"))
        return _NAMES.get(action) or "-".join(words).replace("_", "-")


_MOVE, _PANES, _LAYERS, _FILES, _WASTE, _FIND, _LOOK, _GENERAL, _START, _MAP = (
    "Move",
    "Panes",
    "Layers",
    "Files",
    "Waste",
    "Find",
    "Look inside",
    "General",
    "Choosing an image",
    "Map",
)

#: The panes of an image.
_ALL: Final = "layers details files waste history config preview map"

KEYS: Final = (
    Key("screen", "slash", "find", "Find", "filter files or waste; find a text in history, config, preview", _FIND,
        bar=1, only=_ALL,
        dive="ctrl+f,ctrl+underscore,ctrl+slash"),
    Key("screen", "F", "find_anywhere", "All layers", "filter the files of all layers, gone ones too", _FIND),
    Key("find", "enter", "keep", "Keep", "while typing: back, with the filter on", _FIND, bar=1, palette=False),
    Key("find", "down,tab", "keep", "Keep", "while typing: the same", _FIND, palette=False),
    Key("find", "escape", "clear", "Clear", "while typing: drop what was typed", _FIND, bar=1, palette=False),
    Key("screen", "n", "next_match(1)", "Next", "next match", _FIND),
    Key("screen", "N", "next_match(-1)", "Previous", "previous match", _FIND),
    Key("files", "space", "fold", "Fold", "fold or unfold the folder", _FILES, bar=1, palette=False),
    Key("files", "right,l", "into", "In", "unfold the folder, then go into it", _FILES, palette=False),
    Key("files", "left,h", "out", "Out", "fold the folder, then go to its parent", _FILES,
        palette=False),
    Key("screen", "minus", "fold_all", "Fold all", "fold all folders", _FILES,
        dive="ctrl+@,ctrl+space"),
    Key("screen", "equals_sign", "unfold_all", "Unfold all", "unfold all folders", _FILES),
    Key("screen", "less_than_sign", "fold_level(-1)", "Level -", "show one level less", _FILES),
    Key("screen", "greater_than_sign", "fold_level(1)", "Level +", "show one level more", _FILES),
    Key("waste", "space", "fold", "Fold", "in Waste: fold or unfold the group", _WASTE, bar=1, palette=False),
    Key("waste", "right,l", "into", "In", "unfold the group, then go into it", _WASTE, palette=False),
    Key("waste", "left,h", "out", "Out", "go to the group's heading, then fold it", _WASTE, palette=False),
    Key("rows", "enter", "select", "View", "open: preview a file, fold a folder, jump to a waste item",
        _LOOK, bar=1, only="layers files waste history map start", palette=False),
    Key("screen", "w", "show('waste')", "Waste", "what is wasted, where and by whom", _PANES, bar=1,
        only="layers details files history config preview map"),
    Key("screen", "A", "toggle_mark('added')", "Added", "show or hide added files", _FILES, bar=1, only="layers files",
        dive="ctrl+a", dive_where="files"),
    Key("screen", "M", "toggle_mark('modified')", "Modified", "show or hide modified files", _FILES,
        bar=1, only="layers files"),
    Key("screen", "R", "toggle_mark('removed')", "Removed", "show or hide removed files", _FILES,
        bar=1, only="layers files", dive="ctrl+r", dive_where="files"),
    Key("screen", "U", "toggle_mark('unchanged')", "Unmodified", "show or hide unmodified files",
        _FILES, bar=1, only="layers files", dive="ctrl+u", dive_where="files"),
    Key("screen", "question_mark", "help", "Keys", "all keys", _GENERAL, bar=1, only=_ALL),
    Key("app", "q,ctrl+c,ctrl+q", "quit", "Quit", "leave", _GENERAL, bar=1),
    Key("screen", "I", "another_image", "Images", "open another image", _GENERAL),
    Key("app", "ctrl+p,colon", "command_palette", "Commands", "find a command, or a path", _GENERAL,
        bar=1, palette=False),
    Key("app", "ctrl+z", "suspend_process", "Suspend", "back to the shell; fg returns", _GENERAL),
    Key("screen", "escape", "back", "Back", "one step back: filter, range, zoom, preview, reading",
        _GENERAL, bar=1, only=_ALL, palette=False),
    Key("screen", "tab", "next_pane(1)", "Next", "next pane", _PANES, palette=False),
    Key("screen", "shift+tab", "next_pane(-1)", "Previous", "previous pane", _PANES,
        palette=False),
    Key("screen", "1", "show('layers')", "Layers", "go to Layers", _PANES),
    Key("screen", "2", "show('files')", "Files", "go to Files", _PANES),
    Key("screen", "3", "show('waste')", "Waste", "go to Waste", _PANES, palette=False),
    Key("screen", "4", "show('history')", "History", "go to History", _PANES),
    Key("screen", "5", "show('config')", "Config", "go to Config", _PANES),
    Key("screen", "i", "toggle_details", "Details", "details: layer, image, file, none", _PANES, bar=2, only=_ALL),
    Key("screen", "z,plus", "zoom", "Zoom", "give the pane the whole screen, or take it back", _PANES, bar=2,
        only=_ALL),
    Key("screen", "left_curly_bracket", "widen(-4)", "Narrow", "the left column narrower", _PANES),
    Key("screen", "right_curly_bracket", "widen(4)", "Wide", "the left column wider", _PANES),
    Key("screen", "left_parenthesis", "heighten(-2)", "Low", "the details lower", _PANES),
    Key("screen", "right_parenthesis", "heighten(2)", "High", "the details higher", _PANES),
    Key("screen", "left_square_bracket", "step_layer(-1)", "Layer -", "previous layer", _LAYERS),
    Key("screen", "right_square_bracket", "step_layer(1)", "Layer +", "next layer", _LAYERS),
    Key("screen", "c", "toggle_mode", "Mode", "changes of this layer, or of all layers up to it",
        _LAYERS, bar=2, only="layers files"),
    Key("layers", "v", "range", "Range", "start a range of layers here; moving extends it", _LAYERS, bar=2),
    Key("layers", "ctrl+l", "screen.set_mode('layer')", "Layer", "changes of this layer only", _LAYERS,
        dive="ctrl+l"),
    Key("layers", "ctrl+a", "screen.set_mode('upto')", "Up to", "changes of all layers up to this one",
        _LAYERS, dive="ctrl+a"),
    Key("screen", "t", "map", "Map", "what is big in the whole image, by folder or layer; again: back", _MAP,
        bar=2, only="layers files waste history config"),
    Key("screen", "6", "show('map')", "Map", "go to Map", _PANES, palette=False),
    Key("map", "right,l", "into", "In", "into the folder or layer", _MAP, palette=False),
    Key("map", "left,h,backspace", "out", "Out", "out of the folder or layer", _MAP, palette=False),
    Key("screen", "s", "sort", "Sort", "sort files; group the waste, or divide the map, by something else",
        _FILES, bar=2, only="files waste map", dive="ctrl+o"),
    Key("screen", "S", "reverse", "Reverse", "reverse the order", _FILES),
    Key("screen", "b", "attributes", "Attributes", "columns beside the names, or none", _FILES,
        dive="ctrl+b"),
    Key("screen", "B", "columns", "Columns",
        "choose the columns: permissions, owner, size, modified, type, layer, wasted, capabilities", _FILES),
    Key("preview", "left_square_bracket", "step_version(-1)", "Older", "in the preview: the version below",
        _LOOK, bar=1, palette=False),
    Key("preview", "right_square_bracket", "step_version(1)", "Newer", "in the preview: the version above",
        _LOOK, bar=1, palette=False),
    Key("preview", "d", "difference", "Difference", "in the preview: what this version changed", _LOOK,
        bar=1,
        palette=False),
    Key("preview", "x", "raw", "Hex", "in the preview: the bytes in hex, or what they mean", _LOOK, bar=1,
        palette=False),
    Key("preview", "left,h", "sideways(-16)", "Left", "in the preview: along long lines", _LOOK, palette=False),
    Key("preview", "right,l", "sideways(16)", "Right", "in the preview: along long lines", _LOOK, palette=False),
    Key("screen", "H", "story", "Story", "which layers touched the path, and how", _FIND, bar=2,
        only="files waste preview"),
    Key("screen", "o", "pager", "Pager", "open the file in $PAGER", _LOOK, bar=2, only="files preview"),
    Key("screen", "O", "editor", "Editor", "open a copy of the file in $EDITOR", _LOOK),
    Key("screen", "e", "extract", "Extract", "write the file or folder to disk", _LOOK, bar=2, only="files preview",
        dive="ctrl+e"),
    Key("screen", "y", "copy('path')", "Copy path", "copy the path", _GENERAL, bar=2, only=_ALL),
    Key("screen", "Y", "copy('value')", "Copy value", "copy the digest, command or value", _GENERAL, bar=2, only=_ALL),
    Key("screen", "D", "copy('dockerfile')", "Dockerfile", "copy the Dockerfile, as far as the history tells it",
        _GENERAL, bar=1, only="history"),
    Key("start", "slash", "find", "Find", "filter the images by name, or type one to open", _START,
        bar=1, palette=False),
    Key("start", "r", "again", "Again", "ask the engine again", _START, bar=1, palette=False),
    Key("start", "question_mark", "help", "Keys", "all keys", _START, bar=1, palette=False),
    Key("start", "escape", "leave", "Back", "drop the filter, else leave", _START, bar=1, palette=False),
    Key("rows", "up,k", "move(-1)", "Up", "one up", _MOVE, palette=False),
    Key("rows", "down,j", "move(1)", "Down", "one down", _MOVE, palette=False),
    Key("rows", "pageup,u", "page(-1)", "Page up", "a page up", _MOVE, palette=False),
    Key("rows", "pagedown,d", "page(1)", "Page down", "a page down", _MOVE, palette=False),
    Key("rows", "home,g", "first", "First", "to the top", _MOVE, palette=False),
    Key("rows", "end,G", "last", "Last", "to the bottom", _MOVE, palette=False),
)  # fmt: skip

_SHOWN: Final = {
    "slash": "/",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "minus": "-",
    "equals_sign": "=",
    "plus": "+",
    "colon": ":",
    "enter": "⏎",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "ctrl+underscore": "ctrl+/",
    "ctrl+slash": "ctrl+/",
    "ctrl+@": "ctrl+space",
    "ctrl+at": "ctrl+space",
}


#: What else hears a key where something of this place does.
_AROUND: Final = {
    "screen": "app",
    "start": "app",
    "find": "screen app",
    "rows": "screen start app",
    "preview": "screen app",
    **dict.fromkeys(("layers", "files", "waste", "map"), "rows screen app"),
}
_KEY: Final = re.compile(r"((ctrl|alt|shift|super)\+)*(\S|\w+)")


def shown(key: str) -> str:
    """A key of Textual's as people write it: ``slash`` is ``/``."""
    return _SHOWN.get(key, key)


def written(keys: str) -> str:
    """Several keys as people write them, each once, separated by blanks."""
    return " ".join(dict.fromkeys(shown(key) for key in keys.split(",") if key))


def bindings(where: str) -> list[Binding]:
    """What Textual needs to know of the keys of one place; dive's chords included."""
    found = [_binding(key) for key in KEYS if key.where == where]
    for key in KEYS:
        if key.dive and (key.dive_where or key.where) == where and key.dive != key.keys:
            action = key.action if key.dive_where in ("", key.where) else f"{key.where}.{key.action}"
            found.append(Binding(key.dive, action, key.label, show=False, system=True, id=f"dive-{key.name}"))
    return found


def _binding(key: Key) -> Binding:
    return Binding(key.keys, key.action, key.label, show=key.bar == 1, tooltip=key.help, id=key.name)


def remapped(preferences: Preferences) -> tuple[Key, ...]:
    """The registry with the user's keys; ConfigError for a name or a key that there is not, or that clashes."""
    names = {key.name for key in KEYS}
    for name, keys in (*preferences.keys.items(), *preferences.dive_keys.items()):
        if name not in names:
            near = get_close_matches(name, sorted(names), 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(sorted(names))}."
            raise ConfigError(f"keys.{name}: no key does that.", hint)
        for key in keys.split(","):
            if not _KEY.fullmatch(key):
                raise ConfigError(f"keys.{name}: '{key}' is no key.", "Write it like f, F, f5, ctrl+f or slash.")
    own, dive = _normalised(preferences.keys), _normalised(preferences.dive_keys)
    if own:
        _refuse_clashes([_remapped(key, own.get(key.name, ""), "") for key in KEYS], own)
    return tuple(_remapped(key, own.get(key.name, ""), dive.get(key.name, "")) for key in KEYS)


def _refuse_clashes(keys: Sequence[Key], own: Mapping[str, str]) -> None:
    """ConfigError where a key that the user gave to one thing does another where both are heard.

    What the registry itself lets two places hear is meant so. dive's chords are not looked at: they give way.
    """
    usual = set(_clashes(KEYS))
    for clash in _clashes(keys):
        if clash not in usual:
            chord, *names = clash
            name, other = sorted(names, key=lambda name: name not in own)
            hint = f"Give {name} another key, or {other} one of its own: [keys] {other} = ..."
            raise ConfigError(f"keys.{name}: '{shown(chord)}' is {other}'s key too.", hint)


def _clashes(keys: Sequence[Key]) -> Iterator[tuple[str, str, str]]:
    """A key and the names of two things that it does where both are heard."""
    doing: dict[str, list[Key]] = {}
    for key in keys:
        for chord in key.keys.split(","):
            doing.setdefault(chord, []).append(key)
    for chord, several in doing.items():
        for one, other in combinations(several, 2):
            if one.action != other.action and _meet(one.where, other.where):
                yield chord, one.name, other.name


def _meet(one: str, other: str) -> bool:
    return one == other or other in _AROUND.get(one, "").split() or one in _AROUND.get(other, "").split()


def _normalised(keys: Mapping[str, str]) -> dict[str, str]:
    """Keys as Textual names them: ``/`` is ``slash``."""
    return {
        name: ",".join(binding.key for binding in Binding.make_bindings([Binding(written_keys, "")]))
        for name, written_keys in keys.items()
    }


def _remapped(key: Key, own: str, theirs: str) -> Key:
    if own:
        return key._replace(keys=own, dive="" if key.dive == key.keys else key.dive)
    if theirs and (not key.dive or key.dive == key.keys):
        # dive has no chord of its own here: what the user pressed there comes first, ours stays.
        keys = ",".join(dict.fromkeys((*theirs.split(","), *key.keys.split(","))))
        return key._replace(keys=keys, dive=keys if key.dive else "")
    return key._replace(dive=theirs) if theirs else key


def keymap(keys: Sequence[Key]) -> dict[str, str]:
    """What Textual needs to know of the keys that are not the registry's."""
    changed = {key.name: key.keys for key, ours in zip(keys, KEYS, strict=True) if key.keys != ours.keys}
    chords = {f"dive-{key.name}": key.dive for key, ours in zip(keys, KEYS, strict=True) if key.dive != ours.dive}
    return changed | {name: keys for name, keys in chords.items() if keys}


def keys_of(widget: DOMNode) -> Sequence[Key]:
    """The registry as the user of this widget's program has it."""
    found: Sequence[Key] = getattr(widget.app, "keys", KEYS)
    return found


def groups(keys: Sequence[Key] = KEYS) -> Iterator[tuple[str, list[Key]]]:
    """The headings of the help, each with its keys in order."""
    for group in dict.fromkeys(key.group for key in keys):
        yield group, [key for key in keys if key.group == group]


def markdown_table() -> str:
    """The table of keys in the README; a test compares them."""
    lines = ["| keys | what they do | dive's | name |", "| --- | --- | --- | --- |"]
    for _group, keys in groups():
        for key in keys:
            pressed = " ".join(f"`{name}`" for name in written(key.keys).split(" "))
            dives = " ".join(f"`{name}`" for name in written(key.dive).split(" ") if name)
            lines.append(f"| {pressed} | {key.help} | {dives} | {key.name} |")
    return "\n".join(lines) + "\n"
