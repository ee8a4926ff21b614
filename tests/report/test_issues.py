"""What code quality services list: whole sentences, the line to change, and what is too small to be listed."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from commandline import run, save
from handmade import file, make_index, whiteout
from layerscope.analysis.model import Analysis, Location, WasteItem
from layerscope.analysis.rules import Result, Scoring, judge, make_content_rule, make_rule
from layerscope.analysis.summary import analyse
from layerscope.report import write_report
from layerscope.report.issues import find_issues, listed_waste
from layerscope.report.places import joined, waste_location, waste_relations
from layerscope.sources.model import HistoryEntry

COMMANDS = ("ADD rootfs /", "RUN apt-get install -y curl", "RUN pip install .", "RUN rm /big")


def sample() -> Analysis:
    """A layer of 250 kB out of which a later one removes 200 kB, with their lines; none is known of the base's."""
    layers = [[file("base", 10)], [file("big", 200_000), file("kept", 50_000)], [file("x", 7)], [whiteout("big")]]
    analysis = analyse(make_index(layers, [HistoryEntry(command) for command in COMMANDS]))
    analysis.dockerfile = "Dockerfile"
    analysis.locations = {
        1: Location("Dockerfile", 2, 3),
        2: Location("Dockerfile", 4, 4),
        3: Location("Dockerfile", 5, 5),
    }
    return analysis


def broken(analysis: Analysis, name: str, value: str) -> list[Result]:
    """The rule, judged."""
    return judge(analysis, [make_rule(name, value, Scoring.TRUE)])


def rendered(analysis: Analysis, form: str, results: list[Result] | None, **options: Any) -> str:
    """The report as text."""
    stream = io.StringIO()
    write_report(analysis, form, stream, results, **options)
    return stream.getvalue()


def test_messages_are_whole_sentences() -> None:
    analysis = sample()
    (size, _, _) = find_issues(analysis, broken(analysis, "max-size", "1")).shown
    assert size.message == (
        "Layer 2 (RUN apt-get install -y curl), 250.0 kB. 200.0 kB of its bytes are waste. "
        "Remove it in the RUN that makes it. Dockerfile:2 makes the layer. "
        "The rule max-size: size 250.0 kB, at most 1 B."
    )
    waste = find_issues(analysis, None).shown[0]
    assert waste.message == (
        "200.0 kB wasted: /big (layer 2, removed in 4). It is written in 2 and removed in 4: it still ships. "
        "Remove it in the RUN that makes it. Dockerfile:2 stores it, Dockerfile:5 removes it."
    )
    (forbidden,) = find_issues(analysis, judge(analysis, [make_content_rule("forbid", ["kept"])])).shown
    assert forbidden.message.startswith("/kept, 50.0 kB: It comes from layer 2 (RUN apt-get install -y curl). Remove")


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif", "junit"])
def test_a_command_ends_before_what_is_said_of_its_layer(form: str) -> None:
    text = rendered(sample(), form, broken(sample(), "max-size", "1"))
    assert "curl), 250.0 kB. 200.0 kB of its bytes are waste" in text.replace("%2C", ",")


def test_sentences_of_one_line_end() -> None:
    assert joined(["one", "two.", "three:", "a\n  b", "why?"]) == "one. two. three: a b. why?"
    assert len(joined(["x" * 5000, "y"])) < 500


def test_the_line_to_change_is_the_one_that_stores_the_bytes() -> None:
    analysis = sample()
    (item,) = analysis.waste
    assert waste_location(analysis, item) == Location("Dockerfile", 2, 3)
    assert waste_relations(analysis, item) == ((Location("Dockerfile", 5, 5), "removes it"),)
    of_base = WasteItem("base", 10, 1, 1, "removed", (0,), 3)
    assert waste_location(analysis, of_base) == Location("Dockerfile", 5, 5)
    assert waste_relations(analysis, of_base) == ()
    twice = WasteItem("x", 10, 1, 3, "overwritten", (1, 2), 3)
    assert waste_location(analysis, twice) == Location("Dockerfile", 4, 4)
    assert [does for _, does in waste_relations(analysis, twice)] == ["stores it", "overwrites it"]


def test_forges_show_the_line_to_change_and_the_other_beside_it() -> None:
    analysis, results = sample(), broken(sample(), "max-wasted", "1")
    assert "::warning file=Dockerfile,line=2,endLine=3,title=200.0 kB wasted" in rendered(analysis, "github", results)
    (waste,) = (
        one for one in json.loads(rendered(analysis, "gitlab", results)) if one["check_name"] == "waste-removed"
    )
    assert waste["location"] == {"path": "Dockerfile", "lines": {"begin": 2, "end": 3}}
    (result,) = (
        one
        for one in json.loads(rendered(analysis, "sarif", results))["runs"][0]["results"]
        if one["ruleId"] == "waste-removed"
    )
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2, "endLine": 3}
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 5, "endLine": 5}
    assert related["message"] == {"text": "removes it"}


def crumbs() -> Analysis:
    """Two items of 150 kB, and 162 of 1 kB."""
    analysis = sample()
    sizes = [150_000] * 2 + [1000] * 162
    analysis.__dict__["waste"] = [WasteItem(f"f{n}", size, 1, 1, "removed", (1,), 3) for n, size in enumerate(sizes)]
    return analysis


def test_small_waste_is_summed_up() -> None:
    analysis, results = crumbs(), broken(sample(), "max-wasted", "1")
    rest = "Not listed: 161 smaller waste items, 161.0 kB in all."
    issues = json.loads(rendered(analysis, "gitlab", results))
    assert [issue["check_name"] for issue in issues] == ["max-wasted", *["waste-removed"] * 3, "more"]
    assert issues[-1]["description"] == rest
    run = json.loads(rendered(analysis, "sarif", results))["runs"][0]
    assert len(run["results"]) == 4
    assert [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] == [rest]
    lines = rendered(analysis, "github", results).splitlines()
    assert sum(line.startswith("::warning ") for line in lines) == 4
    assert lines[-1].endswith("::161.0 kB in 161 more items.")
    assert len(json.loads(rendered(analysis, "gitlab", results, floor=1000))) == 165
    assert len(json.loads(rendered(analysis, "json", results))["waste"]) == 164


def test_the_largest_are_listed_however_small() -> None:
    items = [WasteItem("f", size, 1, 1, "removed", (1,), 3) for size in (9, 8, 7, 6)]
    assert [item.bytes for item in listed_waste(items, 100_000)] == [9, 8, 7]
    assert [item.bytes for item in listed_waste(items[:1], 100_000)] == [9]
    assert listed_waste([], 5) == []
    assert [item.bytes for item in listed_waste(items, 0)] == [9, 8, 7, 6]


def test_small_layers_are_no_findings_of_a_size() -> None:
    sizes = [500_000, 400_000, 300_000, 200_000, 10, 10]
    analysis = analyse(make_index([[file(str(n), size)] for n, size in enumerate(sizes)]))
    issues = find_issues(analysis, broken(analysis, "max-size", "1"))
    assert [issue.layer for issue in issues.shown] == [0, 1, 2, 3]
    assert issues.rest == "Not listed: 2 more findings."
    assert len(find_issues(analysis, broken(analysis, "max-size", "1"), 0).shown) == 6


def test_the_floor_can_be_moved(tmp_path: Any) -> None:
    below = [file(name, 50_000) for name in "abcde"]
    save(tmp_path / "app.tar", [below, [whiteout(name) for name in "abcde"]])

    def count(*arguments: str) -> int:
        done = run("check", "app.tar", "--format", "gitlab", *arguments, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        return sum(issue["check_name"] == "waste-removed" for issue in json.loads(done.stdout))

    assert count() == 3
    assert count("--min-issue", "50kB") == 5
    assert count("--min-issue", "off") == 5
    (tmp_path / "layerscope.toml").write_text('min-issue = "50kB"\n')
    assert count() == 5
    assert count("--min-issue", "1MB") == 3
    done = run("check", "app.tar", "--min-issue", "some", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--min-issue" in done.stderr
