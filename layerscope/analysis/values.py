"""Values of rules as people write them: ``0.95``, ``95%``, ``20MB``, ``20MiB``, ``off``."""

from __future__ import annotations

import re

from layerscope.errors import ConfigError
from layerscope.text import shortened

_OFF = frozenset({"off", "disabled", "false"})
_NUMBER = re.compile(r"\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"(\d+\.?\d*|\.\d+)\s*%", re.ASCII)
_BYTES = re.compile(r"([\d.,]+)\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_LARGEST = 1 << 64
_DIGITS = 100

# go-humanize's units, as dive reads them: the letter alone is decimal, with an i it is binary.
_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgtpe", start=1):
    _UNITS[_letter] = _UNITS[_letter + "b"] = 1000**_power
    _UNITS[_letter + "i"] = _UNITS[_letter + "ib"] = 1024**_power


def is_off(text: str) -> bool:
    """Whether the value switches its rule off: ``off``, ``disabled`` or ``false``."""
    return text.strip().lower() in _OFF


def parse_ratio(rule: str, text: str) -> float:
    """A ratio from 0 to 1, written as such or in percent; ConfigError for anything else."""
    given = text.strip()
    percent = _PERCENT.fullmatch(given)
    if percent:
        # An exponent, not a division: 95% is then the very float that 0.95 is.
        value = float(percent[1] + "e-2")
    elif _NUMBER.fullmatch(given):
        value = float(given)
    else:
        raise ConfigError(f"{rule}: '{text}' is no ratio.", "Write it like 0.95 or 95%, or off.")
    if value > 1:
        hint = (
            f"Did you mean {given}%?" if not percent and value <= 100 else "It must lie between 0 and 1 (0% and 100%)."
        )
        raise ConfigError(f"{rule}: {text} is more than the whole.", hint)
    return value


def parse_share(rule: str, text: str) -> float:
    """A ratio that may exceed 1, written as such or in percent; ConfigError for anything else."""
    given = text.strip()
    percent = _PERCENT.fullmatch(given)
    if not percent and not _NUMBER.fullmatch(given):
        raise ConfigError(f"{rule}: '{text}' is no ratio.", "Write it like 0.05 or 5%, or off.")
    value = float(percent[1] + "e-2") if percent else float(given)
    if not percent and value >= 2:
        raise ConfigError(f"{rule}: {text} would be {value * 100:.10g} percent.", f"Did you mean {given}%?")
    return value


def parse_count(rule: str, text: str) -> int:
    """A whole number; ConfigError for anything else."""
    given = text.strip()
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise ConfigError(f"{rule}: '{text}' is no count.", "Write a whole number like 20, or off.")
    return int(given)


def parse_bytes(rule: str, text: str) -> int:
    """A number of bytes as dive reads it (go-humanize's ParseBytes); ConfigError for anything else."""
    match = _BYTES.fullmatch(text.strip())
    digits = match[1].replace(",", "") if match else ""
    if not match or not _NUMBER.fullmatch(digits) or match[2].lower() not in _UNITS:
        raise ConfigError(f"{rule}: '{text}' is no number of bytes.", "Write it like 20MB, 20MiB or 20000000, or off.")
    scale = _UNITS[match[2].lower()]
    # Far more digits than fit are no number of bytes, and Python converts no number of thousands.
    if len(digits) > _DIGITS:
        count = _LARGEST
    else:
        count = int(digits) * scale if digits.isdigit() else int(float(digits) * scale)
    if count >= _LARGEST:
        raise ConfigError(f"{rule}: {shortened(text)} is more than any image holds.", "Write it like 20MB, or off.")
    return count
