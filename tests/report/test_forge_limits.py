"""What forges take and show: counted, parsed and rendered by programs that are not ours."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from handmade import file, make_index, whiteout
from layerscope.analysis.measures import MEASURES, Measure
from layerscope.analysis.model import Analysis, Comparison, Delta, Finding, FolderDelta, Location, WasteItem
from layerscope.analysis.rules import Result, Rule, Scoring, Status, judge, make_rule
from layerscope.analysis.summary import analyse
from layerscope.report import FLOOR, FORMATS, write_report
from layerscope.report.issues import MAX_ISSUES, find_issues
from layerscope.report.markdown import markdown_lines
from layerscope.report.sarif import uri
from layerscope.sources.model import HistoryEntry

HOSTILE = (
    "a\n::error::b",
    "%0A::set-output name=x::y",
    "a,file=b::c",
    "a|b|c",
    "``` ` ``",
    "</details><script>",
    "-->",
    "<!-- layerscope:other -->",
    "<a&b>\"'",
    "]]>",
    "\x00\x0b\x1f\x7f\x85",
    "\ufffe\uffff",
    "\udc80\udcff",
    "\U0001f4a9\u202e",
    'a"} 1\n# EOF',
    "a\\",
    "../../etc/passwd",
    "http://user@host/?q#f",
    "javascript:alert(1)",
    "//host/path",
    "a b\tc",
    "see WWW.host.example and https://host.example",
)
#: The elements of Jenkins' junit-10.xsd that we write: their attributes, those that must be there first, and children.
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"}, {"skipped", "time", "id"}, {"testcase", "properties"}),
    "testcase": ({"name"}, {"classname", "time"}, {"skipped", "error", "failure", "system-out"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def hostile(name: str) -> Analysis:
    """An image in which the name stands wherever one can."""
    history = [HistoryEntry(f"RUN {name}"), HistoryEntry(name)]
    path = name.encode("utf-8", "surrogateescape").replace(b"\0", b"\x01").decode("utf-8", "surrogateescape").strip("/")
    index = make_index([[file(f"d/{path}", 10), file("kept", 1)], [whiteout("d")]], history)
    index.image.reference = name
    analysis = analyse(index)
    analysis.warnings.append(name)
    analysis.comparison = Comparison(
        name, Delta("", 1, 2), Delta("", 1, 2), (Delta(name, 0, 1),), (1,), (FolderDelta(name, 0, 1, 0, 0),)
    )
    analysis.dockerfile = name
    analysis.locations = {1: Location(name, 3, 4)}
    return analysis


def judged(analysis: Analysis, name: str) -> list[Result]:
    """Rules that failed, warn, pass and cannot be told, the name in their findings and notes."""
    finding = Finding(name, 1, 1, name, name)
    rule = Rule("forbid", Measure.FORBIDDEN, 0, given=name, patterns=(name,))
    return [
        *judge(analysis, [make_rule("min-efficiency", "1", Scoring.TRUE), make_rule("max-size", "9GB", Scoring.TRUE)]),
        Result(rule, Status.FAIL, 1, (finding,)),
        Result(rule, Status.WARN, 1, (Finding("", 0, None, name, ""),), name),
        Result(Rule("non-root", Measure.ROOT, 0), Status.UNKNOWN, 0, (), name),
    ]


def rendered(analysis: Analysis, form: str, results: list[Result] | None, floor: int = FLOOR) -> str:
    """The report as text."""
    stream = io.StringIO()
    write_report(analysis, form, stream, results, key="key", floor=floor)
    return stream.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_written_as_text_of_any_name(form: str, name: str) -> None:
    analysis = hostile(name)
    for results in (None, judged(analysis, name)):
        text = rendered(analysis, form, results)
        text.encode("utf-8")
        if form in ("gitlab", "sarif"):  # services refuse half of a surrogate pair; our own JSON tells names whole
            assert not re.search(r"\\ud[89ab]\w\w(?!\\ud[c-f])|(?<!\\ud[89ab]\w\w)\\ud[c-f]\w\w", text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.parametrize("name", HOSTILE)
def test_workflow_commands_are_ours_alone(name: str) -> None:
    analysis = hostile(name)
    for line in rendered(analysis, "github", judged(analysis, name)).splitlines():
        parsed = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert parsed, line
        assert set(dict(pair.split("=", 1) for pair in parsed[2].split(","))) <= {"file", "line", "endLine", "title"}


@pytest.mark.parametrize("name", HOSTILE)
def test_junit_is_what_its_schema_says(name: str) -> None:
    analysis = hostile(name)
    for results in (None, judged(analysis, name)):
        root = ElementTree.fromstring(rendered(analysis, "junit", results))
        assert root.tag == "testsuites"
        for element in root.iter():
            needed, allowed, children = JUNIT[element.tag]
            assert needed <= set(element.attrib) <= needed | allowed
            assert {child.tag for child in element} <= children


@pytest.mark.parametrize("name", HOSTILE)
def test_a_comment_has_our_structure_whatever_names_say(name: str) -> None:
    analysis = hostile(name)
    text = rendered(analysis, "markdown", judged(analysis, name))
    tokens = MarkdownIt("gfm-like").parse(text)
    headings = [token for token in tokens if token.type == "heading_open"]
    inline = [child for token in tokens for child in token.children or ()]
    assert len(headings) == 1
    spans = Counter(child.type for child in inline)
    assert spans["strong_open"] == 1  # the change over the baseline
    assert not set(spans) & {"link_open", "image", "em_open", "code_inline", "s_open"}
    tags = Counter(
        re.sub(r"\s.*", "", tag)
        for token in [*tokens, *inline]
        if token.type in ("html_block", "html_inline")
        for tag in re.findall(r"<!--.*?-->|</?\w+|<", token.content)
    )
    assert tags["<details"] == tags["</details"] == 5
    assert set(tags) <= {"<details", "</details", "<summary", "</summary", "<code", "</code", "<!--"}
    assert text.count("<!--") == 1
    assert text.startswith("<!-- layerscope:key -->\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_places_in_sarif_are_paths(name: str) -> None:
    split = urlsplit(uri(name))
    assert (split.scheme, split.query, split.fragment) == ("", "", "")
    assert unquote(uri(name), errors="surrogateescape") == ("/host/path" if name == "//host/path" else name)
    assert uri(name).isascii()
    assert not split.netloc


@pytest.mark.parametrize("name", HOSTILE)
def test_metrics_are_lines_that_prometheus_reads(name: str) -> None:
    text = rendered(hostile(name), "metrics", None)
    *lines, last = text.splitlines()
    assert last == "# EOF"
    sample = re.compile(r'layerscope_\w+\{image="(?:[^"\\]|\\[\\n"])*"\} [0-9.e+-]+')
    assert all(
        line.startswith(("# TYPE layerscope_", "# HELP layerscope_")) or sample.fullmatch(line) for line in lines
    )


def crowded(rules: int = 30, warnings: int = 30) -> tuple[Analysis, list[Result]]:
    """More of everything than a forge shows, with the longest of names."""
    name = "`" * 300
    analysis = hostile(name)
    analysis.warnings.extend([name] * warnings)
    analysis.__dict__["waste"] = [WasteItem(f"d/{n}/{name}", 10, 1, 1, "removed", (0,), 1) for n in range(3000)]
    deltas = tuple(Delta(name, 0, n) for n in range(1, 500))
    folders = tuple(FolderDelta(name, 1, n, 1, n - 1) for n in range(2, 500))
    analysis.comparison = Comparison(name, Delta("", 1, 2), Delta("", 1, 2), deltas, (1,), folders, deltas)
    found = tuple(Finding(f"{n}{name}", 1, 1, name, name) for n in range(500))
    results = [
        Result(Rule(f"rule-{n}", measure, 1), status, 500, found, name)
        for n, measure in enumerate([Measure.FORBIDDEN] * rules)
        for status in (Status.FAIL, Status.WARN)
    ]
    return analysis, [*results, *judge(analysis, [make_rule("max-wasted", "0", Scoring.TRUE)])]


def test_annotations_of_a_kind_are_ten_at_most() -> None:
    for rules, warnings in ((30, 30), (5, 8), (0, 9), (10, 10)):
        analysis, results = crowded(rules, warnings)
        for complete in (True, False):
            analysis.fault = "" if complete else "cut"
            lines = rendered(analysis, "github", results).splitlines()
            kinds = Counter(line.partition(" ")[0] for line in lines)
            assert all(count <= 10 for count in kinds.values()), kinds
    analysis, results = crowded(29, 1)
    assert "::and 21 more: forbidden paths, " in rendered(analysis, "github", results)


def test_the_longest_comment_fits() -> None:
    analysis, results = crowded(len(MEASURES) // 2)
    text = rendered(analysis, "markdown", results)
    assert len(text) <= 65_536
    assert text.count("<details>") == text.count("</details>")
    assert "; and 997 more | " in text
    assert "and 20.0 kB in 2,000 more items" in text


def test_issues_are_limited_and_counted() -> None:
    analysis, results = crowded(3)
    issues = find_issues(analysis, results, 0)
    # A hundred findings of each of six rules, the seventh rule, and then waste.
    left = MAX_ISSUES - 601
    rest = f"Not listed: 2,400 more findings; {3000 - left:,} smaller waste items, {(3000 - left) / 100:.1f} kB in all."
    assert len(issues.shown) == MAX_ISSUES
    assert issues.rest == rest
    gitlab = json.loads(rendered(analysis, "gitlab", results, floor=0))
    assert len(gitlab) == MAX_ISSUES + 1
    assert gitlab[-1]["description"] == rest
    run = json.loads(rendered(analysis, "sarif", results, floor=0))["runs"][0]
    assert len(run["results"]) == MAX_ISSUES
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert rest in notes


def test_fingerprints_are_the_same_for_every_build() -> None:
    def prints(tag: str, digest: str, size: int) -> list[str]:
        history = [HistoryEntry(f"COPY file:{digest * 64} in /a"), HistoryEntry("RUN rm /a")]
        index = make_index([[file("a", size), file("b", 1)], [whiteout("a")]], history)
        index.image.reference = f"host:5000/app:{tag}"
        analysis = analyse(index)
        rules = [make_rule(name, "0", Scoring.TRUE) for name in ("max-wasted", "max-layer-size")]
        results = judge(analysis, rules)
        return [issue.fingerprint for issue in find_issues(analysis, results).shown]

    assert prints("1", "a", 10) == prints("2", "b", 20)
    assert len(set(prints("1", "a", 10))) == 3


def test_fingerprints_of_what_happens_twice_differ() -> None:
    layers = [[file("a", 10, fill)] for fill in (b"x", b"y", b"z")]
    issues = find_issues(analyse(make_index(layers, [HistoryEntry("RUN same")] * 3)), None).shown
    assert [(issue.rule, issue.path) for issue in issues] == [("waste-overwritten", "a")] * 2
    assert issues[0].fingerprint != issues[1].fingerprint


def test_a_comment_is_found_again_under_every_tag() -> None:
    keys = []
    for reference in ("host:5000/app:1", "host:5000/app:2", "host:5000/app@sha256:abc", "app"):
        analysis = hostile("a")
        analysis.subject = type(analysis.subject)(reference)
        keys.append(next(markdown_lines(analysis, None)))
    assert keys == ["<!-- layerscope:host:5000/app -->"] * 3 + ["<!-- layerscope:app -->"]
