"""Which rules a check judges: those of the flags and the config, of dive's file, or the defaults."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from layerscope.analysis.measures import MEASURES
from layerscope.analysis.rules import (
    CONTENT_RULES,
    DEFAULTS,
    DIVE_DEFAULTS,
    OWN_RULES,
    Rule,
    Scoring,
    Severity,
    make_content_rule,
    make_rule,
)
from layerscope.cli.arguments import DIVE_RULES
from layerscope.cli.divesettings import DiveSettings
from layerscope.cli.narration import say
from layerscope.cli.settings import RuleSetting, Settings, nearest
from layerscope.cli.smallfile import is_there, read_small_text
from layerscope.errors import ConfigError, UsageError

DIVE_CI = ".dive-ci"


def choose_rules(args: argparse.Namespace, settings: Settings, settings_of_dive: DiveSettings) -> list[Rule]:
    """The rules to judge; ConfigError or UsageError where a value or a file cannot be understood.

    Flags come before the config. Where dive's flags, variables or files say anything, dive's defaults
    fill the rest, as dive does; our own rules stand alone, and then dive's files are not looked for.
    """
    own = _own_rules(args, settings)
    dive = _plain(_dive_rules(settings_of_dive.rules(settings_of_dive.environment), "DIVE_RULES_"), "DIVE_RULES_*: ")
    dive |= _plain(_given(args, DIVE_RULES), "--")
    from_file = _read_file(args, look=not own)
    at_home = {} if own else _read_home(args, settings_of_dive, {**(from_file or {}), **dive})
    asked = own
    if dive or from_file is not None or at_home:
        asked = own | _plain(DIVE_DEFAULTS) | at_home | (from_file or {}) | dive
    asked = asked or _plain(DEFAULTS)
    _weigh(asked, args.warn, Severity.WARNING, "--warn")
    _weigh(asked, args.off, Severity.OFF, "--off")
    return [_make(name, setting, args.scoring) for name, setting in asked.items()]


def _dive_rules(rules: Mapping[str, str], name: str) -> dict[str, str]:
    """dive's rules under dive's names; the module that reads them is loaded only where there are some."""
    if not rules:
        return {}
    from layerscope.cli.diveci import dive_rules

    return dive_rules(rules, name)


def _own_rules(args: argparse.Namespace, settings: Settings) -> dict[str, RuleSetting]:
    """Our rules of the config, each with what a flag says instead."""
    rules = {name: rule._replace(named=f"{settings.file}: rules.{name}") for name, rule in settings.rules.items()}
    for name, value in _given(args, OWN_RULES).items():
        known = rules.get(name, RuleSetting())
        # The config says how much a rule counts, unless it is what the flag turns on again.
        rules[name] = RuleSetting(value, severity=_awake(known.severity), named=f"--{name}")
    for name in ("forbid", "forbid-in-layers"):
        if globs := getattr(args, name.replace("-", "_")):
            rules[name] = RuleSetting("", tuple(globs), _awake(rules.get(name, RuleSetting()).severity))
    if args.no_setuid or args.allow_setuid:
        known = rules.get("no-setuid", RuleSetting())
        rules["no-setuid"] = RuleSetting("", tuple(args.allow_setuid) or known.patterns, _awake(known.severity))
    if args.non_root:
        rules["non-root"] = RuleSetting(severity=_awake(rules.get("non-root", RuleSetting()).severity))
    return {name: rules[name] for name in MEASURES if name in rules}


def _awake(severity: Severity) -> Severity:
    return Severity.ERROR if severity is Severity.OFF else severity


def _weigh(rules: dict[str, RuleSetting], names: Iterable[str], severity: Severity, flag: str) -> None:
    """Give the named rules another severity."""
    for name in names:
        if name not in MEASURES:
            raise UsageError(f"{flag} {name}: there is no such rule.", nearest(name, MEASURES))
        if name not in rules:
            raise UsageError(f"{flag} {name}: that rule is not asked for.", f"Asked for are: {', '.join(rules)}.")
        rules[name] = rules[name]._replace(severity=severity)


def _make(name: str, setting: RuleSetting, scoring: str) -> Rule:
    whose = Scoring(scoring or (Scoring.DIVE if name in DIVE_DEFAULTS else Scoring.TRUE))
    if name in CONTENT_RULES:
        return make_content_rule(name, setting.patterns, setting.severity)
    try:
        return make_rule(name, setting.value, whose, setting.severity)
    except ConfigError as error:
        raise ConfigError(error.sentence.replace(name, setting.named or name, 1), error.hint) from error


def _plain(values: Mapping[str, str], where: str = "") -> dict[str, RuleSetting]:
    """Rules with these values; ``where`` stands before their names for whoever wrote them."""
    return {name: RuleSetting(value, named=f"{where}{name}") for name, value in values.items()}


def _given(args: argparse.Namespace, names: Iterable[str]) -> dict[str, str]:
    values = {name: getattr(args, name.replace("-", "_")) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _read_file(args: argparse.Namespace, *, look: bool) -> dict[str, RuleSetting] | None:
    path = Path(args.ci_config or DIVE_CI)
    if not args.ci_config and not (look and is_there(path) and path.is_file()):
        return None
    from layerscope.cli.diveci import parse_dive_ci

    text = read_small_text(path, "Give dive's config with --ci-config FILE.")
    found = parse_dive_ci(text, str(path))
    _announce(args, str(path), found.ignored)
    return _plain(found.rules, f"{path}: rules.")


def _read_home(args: argparse.Namespace, dive: DiveSettings, instead: Iterable[str]) -> dict[str, RuleSetting]:
    """The rules of dive's own config; it is told of where one of them counts, that is none of those ``instead``."""
    names = dive.rules(dive.files)
    rules = _dive_rules(names, "dive's config")
    places = {dive.places[f"rules.{name}"] for name, rule in zip(names, rules, strict=True) if rule not in {*instead}}
    ignored: list[str] = []
    if dive.unknown:
        from layerscope.cli.diveci import unknown_rules

        ignored += (told for name, place in dive.unknown.items() for told in unknown_rules([name], place))
    _announce(args, " and ".join(sorted(places)), ignored)
    return _plain(rules, "dive's config: rules.")


def _announce(args: argparse.Namespace, where: str, ignored: Iterable[str]) -> None:
    """Say what decides the verdict though no flag names it, and what in it does not."""
    whose = "the true" if args.scoring == Scoring.TRUE else "dive's"
    if where:
        say(args, f"rules from {where}, judged on {whose} figures; `layerscope init` writes a config of our own")
    for sentence in ignored:
        say(args, sentence)
