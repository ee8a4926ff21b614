"""History: commands cleaned for people, lines matched to layers, the end of the base image."""

from __future__ import annotations

import pytest

from handmade import file, make_image, make_index
from layerscope.analysis.base import HISTORY, LABEL, LOWEST_LAYER, OPTION, find_base
from layerscope.analysis.history import clean, match_history
from layerscope.analysis.summary import analyse
from layerscope.errors import UsageError
from layerscope.sources.model import HistoryEntry, Image


@pytest.mark.parametrize(
    ("created_by", "command"),
    [
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("RUN |2 A=1 B=two words /bin/sh -c make # buildkit", "RUN make"),
        ("RUN /bin/bash -o pipefail -c set -e; a | b # buildkit", "RUN set -e; a | b"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        (f"/bin/sh -c #(nop) ADD file:{'a' * 64} in / ", "ADD file:aaaaaaaaaaaa in /"),
        ("/bin/sh -c apt-get update \t&&   apt-get install", "RUN apt-get update && apt-get install"),
        ("|1 V=3 /bin/sh -c make", "RUN make"),
        ("cmd /S /C dir", "RUN dir"),
        ("ENV A=/bin/sh -c x", "ENV A=/bin/sh -c x"),
        ("RUN /bin/sh -c <<EOF\na\n  b\nEOF # buildkit", "RUN <<EOF\na\n b\nEOF"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_commands_are_what_their_author_wrote(created_by: str, command: str) -> None:
    assert clean(created_by) == command


def entry(created_by: str, *, empty: bool = False) -> HistoryEntry:
    """A line of the history."""
    return HistoryEntry(created_by=created_by, empty_layer=empty)


def test_empty_layers_have_none() -> None:
    lines = match_history([entry("ADD"), entry("CMD", empty=True), entry("RUN")], 2)
    assert [(line.text, line.layer, line.empty) for line in lines] == [
        ("ADD", 0, False),
        ("CMD", None, True),
        ("RUN", 1, False),
    ]


def test_layers_that_history_does_not_know_follow() -> None:
    assert [line.layer for line in match_history([entry("ADD")], 3)] == [0, 1, 2]
    assert [line.layer for line in match_history([], 2)] == [0, 1]


def test_lines_beyond_the_layers_have_none_and_are_warned_of() -> None:
    history = [entry("ADD"), entry("RUN a"), entry("RUN b")]
    assert [line.layer for line in match_history(history, 1)] == [0, None, None]
    assert analyse(make_index([[]], history)).warnings == [
        "The history tells of 3 layers and the image has 1: commands may stand beside the wrong layer."
    ]


FROM_DEBIAN = [entry("ADD rootfs"), entry('CMD ["bash"]', empty=True), entry("RUN a"), entry("RUN b")]


def base_of(history: list[HistoryEntry], layers: int) -> tuple[int, str]:
    """Where the base of an image with such a history ends."""
    image = make_image([[] for _ in range(layers)], history)
    return find_base(image, match_history(history, layers))


@pytest.mark.parametrize(
    ("history", "layers", "base"),
    [
        (FROM_DEBIAN, 3, (1, HISTORY)),
        ([*FROM_DEBIAN, entry("ENTRYPOINT x", empty=True), entry("CMD y", empty=True)], 3, (1, HISTORY)),
        ([*FROM_DEBIAN, entry("ENTRYPOINT x", empty=True), entry("EXPOSE 80", empty=True)], 3, (1, HISTORY)),
        ([*FROM_DEBIAN, entry("CMD x", empty=True), entry("COPY . .")], 4, (3, HISTORY)),
        ([entry("ADD"), entry("RUN a")], 2, (1, LOWEST_LAYER)),
        ([], 3, (1, LOWEST_LAYER)),
        ([], 0, (0, LOWEST_LAYER)),
    ],
)
def test_base_ends_with_its_last_command(history: list[HistoryEntry], layers: int, base: tuple[int, str]) -> None:
    assert base_of(history, layers) == base


def test_what_the_user_says_comes_first() -> None:
    image = make_image([[], [], []], FROM_DEBIAN)
    lines = match_history(FROM_DEBIAN, 3)
    assert find_base(image, lines, 2) == (2, OPTION)
    assert find_base(image, lines, 0) == (0, OPTION)
    assert find_base(image, lines, [layer.diff_id for layer in image.layers[:2]]) == (2, OPTION)
    for impossible in (4, -1, ["sha256:other"]):
        with pytest.raises(UsageError):
            find_base(image, lines, impossible)


def test_a_label_counts_where_its_image_is_at_hand() -> None:
    image: Image = make_image([[], [], []], FROM_DEBIAN)
    image.config = {"config": {"Labels": {"org.opencontainers.image.base.name": "debian:12"}}}
    lines = match_history(FROM_DEBIAN, 3)
    at_hand = {"debian:12": [layer.diff_id for layer in image.layers[:2]]}
    assert find_base(image, lines, lookup=at_hand.get) == (2, LABEL)
    assert find_base(image, lines, lookup=lambda name: None) == (1, HISTORY)
    assert find_base(image, lines, lookup=lambda name: ["sha256:other"]) == (1, HISTORY)
    image.config = {"config": {"Labels": "hostile"}}
    assert find_base(image, lines, lookup=at_hand.get) == (1, HISTORY)


def test_user_figures_count_base_bytes_that_users_wasted() -> None:
    layers = [[file("a", 100), file("b", 100)], [file("a", 50, b"y")], [file("c", 50)]]
    figures = analyse(make_index(layers), base=1).figures
    assert (figures.user_size_bytes, figures.user_wasted_bytes) == (100, 100)
    assert figures.user_wasted_percent == 100 / 200
    none = analyse(make_index(layers), base=3).figures
    assert (none.user_size_bytes, none.user_wasted_bytes, none.user_wasted_percent) == (0, 0, 0.0)
