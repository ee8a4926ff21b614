"""dive's CI config (``.dive-ci``): three rules in YAML, everything else ignored as dive does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from layerscope.analysis.rules import DIVE_DEFAULTS
from layerscope.cli.yamlfile import parse_yaml
from layerscope.errors import ConfigError

_HINT = "Write it as dive's README shows: 'rules:', and below it, indented, names with plain values."
# dive's later versions write the names with hyphens; config keys are case-insensitive in both.
_NAMES = {name.lower(): name for name in DIVE_DEFAULTS}
_HYPHENED = ("lowest-efficiency", "highest-wasted-bytes", "highest-user-wasted-percent")


class DiveRules(NamedTuple):
    """dive's rules by dive's own names with their values as written, and what was ignored as dive ignores it."""

    rules: dict[str, str]
    ignored: tuple[str, ...] = ()
    """A sentence for each key that may have been meant as a rule."""


def parse_dive_ci(text: str, name: str) -> DiveRules:
    """The rules of the file; ConfigError where it cannot be understood."""
    document = parse_yaml(text, name, _HINT)
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: it has no names.", _HINT)
    rules = next((value for key, value in document.items() if str(key).lower() == "rules"), None) or {}
    if not isinstance(rules, dict):
        raise ConfigError(f"{name}: 'rules' must be a block of names.", _HINT)
    found = dive_rules(rules, name)
    return DiveRules(found, (*_misplaced(document, name), *unknown_rules(rules, name)))


def dive_rules(rules: Mapping[str, object], name: str) -> dict[str, str]:
    """Those of dive's rules that are among these, under dive's own names; ConfigError for a value that is none."""
    found: dict[str, str] = {}
    for key, value in rules.items():
        known = _known(key)
        if known:
            if not isinstance(value, str):
                raise ConfigError(f"{name}: rules.{known} is no plain value.", _HINT)
            found[known] = value or "disabled"
    return found


def unknown_rules(rules: Iterable[object], name: str) -> Iterator[str]:
    """A sentence for each of these names under ``rules`` that is none of dive's rules."""
    for key in rules:
        if not _known(key):
            near = get_close_matches(str(key), [*_NAMES.values(), *_HYPHENED], 1)
            hint = f"did you mean {near[0]}?" if near else f"dive has {', '.join(sorted(_NAMES.values()))}"
            yield f"{name}: rules.{key} is no rule of dive's, and is not judged; {hint}"


def _misplaced(document: Iterable[object], name: str) -> Iterator[str]:
    """The same for rules that do not stand under ``rules``, and for that word misspelt."""
    for key in document:
        if known := _known(key):
            yield f"{name}: {known} does not stand under rules, and is not judged"
        elif str(key).lower() != "rules" and get_close_matches(str(key).lower(), ["rules"], 1, 0.8):
            yield f"{name}: {key} is nothing that dive knows, and is not judged; did you mean rules?"


def _known(key: object) -> str:
    return _NAMES.get(str(key).replace("-", "").lower(), "")
