"""History and Config: what the image says about itself."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len

from layerscope.analysis.base import LOWEST_LAYER
from layerscope.analysis.reconstruction import broken, first_own_line, instruction, reconstruct
from layerscope.sources.documents import mapping, text
from layerscope.text import printable, size
from layerscope.tui.cells import cut, wrap
from layerscope.tui.entries import Entries, Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layerscope.analysis.model import Analysis, HistoryLine
    from layerscope.sources.model import Image

#: Where an image tells the name of its base (OCI image-spec, annotations).
_BASE_NAME: Final = "org.opencontainers.image.base.name"
#: In front of a command's first line, and of those below it.
_INDENT: Final = "    "
_FURTHER: Final = "      "
#: From this width on a line says how much waste it makes.
_NOTED: Final = 56


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
    """All lines of the history; those that made no layer are dimmed.

    The lines are known before the layers, of which each has its size as soon as it is there.
    """

    def __init__(self) -> None:
        super().__init__("history", classes="inner")
        self._history: Sequence[HistoryLine] = ()
        self._bodies: dict[int, list[str]] = {}
        self._body_width = 0
        self._sizes: Sequence[int] = ()
        self._states: Sequence[str] = ()
        self._analysis: Analysis | None = None
        self._base_name = ""

    @property
    def item_count(self) -> int:
        """How many lines the history has."""
        return len(self._history)

    @property
    def empty_sentence(self) -> str:
        """Not yet, or nothing."""
        return "this image has no history" if self._analysis else "the history comes with the image's config"

    def show_image(self, image: Image) -> None:
        """What the image says of its base is known."""
        labels = mapping(mapping(image.config.get("config")).get("Labels"))
        self._base_name = image.annotations.get(_BASE_NAME) or text(labels.get(_BASE_NAME))

    def show_history(self, history: Sequence[HistoryLine]) -> None:
        """The lines are known; an image without a history has none as long as its layers are not there."""
        self._history = history if any(line.text or line.empty for line in history) else ()
        self._bodies = {}
        self.refresh_rows()

    def show_arrived(self, sizes: Sequence[int], states: Sequence[str]) -> None:
        """The lowest layers have these sizes (bytes); of all it is told in a word how far they have come."""
        self._sizes, self._states = sizes, states
        self.refresh_rows()

    def show_analysis(self, analysis: Analysis) -> None:
        """Everything is known."""
        self._analysis, self._history = analysis, analysis.history
        self._bodies = {}
        self.refresh_rows()

    def layer_of(self, item: int) -> int | None:
        """The layer that a line made; None when it made none."""
        return self._history[item].layer if self.item_count else None

    def value(self, item: int) -> str:
        """The whole command of a line, as the image has it."""
        if not self.item_count:
            return ""
        line = self._history[item]
        return line.raw or line.text

    def text(self, item: int) -> str:
        """The command."""
        return printable(self._history[item].text)

    def follow(self, layer: int) -> None:
        """Put the cursor on the line that made a layer."""
        if not self.item_count or self.layer_of(self.cursor) == layer:
            return
        for item, line in enumerate(self._history):
            if line.layer == layer:
                self.cursor = item
                return

    def lines(self, item: int, width: int) -> Lines:
        """Number, size and date in one line, the command in lines of its own; short ones in one line."""
        line = self._history[item]
        made = self._analysis.layers[line.layer] if self._analysis and line.layer is not None else None
        number = "·" if line.layer is None else str(line.layer + 1)
        tone = "dim" if line.layer is None or (made is not None and made.base) else ""
        head = [
            (f"{number:>3} ", "title"),
            (f"{self._bytes(line.layer):>9}  ", tone),
            (f"{date(line.created):<12}", "dim"),
        ]
        if made is not None and made.wasted_by_bytes and width >= _NOTED:
            head.append((f"! makes {size(made.wasted_by_bytes)} waste", "note"))
        above = self._boundary(item, width)
        body = self._body(item, width)
        if len(body) == 1 and len(head) == 3 and cell_len(body[0]) <= width - 22:
            return [*above, [*head, (body[0].removeprefix(_INDENT), tone)]]
        return [*above, head, *([(piece, tone)] for piece in body)]

    def _body(self, item: int, width: int) -> list[str]:
        """The command in lines of its own; kept, as only its size changes while layers come."""
        if width != self._body_width:
            self._bodies, self._body_width = {}, width
        if item not in self._bodies:
            line = self._history[item]
            parts = [printable(part) for part in broken(instruction(line.text))] or [""]
            if not line.text:
                parts = ["(the history does not say)"]
            self._bodies[item] = [
                (_INDENT if not place + number else _FURTHER) + piece
                for place, part in enumerate(parts)
                for number, piece in enumerate(wrap(part, width - 8))
            ]
        return self._bodies[item]

    def _bytes(self, layer: int | None) -> str:
        """How large the layer is that a line made; of one that nobody has looked into, how far it has come."""
        if layer is None:
            return size(0)
        if self._analysis is not None:
            made = self._analysis.layers[layer]
            return size(made.size_bytes) if made.known else "not read"
        if layer < len(self._sizes):
            return size(self._sizes[layer])
        return self._states[layer] if layer < len(self._states) else ""

    def _boundary(self, item: int, width: int) -> Lines:
        """A line where the base image's history ends."""
        analysis = self._analysis
        if analysis is None:
            return []
        own = first_own_line(analysis.history, analysis.base_layers)
        if item != own or not own > 0:
            return []
        guess = " (a guess)" if analysis.base_found_by == LOWEST_LAYER else ""
        words = f"─── base image above{guess}, this image's own below "
        if cell_len(words) > width:
            words = f"─── base image above{guess}, own below "
        return [[(cut(words, width).ljust(width, "─"), "dim")]]

    def dockerfile(self) -> str:
        """All lines as a Dockerfile, as far as they tell."""
        if self._analysis is None or not self._analysis.history:
            return ""
        found = self._analysis
        return reconstruct(
            found.history,
            found.base_layers,
            found.base_found_by,
            name=found.subject.reference,
            base_name=found.base_name or self._base_name,
        )


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
        return "what a container runs comes with the image's config"

    def show_image(self, image: Image | None) -> None:
        """The config is known; None where what was taken for it is another image's."""
        self._fields = list(config_fields(image)) if image is not None else []
        self.refresh_rows()

    def value(self, item: int) -> str:
        """The value to copy."""
        return self._fields[item][1] if self._fields else ""

    def text(self, item: int) -> str:
        """Name and value."""
        name, value = self._fields[item]
        return f"{name} {printable(value)}"

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
    config = mapping(image.config.get("config"))
    yield from _run_fields(config)
    for name, value in (
        ("platform", image.platform),
        ("created", image.created),
        ("author", text(image.config.get("author"))),
        ("reference", image.reference),
        ("source", image.source),
        ("id", image.id),
        ("digest", image.digest),
    ):
        if value:
            yield name, value
    for tag in image.tags:
        yield "tags", tag
    for name, value in sorted(mapping(config.get("Labels")).items()):
        yield "labels", f"{name}={value}"
    for name, value in sorted(image.annotations.items()):
        yield "annotations", f"{name}={value}"
    if image.attestations:
        word = "manifest beside" if image.attestations == 1 else "manifests beside"
        yield "attestations", f"{image.attestations} {word} the image's: provenance, or a list of its packages"
    for layer in image.layers:
        if layer.digest or layer.diff_id:
            yield "layers", layer.digest or layer.diff_id


def _run_fields(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a container of the image runs, as whom and where; ``runs`` is the command line that it all makes."""
    words = [*_words(config.get("Entrypoint")), *_words(config.get("Cmd"))]
    yield "runs", shlex.join(words) if words else "nothing of its own: a command must be given"
    yield "user", text(config.get("User")) or "root (none is named)"
    for label, name in (
        ("workdir", "WorkingDir"),
        ("entrypoint", "Entrypoint"),
        ("cmd", "Cmd"),
        ("shell", "Shell"),
        ("stop signal", "StopSignal"),
    ):
        found = config.get(name)
        if found:
            yield label, found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    check = mapping(config.get("Healthcheck"))
    if check:
        yield "healthcheck", _health_check(check)
    for label, name in (("env", "Env"), ("ports", "ExposedPorts"), ("volumes", "Volumes"), ("onbuild", "OnBuild")):
        found = config.get(name)
        for value in found if isinstance(found, list | dict) else ():
            yield label, str(value)


def _words(found: object) -> list[str]:
    return [str(word) for word in found] if isinstance(found, list) else []


def _health_check(check: Mapping[str, Any]) -> str:
    """The command of a health check, and how often it runs; times are nanoseconds (Docker's image spec v1.2)."""
    test = _words(check.get("Test"))
    if test[:1] == ["NONE"]:
        return "none"
    command = " ".join(test[1:]) if test[:1] == ["CMD-SHELL"] else shlex.join(test[1:] or test)
    told = []
    for name, word in (("Interval", "every"), ("Timeout", "timeout"), ("StartPeriod", "not in the first")):
        value = check.get(name)
        if isinstance(value, int) and value > 0:
            told.append(f"{word} {value / 1e9:g} s")
    retries = check.get("Retries")
    if isinstance(retries, int) and retries > 0:
        told.append(f"{retries} retries")
    return f"{command}  ({', '.join(told)})" if told else command
