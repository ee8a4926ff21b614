"""Every kind of hostile input: opened, warned of or refused, and nothing else comes of it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from .every import GROUPS, KINDS
from .fates import OPENED, WARNED
from .kinds import Kind
from .run import Outcome, problems, run_kind

#: Kinds whose bytes are read in other ways, and to other ends, where they are compared with digests.
HASHED = [kind for group in ("outer archives", "layers", "compression", "folders") for kind in GROUPS[group]()]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a home, a working directory and one for temporary files in it."""
    for name in ("input", "output", "home", "work", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """All that lies below a folder: name, size, time of change."""
    paths = [Path(root, name) for root, folders, files in os.walk(folder) for name in folders + files]
    return sorted((str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind(kind: Kind, place: Path) -> None:
    path = kind.make(place / "input")
    before = listing(place)
    outcome = run_kind(kind, path, place / "output")
    (place / "output" / "report.json").unlink(missing_ok=True)
    assert problems(kind, outcome) == [], outcome.sentences
    assert [item for item in listing(place) if "/output" not in item[0]] == [i for i in before if "/output" not in i[0]]
    if kind.piped and os.path.isfile(path):  # noqa: PTH113  # some names are too long for pathlib
        piped = run_kind(kind, path, place / "output", piped=True)
        assert problems(kind, piped) == [], piped.sentences
        assert answers(piped, "Standard input") == answers(outcome, str(path))


@pytest.mark.parametrize("kind", HASHED, ids=lambda kind: kind.name)
def test_kinds_whose_digests_are_compared(kind: Kind, place: Path) -> None:
    verified = replace(kind, options=(*kind.options, "--verify"))
    path = kind.make(place / "input")
    outcome = run_kind(verified, path, place / "output")
    if kind.fate is OPENED and outcome.fate is WARNED:  # most name digests that are not theirs
        verified = replace(verified, fate=WARNED)
    assert problems(verified, outcome) == [], outcome.sentences
    assert not list((place / "temporary").iterdir())
    if kind.piped and os.path.isfile(path):  # noqa: PTH113  # some names are too long for pathlib
        piped = run_kind(verified, path, place / "output", piped=True)
        assert problems(verified, piped) == [], piped.sentences
        assert answers(piped, "Standard input") == answers(outcome, str(path))


def answers(outcome: Outcome, name: str) -> object:
    """What must not depend on how the bytes come: everything but the name of where they lie."""
    if outcome.report is None:
        return outcome.code
    told = {key: value for key, value in outcome.report.items() if key != "image"}
    image = {key: value for key, value in outcome.report["image"].items() if key not in ("reference", "warnings")}
    return outcome.code, told, image, [each.replace(name, "") for each in outcome.report["image"]["warnings"]]


def test_there_are_enough_kinds_and_each_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 300
