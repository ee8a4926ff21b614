"""Changes to archives that keep them plausible: bytes, blocks, header fields, values of documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from .makers import edited

Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]

#: Where the fields of a header stand, and what breaks readers of them.
_FIELDS = (0, 100, 108, 116, 124, 136, 148, 156, 157, 257, 263, 265, 329, 337, 345, 386, 482, 483, 500)
_VALUES = (
    b"\0", b"\xff" * 12, b"\x80" + bytes(11), b"\x80\0\0\0\0\0\x01\0\0\0\0\0", b"77777777777\0", b"00000000000\0",
    b"-0000000001\0", b"           \0", b"../../../x\0", b".wh..wh..opq\0", b".wh.a\0", b"x", b"L", b"K", b"g", b"S",
    b"1", b"2", b"5", b"\xc0" + bytes(7), b"0000644\0", b"ustar\x0000", b"ustar  \0", b"a/" * 40, b"\x1b[2J",
)  # fmt: skip
_WORDS = (
    b"null", b"true", b"-1", b"0", b"9223372036854775808", b"1e999", b'""', b'"x"', b"[]", b"{}", b"[[[]]]", b"[null]",
    b'"\\u0000"', b'"\\ud800"', b'"../../x"', b'"sha256:' + b"0" * 64 + b'"', b'{"digest": 7}',
)  # fmt: skip
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+|null|true|\[\]|\{\}')


def _bytes(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        changed[random.randrange(len(changed))] = random.choice((0, 255, 0x80, random.randrange(256)))
    return bytes(changed)


def _cut(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _blocks(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Drop, repeat, exchange or bring in some blocks."""
    count = len(data) // 512 + 1
    at, more = random.randrange(count) * 512, random.randint(1, 4) * 512
    piece = data[at : at + more]
    foreign = random.choice(others)
    start = random.randrange(len(foreign) // 512 + 1) * 512
    return random.choice((
        data[:at] + data[at + more :],
        data[:at] + piece * random.choice((2, 2, 3, 50)) + data[at + more :],
        data[:at] + foreign[start : start + more] + data[at:],
        data[:at] + foreign[start : start + more] + data[at + more :],
        data[:at] + bytes(more) + data[at:],
        data[:at] + bytes(random.choice((1, 7, 511))) + data[at:],
    ))  # fmt: skip


def _field(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Another value in a field of a header, whose checksum is right again."""
    headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not headers:
        return _bytes(random, data, ())
    at = random.choice(headers)
    place, value = random.choice(_FIELDS), random.choice(_VALUES)
    return data[:at] + edited(data[at : at + 512], place, value[: 512 - place])[:512] + data[at + 512 :]


def _value(random: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Another value in a document, in the room that the old one had."""
    found = [each for each in _VALUE.finditer(data[:65_536]) if each.end() - each.start() > 1]
    if not found:
        return _bytes(random, data, ())
    place = random.choice(found)
    room = place.end() - place.start()
    word = random.choice([word for word in _WORDS if len(word) <= room] or [b" "])
    return data[: place.start()] + word.ljust(room) + data[place.end() :]


MUTATIONS: tuple[Mutation, ...] = (_bytes, _cut, _blocks, _blocks, _field, _field, _value, _value)


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, changed once or a few times; never empty."""
    data = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        data = random.choice(MUTATIONS)(random, data, seeds) or b"\0"
    return data
