"""What forges read: within their limits, and with nothing out of an image that they would act upon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from handmade import file, make_index, whiteout
from layerscope.analysis.model import Analysis, WasteItem
from layerscope.analysis.rules import Result, Scoring, judge, make_rule
from layerscope.analysis.summary import analyse
from layerscope.report.github import command, github_lines, github_outputs
from layerscope.report.junit import junit_lines
from layerscope.report.markdown import coded, markdown_lines
from layerscope.sources.model import HistoryEntry

HOSTILE = (
    "a|b",
    "`code`",
    "</code><img src=x onerror=alert(1)>",
    "@someone",
    "[x](http://example.com)",
    "http://example.com",
    "**bold** __bold__",
    "--> <script>",
    "&lt;",
    "\\|",
    ":tada:",
    "$x$",
    "]]>",
    "a\nb\r::error::c",
    "\x1b[31m",
    "\ufffe\uffff\udc80",
)


def failing(names: tuple[str, ...] = ("a",)) -> tuple[Analysis, list[Result]]:
    """An image in which every one of the names is removed, and a rule that fails over it."""
    below = [file(name, 10 + number) for number, name in enumerate(names)]
    history = [HistoryEntry(f"RUN {names[0]}"), HistoryEntry("RUN rm")]
    analysis = analyse(make_index([[*below, file("kept", 1)], [whiteout(name) for name in names]], history))
    return analysis, judge(analysis, [make_rule("max-wasted", "0", Scoring.TRUE)])


def many(count: int) -> Iterator[WasteItem]:
    """Many waste items with long names."""
    return (WasteItem(f"{'x' * 90}/{number}", 10, 1, 1, "removed", (0,), 1) for number in range(count))


@pytest.mark.parametrize("name", HOSTILE)
def test_code_in_markdown_is_text_and_nothing_else(name: str) -> None:
    html = MarkdownIt("gfm-like").render(f"| {coded(name)} | x |\n| --- | --- |\n")
    inside = re.findall(r"<th><code>(.*?)</code></th>", html)
    assert len(inside) == 1
    assert "<" not in inside[0]
    shown = re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)
    assert unescape(inside[0]) == re.sub("[\x00-\x1f]", lambda match: chr(0x2400 + ord(match[0])), shown)


def test_a_comment_fits_and_counts_what_it_leaves_out() -> None:
    analysis, results = failing()
    analysis.__dict__["waste"] = list(many(5000))
    text = "\n".join(markdown_lines(analysis, results))
    assert len(text) < 65_536
    assert "; and 997 more | " in text, "a row for one cause and cure, made of the largest thousand items"
    assert "\nand 40.0 kB in 4,000 more items\n" in text
    assert "<code>RUN a</code>" in text


def test_of_many_causes_a_comment_tells_those_that_fit_and_sums_up_the_others() -> None:
    history = [HistoryEntry(f"RUN {'`' * 150}") for _ in range(400)]
    analysis = analyse(make_index([[file("a", 10, bytes([65 + number % 2]))] for number in range(400)], history))
    text = "\n".join(markdown_lines(analysis, None, floor=0))
    assert len(text) < 65_536
    shown = text.count("| 10 B | layer ")
    assert shown > 20
    assert f"\nand {(399 - shown) / 100:.1f} kB in {399 - shown} more items\n" in text


def test_a_comment_is_found_again_by_its_first_line() -> None:
    analysis, results = failing()
    assert next(markdown_lines(analysis, results)) == "<!-- layerscope:handmade -->"
    assert next(markdown_lines(analysis, results, "os/arch --> <b>")) == "<!-- layerscope:os/arch-b -->"
    assert "### layerscope: fail" in markdown_lines(analysis, results)
    assert "### layerscope: report" in markdown_lines(analysis, None)


def test_annotations_stay_within_what_github_shows() -> None:
    analysis, results = failing()
    analysis.__dict__["waste"] = list(many(5000))
    lines = list(github_lines(analysis, results))
    assert sum(line.startswith("::warning ") for line in lines) == 4
    assert lines[-1].endswith("::50.0 kB in 4,997 more items.")
    lines = list(github_lines(analysis, results, 0))
    assert sum(line.startswith("::warning ") for line in lines) == 10
    assert lines[-1].endswith("::49.9 kB in 4,991 more items.")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_starts_no_workflow_command(name: str) -> None:
    line = command("warning", name, name)
    assert "\n" not in line
    assert "\r" not in line
    properties, _, _ = line.removeprefix("::warning ").partition("::")
    assert not set(properties.removeprefix("title=")) & set(":,")


def test_outputs_are_figures() -> None:
    analysis, results = failing()
    assert list(github_outputs(analysis, results)) == [
        "size=11",
        "wasted=10",
        f"efficiency={1 - 10 / 11!r}",
        f"user-wasted-percent={10 / 10!r}",
        "verdict=fail",
    ]


def test_junit_has_a_case_per_rule() -> None:
    analysis, _ = failing(("a<b>&\"'\x01", "c]]>d"))
    rules = [("min-efficiency", "0"), ("max-wasted", "0"), ("max-wasted-percent", "off")]
    results = judge(analysis, [make_rule(name, value, Scoring.TRUE) for name, value in rules])
    suites = ElementTree.fromstring("\n".join(junit_lines(analysis, results)))
    suite = suites[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert "a<b>&\"'␁" in (suite[1][0].text or "")


def test_what_was_not_read_whole_is_no_pass_anywhere() -> None:
    index = make_index([[file("a", 10)], [file("b", 10)]])
    index.layers[0].fault = "ends early"
    analysis = analyse(index)
    results = judge(analysis, [make_rule("min-efficiency", "0", Scoring.TRUE)])
    assert "### layerscope: could not check" in markdown_lines(analysis, results)
    assert any(line.startswith("::error") for line in github_lines(analysis, results))
    assert not any(line.startswith("verdict") for line in github_outputs(analysis, results))
    (case,) = ElementTree.fromstring("\n".join(junit_lines(analysis, results)))[0]
    assert case[0].tag == "error"
