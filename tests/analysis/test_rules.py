"""Rules: values as people write them, verdicts at the limits, dive's config file."""

from __future__ import annotations

import math

import pytest

from handmade import file, make_index, whiteout
from layerscope.analysis.rules import DIVE_DEFAULTS, Scoring, Status, judge, make_rule, passed
from layerscope.analysis.summary import analyse
from layerscope.analysis.values import parse_bytes, parse_ratio
from layerscope.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("0.95", 0.95),
        ("95%", 0.95),
        ("95 %", 0.95),
        (" 95% ", 0.95),
        ("87.3%", 0.873),
        (".5", 0.5),
        ("1", 1.0),
        ("100%", 1.0),
        ("0", 0.0),
        ("0%", 0.0),
        ("1e-1", 0.1),
        ("0.1%", 0.001),
    ],
)
def test_ratios(text: str, ratio: float) -> None:
    assert parse_ratio("rule", text) == ratio


@pytest.mark.parametrize(
    "text", ["", "95", "1.1", "-0.1", "not_a_number", "nan", "inf", "101%", "-5%", "0,95", "9 5%", "%"]
)
def test_no_ratios(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_ratio("rule", text)


def test_a_percent_without_its_sign_is_explained() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_ratio("min-efficiency", "95")
    assert caught.value.hint == "Did you mean 95%?"


# As go-humanize's ParseBytes, which dive uses, reads them.
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("20MB", 20_000_000),
        ("20Mb", 20_000_000),
        ("20mb", 20_000_000),
        ("20 MB", 20_000_000),
        ("20MiB", 20_971_520),
        ("20mib", 20_971_520),
        ("20M", 20_000_000),
        ("20Mi", 20_971_520),
        ("1.5GB", 1_500_000_000),
        ("20000000", 20_000_000),
        ("20,000,000", 20_000_000),
        ("0", 0),
        ("1B", 1),
        ("50kB", 50_000),
        ("50KiB", 51_200),
        (".5k", 500),
    ],
)
def test_bytes(text: str, count: int) -> None:
    assert parse_bytes("rule", text) == count


@pytest.mark.parametrize("text", ["", "MB", "not_a_size", "-1", "20XB", "1e3", "20 M B", "1.2.3", "17EiB", "५MB"])
def test_no_bytes(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_bytes("rule", text)


@pytest.mark.parametrize("word", ["off", "disabled", "Off", " disabled ", "false"])
def test_off_skips(word: str) -> None:
    analysis = analyse(make_index([[file("a", 9)]]))
    (result,) = judge(analysis, [make_rule("max-wasted", word, Scoring.TRUE)])
    assert result.status is Status.SKIP


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("min-efficiency", "0.5", Status.PASS),
        ("min-efficiency", "50%", Status.PASS),
        ("min-efficiency", "0.51", Status.FAIL),
        ("max-wasted", "100", Status.PASS),
        ("max-wasted", "99", Status.FAIL),
        ("max-wasted-percent", "0.5", Status.PASS),
        ("max-wasted-percent", "0.49", Status.FAIL),
        ("lowestEfficiency", "0.5", Status.PASS),
        ("highestWastedBytes", "200", Status.PASS),
        ("highestWastedBytes", "199", Status.FAIL),
        ("highestUserWastedPercent", "1", Status.FAIL),
    ],
)
def test_equal_passes(name: str, value: str, status: Status) -> None:
    analysis = analyse(make_index([[file("a", 100)], [file("a", 100)]]))
    scoring = Scoring.DIVE if name in DIVE_DEFAULTS else Scoring.TRUE
    results = judge(analysis, [make_rule(name, value, scoring)])
    assert results[0].status is status
    assert passed(results) == (status is Status.PASS)


def test_no_user_bytes_pass_and_infinite_waste_fails() -> None:
    rule = make_rule("highestUserWastedPercent", "1", Scoring.DIVE)
    (one_layer,) = judge(analyse(make_index([[file("a", 100)]])), [rule])
    assert math.isnan(one_layer.actual)
    assert one_layer.status is Status.PASS
    (only_deletes,) = judge(analyse(make_index([[file("a", 100)], [whiteout("a")]])), [rule])
    assert math.isinf(only_deletes.actual)
    assert only_deletes.status is Status.FAIL
