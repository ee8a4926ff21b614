"""Which rules a check judges: those of the flags, of dive's file, or the defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

from layerscope.analysis.diveci import parse_dive_ci
from layerscope.analysis.rules import DEFAULTS, DIVE_DEFAULTS, Rule, Scoring, make_rule
from layerscope.cli.arguments import DIVE_RULES, OWN_RULES
from layerscope.cli.narration import say
from layerscope.errors import ConfigError

DIVE_CI = ".dive-ci"


def choose_rules(args: argparse.Namespace) -> list[Rule]:
    """The rules to judge; ConfigError where a value or a file cannot be understood.

    Flags come before the file. Where dive's flags or file say anything, dive's defaults fill the rest,
    as dive does; our own flags stand alone, and then ``.dive-ci`` is not looked for.
    """
    own = _given(args, OWN_RULES)
    dive = _given(args, DIVE_RULES)
    from_file = _read_file(args, look=not own)
    rules = _make(own, args.scoring or Scoring.TRUE)
    if dive or from_file is not None:
        rules += _make({**DIVE_DEFAULTS, **(from_file or {}), **dive}, args.scoring or Scoring.DIVE)
    return rules or _make(DEFAULTS, args.scoring or Scoring.TRUE)


def _make(values: dict[str, str], scoring: str) -> list[Rule]:
    return [make_rule(name, value, Scoring(scoring)) for name, value in values.items()]


def _given(args: argparse.Namespace, names: tuple[str, ...]) -> dict[str, str]:
    values = {name: getattr(args, name.replace("-", "_")) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _read_file(args: argparse.Namespace, *, look: bool) -> dict[str, str] | None:
    path = Path(args.ci_config or DIVE_CI)
    if not args.ci_config and not (look and path.is_file()):
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"{path} cannot be read: {reason}.", "Give dive's config with --ci-config FILE.") from error
    whose = "the true" if args.scoring == Scoring.TRUE else "dive's"
    say(args, f"rules from {path}, judged on {whose} figures")
    return parse_dive_ci(text, str(path))
