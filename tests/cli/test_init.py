"""``layerscope init``: a config that the image passes, whatever is in it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline import run, save
from handmade import Entry, file, make_index, whiteout
from layerscope.analysis.rules import judge, passed
from layerscope.analysis.summary import analyse
from layerscope.cli.arguments import parse_arguments
from layerscope.cli.divesettings import DiveSettings
from layerscope.cli.settings import parse_settings
from layerscope.cli.starting import make_config
from layerscope.cli.thresholds import choose_rules

NAMES = st.sampled_from(
    ["a", ".git", "x.pem", "*", "[a]", "q\n\x1b", '"""', "\\", "ü", "\udcff", "'''", "?", "{a,b}", "!x", " y "]
)
ENTRIES = st.one_of(
    st.builds(file, NAMES, st.integers(0, 5000), mode=st.sampled_from([0o644, 0o4755, 0o2755])),
    st.builds(whiteout, st.sampled_from(["a", ".git"])),
)


@given(st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=4))
def test_every_image_passes_its_own_config(layers: list[list[Entry]]) -> None:
    analysis = analyse(make_index(layers))
    text = make_config(analysis)
    text.encode("utf-8")
    assert "\x1b" not in text
    settings = parse_settings(tomllib.loads(text), "layerscope.toml")
    rules = choose_rules(parse_arguments(["check", "x"]), settings, DiveSettings())
    assert len(rules) >= 6
    results = judge(analysis, rules)
    assert passed(results), [result for result in results if str(result.status) != "pass"]


def test_what_is_commented_out_is_right_too() -> None:
    analysis = analyse(make_index([[file("a", 100, mode=0o4755), file(".git/x", 5)]]))
    lines = make_config(analysis).splitlines()
    options = [line.lstrip("# ") for line in lines if line.startswith("# ") and " = " in line and "`" not in line]
    switched_on = [line for line in options if not line.startswith(("max-layers", "find", "hide", "theme"))]
    assert len(switched_on) >= 8
    tops = [line for line in switched_on if line.startswith(("base", "dockerfile", "ratchet", "require"))]
    rules = [line for line in switched_on if line not in tops]
    settings = parse_settings(tomllib.loads("\n".join((*tops, "[rules]", *rules))), "x")
    assert set(settings.options) == {"base", "dockerfile", "baseline", "ratchet", "require-baseline"}
    assert {"max-growth", "max-growth-percent", "max-wasted-growth", "max-layer-size", "non-root"} == set(
        settings.rules
    )


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with an image that the default rules refuse."""
    save(tmp_path / "fat.tar", [[file("a", 1000)], [file("a", 1000, b"y")]])
    return tmp_path


def test_a_config_is_written_once(image: Path) -> None:
    assert run("check", "fat.tar", cwd=image).returncode == 1
    done = run("init", "fat.tar", cwd=image)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "layerscope: layerscope.toml written; now: layerscope check fat.tar\n"
    assert run("check", "fat.tar", cwd=image).returncode == 0
    again = run("init", "fat.tar", cwd=image)
    assert again.returncode == 2
    assert again.stderr.startswith("layerscope: layerscope.toml is there already.")
    (image / "layerscope.toml").write_text("[wrong", encoding="utf-8")
    assert run("init", "fat.tar", "--force", cwd=image).returncode == 0
    assert run("check", "fat.tar", cwd=image).returncode == 0


def test_elsewhere_and_to_standard_output(image: Path) -> None:
    assert run("init", "fat.tar", "--file", "other.toml", "--base", "1", cwd=image).returncode == 0
    assert "\nbase = 1\n" in (image / "other.toml").read_text(encoding="utf-8")
    done = run("init", "fat.tar", "--file", "-", cwd=image)
    assert "[rules]" in done.stdout
    assert not (image / "layerscope.toml").exists()
    assert run("init", "fat.tar", "--file", "no/such/folder.toml", cwd=image).returncode == 2


def test_half_an_image_makes_no_config(image: Path) -> None:
    whole = (image / "fat.tar").read_bytes()
    (image / "cut.tar").write_bytes(whole[: len(whole) // 2])
    assert run("init", "cut.tar", cwd=image).returncode == 2
    assert not (image / "layerscope.toml").exists()
