"""Dockerfiles read, and put beside histories of every builder's words: a line only where it is certain."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope.analysis.alignment import align
from layerscope.analysis.createdby import Likeness, compare, read_line
from layerscope.analysis.dockerfile import Heredoc, Instruction, Stage, parse_dockerfile, triggered
from layerscope.analysis.history import match_history
from layerscope.analysis.locate import Located, locate
from layerscope.sources.model import HistoryEntry

EMPTY = ("ARG", "CMD", "ENV", "LABEL", "USER", "ENTRYPOINT", "EXPOSE", "SHELL", "ONBUILD")


def only(text: str) -> list[Instruction]:
    """The instructions of a file of one stage."""
    (stage,) = parse_dockerfile(text)
    return stage.instructions


def test_stages_have_their_names_and_bases() -> None:
    text = (
        "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=$BUILDPLATFORM go:$V As Make\nRUN a\nfrom make\nRUN b\n"
    )
    assert parse_dockerfile(text) == [
        Stage("go:$V", "make", 3, [Instruction("RUN", "a", 4, 4)]),
        Stage("make", "", 5, [Instruction("RUN", "b", 6, 6)]),
    ]
    assert parse_dockerfile("\ufeffFROM a\r\nRUN b\r\n")[0].instructions == [Instruction("RUN", "b", 2, 2)]
    assert parse_dockerfile("RUN without a stage\n") == parse_dockerfile("") == []


@pytest.mark.parametrize(
    ("lines", "text", "last"),
    [
        (["RUN a \\", "  b"], "a   b", 3),
        (["RUN a \\", "# comment", "", "  # another", "b"], "a b", 6),
        (["RUN a \\  ", "b"], "a b", 3),
        (["RUN a \\\\", "RUN c"], "a \\\\", 2),
        (["RUN a \\"], "a", 2),
        (["RUN a # no comment"], "a # no comment", 2),
        (["RUN --mount=type=cache,target=/x --network=none a --b"], "a --b", 2),
        (["\tRUN\ta"], "a", 2),
    ],
)
def test_lines_are_joined(lines: list[str], text: str, last: int) -> None:
    first, *_ = only("\n".join(["FROM scratch", *lines]))
    assert (first.text, first.line, first.last_line) == (text, 2, last)


def test_escape_is_a_directive_at_the_top_only() -> None:
    assert only("# escape=`\nFROM scratch\nRUN a `\nb\\\nRUN c")[0].text == "a b\\"
    assert only("# syntax=x\n# Escape = `\nFROM scratch\nRUN a `\nb")[0].text == "a b"
    assert only("\n# escape=`\nFROM scratch\nRUN a `\nRUN b")[0].text == "a `"
    assert only("# words\n# escape=`\nFROM scratch\nRUN a `\nRUN b")[0].text == "a `"


def test_heredocs_end_with_their_name() -> None:
    text = 'FROM scratch\nRUN <<EOF\nRUN no\n# kept\n EOF\nEOF\nCOPY <<-"A" <<B /x\n\t\tone\n\tA\n\tB\nB\nRUN b\n'
    run, copy, last = only(text)
    assert (run.text, run.line, run.last_line) == ("<<EOF", 2, 6)
    assert run.heredocs == (Heredoc("EOF", "RUN no\n# kept\n EOF\n"),)
    assert copy.heredocs == (Heredoc("A", "one\n"), Heredoc("B", "\tB\n"))
    assert (copy.line, copy.last_line, last.line) == (7, 11, 12)


@pytest.mark.parametrize("text", ["RUN '<<EOF'", 'RUN "a <<EOF"', "RUN a <<<EOF", "RUN $((1<<2))", "CMD <<EOF"])
def test_what_only_looks_like_a_heredoc_is_none(text: str) -> None:
    assert [one.line for one in only(f"FROM scratch\n{text}\nRUN b\n")] == [2, 3]


def test_onbuild_holds_an_instruction() -> None:
    (kept,) = only("FROM scratch\nONBUILD COPY --chown=a b c\n")
    assert triggered(kept) == Instruction("COPY", "b c", 2, 2)
    assert triggered(Instruction("RUN", "a", 1, 1)) is None


@given(st.text(alphabet="RUN FROMCPY<EOF'\"\\\n\t#`=-a "))
def test_any_text_is_read(text: str) -> None:
    for stage in parse_dockerfile(text):
        for one in stage.instructions:
            assert 1 <= one.line <= one.last_line <= text.count("\n") + 1


SAME, WEAK, EDITED, KEYWORD, OTHER = (
    Likeness.SAME,
    Likeness.WEAK,
    Likeness.EDITED,
    Likeness.KEYWORD,
    Likeness.OTHER,
)


@pytest.mark.parametrize(
    ("written", "created_by", "likeness"),
    [
        ("RUN make", "RUN /bin/sh -c make # buildkit", SAME),
        ("RUN make", "/bin/sh -c make", SAME),
        ("RUN make", "RUN make", SAME),
        ("RUN make", "RUN |1 A=b c /bin/sh -c make # buildkit", SAME),
        ("RUN make", "|1 A=/bin/sh -c x /bin/sh -c make", WEAK),
        ("RUN make", "RUN /bin/sh -c make all # buildkit", EDITED),
        ("RUN make", "RUN /bin/sh -c cd x && make # buildkit", EDITED),
        ("RUN make", "/usr/bin/odd -x make", SAME),
        ("RUN make", "RUN sudo /usr/bin/odd -x make # buildkit", EDITED),
        ("RUN make", "COPY make / # buildkit", OTHER),
        ('RUN ["a", "b c"]', "RUN a b c # buildkit", SAME),
        ('RUN ["a", "b c"]', "RUN |1 X=y a b c # buildkit", WEAK),
        ('RUN ["a", "b c"]', '/bin/sh -c ["a", "b c"]', SAME),
        ("RUN --mount=type=cache,target=/c make", "RUN /bin/sh -c make # buildkit", SAME),
        ("RUN <<EOF\na\n  b\nEOF", "RUN /bin/sh -c a\n  b\n # buildkit", SAME),
        ("RUN <<EOF\na\n  b\nEOF", "|1 A=b /bin/sh -c <<EOF\na\n  b", SAME),
        ("RUN <<EOF\na\n  b\nEOF", "|1 A=b /bin/sh -c <<EOF\na\n  c", EDITED),
        ("RUN --mount=type=cache,target=/c make", "|1 A=b /bin/sh -c --mount=type=cache,target=/c make", SAME),
        ("RUN <<EOF\n#!/bin/x\nb\nEOF", "RUN /bin/sh -c /dev/pipes/EOF # buildkit", SAME),
        ("RUN cat <<A <<B >x\na\nA\nb\nB", "RUN /bin/sh -c cat <<A <<B >x\na\nA\nb\nB # buildkit", SAME),
        ("COPY a b /c/", "COPY a b /c/ # buildkit", SAME),
        ("COPY --from=x --chown=1 a /c", "COPY --chown=1 a /c # buildkit", SAME),
        ('COPY ["a b", "/c"]', "COPY a b /c # buildkit", SAME),
        ("COPY <<-'EOF' a /x/\ntext\nEOF", "COPY a <<EOF /x/ # buildkit", SAME),
        ("COPY $A ${B:-x}/c /d", "COPY one two/c /d # buildkit", WEAK),
        ("COPY $A /d", "COPY one /e # buildkit", EDITED),
        ("COPY a b /c/", f"/bin/sh -c #(nop) COPY multi:{'0' * 64} in /c/ ", WEAK),
        ("COPY --chown=a:b a /c", f"/bin/sh -c #(nop) COPY --chown=a:bfile:{'0' * 64} in /c ", WEAK),
        ("COPY --chown=a:b a /c", f"/bin/sh -c #(nop) COPY --chown=a:b file:{'0' * 64} in /c ", WEAK),
        ("COPY --chown=a:b a /c", f"/bin/sh -c #(nop) COPY --chown=a:b file:{'0' * 64} in /d ", EDITED),
        ("ADD https://x/y /c", f"/bin/sh -c #(nop) ADD {'0' * 64} in /c ", WEAK),
        ("COPY a /c", f"/bin/sh -c #(nop) COPY file:{'0' * 64} in /d ", EDITED),
        ("WORKDIR /a", "WORKDIR /a", WEAK),
        ("WORKDIR a", "/bin/sh -c #(nop) WORKDIR /b/a", WEAK),
        ("WORKDIR a", "WORKDIR /b/c", EDITED),
        ('ENV A="b c" D=$E', "ENV A=b c D=f", WEAK),
        ("ENV A=b", "ENV A=c", KEYWORD),
        ("CMD a", "ENTRYPOINT a", OTHER),
    ],
)
def test_builders_words_are_known(written: str, created_by: str, likeness: Likeness) -> None:
    (instruction,) = only(f"FROM scratch\n{written}\n")
    assert compare(instruction, read_line(created_by), ["/usr/bin/odd -x"]) is likeness


def best_alignments(gains: list[list[int]], columns: int) -> tuple[int, set[tuple[int, int]]]:
    """By trying everything: the best score, and the pairs that all ways to reach it share."""
    rows = len(gains)
    best, shared = -rows, set[tuple[int, int]]()
    for count in range(min(rows, columns) + 1):
        for chosen in combinations(range(rows), count):
            for beside in combinations(range(columns), count):
                pairs = list(zip(chosen, beside, strict=True))
                if any(gains[row][column] < 0 for row, column in pairs):
                    continue
                # The columns before the first pair are free: what rows stay alone there follow them.
                alone = rows - count + (columns - beside[0] - count if pairs else 0)
                score = sum(gains[row][column] for row, column in pairs) - alone
                if score > best:
                    best, shared = score, set(pairs)
                elif score == best:
                    shared &= set(pairs)
    return best, shared


@given(st.integers(0, 4), st.integers(0, 4), st.randoms(use_true_random=False))
def test_pairs_are_those_of_every_best_alignment(rows: int, columns: int, random: Random) -> None:
    gains = [[random.choice([-1, 0, 1, 3, 4]) for _ in range(columns)] for _ in range(rows)]
    found = align(gains, columns)
    best, shared = best_alignments(gains, columns)
    assert found.score == best
    assert set(found.pairs) == shared


def placed(dockerfile: str, history: list[str], config: dict[str, Any] | None = None) -> Located:
    """The lines for a history in the words of BuildKit."""
    entries = [HistoryEntry(text, empty_layer=text.startswith(EMPTY)) for text in history]
    layers = sum(not entry.empty_layer for entry in entries)
    return locate(config or {}, match_history(entries, layers), parse_dockerfile(dockerfile), "Dockerfile")


def lines(located: Located) -> dict[int, int]:
    """The first line of every layer that has one."""
    return {layer: place.line for layer, place in located.locations.items()}


def run(text: str) -> str:
    """A RUN as BuildKit tells it."""
    return f"RUN /bin/sh -c {text} # buildkit"


BASE = ["ADD rootfs / # buildkit", 'CMD ["sh"]', run("apt-get update"), 'CMD ["bash"]']
FILE = "FROM base\nENV A=1\nRUN apt-get update\nCOPY . /app # buildkit\nRUN make\nUSER app\n"
HISTORY = ["ENV A=1", run("apt-get update"), "COPY . /app # buildkit", run("make"), "USER app"]


def test_the_bases_layers_have_no_lines() -> None:
    found = placed(FILE.replace(" # buildkit", ""), BASE + HISTORY)
    assert (lines(found), found.warning) == ({2: 3, 3: 4, 4: 5}, "")


def test_an_edited_line_is_said_and_told_of_no_layer() -> None:
    found = placed(FILE.replace(" # buildkit", "").replace("RUN make", "RUN make all"), BASE + HISTORY)
    assert lines(found) == {2: 3, 3: 4}
    assert "line 5 could not be matched" in found.warning


def test_a_line_of_the_base_is_not_taken_for_one_of_the_file() -> None:
    history = [*BASE, "COPY . /app # buildkit"]
    found = placed("FROM base\nRUN apt-get update\nLABEL a=b\nCOPY . /app\n", history)
    assert lines(found) == {2: 4}
    assert "line 2 could not be matched" in found.warning


def test_lines_added_at_the_end_since_are_no_hindrance_where_the_rest_is_certain() -> None:
    text = FILE.replace(" # buildkit", "") + "EXPOSE 80\nLABEL a=b\n"
    assert lines(placed(text, BASE + HISTORY)) == {2: 3, 3: 4, 4: 5}


def test_another_images_dockerfile_gives_no_lines() -> None:
    found = placed("FROM x\nRUN one\nRUN two\nCOPY . /elsewhere\n", BASE + HISTORY)
    assert (found.locations, "does not fit" in found.warning) == ({}, True)


def test_lines_that_are_alike_are_told_apart_by_their_place_or_not_at_all() -> None:
    text = "FROM base\nRUN make\nRUN make\n"
    assert lines(placed(text, [run("make"), run("make")])) == {0: 2, 1: 3}
    assert lines(placed(text, [run("make")])) == {}


def test_a_stage_by_a_variable_is_that_which_fits() -> None:
    text = "ARG W=a\nFROM x AS a\nRUN one\nRUN same\nFROM y AS b\nRUN two\nRUN same\nFROM $W\nRUN end\n"
    assert lines(placed(text, [run("two"), run("same"), run("end")])) == {0: 6, 1: 7, 2: 9}
    doubtful = "ARG W=a\nFROM x AS a\nRUN same\nFROM y AS b\nRUN same\nFROM $W\nRUN end\n"
    assert lines(placed(doubtful, [run("same"), run("end")])) == {1: 7}


def test_kaniko_tells_of_layers_only() -> None:
    text = "FROM base\nENV A=1\nRUN one\nLABEL a=b\nWORKDIR /app\nCOPY a b\nCMD x\n"
    assert lines(placed(text, [*BASE, "RUN one", "WORKDIR /app", "COPY a b"])) == {2: 3, 3: 5, 4: 6}
    assert lines(placed(text, [*BASE, "RUN one", "COPY a b"])) == {2: 3, 3: 6}


def test_a_history_that_does_not_fit_its_layers_gives_no_lines() -> None:
    stages = parse_dockerfile(FILE)
    for layers in (1, 9):
        entries = [HistoryEntry(text, empty_layer=text.startswith(EMPTY)) for text in HISTORY]
        found = locate({}, match_history(entries, layers), stages, "Dockerfile")
        assert (found.locations, "does not tell of every layer" in found.warning) == ({}, True)


def test_a_shell_of_the_base_is_known_from_the_config() -> None:
    history = ["RUN /usr/bin/python -c import os # buildkit"]
    text = "FROM base\nRUN import os\n"
    assert lines(placed(text, history)) == {}
    assert lines(placed(text, history, {"config": {"Shell": ["/usr/bin/python", "-c"]}})) == {0: 2}
    odds: list[dict[str, Any]] = [{"config": 1}, {"config": {"Shell": [1]}}, {"config": {"Shell": {}}}]
    for odd in odds:
        assert lines(placed(text, history, odd)) == {}


def test_a_hostile_history_comes_to_an_end() -> None:
    history = [*["RUN " + "|1 " * 10_000] * 50, *[run("x" * 100)] * 50_000]
    text = "FROM base\n" + "".join(f"RUN {'x' * 100}\nCOPY $A$B$C$D /{number}\n" for number in range(60))
    assert placed(text, history)


@pytest.mark.parametrize("classic", [False, True])
def test_buildkit_tells_nothing_of_what_onbuild_keeps(classic: bool) -> None:
    file = "FROM scratch AS one\nADD rootfs /\nONBUILD RUN make\nENV A=1\nFROM one\nRUN install\n"
    kept = ["ONBUILD RUN make"] if classic else []
    found = placed(file, ["ADD rootfs / # buildkit", *kept, "ENV A=1", run("make"), run("install")])
    assert (lines(found), found.warning) == ({0: 2, 1: 3, 2: 6}, "")
