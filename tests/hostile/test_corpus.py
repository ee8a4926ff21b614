"""All of the corpus through ``check``: opened, opened with warnings, or refused with a sentence that fits."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from .fates import OPENED, REFUSED, WARNED
from .run import Outcome, run

pytestmark = pytest.mark.corpus

#: Why files and folders of the corpus are refused, and how many are.
REFUSALS = {
    # Bare tars: layers, and archives that test readers of tars.
    r"holds no image: there is neither a manifest\.json nor an index\.json": 117,
    r"is no image archive: it is a JSON document": 46,
    r"is no image archive: it is text": 7,
    r"is no image archive: it is neither a tar nor a compressed one": 3,
    r"is damaged: ": 10,
    r"lists no image": 2,
    r"does not hold the document sha256:": 3,
    r"sha256:\w+ in .* is (empty|no valid JSON)": 1,
    r"is a manifest of docker schema 1, which engines no longer read": 1,
    r"holds a squashfs file system": 1,
}


def checked(path: Path, folder: Path) -> Outcome:
    """``check`` of an image, of the first where there are several."""
    outcome = run(str(path), folder)
    several = re.search(r"holds \d+ images: ([^,]+),", outcome.err)
    return run(str(path), folder, "--image", several[1]) if several else outcome


def test_everything_opens_or_is_refused_with_a_sentence_that_fits(corpus: Path, tmp_path: Path) -> None:
    listed = json.loads((corpus / "public" / "MANIFEST.json").read_bytes())
    paths = [corpus / "public" / item["file"] for item in [*listed["files"], *listed["layout_dirs"]]]
    paths += sorted((corpus / "engine28").iterdir())
    outcomes = {path: checked(path, tmp_path) for path in paths}
    assert [outcome.trail for outcome in outcomes.values() if outcome.trail] == []
    assert Counter(outcome.fate for outcome in outcomes.values()) == {OPENED: 64, WARNED: 8, REFUSED: 191}
    refused = {path: outcome.err for path, outcome in outcomes.items() if outcome.report is None}
    assert {path for path, err in refused.items() if not re.fullmatch(r"layerscope: .+\.\n  .+\n", err)} == set()
    reasons = Counter(next((each for each in REFUSALS if re.search(each, err)), err) for err in refused.values())
    assert reasons == REFUSALS


def test_what_has_a_truth_opens(corpus: Path, tmp_path: Path) -> None:
    facts = json.loads((corpus / "truth.json").read_bytes())
    known = [corpus / path for path, each in facts.items() if "layers" in each]
    assert len(known) == 63
    assert [path for path in known if checked(path, tmp_path).report is None] == []
