"""Help that fits a screen, and the manual as man and mandoc read it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from commandline import run
from engine import REQUIRED, required
from forge import ROOT
from layerscope.cli.arguments import make_parser
from layerscope.cli.manual import make_manual, show_manual
from layerscope.cli.usage import COMMANDS, EPILOGS
from layerscope.errors import UsageError

HELPFUL = ("", *(command for command in COMMANDS if command != "build"))


@pytest.mark.parametrize("command", HELPFUL)
def test_help_fits_a_screen_and_has_an_example(command: str) -> None:
    done = run(*filter(None, [command]), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 23  # of 24, with the prompt below
    assert all(len(line) <= 80 for line in lines)
    assert f"  layerscope {command}".rstrip() in EPILOGS[command] or "source <(" in EPILOGS[command]


@pytest.mark.parametrize("command", ["", "check", "report", "diff", "init"])
def test_all_of_the_help_tells_of_every_option(command: str) -> None:
    brief, whole = (run(*filter(None, [command]), option).stdout for option in ("--help", "--help-all"))
    for action in make_parser(command)._actions:
        assert all(name in whole for name in action.option_strings)
    assert "--help-all" in brief
    assert all(len(line) <= 80 for line in whole.splitlines())


def test_options_that_may_be_repeated_say_so() -> None:
    for command in ("", "check", "report"):
        several = [action for action in make_parser(command)._actions if isinstance(action.default, list)]
        assert len(several) >= 2
        assert [action.dest for action in several if not str(action.help).endswith("; repeatable")] == []
    assert make_manual().count("; repeatable\n") == 7
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for flag in ("--forbid GLOB", "--forbid-in-layers GLOB", "--allow-setuid GLOB"):
        assert f"`{flag}`, repeatable" in readme


def test_help_is_there_without_an_image_and_beside_one() -> None:
    assert run("check", "demo", "--help").stdout == run("check", "--help").stdout
    assert run("--help", "check").stdout != ""


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["help"], ["--help"]),
        (["help", "check"], ["check", "--help"]),
        (["help", "build"], ["build", "--help"]),
        (["version"], ["--version"]),
    ],
)
def test_help_and_version_are_no_images(words: list[str], option: list[str]) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*option).stdout != ""


def test_the_manual_tells_of_every_option_and_command() -> None:
    page = make_manual().replace("\\-", "-")
    for command in HELPFUL:
        for action in make_parser(command)._actions:
            for name in action.option_strings:
                assert f"\\fB{name}\\fR" in page, name
    for command in COMMANDS:
        assert f".TP\n{command}\n" in page


def test_the_manual_is_what_man_prints() -> None:
    assert run("man").stdout == make_manual()


def test_without_a_man_command_a_terminal_is_spared_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(UsageError, match="There is no man command"):
        show_manual()


def tool(name: str) -> str:
    """The path of a program; skips where it is not installed, which CI forbids."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if required() else pytest.skip)(f"{name} is not installed ({REQUIRED}=1 forbids to skip)")
    return path


def test_mandoc_finds_nothing_to_say_of_the_manual() -> None:
    done = subprocess.run([tool("mandoc"), "-T", "lint"], input=make_manual(), capture_output=True, text=True)
    # A date would make the page differ from build to build.
    complaints = [line for line in done.stdout.splitlines() if "missing date" not in line and "STYLE" not in line]
    assert complaints == []


def test_mandoc_shows_the_manual() -> None:
    done = subprocess.run([tool("mandoc"), "-T", "ascii"], input=make_manual(), capture_output=True, text=True)
    text = re.sub(".\b", "", done.stdout)
    assert "layerscope check IMAGE [options]" in text
    assert "--max-growth-percent RATIO" in text
    assert "docker save app | layerscope check - --min-efficiency 95%" in text
