"""dive's CI config (``.dive-ci``): three rules in a small part of YAML, everything else ignored as dive does."""

from __future__ import annotations

import json
import re

from layerscope.analysis.rules import DIVE_DEFAULTS
from layerscope.errors import ConfigError

_KEY = re.compile(r"""(?P<indent> *)(?P<key>"[^"]*"|'[^']*'|[^\s#:'"{\[-][^:#]*?)\s*:(?:\s+(?P<value>.*))?""")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_HINT = "Write it as dive's README shows: 'rules:', and below it, indented, names with plain values."
# dive's later versions write the names with hyphens; config keys are case-insensitive in both.
_NAMES = {name.lower(): name for name in DIVE_DEFAULTS}


def parse_dive_ci(text: str, name: str) -> dict[str, str]:
    """dive's rules by name with their values as written; ConfigError where the file cannot be understood."""
    if text.lstrip().startswith("{"):
        return _named(_from_json(text, name))
    found: dict[str, str] = {}
    inside = False
    indent = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        match = _KEY.fullmatch(line.rstrip())
        depth = len(line) - len(line.lstrip(" "))
        if depth == 0 and not line.startswith("\t"):
            inside = match is not None and _unquoted(match["key"]).lower() == "rules"
            indent = 0
            if inside and match is not None and _scalar(match["value"]):
                raise ConfigError(f"{name}, line {number}: 'rules' must be a block of names.", _HINT)
            continue
        if not inside or (indent and depth > indent):
            continue
        if match is None:
            raise ConfigError(f"{name}, line {number}: this is not understood.", _HINT)
        indent = depth
        found[_unquoted(match["key"])] = _scalar(match["value"])
    return _named(found)


def _from_json(text: str, name: str) -> dict[str, str]:
    try:
        rules = json.loads(text).get("rules", {})
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: this is not understood.", _HINT) from error
    if not isinstance(rules, dict):
        raise ConfigError(f"{name}: 'rules' must be a block of names.", _HINT)
    return {key: str(value) for key, value in rules.items()}


def _named(found: dict[str, str]) -> dict[str, str]:
    rules: dict[str, str] = {}
    for key, value in found.items():
        known = _NAMES.get(key.replace("-", "").lower())
        if known:
            rules[known] = value or "disabled"
    return rules


def _scalar(value: str | None) -> str:
    text = (value or "").strip()
    if text[:1] in ("'", '"'):
        return text[1:].partition(text[0])[0]
    return _COMMENT.sub("", text).strip()


def _unquoted(key: str) -> str:
    return key[1:-1] if key[:1] in ("'", '"') else key
