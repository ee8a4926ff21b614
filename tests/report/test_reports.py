"""Every format: its shape, dive's own output, hostile names, and a hundred thousand items."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from effort import effort
from handmade import file, folder, make_index, whiteout
from layerscope.analysis.model import Analysis, WasteItem
from layerscope.analysis.rules import DEFAULTS, DIVE_DEFAULTS, Result, Scoring, judge, make_content_rule, make_rule
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.report import FORMATS, write_report
from layerscope.report.divejson import go_number, quoted, write_dive_json
from layerscope.sources import open_source
from layerscope.sources.model import HistoryEntry

EVIL = "evil\x1b[31m\n::error::[red]\u202e<&>|`\u2028"

HISTORY = [
    HistoryEntry("/bin/sh -c #(nop) ADD rootfs in /", "2026-01-01T00:00:00Z"),
    HistoryEntry('/bin/sh -c #(nop)  CMD ["sh"]', empty_layer=True),
    HistoryEntry("RUN /bin/sh -c pip install -r requirements.txt # buildkit"),
    HistoryEntry("RUN /bin/sh -c rm -rf /root/.cache # buildkit"),
]


def sample() -> Analysis:
    """A small image that fails the default rules."""
    layers = [
        [folder("etc"), file("etc/passwd", 1000)],
        [file("root/.cache/pip/a", 3000), file("root/.cache/pip/b", 500), file("etc/passwd", 900)],
        [whiteout("root/.cache/pip")],
    ]
    return analyse(make_index(layers, HISTORY))


def rendered(analysis: Analysis, form: str, results: list[Result] | None = None, *, colour: bool = False) -> str:
    """The report as text."""
    stream = io.StringIO()
    write_report(analysis, form, stream, results, colour=colour)
    return stream.getvalue()


def default_results(analysis: Analysis) -> list[Result]:
    """The default rules, judged."""
    return judge(analysis, [make_rule(name, value, Scoring.TRUE) for name, value in DEFAULTS.items()])


def test_text_of_a_failed_check() -> None:
    analysis = sample()
    assert rendered(analysis, "text", default_results(analysis)).splitlines() == [
        "handmade   5.4 kB, 3 layers",
        "  FAIL  efficiency            16.7 %     at least 90 %",
        "  FAIL  wasted of own layers  83.3 %     at most 10 %",
        "largest waste, which still ships, by what made it:",
        "     3.5 kB  by layer 3: RUN rm -rf /root/.cache",
        "                3.5 kB  /root/.cache/pip/  (layer 2, removed in 3, 2 files)",
        "             Remove it in the RUN that makes it, or use pip install --no-cache-dir.",
        "     1.0 kB  by layer 2: RUN pip install -r requirements.txt",
        "                1.0 kB  /etc/passwd  (layer 1, overwritten in 2)",
        "             The base image brings it: leave it as it is, or choose a base that has it right.",
    ]


def test_a_script_is_one_line_of_a_table() -> None:
    entries = [HistoryEntry("RUN /bin/sh -c <<EOF\nif x; then\n    make\nfi\nEOF # buildkit")]
    analysis = analyse(make_index([[file("a", 1)]], entries))
    for form in ("text", "markdown"):
        text = rendered(analysis, form).replace("&#60;", "<").replace("&lt;", "<").replace("&#59;", ";")
        (line,) = [line for line in text.splitlines() if "RUN" in line]
        assert re.search(r"RUN <<EOF if x; then +make fi EOF", line)


def test_a_passed_check_is_short_and_reads_no_contents() -> None:
    analysis = sample()
    rule = make_rule("min-efficiency", "1%", Scoring.TRUE)
    assert rendered(analysis, "text", judge(analysis, [rule])).splitlines() == [
        "handmade   5.4 kB, 3 layers",
        "  PASS  efficiency  16.7 %     at least 1 %",
    ]
    assert "waste" not in vars(analysis)


def test_colours_only_where_asked() -> None:
    analysis = sample()
    assert "\x1b[31mFAIL\x1b[0m" in rendered(analysis, "text", default_results(analysis), colour=True)
    assert "\x1b" not in rendered(analysis, "text")


IMAGE_KEYS = """reference id platform created sizeBytes wastedBytes efficiency baseLayers baseFoundBy userSizeBytes
    userWastedBytes userWastedPercent files finalFiles warnings""".split()
LAYER_KEYS = """index diffId digest mediaType sizeBytes compressedBytes wastedInBytes wastedByBytes added modified
    removed command created base location""".split()


def test_json_is_the_contract() -> None:
    analysis = sample()
    document = json.loads(rendered(analysis, "json", default_results(analysis)))
    assert list(document) == ["schemaVersion", "tool", "image", "dive", "layers", "waste", "check"]
    assert document["schemaVersion"] == 1
    assert list(document["tool"]) == ["name", "version"]
    assert list(document["image"]) == IMAGE_KEYS
    assert list(document["dive"]) == ["efficiency", "wastedBytes", "userWastedPercent"]
    assert [list(layer) for layer in document["layers"]] == [LAYER_KEYS] * 3
    assert document["waste"][0] == {
        "path": "root/.cache/pip/",
        "bytes": 3500,
        "files": 2,
        "copies": 1,
        "reason": "removed",
        "storedIn": [1],
        "wastedBy": 2,
        "location": None,
    }
    assert document["check"]["verdict"] == "fail"
    assert document["check"]["rules"][0] == {
        "rule": "min-efficiency",
        "status": "fail",
        "actual": 1 - 4500 / 5400,
        "limit": 0.9,
        "message": "efficiency 16.7 %, at least 90 %",
        "severity": "error",
        "findings": [],
    }
    assert "check" not in json.loads(rendered(analysis, "json"))


def test_json_has_no_number_that_json_lacks() -> None:
    one_layer = analyse(make_index([[file("a", 1)]]))
    assert json.loads(rendered(one_layer, "json"))["dive"]["userWastedPercent"] is None


def test_undecodable_names_are_surrogate_escapes_in_json() -> None:
    analysis = sample()
    analysis.__dict__["waste"] = [WasteItem("a\udcff", 1, 1, 1, "removed", (0,), 1)]
    text = rendered(analysis, "json")
    assert text.isascii()
    assert json.loads(text)["waste"][0]["path"].encode("utf-8", "surrogateescape") == b"a\xff"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("judged", [False, True])
def test_nothing_in_an_image_drives_the_terminal(form: str, judged: bool) -> None:
    history = [HistoryEntry(EVIL), HistoryEntry(EVIL), HistoryEntry(EVIL)]
    layers = [[file(f"{EVIL}/{EVIL}", 10)], [file(f"{EVIL}/{EVIL}", 20)], [whiteout(EVIL)]]
    analysis = analyse(make_index(layers, history))
    analysis.warnings.append(EVIL)
    text = rendered(analysis, form, default_results(analysis) if judged else None)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
    ours = re.compile("::(notice|error|warning) title=")
    assert all(form == "github" and ours.match(line) for line in text.splitlines() if line.lstrip().startswith("::"))


@pytest.mark.parametrize("form", FORMATS)
def test_ten_times_the_items_are_at_most_ten_times_the_work(form: str) -> None:
    def work(count: int) -> int:
        analysis = sample()
        analysis.__dict__["waste"] = [
            WasteItem(f"some/where/{number}", 10, 1, 2, "overwritten", (0,), 1) for number in range(count)
        ]
        results = default_results(analysis)
        return effort(lambda: rendered(analysis, form, results))

    assert work(5000) < 11 * work(500)


def test_go_writes_numbers_and_strings_its_own_way() -> None:
    values = {1.0: "1", 0.5: "0.5", 0.00005: "0.00005", 1.5e-5: "0.000015", 5e-07: "5e-7", 0.0: "0"}
    assert {value: go_number(value) for value in values} == values
    assert quoted('a && b <c> "d" \\ é\n\udcff') == '"a \\u0026\\u0026 b \\u003cc\\u003e \\"d\\" \\\\ é\\n\ufffd"'


def test_implied_directories_are_all_zero_records() -> None:
    stream = io.StringIO()
    write_dive_json(analyse(make_index([[file("d/x", 1), whiteout("d/y"), folder("b"), file("d-", 2)]])), stream)
    files = json.loads(stream.getvalue())["layer"][0]["fileList"]
    assert [(record["path"], record["typeFlag"]) for record in files] == [
        ("b", 53),
        ("d/.wh.y", 48),
        ("d/x", 48),
        ("", 0),
        ("d-", 48),
    ]


@contextmanager
def opened(path: Path) -> Iterator[Analysis]:
    """The analysis of an archive."""
    source = open_source(str(path))
    try:
        yield analyse(build_index(source))
    finally:
        source.close()


def by_size(document: dict[str, Any]) -> dict[str, Any]:
    """dive's export with ties in order of their paths."""
    document["image"]["fileReference"].sort(key=lambda row: (-row["sizeBytes"], row["file"]))
    return document


@pytest.mark.corpus
def test_exports_equal_dives_byte_for_byte(corpus: Path) -> None:
    exports = sorted((corpus / "dive").glob("*.export.json"))
    assert len(exports) == 6
    for export in exports:
        known = export.read_text(encoding="utf-8")
        archive = corpus / "public/wagoodman+dive/.data" / export.name.replace(".export.json", ".tar")
        stream = io.StringIO()
        with opened(archive) as analysis:
            write_dive_json(analysis, stream)
        assert sorted(stream.getvalue().splitlines()) == sorted(known.splitlines())
        assert json.loads(stream.getvalue()) == by_size(json.loads(known))


@pytest.mark.corpus
def test_dives_text_is_dives(corpus: Path) -> None:
    expected = json.loads((corpus / "dive/expected.json").read_text(encoding="utf-8"))
    compared = 0
    for image in expected["dive_test_images"]:
        if not image["loadable"]:
            continue
        with opened(corpus / "public/wagoodman+dive/.data" / image["file"]) as analysis:
            for case in image["ci"].values():
                values = {**DIVE_DEFAULTS, **case["rules"]}
                results = judge(analysis, [make_rule(name, value, Scoring.DIVE) for name, value in values.items()])
                lines = rendered(analysis, "dive", results).splitlines()
                assert sorted(lines) == sorted(case["stdout_v0.13.1_colourless"].splitlines())
                compared += 1
    assert compared == 12


TOGETHER = "Install, use and remove the packages in one RUN, or do it in a stage of its own and copy the result."


def tangled() -> Analysis:
    """Much that one command removes, what another owns anew, and crumbs."""
    below = [file(f"usr/lib/{name}", size) for name, size in (("a", 900_000), ("b", 600_000), ("c", 20_000))]
    commands = (
        "ADD x /",
        "RUN apt-get install -y gcc",
        "COPY . /app",
        "RUN apt-get purge -y gcc",
        "RUN chown -R 1:1 /app",
    )
    layers = [
        [file("base", 10)],
        [*below, file("usr/lib/kept", 9), file("var/log/dpkg.log", 700)],
        [file("app/x", 800_000)],
        [*(whiteout(f"usr/lib/{name}") for name in "abc"), file("var/log/dpkg.log", 800)],
        [file("app/x", 800_000, owner=(1, 1))],
    ]
    return analyse(make_index(layers, [HistoryEntry(command) for command in commands]))


def test_waste_is_told_by_what_made_it() -> None:
    analysis = tangled()
    lines = rendered(analysis, "text", default_results(analysis)).splitlines()
    assert lines[lines.index("largest waste, which still ships, by what made it:") + 1 :] == [
        "     1.5 MB  in 4 items by layer 4: RUN apt-get purge -y gcc",
        "              900.0 kB  /usr/lib/a  (layer 2, removed in 4)",
        "              600.0 kB  /usr/lib/b  (layer 2, removed in 4)",
        f"             {TOGETHER}",
        "   800.0 kB  by layer 5: RUN chown -R 1:1 /app",
        "              800.0 kB  /app/x  (layer 3, rewritten in 5: only owner changed)",
        "             Use COPY --chown=1:1 in 3 instead of chown in 5.",
    ]


def test_a_comment_has_a_row_for_each_cause_and_cure_and_sums_up_crumbs() -> None:
    analysis = tangled()
    text = rendered(analysis, "markdown", default_results(analysis))
    rows = re.findall(r"^\| ([\d.]+ k?M?B) \| layer (\d) ", text, re.MULTILINE)
    assert rows == [("1.5 MB", "4"), ("700 B", "4"), ("800.0 kB", "5")]  # three in any case
    analysis.__dict__["waste"] = [
        *analysis.waste,
        *(WasteItem(f"x{n}", 10, 1, 1, "removed", (1,), 2) for n in range(100)),
    ]
    stream = io.StringIO()
    write_report(analysis, "markdown", stream, default_results(analysis), floor=900_000)
    text = stream.getvalue()
    assert re.findall(r"^\| ([\d.]+ k?M?B) \| layer (\d) ", text, re.MULTILINE) == [
        ("1.5 MB", "4"),
        ("800.0 kB", "5"),
        ("1.0 kB", "3"),
    ]
    assert "\nand 700 B in 1 more item\n" in text
    assert len(text) < 4000


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_rules_that_the_same_findings_explain_are_explained_once(form: str) -> None:
    analysis = tangled()
    results = judge(analysis, [make_rule(name, "1", Scoring.TRUE) for name in ("max-size", "max-layer-size")])
    text = rendered(analysis, form, results)
    assert text.count("size and largest layer:") == 1
    assert text.count("It makes ") == 1
    assert text.count("It makes 800.0 kB waste. Use COPY --chown=1:1 in 3 instead of chown in 5.") == 1


def test_what_becomes_of_a_forbidden_path_is_told_before_its_long_command() -> None:
    command = f"RUN {'head -c 9 /dev/zero ' * 20} > /tmp/key"
    layers = [[file("base", 1)], [file("app/key", 9), file("tmp/key", 9)], [whiteout("tmp/key")]]
    analysis = analyse(
        make_index(layers, [HistoryEntry("ADD x /"), HistoryEntry(command), HistoryEntry("RUN rm /tmp/key")])
    )
    lines = rendered(analysis, "text", judge(analysis, [make_content_rule("forbid-in-layers", ["key"])])).splitlines()
    (kept,) = lines[lines.index("        9 B  /app/key") + 1 :][:1]
    (gone,) = lines[lines.index("        9 B  /tmp/key") + 1 :][:1]
    assert kept.startswith("             It comes from layer 2 (RUN head")
    assert gone.startswith("             It comes from layer 2, layer 3 takes it away, and it still ships (RUN head")
    assert max(len(kept), len(gone)) <= 113
