"""Two images beside each other: as text, JSON or Markdown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from humanize import intcomma

import layerscope
from layerscope.analysis.difference import ConfigChange, Difference, FileChange
from layerscope.report.comparison import comparison_document, comparison_lines, comparison_tables, signed
from layerscope.report.markdown import coded
from layerscope.report.words import plural
from layerscope.text import printable

SCHEMA_VERSION = 1
_LINES = 20
_CELLS = 100


def write_difference(difference: Difference, form: str, stream: TextIO) -> None:
    """Write it as ``text``, ``json`` or ``markdown``."""
    if form == "json":
        json.dump(_document(difference), stream, indent=2)
        stream.write("\n")
        return
    lines = _markdown if form == "markdown" else _text
    stream.writelines(f"{line}\n" for line in lines(difference))


def _text(difference: Difference) -> Iterator[str]:
    if difference.is_empty:
        yield f"{printable(difference.new)} and {printable(difference.old)} are the same"
        return
    yield printable(difference.new)
    yield from comparison_lines(difference.comparison)
    if difference.config:
        yield "config:"
    for change in difference.config or ():
        yield _cut(f"  {printable(change.key)}  {_before_after(change)}")
    if difference.files:
        yield f"files: {_counts(difference.files)}"
        for file in difference.files[:_LINES]:
            yield f"  {signed(file.bytes):>10}  {_named(file)}"
        if len(difference.files) > _LINES:
            rest = difference.files[_LINES:]
            yield f"  {signed(sum(file.bytes for file in rest)):>10}  in {intcomma(len(rest))} more"
    elif difference.files is not None:
        yield "files: the same but for their times"


def _markdown(difference: Difference) -> Iterator[str]:
    yield "<!-- layerscope diff -->"
    yield f"### {coded(difference.new)}"
    yield ""
    if difference.is_empty:
        yield f"The same as {coded(difference.old)}."
        return
    yield from comparison_tables(difference.comparison, coded)
    for change in difference.config or ():
        yield f"- {coded(change.key)} {coded(_cut(_before_after(change)))}"
    if difference.files:
        yield ""
        yield f"<details><summary>Files: {_counts(difference.files)}</summary>"
        yield ""
        yield "| change | file |"
        yield "| ---: | --- |"
        for file in difference.files[: 5 * _LINES]:
            yield f"| {signed(file.bytes)} | {coded(_named(file))} |"
        yield ""
        if len(difference.files) > 5 * _LINES:
            yield f"and {intcomma(len(difference.files) - 5 * _LINES)} more"
        yield "</details>"


def _document(difference: Difference) -> dict[str, Any]:
    return {
        "schemaVersion": SCHEMA_VERSION,
        "tool": {"name": "layerscope", "version": layerscope.__version__},
        "old": difference.old,
        "new": difference.new,
        "same": difference.is_empty,
        "comparison": comparison_document(difference.comparison),
        "config": None if difference.config is None else [_config(change) for change in difference.config],
        "files": None if difference.files is None else [_file(file) for file in difference.files],
    }


def _config(change: ConfigChange) -> dict[str, Any]:
    before, after = (json.loads(value) if value else None for value in (change.before, change.after))
    return {"key": change.key, "before": before, "after": after}


def _file(file: FileChange) -> dict[str, Any]:
    return {
        "path": file.path,
        "change": file.kind,
        "what": list(file.what),
        "before": file.before,
        "after": file.after,
        "files": file.files,
    }


def _counts(files: Sequence[FileChange]) -> str:
    counts: Counter[str] = Counter()
    for file in files:
        counts[file.kind] += file.files
    return ", ".join(f"{intcomma(count)} {kind}" for kind, count in sorted(counts.items()))


def _named(file: FileChange) -> str:
    told = ", ".join(file.what)
    if file.path.endswith("/") and not file.what:
        told = plural(file.files, "file")
    return f"{file.kind:<8}  /{printable(file.path)}{f'  ({told})' if told else ''}"


def _before_after(change: ConfigChange) -> str:
    return f"{printable(change.before) or 'none'} → {printable(change.after) or 'none'}"


def _cut(text: str) -> str:
    return text if len(text) <= _CELLS else f"{text[: _CELLS - 1]}…"
