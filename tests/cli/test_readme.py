"""What the README says of the command line, held against it."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from layerscope.analysis.rules import CONTENT_RULES, OWN_RULES
from layerscope.cli.arguments import DIVE_RULES, parse_arguments
from layerscope.cli.divesettings import _KEYS, DiveSettings, _variable, make_preferences
from layerscope.cli.settings import LOOKS, MARKS, parse_settings
from layerscope.cli.thresholds import choose_rules
from layerscope.errors import ConfigError

README = Path(__file__).resolve().parent.parent.parent / "README.md"

if not README.is_file():
    pytest.skip("there is no README beside these tests", allow_module_level=True)
TEXT = README.read_text(encoding="utf-8")


def test_the_config_is_one() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    settings = parse_settings(tomllib.loads(block), "README.md")
    rules = choose_rules(parse_arguments(["check", "x"]), settings, DiveSettings())
    assert len(rules) == len(settings.rules) == 5
    assert make_preferences(settings, DiveSettings()).keys == {"find": "ctrl+g,slash"}
    assert all(word in block for word in (*LOOKS, *MARKS))


def test_every_rule_is_told() -> None:
    for name in (*OWN_RULES, *CONTENT_RULES, "allow-setuid", *DIVE_RULES):
        assert f"`--{name}" in TEXT, name


def test_every_variable_of_dives_is_one() -> None:
    told = set(re.findall(r"DIVE_[A-Z_]+", TEXT))
    assert told
    assert told <= {_variable(key) for key in _KEYS}


COMMANDS = re.findall(r"^    (?:\$ )?(?:docker save app \| )?layerscope (.*?)(?:\s+#.*)?$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    parsed = parse_arguments(shlex.split(command))
    if parsed.command == "check":
        try:
            choose_rules(parsed, parse_settings({}, ""), DiveSettings())
        except ConfigError as error:  # a sentence of its own, so that a failure reads well
            pytest.fail(error.sentence)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 12
