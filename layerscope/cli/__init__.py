"""The command line: arguments to the branch that runs; every branch imports its modules itself.

``arguments`` holds the parsers, ``usage`` their words, ``branches`` what each command does, with
``exploring``, ``differing`` and ``starting`` for those that are more than a few lines; ``opening``
opens the image that is named. ``settings`` reads the project's config, ``divesettings`` and ``diveci``
dive's, ``thresholds`` which rules a check judges, ``baselines`` what it compares with. ``output`` is
where results go, ``narration`` what is said on standard error meanwhile; ``completion`` and ``manual``
are made from the parsers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from layerscope.errors import LayerscopeError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; its exit code: 0 fine, 1 a rule failed, 2 trouble, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A name that the locale cannot write must not end a report half way.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except LayerscopeError as error:
        if "--debug" in arguments:
            import traceback

            traceback.print_exception(error)
        _tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    from layerscope.cli.arguments import parse_arguments

    parsed = parse_arguments(arguments)
    from layerscope.cli import branches

    return branches.run(parsed)


def _tell(error: LayerscopeError) -> None:
    from layerscope.text import printable

    sys.stderr.write(f"layerscope: {printable(error.sentence)}\n")
    if error.hint:
        sys.stderr.write(f"  {printable(error.hint)}\n")
