"""What may be typed after the slash, and what it finds."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import handmade
from handmade import file, folder, hard_link, make_index, whiteout
from layerscope.core.outline import outline_of
from layerscope.core.view import MODIFIED, REMOVED, UNCHANGED, view_of
from layerscope.tui import searches
from layerscope.tui.filetree import FileTree, Order, finish
from layerscope.tui.filters import parse_filter

LAYERS = [
    [
        folder("etc"),
        file("etc/passwd", 10),
        file("etc/Passwd.bak", 20),
        file("usr/lib/python3/six.py", 300),
        file("usr/lib/python3/os.py", 40),
        file("usr/lib/core/a.txt", 5),
        file("usr/lib/core/core.py", 6),
        file("var/cache/old", 7000),
    ],
    [file("usr/lib/python3/six.py", 301), whiteout("var/cache"), file("zz", 1)],
]


def file_tree(before: int = 0, after: int = 1, layers: list[list[handmade.Entry]] = LAYERS) -> FileTree:
    tree = make_index(layers).tree
    outline = outline_of(tree)
    files = FileTree(tree, outline)
    view = view_of(outline, before, after)
    finish(files.lookups.prepare())
    finish(files.show(view))
    return files


def labels(files: FileTree) -> list[str]:
    positions = [files.position_at(row) for row in range(files.row_count)]
    assert [files.row_of(position) for position in positions] == list(range(files.row_count))
    return ["  " * files.rows.depth(position) + files.label(position).decode() for position in positions]


def found(text: str, layers: list[list[handmade.Entry]] = LAYERS, after: int = 1) -> set[str]:
    files = file_tree(after - 1, after, layers)
    finish(files.set_filter(parse_filter(text)))
    return {files.path(hit).decode() for hit, found in enumerate(files.hits) if found}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("passwd", {"etc/passwd", "etc/Passwd.bak"}),
        ("Passwd", {"etc/Passwd.bak"}),
        ("*.py", {"usr/lib/python3/six.py", "usr/lib/python3/os.py", "usr/lib/core/core.py"}),
        ("s?x.*", {"usr/lib/python3/six.py"}),
        ("/^(six|os)/", {"usr/lib/python3/six.py", "usr/lib/python3/os.py"}),
        ("lib/co", {"usr/lib/core"}),
        ("b/core/co", {"usr/lib/core/core.py"}),
        ("/etc/", {"etc"}),  # between slashes stands a regular expression
        ("/etc/pass", {"etc/passwd", "etc/Passwd.bak"}),
        ("/lib/core", set()),
        ("core/", {"usr/lib/core", "usr/lib/core/core.py"}),
        (">200", {"usr/lib/python3/six.py", "var/cache/old"}),
        ("<=6B", {"usr/lib/core/a.txt", "usr/lib/core/core.py", "zz"}),
        (">=301", {"usr/lib/python3/six.py", "var/cache/old"}),
        (">301", {"var/cache/old"}),
        (">1kB", {"var/cache/old"}),
        ("<6B", {"usr/lib/core/a.txt", "zz"}),
        (".py >100", {"usr/lib/python3/six.py"}),
        ("is:removed", {"var/cache/old"}),
        ("is:added", {"zz"}),
        ("is:modified", {"usr/lib/python3/six.py"}),
        ("nothing", set()),
    ],
)
def test_filter_finds(text: str, paths: set[str]) -> None:
    assert found(text) == paths


#: So many names that few of them begin alike: then not every part of a glob is looked for in all.
MANY = [a + b + c + d for a in "abzyxwvu" for b in "ab1" for c in ("", "a", ".b") for d in ("", "1")]
GLOBS = st.lists(st.sampled_from(["a", "b", "1", ".", "*", "?", "[ab]", "[!a]"]), max_size=6).map("".join)


@settings(max_examples=300)
@example("a?*1")
@example("?a*")
@given(GLOBS.filter(lambda glob: any(sign in glob for sign in "*?[")))
def test_a_glob_finds_what_the_standard_librarys_does(glob: str) -> None:
    assert found(glob, [[file(name, 1) for name in MANY]], after=0) == set(fnmatch.filter(MANY, glob))


def test_broken_regex_is_told() -> None:
    assert parse_filter("/(/").fault.startswith("not a regex")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("is:remvoed", "is: removed"),
        ("is:zzz", "is: added modified"),
        ("is:set", "is: setuid setgid"),
        ("layer:", "a layer's number, as in layer:5"),
        ("layer:0", "a layer's number, as in layer:5"),
        ("in:", "a layer's number, as in layer:5, or in:all"),
        ("perm:4000", "perm:4000 is no term"),
        ("type=dir", "type=dir is no term"),
        ("size:big", "size:big is no term"),
        (">ten", ">ten is no size"),
        ("/a{9}{99999999999}/", "not a regex"),
    ],
)
def test_a_term_that_is_none_is_told(text: str, fault: str) -> None:
    assert parse_filter(text).fault.startswith(fault)


KINDS = [
    [
        folder("d"),
        file("d/plain", 10),
        handmade.Entry("d/su", b"x" * 30, mode=0o4755),
        handmade.Entry("d/sg", b"", mode=0o2755),
        handmade.Entry("d/open", b"", mode=0o666),
        handmade.Entry("d/link", kind=b"2", link="plain"),
        hard_link("d/hard", "d/plain"),
        handmade.Entry("d/pipe", kind=b"6"),
        handmade.Entry("d/null", kind=b"3"),
        folder("empty"),
    ],
    [handmade.Entry("d/su", b"y" * 30, mode=0o755), whiteout("d/open")],
    [file("d/plain", 10)],
]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("setuid", {"d/su"}),
        ("is:setgid", {"d/sg"}),
        ("is:exec <10", {"d/sg"}),
        ("is:link", {"d/link"}),
        ("is:hardlink", {"d/hard"}),
        ("is:device", {"d/null"}),
        ("is:fifo", {"d/pipe"}),
        ("is:dir", {"d", "empty"}),
        ("is:file", {"d/plain", "d/su", "d/sg", "d/open", "d/hard"}),
        ("is:file is:empty", {"d/sg", "d/open"}),
        ("is:writable", {"d/open"}),
        ("is:wasted", {"d/su"}),
        ("p*n", {"d/plain"}),
        ("?u*", {"d/su", "d/null"}),
        ("l*l*k", set()),
        ("layer:2", {"d/su", "d/open"}),
        ("s layer:1 is:file >5", {"d/su"}),
    ],
)
def test_kinds_are_those_of_the_version_that_is_shown(text: str, paths: set[str]) -> None:
    assert found(text, KINDS[:1] if "layer" not in text and "wasted" not in text else KINDS, 0) == paths


def test_layers_that_touched_a_path() -> None:
    assert found("layer:2", KINDS, 1) == {"d/su", "d/open"}
    assert found("layer:3 is:file", KINDS, 2) == {"d/plain"}
    assert found("is:setuid", KINDS, 2) == set()


def test_an_expression_that_takes_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "_PATIENCE", 0.5)
    files = file_tree(layers=[[file("a" * 60 + "b", 1)]], after=0)
    finish(files.set_filter(parse_filter("/(a|a)*$/")))
    assert files.filter is not None
    assert files.filter.fault == "this expression takes too long"
    assert files.row_count == 0
    finish(files.set_filter(parse_filter("/a+b$/")))
    assert files.hit_count == 1


def test_filter_keeps_what_lies_above_and_nothing_else() -> None:
    files = file_tree()
    finish(files.set_filter(parse_filter("core")))
    # As it matches, the folder is open for the match in it, and only for that.
    assert labels(files) == ["usr/lib/core", "  core.py"]
    finish(files.set_filter(parse_filter("python3")))
    assert labels(files) == ["usr/lib/python3"]
    files.toggle(files.position_at(0))
    assert labels(files) == ["usr/lib/python3", "  os.py", "  six.py"]
    finish(files.set_filter(None))
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]


def test_matches_are_walked_around_the_end() -> None:
    files = file_tree()
    finish(files.set_filter(parse_filter("*.py")))
    hits = [position for position, found in enumerate(files.hits) if found]
    assert len(hits) == files.hit_count == 3
    assert [files.next_hit(hit, 1) for hit in hits] == [*hits[1:], hits[0]]
    assert [files.next_hit(hit, -1) for hit in hits] == [hits[-1], *hits[:-1]]
    assert files.next_hit(-1, -1) == hits[-1]


def test_the_first_match_is_that_of_the_first_row() -> None:
    files = file_tree()
    finish(files.set_order(Order.NAME, True))
    finish(files.set_filter(parse_filter("*.py")))
    assert files.path(files.first_hit()) == b"usr/lib/python3/six.py"
    finish(files.set_filter(parse_filter("nothing")))
    assert files.first_hit() == -1


def test_a_folder_that_shares_its_row_is_a_match_to_see_and_to_leave() -> None:
    files = file_tree(layers=[[file("a/x/one", 1), file("b/bx/two", 1), file("c/x", 1)]], after=0)
    finish(files.set_filter(parse_filter("b")))
    assert labels(files) == ["b/bx"]
    finish(files.set_filter(parse_filter("/^[bc]$/")))
    shared = files.position_at(files.row_of(files.find(b"b")))
    assert files.label(shared) == b"b/bx"
    assert files.is_hit(shared)
    assert files.path(files.next_hit(shared, -1)) == b"c"


#: Of the filters that find nothing after the first layer: how many paths each other layer's changes show.
ELSEWHERE = [
    ("zz", {1: 1}),
    ("zz >1GB", {}),
    (">7kB", {2: 1, 3: 1}),
    ("is:removed", {1: 1, 3: 2}),
    ("is:modified", {1: 1}),
    ("is:unchanged zz", {2: 1}),
    ("setuid", {2: 1, 3: 1}),
    ("is:link", {3: 1}),
    ("tool is:file", {2: 1, 3: 1}),
]
MORE = [
    *LAYERS,
    [handmade.Entry("opt/tool", b"x" * 9000, mode=0o4755), file("opt/other", 1)],
    [whiteout("opt/tool"), whiteout("opt/other"), handmade.Entry("opt/link", kind=b"2", link="zz")],
]


@pytest.mark.parametrize(("text", "counts"), ELSEWHERE)
def test_what_is_not_here_is_told_of_other_layers(text: str, counts: dict[int, int]) -> None:
    files = file_tree(-1, 0, MORE)
    finish(files.set_filter(parse_filter(text)))
    assert (files.hit_count, files.elsewhere) == (0, counts)
    # That is what one sees there.
    for layer in range(1, len(MORE)):
        finish(files.show(view_of(files.outline, layer - 1, layer)))
        changed = sum(files.mark(hit) != UNCHANGED for hit, found in enumerate(files.hits) if found)
        if text != "is:unchanged zz":
            assert changed == counts.get(layer, 0)
        assert not (files.hit_count and files.elsewhere)


def test_all_layers_are_asked_for_what_any_of_them_holds() -> None:
    def all_of(text: str) -> dict[str, int]:
        files = file_tree(-1, 0, MORE)
        finish(files.set_filter(parse_filter(text)))
        return {files.path(hit).decode(): files.mark(hit) for hit, found in enumerate(files.hits) if found}

    assert all_of("in:all >1kB") == {"var/cache/old": REMOVED, "opt/tool": REMOVED}
    assert all_of("in:all setuid") == {"opt/tool": REMOVED}
    assert all_of("in:all six") == {"usr/lib/python3/six.py": UNCHANGED}
    assert all_of("in:all >=300 <301") == {"usr/lib/python3/six.py": MODIFIED}  # the version that is overwritten
    assert all_of("in:all is:removed") == {"var/cache/old": REMOVED, "opt/tool": REMOVED, "opt/other": REMOVED}
    assert all_of("in:all o layer:4") == {"opt/tool": REMOVED, "opt/other": REMOVED}


def test_the_version_that_was_found_is_shown_with_its_bytes() -> None:
    files = file_tree(-1, 0, MORE)
    finish(files.set_filter(parse_filter("in:all six <301 >10")))
    six = files.find(b"usr/lib/python3/six.py")
    version = files.view.version(six)
    assert (files.tree.version_layer(version), files.size(six), files.hit_bytes) == (0, 300, 300)
    assert files.size(files.find(b"opt")) == 9001  # all that was ever in it
    finish(files.set_filter(None))
    assert (files.view.before, files.view.after) == (-1, 0)


def test_a_layer_is_looked_at_from_any_other() -> None:
    for after in range(4):
        files = file_tree(after - 1, after, MORE)
        finish(files.set_filter(parse_filter("layer:4 is:file")))
        assert {files.path(hit): files.mark(hit) for hit, found in enumerate(files.hits) if found} == {
            b"opt/tool": REMOVED,
            b"opt/other": REMOVED,
        }
        finish(files.set_filter(parse_filter("layer:5")))
        assert files.filter is not None
        assert (files.filter.fault, files.hit_count) == ("there are 4 layers", 0)


@pytest.mark.parametrize(
    ("text", "least", "name"),
    [
        (">10 MB", 10_000_001, b""),
        ("a > 10MB", 10_000_001, b"a"),
        (">= 10 kib x", 10_240, b"x"),
        ("size>1k", 1001, b""),
        ("size:>1k", 1001, b""),
        (">10mb", 10_000_001, b""),
        (">10 b", 11, b"b"),
        ("libc6:amd64", -1, b"libc6:amd64"),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, least: int, name: bytes) -> None:
    wanted = parse_filter(text)
    assert (wanted.at_least, wanted.name.needle, wanted.fault) == (least, name, "")


def test_folding_and_levels() -> None:
    files = file_tree()
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]
    files.toggle(files.position_at(1))
    assert labels(files) == ["etc", "usr/lib", "  core", "  python3", "var/cache", "zz"]
    files.toggle(files.position_at(1))
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]
    files.fold_all(False)
    assert files.row_count == 13
    files.fold_level(1)
    assert labels(files)[:3] == ["etc", "  Passwd.bak", "  passwd"]


def test_orders() -> None:
    files = file_tree(-1, 0)
    files.fold_all(True)
    finish(files.set_order(Order.SIZE, False))
    assert labels(files) == ["var/cache", "usr/lib", "etc"]
    finish(files.set_order(Order.SIZE, True))
    assert labels(files) == ["etc", "usr/lib", "var/cache"]
    finish(files.set_order(Order.NAME, True))
    assert labels(files) == ["var/cache", "usr/lib", "etc"]
    changes = file_tree()
    finish(changes.set_order(Order.CHANGES, False))
    assert labels(changes) == ["usr/lib", "var/cache", "zz", "etc"]


def test_hidden_marks_leave_only_the_folders_that_are_needed() -> None:
    files = file_tree()
    files.fold_all(False)
    for mark in (1, 3, 4):  # unchanged, modified, removed
        finish(files.toggle_mark(mark))
    assert labels(files) == ["zz"]


def test_changes_are_unfolded_as_far_as_there_is_room() -> None:
    files = file_tree()
    view = view_of(outline_of(files.tree), 0, 1)
    finish(files.show(view, 20))
    assert "  old" in labels(files)
    assert "    six.py" in labels(files)
    assert "  passwd" not in labels(files)
    files.fold_all(True)
    finish(files.show(view, 20))
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]


def test_row_of_a_hidden_position_is_that_of_its_folder() -> None:
    files = file_tree()
    six = files.find(b"usr/lib/python3/six.py")
    assert labels(files)[files.row_of(six)] == "usr/lib"
    row = files.reveal(six)
    assert labels(files)[row].strip() == "six.py"
    assert files.find(b"no/such") == -1


def test_bytes_of_hard_links_count_once() -> None:
    tree = make_index([[file("bin/busybox", 1000), hard_link("bin/ls", "bin/busybox"), hard_link("sh", "bin/ls")]]).tree
    outline = outline_of(tree)
    files = FileTree(tree, outline)
    view = view_of(outline, -1, 0)
    finish(files.lookups.prepare())
    finish(files.show(view))
    assert files.total == 1000
    assert files.size(files.find(b"bin")) == 1000


def test_a_newer_search_keeps_the_layer_that_was_chosen_before_it() -> None:
    files = file_tree()
    finish(files.set_filter(parse_filter("/s.*/")))
    view = view_of(files.outline, -1, 0)
    files._found.name = None
    chosen = files.show(view)
    next(chosen)  # the expression is still being looked for
    chosen.close()
    finish(files.set_filter(parse_filter("six")))
    assert files.view is view
    search = files.set_filter(parse_filter("/s.*/"))
    next(search)
    search.close()
    finish(files.show(view_of(files.outline, 0, 1)))
    assert files.filter is not None
    assert files.filter.text == "/s.*/"
