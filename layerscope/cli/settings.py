"""The project's own config: ``layerscope.toml``, or ``[tool.layerscope]`` in ``pyproject.toml``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from layerscope.analysis.rules import CONTENT_RULES, OWN_RULES, Scoring, Severity
from layerscope.cli.smallfile import is_there, read_small
from layerscope.errors import ConfigError

OWN_FILE = "layerscope.toml"
PROJECT_FILE = "pyproject.toml"
#: Options that a config may set, by the type of their values; each is the flag of that name.
TEXTS = (
    "base",
    "platform",
    "image",
    "source",
    "scoring",
    "baseline",
    "ci-config",
    "dockerfile",
    "comment-key",
    "min-issue",
)
SWITCHES = ("verify", "require-baseline", "ratchet")
TABLES = ("rules", "keys", "explorer")
#: What the explorer may be told of how it looks at first.
LOOKS = ("attributes", "upto", "folded")
MARKS = ("added", "modified", "removed", "unmodified")
#: What a rule's own table may say.
_OF_LIMIT = ("limit", "severity")
_OF_PATHS = ("paths", "severity")
_OF_SETUID = ("allow", "severity")
_OF_USER = ("severity",)


class RuleSetting(NamedTuple):
    """A rule as a config has it: its value as written, or its globs, and how much it counts.

    ``named`` is how whoever wrote it calls it, once it is known which of several places counts.
    """

    value: str = ""
    patterns: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    named: str = ""


@dataclass(slots=True)
class Settings:
    """What a config says; ``file`` is empty where there is none."""

    file: str = ""
    options: dict[str, str | bool] = field(default_factory=dict)
    rules: dict[str, RuleSetting] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Keys of the explorer by what they do: ``ctrl+f,slash``."""
    looks: dict[str, bool] = field(default_factory=dict)
    hide: tuple[str, ...] = ()
    """Marks whose files the explorer does not show at first."""
    theme: str = ""


def read_settings(args: argparse.Namespace) -> Settings:
    """The config that ``--config`` names, or that lies in the current folder; ConfigError for what is no config."""
    if args.config:
        return _read(Path(args.config), named=True) or Settings()
    for name in (OWN_FILE, PROJECT_FILE):
        path = Path(name)
        found = _read(path, named=False) if is_there(path) and path.is_file() else None
        if found is not None:
            return found
    return Settings()


def apply_options(args: argparse.Namespace, settings: Settings) -> None:
    """Set what the config says and no flag did."""
    for name, value in settings.options.items():
        given = name.replace("-", "_")
        if hasattr(args, given) and not getattr(args, given):
            setattr(args, given, value)


def _read(path: Path, *, named: bool) -> Settings | None:
    """What the file says; None for a ``pyproject.toml`` that says nothing of layerscope."""
    raw = read_small(path, "Give a layerscope.toml to --config.")
    in_project = path.name == PROJECT_FILE
    if in_project and b"layerscope" not in raw:
        if named:
            raise ConfigError(f"{path} has no [tool.layerscope].", "Write the settings there, or name another file.")
        return None
    import tomllib

    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # no TOML, no text, a number of thousands of digits
        raise ConfigError(f"{path} is no TOML: {error}.", "See https://toml.io for how to write it.") from error
    if not in_project:
        return parse_settings(document, str(path))
    tool = document.get("tool")
    table = tool.get("layerscope") if isinstance(tool, dict) else None
    if table is None:
        if named:
            raise ConfigError(f"{path} has no [tool.layerscope].", "Write the settings there, or name another file.")
        return None
    return parse_settings(table, f"{path} [tool.layerscope]")


def parse_settings(document: Any, file: str) -> Settings:
    """The settings out of a document; ConfigError that names the key, and the nearest where one is misspelt."""
    table = _table(document, file, "the config")
    for name in table:
        if name in (*OWN_RULES, *CONTENT_RULES):
            where = "[tool.layerscope.rules]" if file.endswith("]") else "[rules]"
            raise ConfigError(f"{file}: {name} is a rule.", f"Put it under {where}.")
    _refuse_unknown(table, (*TEXTS, *SWITCHES, *TABLES), file, "")
    settings = Settings(file)
    for name in TEXTS:
        if name in table:
            settings.options[name] = _text(table[name], file, name)
    if settings.options.get("scoring", Scoring.TRUE) not in tuple(Scoring):
        raise ConfigError(f"{file}: scoring is '{settings.options['scoring']}'.", 'Write scoring = "true" or "dive".')
    for name in SWITCHES:
        if name in table:
            settings.options[name] = _switch(table[name], file, name)
    rules = _table(table.get("rules", {}), file, "rules")
    _refuse_unknown(rules, (*OWN_RULES, *CONTENT_RULES), file, "rules.")
    settings.rules = {name: _rule(value, file, name) for name, value in rules.items()}
    for action, keys in _table(table.get("keys", {}), file, "keys").items():
        settings.keys[action] = ",".join(_texts(keys, file, f"keys.{action}"))
    _read_explorer(settings, _table(table.get("explorer", {}), file, "explorer"), file)
    return settings


def _read_explorer(settings: Settings, table: Mapping[str, Any], file: str) -> None:
    _refuse_unknown(table, (*LOOKS, "hide", "theme"), file, "explorer.")
    settings.looks = {name: _switch(table[name], file, f"explorer.{name}") for name in LOOKS if name in table}
    settings.hide = tuple(_texts(table.get("hide", []), file, "explorer.hide"))
    _refuse_unknown(settings.hide, MARKS, file, "mark ")
    settings.theme = _text(table.get("theme", ""), file, "explorer.theme")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the known word most like the one given, or all of them."""
    from difflib import get_close_matches

    words = list(known)
    close = get_close_matches(name, words, 1)
    return f"Did you mean {close[0]}?" if close else f"There are {', '.join(words)}."


def _rule(value: Any, file: str, name: str) -> RuleSetting:
    where = f"rules.{name}"
    if name not in CONTENT_RULES:
        table = value if isinstance(value, dict) else {"limit": value}
        _refuse_unknown(table, _OF_LIMIT, file, f"{where}.")
        if "limit" not in table:
            raise ConfigError(f"{file}: {where} has no limit.", "Write `limit = ...` beside its severity.")
        return RuleSetting(_value(table["limit"], file, where), (), _severity(table, file, where))
    return _content_rule(value, file, name, where)


def _content_rule(value: Any, file: str, name: str, where: str) -> RuleSetting:
    if value is False:
        return RuleSetting(severity=Severity.OFF)
    if isinstance(value, str) and value in tuple(Severity):
        return RuleSetting(severity=Severity(value))
    known, key = {"no-setuid": (_OF_SETUID, "allow"), "non-root": (_OF_USER, "")}.get(name, (_OF_PATHS, "paths"))
    needs_paths = key == "paths"
    if value is True and not needs_paths:
        table: Mapping[str, Any] = {}
    elif key and not isinstance(value, dict | bool):
        table = {key: value}
    else:
        table = _table(value, file, where)
    _refuse_unknown(table, known, file, f"{where}.")
    patterns = _texts(table[key], file, f"{where}.{key}") if key in table else []
    if needs_paths and not patterns:
        raise ConfigError(f"{file}: {where} names no path.", 'Write globs: ["*.pem", ".git"].')
    return RuleSetting("", tuple(patterns), _severity(table, file, where))


def _severity(table: Mapping[str, Any], file: str, where: str) -> Severity:
    given = table.get("severity", Severity.ERROR)
    if given not in tuple(Severity):
        raise ConfigError(f"{file}: {where}.severity is '{given}'.", f"Write one of: {', '.join(Severity)}.")
    return Severity(given)


def _value(value: Any, file: str, where: str) -> str:
    """A limit as text: numbers may be written as such, false switches the rule off."""
    if value is False:
        return "off"
    if value is True or not isinstance(value, str | int | float):
        raise ConfigError(f"{file}: {where} is no limit.", 'Write a number, or text like "95%" or "20MB".')
    return _written(value, file, where)


def _text(value: Any, file: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ConfigError(f"{file}: {where} is no text.", f'Write {where} = "..."')
    return _written(value, file, where)


def _written(value: float | str, file: str, where: str) -> str:
    """The value as text; ConfigError for a hexadecimal number so large that nobody can have meant it."""
    try:
        return str(value)
    except ValueError as error:
        raise ConfigError(f"{file}: {where} is a number of thousands of digits.", "Write a smaller one.") from error


def _texts(value: Any, file: str, where: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in values):
        raise ConfigError(f"{file}: {where} is no list of texts.", 'Write it like ["one", "two"].')
    return values


def _switch(value: Any, file: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{file}: {where} is neither true nor false.", f"Write {where} = true.")
    return value


def _table(value: Any, file: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{file}: {where} is no table.", f"Write [{where}] and below it its keys.")
    return value


def _refuse_unknown(table: Iterable[str], known: Iterable[str], file: str, where: str) -> None:
    for name in table:
        if name not in known:
            raise ConfigError(f"{file}: there is no {where}{name}.", nearest(name, known))
