"""What a file is by its first bytes, for sentences about files that are no images."""

from __future__ import annotations

import re

from layerscope.sources.blobs import BLOCK, content_kind

_KINDS = (
    (b"\x1f\x8b", "is compressed twice"),
    (b"\x28\xb5\x2f\xfd", "is compressed twice"),
    (b"\xfd7zXZ\x00", "is compressed twice"),
    (b"BZh", "is compressed twice"),
    (b"\x04\x22\x4d\x18", "is compressed by lz4, which no engine reads"),
    (b"\x1f\x9d", "is compressed by compress, which no engine reads"),
    (b"\x7fELF", "is a program (ELF)"),
    (b"MZ", "is a program (Windows)"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"hsqs", "is a squashfs file system"),
    (b"QFI\xfb", "is a disk image of a virtual machine (qcow2)"),
    (b"KDMV", "is a disk image of a virtual machine (VMDK)"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive"),
    (b"!<arch>", "is an ar archive or a Debian package"),
    (b"\xed\xab\xee\xdb", "is an RPM package"),
    (b"SQLite format 3", "is a database (SQLite)"),
    (b"%PDF", "is a PDF document"),
    (b"\x89PNG", "is a picture"),
    (b"#!/usr/bin/env run-singularity", "is a Singularity image"),
    (b"#!", "is a script"),
)
#: How a list begins, or an object; the first words of TOML and INI files stand in such brackets, too.
_JSON = re.compile(rb'\{|\[\s*[{"\]]')


def describe(head: bytes) -> str:
    """What a file with these first bytes is, as a predicate: ``is empty``, ``is text``…"""
    if not head:
        return "is empty"
    for magic, words in _KINDS:
        if head.startswith(magic):
            return words
    if _JSON.match(head):
        return "is a JSON document"
    if not any(head):
        return "holds zeros"
    if _is_text(head):
        first = head.lstrip().upper()
        return "is text, a Dockerfile it seems" if first.startswith((b"FROM ", b"# SYNTAX=")) else "is text"
    return "is neither a tar nor a compressed one"


def instead_of_tar(head: bytes) -> str:
    """What decompressed data is whose scan failed at its front, as a sentence; empty where it is a tar."""
    return "" if content_kind(head[:BLOCK]) == "tar" else f"This layer is no tar: it {describe(head[:BLOCK])}."


def _is_text(head: bytes) -> bool:
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut off at the end is no reason
            return False
        words = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n\f" for letter in words)
