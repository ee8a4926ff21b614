"""Rules beyond the three: sizes, layers, forbidden paths, setuid files, the user; severities."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handmade import Entry, HandmadeSource, file, folder, hard_link, make_image, whiteout
from layerscope.analysis.model import Analysis
from layerscope.analysis.rules import (
    Result,
    Scoring,
    Severity,
    Status,
    is_decided,
    judge,
    make_content_rule,
    make_rule,
    passed,
)
from layerscope.analysis.summary import analyse
from layerscope.analysis.values import parse_count, parse_share
from layerscope.errors import ConfigError
from layerscope.index import build_index
from layerscope.sources.model import HistoryEntry

HISTORY = [HistoryEntry("ADD rootfs /"), HistoryEntry("COPY . /app"), HistoryEntry("RUN rm /app/id_rsa")]
LAYERS: list[list[Entry]] = [
    [folder("usr"), file("usr/bin/su", 300, mode=0o4755), file("usr/bin/wall", 20, mode=0o2755)],
    [file("app/id_rsa", 50), file("app/.git/config", 7), file("app/.git/objects/x", 8), file("app/key.pem", 9)],
    [whiteout("app/id_rsa"), hard_link("usr/bin/also-su", "usr/bin/su")],
]


def sample(user: str = "") -> Analysis:
    """An image with something for every rule."""
    image = make_image(LAYERS, HISTORY)
    image.config = {"config": {"User": user}}
    for layer in image.layers:
        layer.compressed_bytes = 100
    return analyse(build_index(HandmadeSource(image)), base=1)


def judged(name: str, value: str, analysis: Analysis | None = None) -> Result:
    """One rule, judged on the sample."""
    return judge(analysis or sample(), [make_rule(name, value, Scoring.TRUE)])[0]


@pytest.mark.parametrize(
    ("name", "equal", "less"),
    [
        ("max-size", "394", "393"),
        ("max-compressed-size", "300", "299"),
        ("max-layer-size", "320", "319"),
        ("max-layers", "3", "2"),
        ("max-user-wasted", "50", "49"),
    ],
)
def test_equal_passes_and_one_less_fails(name: str, equal: str, less: str) -> None:
    assert judged(name, equal).status is Status.PASS
    assert judged(name, less).status is Status.FAIL
    assert judged(name, "off").status is Status.SKIP


def test_a_size_names_its_largest_layers_with_command_and_cure() -> None:
    first, second = judged("max-size", "1").findings
    assert (first.layer, first.bytes, first.cause) == (0, 320, "Layer 1 (ADD rootfs /)")
    assert first.cure == "It is the base image's: a leaner base saves it."
    assert second.cure == "50 B of its bytes are waste. Copy only what is needed, or name the rest in .dockerignore."


def test_of_several_cures_that_of_most_bytes_is_told_and_that_there_are_others() -> None:
    commands = ("ADD rootfs /", "RUN make", "RUN chown 1 /a", "RUN rm /b")
    layers = [[], [file("a", 70), file("b", 20)], [file("a", 70, owner=(1, 1))], [whiteout("b")]]
    image = make_image(layers, [HistoryEntry(command) for command in commands])
    first, second = judged("max-size", "1", analyse(build_index(HandmadeSource(image)), base=1)).findings
    cure = "Call chown in the RUN of 2 (or set USER before it) instead of chown in 3."
    assert first.cure == f"All of its bytes are waste. For the largest part of it: {cure}"
    assert second.cure == f"It makes 70 B waste. {cure}"


def test_what_the_source_does_not_tell_is_no_pass() -> None:
    analysis = sample()
    plain = analyse(build_index(HandmadeSource(make_image(LAYERS))))
    result = judged("max-compressed-size", "1GB", plain)
    assert result.status is Status.UNKNOWN
    assert not is_decided(plain, [result])
    assert is_decided(analysis, [judged("max-compressed-size", "1GB", analysis)])
    warning = make_rule("max-compressed-size", "1GB", Scoring.TRUE, Severity.WARNING)
    assert is_decided(plain, judge(plain, [warning]))


def test_severities() -> None:
    analysis = sample()
    results = judge(analysis, [make_rule("max-size", "1", Scoring.TRUE, severity) for severity in Severity])
    assert [result.status for result in results] == [Status.FAIL, Status.WARN, Status.SKIP]
    assert not passed(results)
    assert passed(results[1:])
    assert judge(analysis, [make_content_rule("non-root", (), Severity.WARNING)])[0].status is Status.WARN
    assert judge(analysis, [make_content_rule("non-root", (), Severity.OFF)])[0].status is Status.SKIP


def test_growth_without_a_baseline_is_skipped() -> None:
    result = judged("max-growth", "0")
    assert (result.status, result.note) == (Status.SKIP, "no baseline")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.pem", ["app/key.pem"]),
        (".git", ["app/.git/"]),
        (".git/", ["app/.git/"]),
        ("/app/.git/**", ["app/.git/"]),
        ("app/*", ["app/.git/", "app/key.pem"]),
        ("app/?ey.p[de]m", ["app/key.pem"]),
        ("**/config", ["app/.git/config"]),
        ("id_rsa", []),
        ("/key.pem", []),
        ("*.PEM", []),
    ],
)
def test_forbidden_paths_of_the_final_image(pattern: str, found: list[str]) -> None:
    (result,) = judge(sample(), [make_content_rule("forbid", [pattern])])
    assert sorted(finding.path for finding in result.findings) == found
    assert result.status is (Status.FAIL if found else Status.PASS)
    assert result.actual == len(found)


def test_forbidden_paths_of_any_layer_still_ship() -> None:
    (result,) = judge(sample(), [make_content_rule("forbid-in-layers", ["id_rsa", ".git"])])
    key, git = result.findings
    assert (key.path, key.bytes, key.layer) == ("app/id_rsa", 50, 1)
    assert key.cause == "It comes from layer 2, layer 3 takes it away, and it still ships (COPY . /app)"
    assert (git.path, git.bytes) == ("app/.git/", 15)
    assert "(2 files)" in git.cause
    assert git.cure == "Name it in .dockerignore, or copy only what is needed."


def test_setuid_files_but_those_that_are_allowed() -> None:
    (result,) = judge(sample(), [make_content_rule("no-setuid")])
    assert sorted(finding.path for finding in result.findings) == ["usr/bin/su", "usr/bin/wall"]
    (allowed,) = judge(sample(), [make_content_rule("no-setuid", ["/usr/bin/su", "wall"])])
    assert allowed.status is Status.PASS


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:root", "00", ":5"])
def test_root_is_root_however_it_is_written(user: str) -> None:
    (result,) = judge(sample(user), [make_content_rule("non-root")])
    assert result.status is Status.FAIL
    assert "USER" in result.findings[0].cure


@pytest.mark.parametrize("user", ["app", "1000", "1000:0", "nobody:root"])
def test_others_are_not(user: str) -> None:
    assert judge(sample(user), [make_content_rule("non-root")])[0].status is Status.PASS


def test_shares_and_counts() -> None:
    assert parse_share("r", "150%") == 1.5
    assert parse_share("r", "0.05") == 0.05
    assert parse_count("r", "20") == 20
    for text in ("5", "-1", "x", ""):
        with pytest.raises(ConfigError):
            parse_share("r", text)
    for text in ("1.5", "-1", "x", "", "٣"):
        with pytest.raises(ConfigError):
            parse_count("r", text)


def test_a_hard_link_sets_the_bits_of_the_file_that_it_shares() -> None:
    layers = [
        [file("bin/su", 1), replace(hard_link("bin/evil", "bin/su"), mode=0o4755), file("bin/x", 1)],
        [replace(hard_link("bin/late", "bin/x"), mode=0o2755)],
        [whiteout("bin/late")],
    ]
    analysis = analyse(build_index(HandmadeSource(make_image(layers))))
    (result,) = judge(analysis, [make_content_rule("no-setuid", ["evil"])])
    found = {finding.path: (finding.layer, finding.cause.partition(",")[0]) for finding in result.findings}
    assert found == {"bin/su": (0, "It is setuid (4755)"), "bin/x": (1, "It is setgid (2755)")}


def test_bytes_that_whiteouts_hide_are_told() -> None:
    hidden = [Entry("a/.wh.secret.pem", b"x" * 1100), Entry("a/.wh..wh.plnk/x.pem", b"y" * 10), file("b", 5)]
    analysis = analyse(build_index(HandmadeSource(make_image([hidden, [whiteout("b")]]))))
    assert analysis.warnings == ["Layer 1: whiteouts and AUFS metadata hold 1110 bytes that no figure counts."]
    assert analysis.figures.size_bytes == 5


def test_a_warning_says_layer_once() -> None:
    index = build_index(HandmadeSource(make_image([[file("a", 1)], [file("b", 1)]])))
    index.layers[1].fault = "Layer sha256:0123 is damaged."
    assert analyse(index).warnings == ["Layer 2: sha256:0123 is damaged."]
