"""``--limit NAME=VALUE``: what the user allows an image to hold."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.analysis.values import parse_bytes
from layerscope.errors import ConfigError, UsageError
from layerscope.sources.limits import NAMES, Limits

#: The largest value; sums with it stay within 64 bits.
_MOST = 1 << 60


def parse_limits(given: Sequence[str]) -> Limits:
    """The limits with those changed that were given, the last of a name; UsageError."""
    values = dict(map(_parse, given))
    return Limits(**{name.replace("-", "_"): value for name, value in values.items()})


def _parse(given: str) -> tuple[str, int]:
    name, equals, text = given.partition("=")
    name = name.strip().lower().replace("_", "-")
    if name not in NAMES:
        from layerscope.cli.settings import nearest

        raise UsageError(f"--limit: there is no limit {name!r}.", nearest(name, NAMES))
    try:
        value = parse_bytes("--limit", text) if equals else 0
    except ConfigError:
        value = 0
    if not 0 < value <= _MOST:
        what = "bytes, like 64MiB" if name.endswith("-bytes") else "a number above 0"
        raise UsageError(f"--limit {name}: {text!r} is no value.", f"Write {what}: --limit {name}=VALUE")
    return name, value
