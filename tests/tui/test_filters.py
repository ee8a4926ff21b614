"""What may be typed after the slash, and what it finds."""

from __future__ import annotations

import pytest

from handmade import file, folder, hard_link, make_index, whiteout
from layerscope.core.view import outline_of, view_of
from layerscope.tui.filetree import FileTree, Order
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


def file_tree(before: int = 0, after: int = 1) -> FileTree:
    tree = make_index(LAYERS).tree
    outline = outline_of(tree)
    files = FileTree(tree, outline)
    view = view_of(outline, before, after)
    files.show(bytes(view.marks), view.sizes)
    return files


def labels(files: FileTree) -> list[str]:
    return ["  " * files.rows.indents[row] + files.label(row).decode() for row in range(len(files.rows))]


def found(text: str) -> set[str]:
    files = file_tree()
    files.set_filter(parse_filter(text))
    return {files.path(hit).decode() for hit in files.hits}


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


def test_broken_regex_is_told() -> None:
    assert parse_filter("/(/").fault.startswith("not a regular expression")


def test_filter_keeps_what_lies_above_and_nothing_else() -> None:
    files = file_tree()
    files.set_filter(parse_filter("core"))
    # As it matches, the folder is open for the match in it, and only for that.
    assert labels(files) == ["usr/lib/core", "  core.py"]
    files.set_filter(parse_filter("python3"))
    assert labels(files) == ["usr/lib/python3"]
    files.toggle(0)
    assert labels(files) == ["usr/lib/python3", "  os.py", "  six.py"]
    files.set_filter(None)
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]


def test_matches_are_walked_around_the_end() -> None:
    files = file_tree()
    files.set_filter(parse_filter("*.py"))
    first = files.hits[0]
    assert files.next_hit(first, 1) == files.hits[1]
    assert files.next_hit(first, -1) == files.hits[-1]
    assert files.next_hit(files.hits[-1], 1) == first


def test_folding_and_levels() -> None:
    files = file_tree()
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]
    files.toggle(1)
    assert labels(files) == ["etc", "usr/lib", "  core", "  python3", "var/cache", "zz"]
    files.toggle(1)
    assert labels(files) == ["etc", "usr/lib", "var/cache", "zz"]
    files.fold_all(False)
    assert len(files.rows) == 13
    files.fold_level(1)
    assert labels(files)[:3] == ["etc", "  Passwd.bak", "  passwd"]


def test_orders() -> None:
    files = file_tree(-1, 0)
    files.fold_all(True)
    files.set_order(Order.SIZE, False)
    assert labels(files) == ["var/cache", "usr/lib", "etc"]
    files.set_order(Order.SIZE, True)
    assert labels(files) == ["etc", "usr/lib", "var/cache"]
    files.set_order(Order.NAME, True)
    assert labels(files) == ["var/cache", "usr/lib", "etc"]
    changes = file_tree()
    changes.set_order(Order.CHANGES, False)
    assert labels(changes) == ["usr/lib", "var/cache", "zz", "etc"]


def test_hidden_marks_leave_only_the_folders_that_are_needed() -> None:
    files = file_tree()
    files.fold_all(False)
    for mark in (1, 3, 4):  # unchanged, modified, removed
        files.toggle_mark(mark)
    assert labels(files) == ["zz"]


def test_changes_are_unfolded_as_far_as_there_is_room() -> None:
    files = file_tree()
    view = view_of(outline_of(files.tree), 0, 1)
    files.show(bytes(view.marks), view.sizes, 20)
    assert "  old" in labels(files)
    assert "    six.py" in labels(files)
    assert "  passwd" not in labels(files)
    files.fold_all(True)
    files.show(bytes(view.marks), view.sizes, 20)
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
    files.show(bytes(view.marks), view.sizes)
    assert files.total == 1000
    assert files.size(files.find(b"bin")) == 1000
