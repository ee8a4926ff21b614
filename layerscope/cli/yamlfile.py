"""YAML as dive's configs are written in: every value is the text that stands there."""

from __future__ import annotations

from typing import Any

from layerscope.errors import ConfigError


def parse_yaml(text: str, name: str, hint: str) -> Any:
    """Dictionaries, lists and texts; an empty file is an empty dictionary. ConfigError with the line."""
    import yaml

    # BaseLoader makes nothing but texts: `0.95` and `off` stay what was written, and no object is built.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        document = yaml.load(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{name}{line}: {error.problem or 'this is no YAML'}.", hint) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{name}: this is no YAML.", hint) from error
    return {} if document in (None, "") else document
