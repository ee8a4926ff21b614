"""dive's CI config, as dive reads it."""

from __future__ import annotations

import pytest

from layerscope.cli.diveci import parse_dive_ci
from layerscope.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("rules:\n  lowestEfficiency: 0.95\n", {"lowestEfficiency": "0.95"}),
        ("rules:\n    highestWastedBytes: 20Mb  # much\n", {"highestWastedBytes": "20Mb"}),
        ("rules:\n  highest-wasted-bytes: '20MB'\n", {"highestWastedBytes": "20MB"}),
        ('rules:\n  "lowestEfficiency": "0.5" # no\n', {"lowestEfficiency": "0.5"}),
        (
            "plugins:\n  - plugin1\n\nrules:\n  # all\n  lowestEfficiency: 1\n  plugin1/rule1: error\n",
            {"lowestEfficiency": "1"},
        ),
        ("rules:\r\n  LOWESTEFFICIENCY: .5\r\nother:\r\n  highestWastedBytes: 1\r\n", {"lowestEfficiency": ".5"}),
        (
            "rules:\n  highestWastedBytes:\n  lowestEfficiency: 0.1",
            {"highestWastedBytes": "disabled", "lowestEfficiency": "0.1"},
        ),
        ('{"rules": {"lowestEfficiency": 0.95}}', {"lowestEfficiency": "0.95"}),
        (
            "rules: {lowestEfficiency: 0.9, highestWastedBytes: off}",
            {"lowestEfficiency": "0.9", "highestWastedBytes": "off"},
        ),
        ("rules:\n  lowestEfficiency: !!python/name:os.system x\n", {"lowestEfficiency": "x"}),
        ("", {}),
        ("---\n# nothing\n", {}),
        ("rules:\n", {}),
    ],
)
def test_dive_config(text: str, rules: dict[str, str]) -> None:
    assert parse_dive_ci(text, ".dive-ci").rules == rules


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules:\n  lowestEfficency: 0.95\n", ("rules.lowestEfficency", "did you mean lowestEfficiency?")),
        ("rules:\n  highest-wasted-byte: 1\n", ("rules.highest-wasted-byte", "did you mean highest-wasted-bytes?")),
        ("rules:\n  max-size: 1\n", ("rules.max-size", "dive has highestUserWastedPercent, highestWastedBytes, ")),
        ("lowestEfficiency: 0.95\n", ("lowestEfficiency", "does not stand under rules")),
        ("rule:\n  lowestEfficiency: 0.95\n", ("rule", "did you mean rules?")),
    ],
)
def test_what_may_have_been_meant_as_a_rule_is_told(text: str, told: tuple[str, str]) -> None:
    rules, (sentence,) = parse_dive_ci(text, ".dive-ci")
    assert rules == {}
    assert sentence.startswith(f".dive-ci: {told[0]} ")
    assert "is not judged" in sentence
    assert told[1] in sentence


def test_what_dive_ignores_otherwise_is_no_news() -> None:
    text = "plugins:\n  - plugin1\nversion: 1\nRules:\n  LowestEfficiency: 1\n  highest-wasted-bytes: 1\n"
    assert parse_dive_ci(text, ".dive-ci").ignored == ()


@pytest.mark.parametrize(
    "text",
    [
        "rules: [lowestEfficiency]",
        "rules:\n  lowestEfficiency: [0.9]",
        "- rules",
        "rules: &a\n  b: *c",
        "rules:\n  " + "[" * 5000,
        "rules: \x00",
        "rules:\n\tlowestEfficiency: 0.9\n  x",
        "rules:\n  nonsense\n",
        "{",
        '{"rules": 3}',
    ],
)
def test_dive_config_that_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_dive_ci(text, ".dive-ci")
    assert caught.value.sentence.startswith(".dive-ci")
