"""The command line: arguments to the branch that runs; every branch imports its modules itself.

``arguments`` holds the parsers, ``usage`` their words, ``branches`` what each command does, with
``exploring``, ``differing`` and ``starting`` for those that are more than a few lines; ``opening``
opens the image that is named. ``settings`` reads the project's config, ``divesettings`` and ``diveci``
dive's, ``thresholds`` which rules a check judges, ``baselines`` what it compares with. ``output`` is
where results go, ``clashes`` where they must not, ``narration`` what is said on standard error meanwhile,
``streams`` the state of the three; ``completion`` and ``manual``
are made from the parsers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from types import TracebackType

from layerscope.errors import LayerscopeError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; its exit code: 0 fine, 1 a rule failed, 2 trouble, 130 interrupted.

    Without ``argv`` the whole process is the program's, its streams and its last words too.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        from layerscope.cli.streams import settle_streams

        settle_streams()
        sys.excepthook = partial(_stop, debug="--debug" in arguments)
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


def _stop(kind: type[BaseException], error: BaseException, trace: TracebackType | None, *, debug: bool) -> None:
    """The last word on an error that nothing was there for: exit code 1 would say that a rule failed."""
    if issubclass(kind, KeyboardInterrupt):  # before the program had begun, or when it was done
        raise SystemExit(INTERRUPTED)
    from layerscope.errors import InternalError
    from layerscope.text import shortened

    if debug:
        sys.__excepthook__(kind, error, trace)
    hint = "Please report it." if debug else "Run it again with --debug, and please report what it says."
    told = InternalError(f"An error of its own stopped the program: {shortened(f'{kind.__name__}: {error}')}.", hint)
    _tell(told)
    raise SystemExit(told.exit_code)


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
