"""dive's JSON export (``-j FILE``): the same bytes that dive writes, ties in order of their paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from layerscope.analysis.model import Analysis, DiveFile, HistoryLine, LayerFigures

_SHELL = "/bin/sh -c "
_MISSING = "(missing)"


def write_dive_json(analysis: Analysis, stream: TextIO) -> None:
    """Write the export piece by piece: an image's file lists need not fit in memory as text."""
    stream.writelines(_pieces(analysis))


def _pieces(analysis: Analysis) -> Iterator[str]:
    lines = {line.layer: line for line in analysis.history if line.layer is not None}
    yield '{\n  "layer": ['
    for layer in analysis.layers:
        yield ",\n    {" if layer.index else "\n    {"
        yield from _layer(analysis, layer, lines.get(layer.index))
        yield "\n    }"
    yield "\n  ],\n" if analysis.layers else "],\n"
    yield from _image(analysis)
    yield "\n}"


def _layer(analysis: Analysis, layer: LayerFigures, line: HistoryLine | None) -> Iterator[str]:
    known = line is not None and line.raw
    yield (
        f'\n      "index": {layer.index},'
        f'\n      "id": {quoted(layer.name.partition("/")[0])},'
        f'\n      "digestId": {quoted(layer.diff_id if known else "")},'
        f'\n      "sizeBytes": {layer.size_bytes},'
        f'\n      "command": {quoted(line.raw.removeprefix(_SHELL) if line and known else _MISSING)},'
        '\n      "fileList": ['
    )
    first = True
    for file in analysis.find_dive_files(layer.index):
        yield _record(file, "\n" if first else ",\n")
        first = False
    yield "]" if first else "\n      ]"


def _record(file: DiveFile, before: str) -> str:
    return (
        f"{before}        {{"
        f'\n          "path": {quoted(file.path)},'
        f'\n          "typeFlag": {file.type_flag},'
        f'\n          "linkName": {quoted(file.link_name)},'
        f'\n          "size": {file.size},'
        f'\n          "fileMode": {file.file_mode},'
        f'\n          "uid": {file.uid},'
        f'\n          "gid": {file.gid},'
        f'\n          "isDir": {"true" if file.is_dir else "false"}'
        "\n        }"
    )


def _image(analysis: Analysis) -> Iterator[str]:
    dive = analysis.dive
    yield (
        '  "image": {'
        f'\n    "sizeBytes": {dive.size_bytes},'
        f'\n    "inefficientBytes": {dive.wasted_bytes},'
        f'\n    "efficiencyScore": {go_number(dive.efficiency)},'
        '\n    "fileReference": ['
    )
    for number, row in enumerate(dive.inefficiencies):
        yield (
            f"{',' if number else ''}\n      {{"
            f'\n        "count": {row.count},'
            f'\n        "sizeBytes": {row.bytes},'
            f'\n        "file": {quoted(row.path)}'
            "\n      }"
        )
    yield "\n    ]\n  }" if dive.inefficiencies else "]\n  }"


def quoted(text: str) -> str:
    """A JSON string as Go's encoder writes it: HTML escaped, undecodable bytes replaced."""
    if text.isascii() and text.isprintable() and not set(text) & set('"\\<>&'):
        return f'"{text}"'
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    escaped = json.dumps(decoded, ensure_ascii=False)
    for unsafe in "<>&\u2028\u2029":
        escaped = escaped.replace(unsafe, f"\\u{ord(unsafe):04x}")
    return escaped


def go_number(value: float) -> str:
    """A float as Go's encoder writes it: the shortest digits, an exponent only below 1e-6."""
    if value == int(value):
        return str(int(value))
    mantissa, _, exponent = repr(value).partition("e-")
    if not exponent:
        return mantissa
    if value < 1e-6:
        return f"{mantissa}e-{int(exponent)}"
    whole, _, fraction = mantissa.partition(".")
    return "0." + "0" * (int(exponent) - 1) + whole + fraction
