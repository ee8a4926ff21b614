"""The project's own config: what it may say, what is refused and in which words."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file
from layerscope.analysis.rules import Severity
from layerscope.cli.arguments import parse_arguments
from layerscope.cli.divesettings import DiveSettings, make_preferences
from layerscope.cli.settings import SWITCHES, TEXTS, RuleSetting, Settings, parse_settings
from layerscope.errors import ConfigError


def parsed(text: str) -> Settings:
    """The settings of a ``layerscope.toml``."""
    return parse_settings(tomllib.loads(text), "layerscope.toml")


@pytest.mark.parametrize(
    ("text", "name", "setting"),
    [
        ("min-efficiency = 0.95", "min-efficiency", RuleSetting("0.95")),
        ('min-efficiency = "95%"', "min-efficiency", RuleSetting("95%")),
        ("max-wasted = 20_000_000", "max-wasted", RuleSetting("20000000")),
        ("max-size = false", "max-size", RuleSetting("off")),
        (
            'max-size = { limit = "1MB", severity = "warning" }',
            "max-size",
            RuleSetting("1MB", (), Severity.WARNING),
        ),
        ('forbid = "*.pem"', "forbid", RuleSetting("", ("*.pem",))),
        ('forbid = ["a", "b"]', "forbid", RuleSetting("", ("a", "b"))),
        ("forbid = false", "forbid", RuleSetting(severity=Severity.OFF)),
        (
            'forbid-in-layers = { paths = ["a"], severity = "off" }',
            "forbid-in-layers",
            RuleSetting("", ("a",), Severity.OFF),
        ),
        ("no-setuid = true", "no-setuid", RuleSetting()),
        ('no-setuid = ["su"]', "no-setuid", RuleSetting("", ("su",))),
        ('no-setuid = { allow = ["su"] }', "no-setuid", RuleSetting("", ("su",))),
        ("non-root = true", "non-root", RuleSetting()),
        ('non-root = "warning"', "non-root", RuleSetting(severity=Severity.WARNING)),
        ('non-root = { severity = "warning" }', "non-root", RuleSetting(severity=Severity.WARNING)),
    ],
)
def test_rules(text: str, name: str, setting: RuleSetting) -> None:
    assert parsed(f"[rules]\n{text}\n").rules == {name: setting}


def test_options_and_keys() -> None:
    settings = parsed('base = 2\nbaseline = "b.json"\nratchet = true\n[keys]\nfind = ["ctrl+g", "f"]\nquit = "x"\n')
    assert settings.options == {"base": "2", "baseline": "b.json", "ratchet": True}
    assert settings.keys == {"find": "ctrl+g,f", "quit": "x"}


def test_how_the_explorer_looks_at_first() -> None:
    settings = parsed('[explorer]\nhide = ["unmodified"]\nupto = true\nattributes = false\ntheme = "nord"\n')
    wanted = make_preferences(settings, DiveSettings({"layer.show-aggregated-changes": "false", "diff.hide": "added"}))
    assert (wanted.hide, wanted.upto, wanted.attributes, settings.theme) == (("unchanged",), True, False, "nord")


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("bse = 1", "there is no bse", "Did you mean base?"),
        ("[rule]", "there is no rule", "Did you mean rules?"),
        ("[rules]\nmax-sise = 1", "there is no rules.max-sise", "Did you mean max-size?"),
        ("[rules]\nmax_size = 1", "there is no rules.max_size", "Did you mean max-size?"),
        ("[rules]\nlowestEfficiency = 1", "there is no rules.lowestEfficiency", "min-efficiency"),
        ("[rules]\nmax-size = {limit = 1, severty = 'off'}", "rules.max-size.severty", "Did you mean severity?"),
        ("[rules]\nmax-size = {severity = 'off'}", "rules.max-size has no limit", "limit"),
        ("[rules]\nmax-size = {limit = 1, severity = 'loud'}", "severity is 'loud'", "error, warning, off"),
        ("[rules]\nmax-size = {limit = 1, severity = []}", "severity is '[]'", "error, warning, off"),
        ("[rules]\nmax-size = true", "rules.max-size is no limit", "20MB"),
        ("[rules]\nmax-size = [1]", "rules.max-size is no limit", "20MB"),
        ("[rules]\nmax-size = 2020-01-01", "rules.max-size is no limit", "20MB"),
        ("[rules]\nforbid = true", "rules.forbid is no table", "rules.forbid"),
        ("[rules]\nforbid = []", "rules.forbid names no path", "*.pem"),
        ("[rules]\nforbid = [1]", "rules.forbid.paths is no list of texts", "one"),
        ("[rules]\nnon-root = ['x']", "rules.non-root is no table", "rules.non-root"),
        ("[rules]\nnon-root = 1", "rules.non-root is no table", "rules.non-root"),
        ("rules = 1", "rules is no table", "[rules]"),
        ("base = true", "base is no text", "base"),
        ("ratchet = 'yes'", "ratchet is neither true nor false", "ratchet = true"),
        ("[explorer]\nhid = []", "there is no explorer.hid", "Did you mean hide?"),
        ("[explorer]\nhide = ['added', 'modifed']", "there is no mark modifed", "Did you mean modified?"),
        ("[explorer]\nfolded = 1", "explorer.folded is neither true nor false", "explorer.folded = true"),
        ("[keys]\nfind = 1", "keys.find is no list of texts", "one"),
    ],
)
def test_what_is_refused(text: str, sentence: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    assert caught.value.sentence.startswith("layerscope.toml: ")
    assert sentence in caught.value.sentence
    assert hint in caught.value.hint


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an image of 200 kB, half of them wasted."""
    save(tmp_path / "fat.tar", [[file("a", 100_000)], [file("a", 100_000, b"y")]])
    return tmp_path


def write(folder: Path, text: str, name: str = "layerscope.toml") -> None:
    """Write a config."""
    (folder / name).write_text(text, encoding="utf-8")


def test_the_config_in_the_folder_is_read(project: Path) -> None:
    write(project, "[rules]\nmin-efficiency = 0.5\n")
    done = run("check", "fat.tar", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "at least 50 %" in done.stdout
    assert "own layers" not in done.stdout


def test_flags_come_before_the_config(project: Path) -> None:
    write(project, '[rules]\nmin-efficiency = 0.5\nmax-size = { limit = 1, severity = "warning" }\n')
    assert run("check", "fat.tar", "--min-efficiency", "0.6", cwd=project).returncode == 1
    done = run("check", "fat.tar", "--max-size", "2", cwd=project)
    assert done.returncode == 0
    assert "WARN" in done.stdout
    assert "at most 2 B" in done.stdout
    assert run("check", "fat.tar", "--off", "max-size", cwd=project).stdout.count("SKIP") == 1


def test_every_option_of_a_config_is_a_flag() -> None:
    parsed_ = vars(parse_arguments(["check", "x"]))
    assert {name.replace("-", "_") for name in (*TEXTS, *SWITCHES)} <= set(parsed_)


def test_lines_of_the_dockerfile_that_a_config_names(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM scratch\nRUN step 0\nRUN step 1\n", encoding="utf-8")
    write(project, "dockerfile = 'Dockerfile'\n")
    assert "Dockerfile:3" in run("check", "fat.tar", cwd=project).stdout


def test_a_table_of_pyproject(project: Path) -> None:
    write(project, "[project]\nname = 'x'\n", "pyproject.toml")
    assert run("check", "fat.tar", cwd=project).returncode == 1
    write(project, "[tool.layerscope.rules]\nmin-efficiency = 0.5\n", "pyproject.toml")
    assert run("check", "fat.tar", cwd=project).returncode == 0
    write(project, "[tool.layerscope.rules]\nmin-eficiency = 0.5\n", "pyproject.toml")
    done = run("check", "fat.tar", cwd=project)
    assert done.returncode == 2
    assert "pyproject.toml [tool.layerscope]: there is no rules.min-eficiency." in done.stderr
    write(project, "", "layerscope.toml")
    assert run("check", "fat.tar", cwd=project).returncode == 1, "layerscope.toml comes first"


def test_a_config_elsewhere(project: Path) -> None:
    write(project, "[rules]\nmin-efficiency = 0.5\n", "other.toml")
    assert run("check", "fat.tar", "--config", "other.toml", cwd=project).returncode == 0
    write(project, "[tool.other]\n", "pyproject.toml")
    for absent in ("no.toml", "pyproject.toml", "."):
        done = run("check", "fat.tar", "--config", absent, cwd=project)
        assert done.returncode == 2
        assert done.stderr.startswith(f"layerscope: {absent} ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[rules\n", "is no TOML"),
        ("\xff", "is no TOML"),
        ("a = " + "[" * 5000, "is no TOML"),
        ("[rules]\nmin-efficiency = 95\n", "layerscope.toml: rules.min-efficiency: 95 is more than the whole."),
        ("[rules]\nmin-efficiency = nan\n", "rules.min-efficiency: 'nan' is no ratio."),
        ('[rules]\nmax-size = "20XB"\n', "rules.max-size: '20XB' is no number of bytes."),
        ('[rules]\nforbid = [""]\n', "'' is no glob of a path."),
        ('scoring = "mine"\n', "scoring is 'mine'"),
    ],
)
def test_a_wrong_config_is_one_sentence_and_exit_2(project: Path, text: str, told: str) -> None:
    (project / "layerscope.toml").write_bytes(text.encode("latin-1"))
    done = run("check", "fat.tar", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_the_config_stands_for_dives_file(project: Path) -> None:
    write(project, "rules:\n  lowestEfficiency: 1\n", ".dive-ci")
    assert run("check", "fat.tar", cwd=project).returncode == 1
    write(project, "[rules]\nmin-efficiency = 0.5\n")
    assert run("check", "fat.tar", cwd=project).returncode == 0
    assert run("check", "fat.tar", "--ci-config", ".dive-ci", cwd=project).returncode == 1


def test_toml_is_read_only_where_there_is_some(project: Path) -> None:
    write(project, "[project]\nname = 'x'\n", "pyproject.toml")
    code = (
        "import sys; from layerscope.cli import main; main(['check', 'fat.tar']);"
        "sys.exit(bool({'tomllib', 'yaml', 'difflib'} & set(sys.modules)))"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], cwd=project, env=environment, capture_output=True, check=False)
    assert done.returncode == 0


def test_a_rule_outside_of_its_table_is_told_where_it_belongs() -> None:
    with pytest.raises(ConfigError, match="max-size is a rule") as caught:
        parse_settings({"max-size": "1MB"}, "layerscope.toml")
    assert caught.value.hint == "Put it under [rules]."
    with pytest.raises(ConfigError) as caught:
        parse_settings({"forbid": ["x"]}, "pyproject.toml [tool.layerscope]")
    assert caught.value.hint == "Put it under [tool.layerscope.rules]."


def test_keys_are_the_explorers_to_judge(tmp_path: Path) -> None:
    image = str(save(tmp_path / "a.tar", [[file("a", 1)]]))
    (tmp_path / "layerscope.toml").write_text('[keys]\nfnd = "q"\nfind = "q"\n', encoding="utf-8")
    done = run("check", image, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), "no verdict hangs on them"
