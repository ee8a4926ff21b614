"""Names in layers: what leaves the root, drives a terminal, or looks like something else."""

from __future__ import annotations

from collections.abc import Iterator

from core.archives import pax

from .fates import OPENED
from .kinds import Inputs, Kind, each, family
from .makers import layered, member, tar

#: Names of files, the first of a pair of layers has them and the second removes or rewrites them.
NAMES = {
    "upwards": b"../../../../etc/passwd",
    "upwards in the middle": b"a/../../../b",
    "upwards at the end": b"a/b/..",
    "only upwards": b"..",
    "absolute": b"/etc/passwd",
    "of many slashes": b"////etc////passwd",
    "only slashes": b"////",
    "dots between slashes": b"a/./././b/.",
    "three dots": b".../....",
    "a blank": b" ",
    "blanks at the ends": b" a / b ",
    "a tilde": b"~/.ssh/id_rsa",
    "of a drive": b"C:\\Windows\\system32",
    "with backslashes": b"..\\..\\etc\\passwd",
    "of a device of Windows": b"con/aux.txt",
    "of another stream": b"file.txt:stream",
    "like an option": b"-rf",
    "like options for tar": b"--checkpoint-action=exec=sh",
    "with a newline": b"a\nb",
    "with a carriage return": b"visible\rhidden",
    "with a tab": b"a\tb",
    "with a backspace": b"good\x08\x08\x08\x08evil",
    "that clears the screen": b"\x1b[2J\x1b[1;1H",
    "that sets the title": b"\x1b]0;owned\x07",
    "that makes a link": b"\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x1b\\",
    "that writes the clipboard": b"\x1b]52;c;ZXZpbA==\x07",
    "with a C1 control": "\u009b2J".encode(),
    "with a raw C1 byte": b"\x9b2J",
    "with DEL": b"a\x7fb",
    "all controls": bytes(range(1, 32)).replace(b"/", b""),
    "right to left": "\u202egpj.exe".encode(),
    "isolated": "\u2066a\u2069".encode(),
    "of no width": "a\u200b\u200d\ufeffb".encode(),
    "with a line separator": "a\u2028b\u2029c".encode(),
    "with tags": "\U000e0041\U000e0042".encode(),
    "of two cells": "漢字/🎉".encode(),
    "with a thousand accents": ("e" + "\u0301" * 1000).encode(),
    "with private characters": "\ue000\uf8ff".encode(),
    "of no characters": "\ufffe\uffff".encode("utf-8", "surrogatepass"),
    "no UTF-8": b"\xff\xfe\xfd",
    "cut UTF-8": "é".encode()[:1],
    "UTF-8 too long": b"\xc0\xaf\xe0\x80\xaf",
    "encoded surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "UTF-16": "a/b".encode("utf-16")[2:].replace(b"\0", b"\x01"),
    "markup": b"[bold red]$(reboot)[/]",
    "markup that is cut": b"[link=http://evil.test",
    "a workflow command": b"::error file=a,line=1::evil",
    "Markdown": b"](http://evil.test) `x` | y | <img src=x onerror=alert(1)>",
    "XML": b"<![CDATA[ ]]> &lt; &#x1b; ]]>",
    "JSON": b'", "x": [{"y": "\\u0000',
    "CSV": b'=cmd|"/c calc"!A1',
    "a format": b"%s%n%x {0.__class__} ${HOME}",
    "a glob": b"*?[a-z]{a,b}",
    "long": b"n" * 255,
    "longer than a component": b"n" * 5000,
    "of 1 MB": b"n" * 1_000_000,
    "of 1 MB of controls": b"\x1b" * 1_000_000,
    "deep": b"d/" * 1000 + b"f",
    "with a thousand blanks": b" " * 1000,
}


def name_kinds() -> Iterator[Kind]:
    """All kinds of names."""
    yield from family("name", _files())
    yield from family("name of a link's target", _targets())
    yield from family("names", _pairs())


def _named(name: bytes, data: bytes = b"x" * 1000, flag: bytes = b"0") -> bytes:
    return pax((b"path", name)) + member("x", data, flag)


def _files() -> Inputs:
    """Each name in the lower layer, rewritten in the upper one: it stands in every report."""
    return each(lambda name: layered(tar(_named(name)), tar(_named(name, b"y" * 1000))), {OPENED: NAMES})


def _targets() -> Inputs:
    """Each name as the target of a symbolic and of a hard link."""

    def linked(name: bytes) -> bytes:
        return pax((b"linkpath", name)) + member("s", flag=b"2") + pax((b"linkpath", name)) + member("h", flag=b"1")

    some = ("upwards", "absolute", "that clears the screen", "no UTF-8", "of 1 MB", "right to left", "markup")
    return each(lambda name: layered(tar(linked(name))), {OPENED: {key: NAMES[key] for key in some}})


def _pairs() -> Inputs:
    """Names that are, or are not, the same."""
    pairs = {
        OPENED: {
            "composed and decomposed": ["é".encode(), "e\u0301".encode()],
            "capitals and small ones": [b"README", b"readme"],
            "with and without a slash": [b"a", b"a/"],
            "that one reader would cut": [b"a", b"a\x01"],
            "alike but for one control": [b"a", "a\u200b".encode()],
            "of a folder and below it": [b"d/x", b"d"],
            "a thousand that differ at their end": [b"n" * 900 + b"%03d" % number for number in range(1000)],
            "a thousand in folders of their own": [b"%d/f" % number for number in range(1000)],
            "with NULs, in headers": [b"a\0b", b"a\0c"],
        }
    }
    return each(
        lambda names: layered(tar(*(_named(name) if b"\0" not in name else member(name, b"x") for name in names))),
        pairs,
    )
