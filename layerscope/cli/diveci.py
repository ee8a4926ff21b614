"""dive's CI config (``.dive-ci``): three rules in YAML, everything else ignored as dive does."""

from __future__ import annotations

from collections.abc import Mapping

from layerscope.analysis.rules import DIVE_DEFAULTS
from layerscope.cli.yamlfile import parse_yaml
from layerscope.errors import ConfigError

_HINT = "Write it as dive's README shows: 'rules:', and below it, indented, names with plain values."
# dive's later versions write the names with hyphens; config keys are case-insensitive in both.
_NAMES = {name.lower(): name for name in DIVE_DEFAULTS}


def parse_dive_ci(text: str, name: str) -> dict[str, str]:
    """dive's rules by name with their values as written; ConfigError where the file cannot be understood."""
    document = parse_yaml(text, name, _HINT)
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: it has no names.", _HINT)
    rules = next((value for key, value in document.items() if str(key).lower() == "rules"), None) or {}
    if not isinstance(rules, dict):
        raise ConfigError(f"{name}: 'rules' must be a block of names.", _HINT)
    return dive_rules(rules, name)


def dive_rules(rules: Mapping[str, object], name: str) -> dict[str, str]:
    """Those of dive's rules that are among these, under dive's own names; ConfigError for a value that is none."""
    found: dict[str, str] = {}
    for key, value in rules.items():
        known = _NAMES.get(str(key).replace("-", "").lower())
        if known:
            if not isinstance(value, str):
                raise ConfigError(f"{name}: rules.{known} is no plain value.", _HINT)
            found[known] = value or "disabled"
    return found
