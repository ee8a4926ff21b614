"""Where a layer's instruction stands in the Dockerfile: history and instructions put side by side.

The history tells the base's instructions first and this Dockerfile's last, so the two are aligned from the
end. A layer gets a line only where no other would fit as well; where anything is in doubt it gets none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from layerscope.analysis.alignment import Alignment, align
from layerscope.analysis.createdby import MAKERS, Likeness, Told, compare, read_line
from layerscope.analysis.dockerfile import Instruction, Stage, triggered
from layerscope.analysis.model import HistoryLine, Location

#: Instructions of a Dockerfile that are looked at, and ways to read it: stages that could be the target.
MAX_INSTRUCTIONS = 500
MAX_CHAINS = 60
#: Lines of the history that are looked at beyond twice the instructions.
_MORE_LINES = 50
#: Pairs of the same text that follow each other are no coincidence, wherever they stand.
_SURE = 2
#: What must have a line for the file to fit: a WORKDIR that is there already makes no layer.
_COUNTED = MAKERS - {"WORKDIR"}
_VARIABLE = re.compile(r"\$\{?\w+")


@dataclass(frozen=True, slots=True)
class Located:
    """The lines that were found by layer, and a sentence where not all could be."""

    locations: dict[int, Location]
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """What one way to read the Dockerfile tells."""

    locations: dict[int, Location]
    fits: bool
    """Whether at least half of what made layers is in the history."""
    warning: str


@dataclass(frozen=True, slots=True)
class _Fit:
    """One way to read the Dockerfile, beside the last lines of the history."""

    chain: Sequence[Instruction]
    gains: Sequence[Sequence[Likeness]]
    alignment: Alignment
    lines: Sequence[Told]

    @property
    def ends_alike(self) -> bool:
        """Whether behind the last pair as many instructions are left over as lines."""
        if not self.alignment.pairs:
            return False
        row, column = self.alignment.pairs[-1]
        more = (len(self.lines) - column) - (len(self.chain) - row)
        # `docker build --label` adds an instruction that no Dockerfile has.
        return more == 0 or (more == 1 and self.lines[-1].keyword == "LABEL" != self.chain[-1].keyword)


class _Gains:
    """What every instruction gains beside every line of the history, looked at once."""

    def __init__(self, told: Sequence[Told], shells: Sequence[str]) -> None:
        self.told = told
        self._shells = shells
        self._rows: dict[Instruction, list[Likeness]] = {}

    def row(self, instruction: Instruction) -> list[Likeness]:
        """One instruction beside all lines."""
        if instruction not in self._rows:
            self._rows[instruction] = [compare(instruction, line, self._shells) for line in self.told]
        return self._rows[instruction]

    def are_whole(self, chain: Sequence[Instruction]) -> bool:
        """Whether the history ends with these instructions, none edited."""
        end = len(self.told)
        if end and self.told[-1].keyword == "LABEL" != chain[-1].keyword:
            end -= 1
        if len(chain) > end:
            return False
        pairs = zip(chain, range(end - len(chain), end), strict=True)
        return all(self.row(instruction)[column] > Likeness.EDITED for instruction, column in pairs)


def locate(config: Mapping[str, Any], history: Sequence[HistoryLine], stages: Sequence[Stage], file: str) -> Located:
    """The lines of a Dockerfile that made the layers; ``file`` is how it is named, ``config`` the image's."""
    if not stages:
        return Located({}, f"{file} has no FROM: no lines are told.")
    if not all(_is_told(line) for line in history):
        return Located({}, f"The image's history does not tell of every layer: no lines of {file} are told.")
    written = sum(len(stage.instructions) for stage in stages)
    if written > MAX_INSTRUCTIONS:
        return Located({}, f"{file} has more than {MAX_INSTRUCTIONS} instructions: no lines are told.")
    told = [read_line(line.raw) for line in history[-(2 * written + _MORE_LINES) :]]
    fits = _best(list(_fits(stages, _Gains(told, _shells(stages, config)))))
    found = [_find_lines(fit, config, history, file) for fit in fits]
    # Where two ways to read the file fit alike, only that counts which they agree on.
    agreed = {
        layer: place
        for layer, place in found[0].locations.items()
        if all(other.locations.get(layer) == place for other in found[1:])
    }
    return Located(agreed, found[0].warning) if found[0].fits else Located({}, found[0].warning)


def _is_told(line: HistoryLine) -> bool:
    """Whether a line of the history is one of the config's own, and stands beside its layer."""
    return line.empty or (line.layer is not None and bool(line.raw or line.created or line.comment))


def _judge(fit: _Fit, matched: set[int], shared: bool, file: str) -> tuple[bool, str]:
    """Whether the file is the image's, and a word about what was not found; ``matched`` are rows of the chain."""
    makers = [row for row, instruction in enumerate(fit.chain) if instruction.keyword in _COUNTED]
    missed = [fit.chain[row].line for row in makers if row not in matched]
    if len(missed) * 2 > len(makers) or (fit.chain and not matched):
        return False, f"{file} does not fit the image's history: no lines are told. Was it built from another?"
    if missed:
        first = ", ".join(map(str, missed[:5]))
        more = " and others" if len(missed) > 5 else ""
        return True, f"Of {file}, line {first}{more} could not be matched with the image's history."
    if shared:
        return True, f"A layer of the image holds what several lines of {file} made, and is told without a line."
    return True, ""


def _fits(stages: Sequence[Stage], gains: _Gains) -> Iterator[_Fit]:
    """The ways to read the file that may be the image's: to its last stage, or to another where that fits whole."""
    target = len(stages) - 1
    for chain in _forms(_stage_chains(stages, target)):
        yield _fit(chain, gains)
    for earlier in range(target - 1, max(-1, target - MAX_CHAINS), -1):
        for chain in _forms(_stage_chains(stages, earlier)):
            if chain and gains.are_whole(chain):
                yield _fit(chain, gains)


def _forms(chains: Iterable[list[Instruction]]) -> Iterator[list[Instruction]]:
    """Each chain, and what is left of it where a builder tells of what made layers only, as kaniko does.

    Of ONBUILD itself the classic builder tells, BuildKit does not.
    """
    for chain in chains:
        makers = [instruction for instruction in chain if instruction.keyword in MAKERS]
        yield chain
        told = [instruction for instruction in chain if instruction.keyword != "ONBUILD"]
        if len(told) < len(chain):
            yield told
        if not makers:
            continue  # nothing would fit every image
        yield makers
        yield [maker for maker in makers if maker.keyword != "WORKDIR"]


def _stage_chains(stages: Sequence[Stage], target: int) -> list[list[Instruction]]:
    """The instructions of a stage and of those it stands on, oldest first; several where FROM has a variable."""
    found: list[list[Instruction]] = []
    ways: list[tuple[int, list[Instruction]]] = [(target, [])]
    while ways and len(found) < MAX_CHAINS:
        number, later = ways.pop()
        stage = stages[number]
        bases = _bases(stages, number)
        for base in bases:
            if base is None:
                found.append([*stage.instructions, *later])
            else:
                own = [*stage.instructions, *later]
                ways.append((base, own))
                # What ONBUILD keeps is done by docker, and not by buildah.
                if triggers := [made for one in stages[base].instructions if (made := triggered(one))]:
                    ways.append((base, [*triggers, *own]))
    return found


def _bases(stages: Sequence[Stage], number: int) -> list[int | None]:
    """The stages that this one may stand on; None for an image from elsewhere."""
    written = stages[number].base.lower()
    if _VARIABLE.search(written):
        return [None, *range(number)]
    named = [earlier for earlier in range(number) if stages[earlier].name == written]
    if not named and written.isdecimal() and int(written) < number:
        named = [int(written)]
    return [named[-1]] if named else [None]


def _fit(chain: list[Instruction], gains: _Gains) -> _Fit:
    lines = gains.told[-(2 * len(chain) + _MORE_LINES) :]
    rows = [gains.row(instruction)[-len(lines) :] for instruction in chain] if lines else []
    return _Fit(chain, rows, align(rows, len(lines)), lines)


def _shells(stages: Sequence[Stage], config: Mapping[str, Any]) -> list[str]:
    """The shells that a RUN may have been given to, as one text each; the usual ones are known anyway."""
    written = [one.arguments for stage in stages for one in stage.instructions if one.keyword == "SHELL"]
    container = config.get("config")
    last = container.get("Shell") if isinstance(container, dict) else None
    if isinstance(last, list) and all(isinstance(word, str) for word in last):
        written.append(last)
    return [" ".join(words) for words in written if words]


def _best(fits: Sequence[_Fit]) -> list[_Fit]:
    score = max(fit.alignment.score for fit in fits)
    return [fit for fit in fits if fit.alignment.score == score]


def _find_lines(fit: _Fit, config: Mapping[str, Any], history: Sequence[HistoryLine], file: str) -> _Found:
    offset = len(history) - len(fit.lines)
    locations = {}
    matched = set()
    shared = False
    for row, column in _accepted(fit):
        instruction, line = fit.chain[row], history[offset + column]
        if fit.gains[row][column] < Likeness.WEAK:
            continue
        matched.add(row)
        if line.layer is None:
            continue
        if _holds_more(config, history, offset + column):
            shared = True
        elif instruction.keyword in MAKERS:
            locations[line.layer] = Location(file, instruction.line, instruction.last_line)
    fits, warning = _judge(fit, matched, shared, file)
    return _Found(locations, fits, warning)


def _accepted(fit: _Fit) -> Iterator[tuple[int, int]]:
    """The pairs that count: those that reach the end without a gap, and others that are no coincidence."""
    pairs = fit.alignment.pairs
    starts = [
        number
        for number, ((row, column), (next_row, next_column)) in enumerate(pairwise(pairs), 1)
        if next_row - row != next_column - column
    ]
    for start, end in pairwise([0, *starts, len(pairs)]):
        run = pairs[start:end]
        same = sum(fit.gains[row][column] is Likeness.SAME for row, column in run)
        if same >= _SURE or (end == len(pairs) and fit.ends_alike):
            yield from run


def _holds_more(config: Mapping[str, Any], history: Sequence[HistoryLine], number: int) -> bool:
    """Whether the layer may be that of several instructions: buildah tells those before the last as empty.

    The classic builder tells so of an instruction that changed nothing; it leaves its version in the config.
    """
    if config.get("docker_version"):
        return False
    for line in reversed(history[:number]):
        if not line.empty:
            return False
        if read_line(line.raw).keyword in _COUNTED:
            return True
    return False
