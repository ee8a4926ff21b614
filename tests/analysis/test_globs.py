"""Globs of paths: against the standard library's own, on deep trees, on images with many paths."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handmade import file, folder, make_index, symlink, whiteout
from layerscope.analysis.contents import MOST
from layerscope.analysis.globs import Globs, Matcher
from layerscope.analysis.rules import Status, judge, make_content_rule
from layerscope.analysis.summary import analyse
from layerscope.errors import ConfigError


def fits(pattern: str, path: str) -> bool:
    """Whether a glob fits a path or a folder above it."""
    globs = Globs([pattern])
    states = globs.start
    for name in path.split("/"):
        states = globs.step(states, name)
    return globs.accepts(states)


@pytest.mark.parametrize("pattern", ["", "/", "//", ".", "./", "/**", "**", "**/**/", "/**/**"])
def test_globs_of_nothing(pattern: str) -> None:
    with pytest.raises(ConfigError):
        Globs([pattern])


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/root/../root/.ssh", "leads upwards"),
        ("../x", "leads upwards"),
        ("*.{pem,key}", "alternatives in braces"),
        ("!*.pem", "begins with '!'"),
        ("\\.git", "has a backslash"),
        ("/etc/.*\\.pem", "has a backslash"),
        ("[z-a]", "runs backwards"),
        ("x[9-0]y", "runs backwards"),
        *((pattern, "not closed") for pattern in ("[", "a[", "[]", "[!]", "[]a", "a[b/c]")),
    ],
)
def test_globs_that_would_fit_nothing_are_refused(pattern: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        make_content_rule("forbid", [pattern])
    assert "Globs know" in caught.value.hint


@pytest.mark.parametrize("pattern", [".git,NOTICE", "/a,b/c", "*.pem, *.key", ".git\n*.pem", "a[,],b"])
def test_what_was_meant_as_several_globs_is_refused(pattern: str) -> None:
    for name in ("forbid", "forbid-in-layers", "no-setuid"):
        with pytest.raises(ConfigError, match="one glob, not several") as caught:
            make_content_rule(name, [pattern])
        assert "Repeat the flag for several" in caught.value.hint


@pytest.mark.parametrize("pattern", ["'*.pem'", '".git"', "'"])
def test_quotes_that_no_shell_took_away_are_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="is in quotes"):
        Globs([pattern])
    assert fits("it's'", "it's'")


@pytest.mark.parametrize("pattern", [" .git", ".git ", "\t*.pem"])
def test_blanks_around_a_glob_are_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="begins or ends with a blank"):
        Globs([pattern])
    assert fits("[ ].git", " .git")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/bin/sh", "usr/bin/sh"),
        ("bin/sh", "usr/bin/sh"),
        ("/bin/s*", "usr/bin/sh"),
        ("/usr/sbin/sh", "usr/bin/sh"),
        ("/all/bin/sh", "usr/bin/sh"),
        ("/far/sh", "usr/bin/sh"),
        ("/odd/k", "opt/a,[b]/k"),
        ("/round/sh", ""),
        ("/self/sh", ""),
        ("/nowhere/sh", ""),
        ("/usr/bin/sh", "usr/bin/sh"),
        ("/gone/sh", ""),
        ("/*/bash", ""),
        ("/usr/link", "usr/link"),
    ],
)
def test_a_glob_leads_through_links_as_a_path_does(pattern: str, path: str) -> None:
    links = {
        "bin": "usr/bin",
        "usr/sbin": "bin",
        "all": "/",
        "far": "usr/../all/./usr/sbin",
        "odd": "/opt/a,[b]",
        "round": "self",
        "self": "round",
        "nowhere": "no/such",
        "usr/link": "bin",
        "gone": "usr/bin",
    }
    layers = [
        [file("usr/bin/sh", 3), file("opt/a,[b]/k", 1), *(symlink(name, to) for name, to in links.items())],
        [whiteout("gone")],
    ]
    analysis = analyse(make_index(layers))
    for rule in ("forbid", "forbid-in-layers"):
        (result,) = judge(analysis, [make_content_rule(rule, [pattern])])
        assert [finding.path for finding in result.findings] == [path] * bool(path), rule


def test_setuid_files_may_be_named_by_way_of_a_link() -> None:
    analysis = analyse(make_index([[file("usr/bin/su", 3, mode=0o4755), symlink("bin", "usr/bin")]]))
    for allowed, status in (("/bin/su", Status.PASS), ("/bin/sudo", Status.FAIL)):
        assert judge(analysis, [make_content_rule("no-setuid", [allowed])])[0].status is status


def test_a_class_stands_for_a_comma() -> None:
    assert fits("RCS[,]v", "RCS,v")
    assert fits("*[,]v", "src/main.c,v")
    assert not fits("RCS[,]v", "RCSv")
    assert fits("system[\\]x2d*", "system\\x2da")


@pytest.mark.parametrize("pattern", ["a(b", "a|b", "+", "a$", "^a", "a b", "{a}", "a!", "a]", "..."])
def test_globs_that_are_no_wildcards_mean_themselves(pattern: str) -> None:
    assert fits(pattern, pattern)
    assert not fits(pattern, "other")
    assert not fits(pattern, pattern + "\n")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a[!x]b", "ayb", True),
        ("a[!x]b", "axb", False),
        ("/a/**/b", "a/b", True),
        ("/a/**/b", "a/x/y/b", True),
        ("/a/**/b", "x/a/b", False),
        ("**/a/b", "x/y/a/b", True),
        ("a/b", "x/a/b", False),
        ("a/b", "a/b/c", True),
        ("*", "a/b", True),
        ("/*/b", "a/b", True),
        ("/*/b", "a/c/b", False),
        ("a/**", "a", True),
        ("a/**/**", "a/b/c", True),
        ("a**b", "axyb", True),
        ("**/.git/**/config", ".git/config", True),
        ("?", "ü", True),
        ("[ä-ü]", "ö", True),
        ("*.pem", "x.PEM", False),
        ("./root/.ssh", "root/.ssh/id", True),
        ("./root/.ssh", "x/root/.ssh", False),
        ("/a/./b", "a/b", True),
        ("[]x]", "]", True),
        ("[!]x]", "x", False),
        ("[[]", "[", True),
        ("\udcff*", "\udcffa", True),
    ],
)
def test_folders_and_names(pattern: str, path: str, expected: bool) -> None:
    assert fits(pattern, path) is expected


def as_regex(pattern: str) -> re.Pattern[str]:
    """Another way to say the same: a glob of a, b, ``*``, ``?`` and ``**`` as one regular expression."""
    found = ""
    for part in pattern.split("/"):
        found += "(?:[^/]+/)*" if part == "**" else part.replace("*", "[^/]*").replace("?", "[^/]") + "/"
    return re.compile(("" if "/" in pattern else "(?:[^/]+/)*") + found + ".*", re.DOTALL)


PARTS = st.sampled_from(["a", "b", "ab", "*", "?", "a*", "*b", "**"])
NAMES = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab"]), min_size=1, max_size=5).map("/".join)


@given(st.lists(PARTS, min_size=1, max_size=4).filter(lambda parts: parts[-1] != "**").map("/".join), NAMES)
def test_folder_by_folder_gives_what_one_regular_expression_gives(pattern: str, path: str) -> None:
    assert fits(pattern, path) == bool(as_regex(pattern).fullmatch(path + "/"))


@given(st.lists(PARTS, min_size=1, max_size=3).filter(lambda parts: set(parts) != {"**"}).map("/".join), NAMES)
def test_tops_are_the_first_that_fit(pattern: str, path: str) -> None:
    tree = make_index([[file(path, 1)]]).tree
    tops = [tree.path(node).decode() for node in Matcher(tree, [pattern]).tops()]
    folders = ["/".join(path.split("/")[: depth + 1]) for depth in range(path.count("/") + 1)]
    assert tops == [folder for folder in folders if fits(pattern, folder)][:1]


def test_what_lies_deep_costs_no_more_than_its_names() -> None:
    deep = "/".join(["a"] * 4000)
    analysis = analyse(make_index([[file(f"{deep}/{number}", 1) for number in range(2000)]]))
    rule = make_content_rule("forbid", ["**/a/**/a/**/a/**/b/[0-9]*", "a/**/b", "*.pem"])
    tracemalloc.start()
    try:
        assert judge(analysis, [rule])[0].status is Status.PASS
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_of_many_findings_the_heaviest_are_told_and_all_are_counted() -> None:
    analysis = analyse(make_index([[file(f"d/{number}.pem", number) for number in range(MOST + 5)]]))
    (result,) = judge(analysis, [make_content_rule("forbid", ["*.pem"])])
    assert (result.found, len(result.findings)) == (MOST + 5, MOST)
    assert result.findings[0].bytes == MOST + 4


def test_a_folder_that_came_again_and_one_that_a_file_replaced() -> None:
    layers = [
        [folder("x"), file("x/key", 1), file("y/key", 2)],
        [whiteout("x"), whiteout("y")],
        [file("x/key", 3), file("y", 4)],
    ]
    (final,) = judge(analyse(make_index(layers)), [make_content_rule("forbid", ["key"])])
    assert [(finding.path, finding.bytes) for finding in final.findings] == [("x/key", 3)]
    (stored,) = judge(analyse(make_index(layers)), [make_content_rule("forbid-in-layers", ["key"])])
    assert [(finding.path, finding.bytes) for finding in stored.findings] == [("x/key", 4), ("y/key", 2)]
