"""Documents that come with the package, for `schema` and `template`."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

#: By command and word: the file in ``layerscope/data``.
_FILES: Final = {
    ("schema", "report"): "report.schema.json",
    ("schema", "diff"): "diff.schema.json",
    ("template", "github"): "github-workflow.yml",
    ("template", "gitlab"): "gitlab-ci.yml",
}


def read_document(command: str, word: str) -> str:
    """The text of what a command prints for one of its words."""
    return files("layerscope").joinpath("data", _FILES[command, word]).read_text(encoding="utf-8")
