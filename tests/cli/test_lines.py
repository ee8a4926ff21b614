"""Where the Dockerfile is named: in a config, in the arguments of a build, from the root of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file, whiteout
from layerscope.cli.lines import built_from


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a fat image, its Dockerfile, and other files."""
    save(tmp_path / "app.tar", [[file("a", 100_000)], [whiteout("a"), file("b", 1)]])
    (tmp_path / "Dockerfile").write_bytes(b"# \xe9t\xe9, not UTF-8\nFROM base\nRUN step 0\nRUN step 1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other").write_text("FROM base\n")
    return tmp_path


def test_a_config_may_name_the_dockerfile_and_the_comments_key(folder: Path) -> None:
    (folder / "layerscope.toml").write_text('dockerfile = "Dockerfile"\ncomment-key = "mine"\n')
    done = run("check", "app.tar", "--output", "markdown=out.md", cwd=folder)
    assert "(Dockerfile:4): " in done.stdout
    assert ")  Dockerfile:3\n" in done.stdout
    assert (folder / "out.md").read_text().startswith("<!-- layerscope:mine -->\n")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["."], "Dockerfile"),
        (["-t", "x", "."], "Dockerfile"),
        (["-f", "sub/other", "."], "sub/other"),
        (["--file", "sub/other", "."], "sub/other"),
        (["--file=sub/other", "."], "sub/other"),
        (["-f", "-", "."], ""),
        (["--file=none", "."], ""),
        (["sub"], ""),
        (["https://host/repository.git"], ""),
        (["-"], ""),
        (["-f"], ""),
    ],
)
def test_a_builds_arguments_name_it(
    folder: Path, arguments: list[str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert built_from(arguments) == found


def test_a_hostile_name_of_a_dockerfile_is_data(folder: Path) -> None:
    name = "evil\n::error::\x1b[31m|`<b>"
    (folder / "Dockerfile").rename(folder / name)
    for form in ("text", "github", "markdown", "junit", "gitlab"):
        text = run("check", "app.tar", "--dockerfile", name, "--format", form, cwd=folder).stdout
        assert "\x1b" not in text
        assert "\n::error::" not in text
        assert "<b>" not in text or form in ("text", "github", "gitlab")
    sarif = json.loads(run("check", "app.tar", "--dockerfile", name, "--format", "sarif", cwd=folder).stdout)
    place = sarif["runs"][0]["results"][-1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "evil%0A%3A%3Aerror%3A%3A%1B%5B31m%7C%60%3Cb%3E"
