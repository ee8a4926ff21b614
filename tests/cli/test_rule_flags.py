"""Every rule as a flag: verdicts, severities, what the report says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file, whiteout
from layerscope.analysis.measures import MEASURES
from layerscope.analysis.rules import CONTENT_RULES, OWN_RULES
from layerscope.cli.arguments import DIVE_RULES, GROWTH_LIMITS, RULE_LIMITS


@pytest.fixture
def image(tmp_path: Path) -> str:
    """300 bytes in three layers, 100 of them wasted; a secret that was removed, a setuid file, root."""
    layers = [
        [file("usr/bin/su", 150, mode=0o4755)],
        [file("app/id_rsa", 100), file("app/x.pem", 50)],
        [whiteout("app/id_rsa")],
    ]
    return str(save(tmp_path / "image.tar", layers))


def test_every_rule_is_a_flag() -> None:
    assert {name for name, _, _ in (*RULE_LIMITS, *GROWTH_LIMITS)} == set(OWN_RULES)
    assert {*OWN_RULES, *CONTENT_RULES, *DIVE_RULES} == set(MEASURES)


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ("--max-size 300", 0),
        ("--max-size 299", 1),
        ("--max-layer-size 150", 0),
        ("--max-layer-size 149", 1),
        ("--max-layers 3", 0),
        ("--max-layers 2", 1),
        ("--max-user-wasted 100", 0),
        ("--max-user-wasted 99", 1),
        ("--forbid *.pem", 1),
        ("--forbid id_rsa", 0),
        ("--forbid-in-layers id_rsa", 1),
        ("--no-setuid", 1),
        ("--allow-setuid wall", 1),
        ("--allow-setuid wall --allow-setuid /usr/bin/su", 0),
        ("--non-root", 1),
        ("--non-root --warn non-root", 0),
        ("--non-root --off non-root", 0),
        ("--max-size 1 --exit-zero", 0),
        ("--max-layers 95%", 2),
        ("--max-size 1 --warn max-layers", 2),
        ("--warn max-sizes", 2),
        ("--warn min-efficiency --warn max-wasted-percent", 0),
        ("--max-compressed-size 1GB", 2),
        ("--max-compressed-size 1GB --warn max-compressed-size", 0),
        ("--max-compressed-size off", 0),
        ("--forbid /", 2),
        ("--forbid *.pem,id_rsa", 2),
        ("--forbid-in-layers .git,id_rsa", 2),
        ("--allow-setuid wall,/usr/bin/su", 2),
        ("--forbid x[,]pem --forbid-in-layers [i,j]d_dsa", 0),
    ],
)
def test_verdicts(image: str, flags: str, code: int) -> None:
    done = run("check", image, *flags.split())
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert ("layerscope: " in done.stderr) == (code == 2)


def test_a_failed_rule_names_the_worst_with_layer_command_and_cure(image: str) -> None:
    done = run("check", image, "--forbid-in-layers", "id_rsa", "--no-setuid")
    assert "/app/id_rsa" in done.stdout
    assert "It comes from layer 2, layer 3 takes it away, and it still ships (RUN step 1)" in done.stdout
    assert "It is setuid (4755), from layer 1 (RUN step 0)" in done.stdout
    assert "chmod a-s /usr/bin/su" in done.stdout


def test_what_a_rule_cannot_tell_is_said(image: str) -> None:
    done = run("check", image, "--max-compressed-size", "1GB")
    assert "PASS" not in done.stdout
    assert "max-compressed-size cannot be judged: this source does not tell it." in done.stderr
    assert "check" not in json.loads(run("check", image, "--max-compressed-size", "1GB", "--format", "json").stdout)


@pytest.mark.parametrize("rule", ["forbid", "forbid-in-layers", "no-setuid"])
def test_a_config_names_several_globs_in_a_list(image: str, tmp_path: Path, rule: str) -> None:
    config = tmp_path / "layerscope.toml"
    config.write_text(f'[rules]\n{rule} = ".git,id_rsa"\n', encoding="utf-8")
    done = run("check", image, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "The glob '.git,id_rsa' has a comma" in done.stderr
    config.write_text(f'[rules]\n{rule} = [".git", "*.pem"]\n', encoding="utf-8")
    assert run("check", image, cwd=tmp_path).returncode == 1


def test_a_misspelt_flag_is_named(image: str) -> None:
    for flag in (["--max-sise", "3"], ["--max-sise=3"]):
        done = run("check", image, *flag)
        assert done.returncode == 2
        assert done.stderr.endswith("\n  Did you mean --max-size?\n")
    assert "See `layerscope check --help`." in run("check", image, "--xyzzy").stderr


def test_a_misspelt_rule_is_named(image: str) -> None:
    done = run("check", image, "--warn", "max-sizes")
    assert done.stderr == "layerscope: --warn max-sizes: there is no such rule.\n  Did you mean max-size?\n"


def test_paths_that_would_harm_a_shell_are_quoted(tmp_path: Path) -> None:
    path = save(tmp_path / "evil.tar", [[file("a'; rm -rf ~ #\n\x1b[2J", 1, mode=0o4755)]])
    done = run("check", str(path), "--no-setuid")
    assert "\x1b" not in done.stdout
    assert """chmod a-s '/a'"'"'; rm -rf ~ #""" in done.stdout


def test_every_limit_is_off_or_wrong_alike(image: str) -> None:
    for name in OWN_RULES:
        assert run("check", image, "--baseline", image, f"--{name}", "off").returncode == 0, name
        wrong = run("check", image, "--baseline", image, f"--{name}", "much")
        assert wrong.returncode == 2, name
        assert wrong.stderr.startswith(f"layerscope: --{name}: 'much' is no "), name


def test_a_wrong_limit_is_told_by_the_name_that_was_written(image: str, tmp_path: Path) -> None:
    (tmp_path / ".dive-ci").write_text("rules:\n  lowestEfficiency: much\n", encoding="utf-8")
    (tmp_path / "dive.yaml").write_text("rules:\n  lowest-efficiency: much\n", encoding="utf-8")
    for arguments, variables, told in (
        (["--lowestEfficiency", "much"], {}, "--lowestEfficiency: 'much'"),
        ([], {}, ".dive-ci: rules.lowestEfficiency: 'much'"),
        ([], {"DIVE_RULES_LOWEST_EFFICIENCY": "more"}, "DIVE_RULES_*: lowestEfficiency: 'more'"),
    ):
        wrong = run("check", image, *arguments, cwd=tmp_path, variables=variables)
        assert f"layerscope: {told} is no " in wrong.stderr, wrong.stderr
    (tmp_path / ".dive-ci").unlink()
    wrong = run("check", image, cwd=tmp_path, variables={"DIVE_CONFIG": "dive.yaml"})
    assert "layerscope: dive's config: rules.lowestEfficiency: 'much' is no " in wrong.stderr
