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
    assert parse_dive_ci(text, ".dive-ci") == rules


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
