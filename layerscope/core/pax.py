r"""pax extended headers: ``"%d %s=%s\\n"`` records (POSIX.1-2017 pax, "pax Extended Header")."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

#: Prefix under which extended attributes travel (star's and Docker's convention).
XATTR: Final = b"SCHILY.xattr."
NANOSECOND: Final = 1_000_000_000
#: Digits that the length of a record may have: more than any payload needs, less than 64 bits hold.
_LENGTH_DIGITS: Final = 12
_MAX_SECONDS: Final = 9_223_372_035


def parse_records(payload: bytes) -> list[tuple[bytes, bytes]] | None:
    """The records of an extended header in their order, or None where one is malformed.

    A NUL in a key, or in a value that names something, is malformed (as in Go's archive/tar).
    """
    records: list[tuple[bytes, bytes]] = []
    position: i64 = 0
    end: i64 = len(payload)
    while position < end:
        space: i64 = payload.find(b" ", position, position + _LENGTH_DIGITS + 1)
        if space <= position:
            # GNU tar pads a payload with NULs now and then; only NULs may be left over.
            return records if not payload[position:].strip(b"\0") else None
        digits = payload[position:space]
        if not digits.isdigit():
            return None
        length: i64 = int(digits)
        stop: i64 = position + length
        if length < 5 or stop > end or payload[stop - 1] != 10:
            return None
        equals: i64 = payload.find(b"=", space + 1, stop - 1)
        if equals < 0 or equals == space + 1:
            return None
        key = payload[space + 1 : equals]
        value = payload[equals + 1 : stop - 1]
        if b"\0" in key or (b"\0" in value and key in (b"path", b"linkpath", b"uname", b"gname")):
            return None
        records.append((key, value))
        position = stop
    return records


def parse_time(text: bytes) -> int | None:
    """Decimal seconds as nanoseconds since the epoch, within 64 bits; None where it is no number."""
    negative = text.startswith(b"-")
    whole, _, fraction = (text[1:] if negative else text).partition(b".")
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        return None
    nanoseconds = clamp_time(int(whole.lstrip(b"0")[:20] or b"0")) + int((fraction + b"000000000")[:9])
    return -nanoseconds if negative else nanoseconds


def clamp_time(seconds: int) -> int:
    """Seconds as nanoseconds, held within what 64 bits carry (about the years 1678 to 2262)."""
    return max(-_MAX_SECONDS, min(_MAX_SECONDS, seconds)) * NANOSECOND


def parse_number(text: bytes) -> int | None:
    """A decimal number below 10**18 with an optional sign; None where it is none."""
    digits = text[1:] if text[:1] in (b"+", b"-") else text
    if not digits.isdigit():
        return None
    digits = digits.lstrip(b"0")  # Python takes no more than 4,300 digits, zeros included
    if len(digits) > 18:
        return None
    value = int(digits) if digits else 0
    return -value if text.startswith(b"-") else value
