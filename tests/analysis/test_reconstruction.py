"""The Dockerfile out of the history: the classic builder's words, broken commands, the base."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layerscope.analysis.base import HISTORY, LOWEST_LAYER, OPTION
from layerscope.analysis.dockerfile import parse_dockerfile
from layerscope.analysis.history import match_history
from layerscope.analysis.reconstruction import broken, first_own_line, instruction, reconstruct
from layerscope.sources.model import HistoryEntry


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ('CMD ["--port" "8080"]', 'CMD ["--port", "8080"]'),
        ('ENTRYPOINT ["/bin/sh" "-c" "echo \\"a b\\""]', 'ENTRYPOINT ["/bin/sh", "-c", "echo \\"a b\\""]'),
        ('CMD ["bash"]', 'CMD ["bash"]'),
        ('CMD ["a", "b"]', 'CMD ["a", "b"]'),
        ("EXPOSE map[8080/tcp:{} 9090/udp:{}]", "EXPOSE 8080/tcp 9090/udp"),
        ("EXPOSE 8080/tcp 9090/udp", "EXPOSE 8080/tcp 9090/udp"),
        ("EXPOSE [443/udp 80/tcp]", "EXPOSE 443/udp 80/tcp"),
        ("VOLUME [/data]", "VOLUME /data"),
        ("SHELL [/bin/sh -e -c]", 'SHELL ["/bin/sh", "-e", "-c"]'),
        ("COPY dir:3f93a3b30510 in /app", "COPY dir:3f93a3b30510 /app"),
        ("COPY --chown=app:appfile:3f93a3b30510 in /app", "COPY --chown=app:appfile:3f93a3b30510 /app"),
        ("COPY a in b", "COPY a in b"),
        (
            'HEALTHCHECK &{["CMD-SHELL" "wget -q http://localhost/ || exit 1"] "30s" "3s" "0s" \'\\x00\'}',
            "HEALTHCHECK --interval=30s --timeout=3s CMD wget -q http://localhost/ || exit 1",
        ),
        ('HEALTHCHECK &{["CMD" "/check" "-v"] "0s" "0s" "5s" "0s" \'\\x03\'}', None),
        ('HEALTHCHECK &{["NONE"] "0s" "0s" "0s" \'\\x00\'}', "HEALTHCHECK NONE"),
        ("RUN make", "RUN make"),
    ],
)
def test_lists_are_written_as_a_dockerfile_has_them(told: str, meant: str | None) -> None:
    assert instruction(told) == (meant or 'HEALTHCHECK --start-period=5s CMD ["/check", "-v"]')


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("RUN a && b || c", ["RUN a", "&& b", "|| c"]),
        ("RUN set -eux; apt-get update; rm x", ["RUN set -eux;", "apt-get update;", "rm x"]),
        ("RUN for x in a b; do echo $x; done", ["RUN for x in a b; do echo $x;", "done"]),
        ("RUN if [ -f x ]; then a; else b; fi", ["RUN if [ -f x ]; then a;", "else b;", "fi"]),
        ("RUN echo 'a && b' && echo \"c; d\"", ["RUN echo 'a && b'", '&& echo "c; d"']),
        ("RUN echo \\' && b", ["RUN echo \\'", "&& b"]),
        ("RUN case $x in a) b ;; esac", ["RUN case $x in a) b ;; esac"]),
        ('CMD ["a && b"]', ['CMD ["a && b"]']),
        ("RUN <<EOF\na && b\nEOF", ["RUN <<EOF", "a && b", "EOF"]),
    ],
)
def test_commands_break_where_people_break_them(command: str, lines: list[str]) -> None:
    assert broken(command) == lines


@example("; && b")
@given(st.text(alphabet="ab \\'\"&|;", max_size=60))
def test_breaking_loses_nothing(text: str) -> None:
    assert " ".join(broken(f"RUN {text}")) == f"RUN {text}"


ENTRIES = [
    HistoryEntry("/bin/sh -c #(nop) ADD file:" + "a" * 64 + " in / "),
    HistoryEntry('/bin/sh -c #(nop)  CMD ["bash"]', empty_layer=True),
    HistoryEntry("ENV LANG=C.UTF-8", empty_layer=True),
    HistoryEntry("RUN /bin/sh -c apt-get update && apt-get install -y gcc # buildkit"),
    HistoryEntry('CMD ["gcc" "-v"]', empty_layer=True),
]


def test_the_base_ends_at_its_last_word() -> None:
    assert first_own_line(match_history(ENTRIES, 2), 1) == 2
    assert first_own_line(match_history(ENTRIES, 2), 0) == 0
    assert first_own_line([], 0) == 0
    # An image that is nothing but its base keeps its own last words.
    assert first_own_line(match_history(ENTRIES[:3], 1), 1) == 1


def test_a_known_base_is_a_from() -> None:
    text = reconstruct(match_history(ENTRIES, 2), 1, HISTORY, name="acme", base_name="debian:12")
    assert text.splitlines()[1:] == [
        "# The base image:",
        "#   ADD file:aaaaaaaaaaaa /",
        '#   CMD ["bash"]',
        "FROM debian:12",
        "ENV LANG=C.UTF-8",
        "RUN apt-get update \\",
        "    && apt-get install -y gcc",
        'CMD ["gcc", "-v"]',
    ]


def test_a_guessed_base_is_none() -> None:
    text = reconstruct(match_history(ENTRIES, 3), 1, LOWEST_LAYER)
    assert text.splitlines()[:2] == ["FROM scratch", "ADD file:aaaaaaaaaaaa /"]
    assert text.splitlines()[-1] == "# A layer that the history does not tell of."


UNTOLD = [
    HistoryEntry("", comment="Imported from -"),
    HistoryEntry("/bin/sh -c make"),
    HistoryEntry('/bin/sh -c #(nop)  CMD ["sh"]', empty_layer=True),
]


@pytest.mark.parametrize(
    ("found_by", "base_name", "above", "base"),
    [
        (OPTION, "debian:bookworm", [], "debian:bookworm"),
        (OPTION, "", ["is not known: put it here"], "base-image"),
        (LOWEST_LAYER, "", ["A guess: the history does not tell", "is not known: put it here"], "base-image"),
        (LOWEST_LAYER, "debian", ["A guess: the history does not tell"], "debian"),
    ],
)
def test_a_base_without_a_history_is_a_from_all_the_same(
    found_by: str, base_name: str, above: list[str], base: str
) -> None:
    text = reconstruct(match_history(UNTOLD, 2), 1, found_by, base_name=base_name)
    lines = text.splitlines()
    comments, rest = lines[: len(above)], lines[len(above) :]
    assert all(line.startswith("# ") and words in line for line, words in zip(comments, above, strict=True))
    assert rest == [f"FROM {base}", "RUN make", 'CMD ["sh"]']
    (stage,) = parse_dockerfile(text)
    assert [each.keyword for each in stage.instructions] == ["RUN", "CMD"]


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("RUN /bin/sh -c set -e\nmake\n # buildkit", "RUN <<EOF\nset -e\nmake\nEOF"),
        ("RUN /bin/sh -c cat <<A\nEOF\nA # buildkit", "RUN cat <<A\nEOF\nA"),
        ("RUN /bin/sh -c set -e\nEOF\nEOF\n # buildkit", "RUN <<EOF_\nset -e\nEOF\nEOF\nEOF_"),
        ("RUN |1 A=1 /bin/sh -c <<EOF cat > /x\nhello\nEOF # buildkit", "RUN <<EOF cat > /x\nhello\nEOF"),
        ("RUN /bin/sh -c a <<<b $((1<<2))\nmake\n # buildkit", "RUN <<EOF\na <<<b $((1<<2))\nmake\nEOF"),
        (
            "RUN /bin/sh -c <<EOF python3\nif 1:\n    print()\nEOF # buildkit",
            "RUN <<EOF python3\nif 1:\n    print()\nEOF",
        ),
        ("|1 A=1 /bin/sh -c <<EOF\nset -e\nmake", "RUN <<EOF\nset -e\nmake\nEOF"),
        ("/bin/sh -c <<-'EOF' cat > /x\n\thello", "RUN <<-'EOF' cat > /x\n\thello\nEOF"),
    ],
)
def test_a_script_is_a_here_document(told: str, written: str) -> None:
    text = reconstruct(match_history([HistoryEntry(told), HistoryEntry("COPY a b # buildkit")], 2), 0, HISTORY)
    assert text == f"FROM scratch\n{written}\nCOPY a b\n"
    (stage,) = parse_dockerfile(text)
    assert [each.keyword for each in stage.instructions] == ["RUN", "COPY"]


def test_a_copied_here_document_is_closed() -> None:
    entries = [HistoryEntry("COPY <<ONE <<TWO /etc/ # buildkit"), HistoryEntry("COPY a b # buildkit")]
    text = reconstruct(match_history(entries, 2), 0, HISTORY)
    assert "# The history does not tell the text of:\nCOPY <<ONE <<TWO /etc/\nONE\nTWO\nCOPY a b\n" in text
    (stage,) = parse_dockerfile(text)
    assert [each.keyword for each in stage.instructions] == ["COPY", "COPY"]


def test_a_reader_of_dockerfiles_reads_it() -> None:
    (stage,) = parse_dockerfile(reconstruct(match_history(ENTRIES, 2), 1, HISTORY))
    assert [each.keyword for each in stage.instructions] == ["ENV", "RUN", "CMD"]
