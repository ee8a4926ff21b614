"""dive's own settings: its config files, where there is no config of ours, and its environment."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.cli.settings import Settings
from layerscope.cli.smallfile import is_there, list_folder, read_small_text
from layerscope.errors import ConfigError

if TYPE_CHECKING:
    from layerscope.tui.preferences import Preferences

_PREFIX = "DIVE_"
_TRUE = ("1", "t", "true", "yes")
_HINT = "See dive's README for its config, or write a layerscope.toml: then dive's is not read."
#: What dive's actions are called here; it has no wrapping to offer a key for.
_ACTIONS = {
    "quit": "quit",
    "toggle-view": "next-pane",
    "filter-files": "find",
    "close-filter-files": "back",
    "up": "up",
    "down": "down",
    "left": "out",
    "right": "into",
    "page-up": "page-up",
    "page-down": "page-down",
    "compare-all": "set-mode-upto",
    "compare-layer": "set-mode-layer",
    "toggle-collapse-dir": "fold",
    "toggle-collapse-all-dir": "fold-all",
    "toggle-added-files": "toggle-added",
    "toggle-removed-files": "toggle-removed",
    "toggle-modified-files": "toggle-modified",
    "toggle-unmodified-files": "toggle-unchanged",
    "toggle-filetree-attributes": "attributes",
    "toggle-sort-order": "sort",
    "extract-file": "extract",
}
_RULES = ("lowest-efficiency", "highest-wasted-bytes", "highest-user-wasted-percent")
_KEYS = (
    "container-engine",
    "source",
    "ci",
    "ci-config",
    "json-path",
    "diff.hide",
    "filetree.collapse-dir",
    "filetree.show-attributes",
    "layer.show-aggregated-changes",
    *(f"rules.{rule}" for rule in _RULES),
    *(f"keybinding.{action}" for action in _ACTIONS),
)
#: dive's words for keys, where Textual has others; a terminal sends the second of two. Its default for
#: modified files, ctrl+m, is what a terminal sends for Enter: it never worked.
_KEY_NAMES = {"pgup": "pageup", "pgdn": "pagedown", "pgdown": "pagedown", "esc": "escape", "del": "delete"}
_CHORDS = {"ctrl+slash": "ctrl+slash,ctrl+underscore", "ctrl+space": "ctrl+space,ctrl+@", "ctrl+m": ""}
_MARKS = {"added": "added", "removed": "removed", "modified": "modified", "unmodified": "unchanged"}


class DiveSettings(NamedTuple):
    """dive's keys with their values as text, lists as comma-separated text; from the files and the environment."""

    files: Mapping[str, str] = MappingProxyType({})
    environment: Mapping[str, str] = MappingProxyType({})
    places: Mapping[str, str] = MappingProxyType({})
    """The file that each key of ``files`` is from, as people write it."""
    unknown: Mapping[str, str] = MappingProxyType({})
    """Names that stand under ``rules`` and are none of dive's, each with its file or its variable."""

    def get(self, key: str) -> str:
        """The value of a key; empty where nothing says it."""
        return self.environment.get(key) or self.files.get(key, "")

    def rules(self, source: Mapping[str, str]) -> dict[str, str]:
        """dive's rules out of one of the two, by their hyphened names."""
        return {rule: source[f"rules.{rule}"] for rule in _RULES if f"rules.{rule}" in source}


def read_dive_settings(settings: Settings, environment: Mapping[str, str]) -> DiveSettings:
    """What dive's files and variables say; ConfigError for a file that is no YAML."""
    values: dict[str, str] = {}
    places: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for path in () if settings.file else _files(environment):
        found, others = _read(path)
        place = _written(path, environment)
        # The first file that says something wins, as in dive.
        values = found | values
        places = dict.fromkeys(found, place) | places
        unknown = dict.fromkeys(others, place) | unknown
    variables = {key: environment[name] for key in _KEYS if (name := _variable(key)) in environment}
    for name in environment:
        if name.startswith(_variable("rules.")):
            rule = name.removeprefix(_variable("rules.")).lower().replace("_", "-")
            if rule not in _RULES:
                unknown[rule] = name
    return DiveSettings(values, variables, places, unknown)


def apply_dive(args: argparse.Namespace, dive: DiveSettings) -> None:
    """Set what dive's settings say and no flag did."""
    from layerscope.sources.references import parse_reference

    engine = dive.get("container-engine") or dive.get("source")
    reference = args.image_reference
    # dive's default is an engine: a path, a pipe or a scheme says more than that.
    if (
        engine
        and reference
        and not args.source
        and not parse_reference(reference).kind
        and not Path(reference).exists()
    ):
        args.source = engine
    for flag, key in (("json", "json-path"), ("ci_config", "ci-config")):
        if hasattr(args, flag):
            setattr(args, flag, getattr(args, flag) or dive.get(key))
    if hasattr(args, "ci"):
        args.ci = args.ci or _is_true(dive.get("ci"))


def make_preferences(settings: Settings, dive: DiveSettings) -> Preferences:
    """Keys and first looks of the explorer; ConfigError for what dive would refuse too."""
    from layerscope.tui.preferences import Preferences

    chords = {ours: _chords(dive.get(f"keybinding.{theirs}")) for theirs, ours in _ACTIONS.items()}
    looks = {
        "attributes": dive.get("filetree.show-attributes"),
        "upto": dive.get("layer.show-aggregated-changes"),
        "folded": dive.get("filetree.collapse-dir"),
    }
    wanted = {name: _is_true(text) for name, text in looks.items() if text} | settings.looks
    return Preferences(
        keys=settings.keys,
        dive_keys={name: keys for name, keys in chords.items() if keys},
        hide=tuple(_MARKS[mark] for mark in settings.hide) or tuple(_marks(dive.get("diff.hide"))),
        attributes=wanted.get("attributes"),
        upto=wanted.get("upto", False),
        folded=wanted.get("folded", False),
    )


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """dive's config files that are there, the one that counts most first."""
    if named := environment.get("DIVE_CONFIG"):
        yield Path(named)
    home = Path(environment.get("HOME") or "/")
    folders = [environment.get("XDG_CONFIG_HOME") or str(home / ".config")]
    folders += (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    candidates = [Path(".dive.yaml"), Path(".dive/config.yaml")]
    for folder in filter(None, folders):
        candidates += (path for path in list_folder(Path(folder, "dive")) if path.suffix in (".yaml", ".yml"))
    yield from (path for path in (*candidates, home / ".dive.yaml") if is_there(path) and path.is_file())


def _written(path: Path, environment: Mapping[str, str]) -> str:
    home = Path(environment.get("HOME") or "/")
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _read(path: Path) -> tuple[dict[str, str], list[str]]:
    """The values of the keys that are known, and what else stands under ``rules``."""
    from layerscope.cli.yamlfile import parse_yaml

    text = read_small_text(path, _HINT, whose="dive's ")
    found: dict[str, str] = {}
    others = []
    for key, value in _flat(parse_yaml(text, f"dive's {path}", _HINT), ""):
        known = next((name for name in _KEYS if _plain(name) == _plain(key)), "")
        if known:
            found[known] = value
        elif key.lower().startswith("rules."):
            others.append(key.partition(".")[2])
    return found, others


def _flat(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Values under dotted keys, two levels deep: dive has no more; others are not ours to judge."""
    if isinstance(value, dict) and key.count(".") < 1:
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        yield key, ",".join(item for item in value if isinstance(item, str))
    elif isinstance(value, str):
        yield key, value


def _plain(key: str) -> str:
    """dive's keys know no case, and its rules were once written without hyphens."""
    return key.lower().replace("-", "")


def _variable(key: str) -> str:
    return _PREFIX + key.upper().replace(".", "_").replace("-", "_")


def _is_true(text: str) -> bool:
    return text.strip().lower() in _TRUE


def _chords(written: str) -> str:
    """dive's keys as Textual names them: ``ctrl+f, pgup`` is ``ctrl+f,pageup``."""
    keys = []
    for word in filter(None, (word.strip().lower() for word in written.split(","))):
        *modifiers, key = word.split("+")
        chord = "+".join((*modifiers, _KEY_NAMES.get(key, key)))
        keys.append(_CHORDS.get(chord, chord))
    return ",".join(filter(None, keys))


def _marks(written: str) -> Iterator[str]:
    for word in filter(None, (word.strip().lower() for word in written.split(","))):
        if word not in _MARKS:
            raise ConfigError(f"dive's diff.hide: '{word}' is no mark.", f"There are {', '.join(_MARKS)}.")
        yield _MARKS[word]
