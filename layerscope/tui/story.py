"""History and Config: what the image says about itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from layerscope.text import printable, size
from layerscope.tui.cells import wrap
from layerscope.tui.entries import Entries, Lines

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.sources.model import Image


def date(timestamp: str) -> str:
    """The day of an RFC 3339 time as the image gives it; empty where it has none."""
    day = printable(timestamp[:10])
    return "" if day.startswith(("0001-", "1970-01-01")) else day


def moment(timestamp: str) -> str:
    """Day and minute of an RFC 3339 time in UTC, as the image gives it."""
    day = date(timestamp)
    clock = printable(timestamp[11:16])
    return f"{day} {clock} UTC" if day and clock and timestamp.endswith("Z") else day


class HistoryPane(Entries):
    """All lines of the history; those that made no layer are dimmed."""

    def __init__(self) -> None:
        super().__init__("history", classes="inner")
        self._analysis: Analysis | None = None

    @property
    def item_count(self) -> int:
        """How many lines the history has."""
        return len(self._analysis.history) if self._analysis else 0

    @property
    def empty_sentence(self) -> str:
        """Not yet, or nothing."""
        return "this image has no history" if self._analysis else "reading"

    def show_analysis(self, analysis: Analysis) -> None:
        """The history is known."""
        self._analysis = analysis
        self.refresh_rows()

    def layer_of(self, item: int) -> int | None:
        """The layer that a line made; None when it made none."""
        return self._analysis.history[item].layer if self._analysis and self.item_count else None

    def value(self, item: int) -> str:
        """The whole command of a line, as the image has it."""
        if self._analysis is None or not self.item_count:
            return ""
        line = self._analysis.history[item]
        return line.raw or line.text

    def follow(self, layer: int) -> None:
        """Put the cursor on the line that made a layer."""
        if self._analysis is None or self.layer_of(self.cursor) == layer:
            return
        for item, line in enumerate(self._analysis.history):
            if line.layer == layer:
                self.cursor = item
                return

    def lines(self, item: int, width: int) -> Lines:
        """Number, size and date in one line, the wrapped command below; short ones in one line."""
        assert self._analysis is not None
        line = self._analysis.history[item]
        number = "·" if line.layer is None else str(line.layer + 1)
        tone = "dim" if line.layer is None else ""
        bytes_ = 0 if line.layer is None else self._analysis.layers[line.layer].size_bytes
        head = [(f"{number:>3} ", "title"), (f"{size(bytes_):>9}  ", tone), (f"{date(line.created):<12}", "dim")]
        text = printable(line.text) or "(the history does not say)"
        if len(text) <= width - 26:
            return [[*head, (text, tone)]]
        body: Lines = [[("    " + part, tone)] for part in wrap(text, width - 4)]
        return [head, *body]


class ConfigPane(Entries):
    """How containers of this image run; ``Y`` copies the value under the cursor."""

    def __init__(self) -> None:
        super().__init__("config", classes="inner")
        self._fields: list[tuple[str, str]] = []

    @property
    def item_count(self) -> int:
        """How many values there are."""
        return len(self._fields)

    @property
    def empty_sentence(self) -> str:
        """Not yet."""
        return "reading"

    def show_image(self, image: Image) -> None:
        """The config is known."""
        self._fields = list(config_fields(image))
        self.refresh_rows()

    def value(self, item: int) -> str:
        """The value to copy."""
        return self._fields[item][1] if self._fields else ""

    def lines(self, item: int, width: int) -> Lines:
        """Name, then the wrapped value; the name only where it changes."""
        name, value = self._fields[item]
        repeated = item > 0 and self._fields[item - 1][0] == name
        label = f"{'' if repeated else name:<13}"
        parts = wrap(printable(value), max(8, width - 13))
        first: Lines = [[(label, "dim"), (parts[0], "")]]
        return first + [[(" " * 13 + part, "")] for part in parts[1:]]


def config_fields(image: Image) -> Iterator[tuple[str, str]]:
    """Names and values of an image's config, manifest and annotations, as they are (not printable)."""
    for name, text in (
        ("reference", image.reference),
        ("source", image.source),
        ("id", image.id),
        ("digest", image.digest),
        ("platform", image.platform),
        ("created", image.created),
    ):
        if text:
            yield name, text
    for tag in image.tags:
        yield "tags", tag
    config = image.config.get("config")
    if isinstance(config, dict):
        yield from _run_fields(config)
    for name, text in sorted(image.annotations.items()):
        yield "annotations", f"{name}={text}"
    if image.attestations:
        yield "attestations", str(image.attestations)


def _run_fields(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for label, field in (
        ("user", "User"),
        ("workdir", "WorkingDir"),
        ("entrypoint", "Entrypoint"),
        ("cmd", "Cmd"),
        ("shell", "Shell"),
        ("stop signal", "StopSignal"),
        ("healthcheck", "Healthcheck"),
    ):
        found = config.get(field)
        if found:
            yield label, found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    for label, field in (("env", "Env"), ("ports", "ExposedPorts"), ("volumes", "Volumes"), ("onbuild", "OnBuild")):
        for text in config.get(field) or ():
            yield label, str(text)
    labels = config.get("Labels")
    if isinstance(labels, dict):
        for name, text in sorted(labels.items()):
            yield "labels", f"{name}={text}"
