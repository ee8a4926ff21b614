"""Words that are misspelt, or belong elsewhere: what was meant is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import run, save
from handmade import file


def test_a_dockerfile_of_another_image_that_makes_no_layer_is_said(tmp_path: Path) -> None:
    image = save(tmp_path / "app.tar", [[file("a", 100)], [file("b", 100)]])
    path = tmp_path / "Dockerfile"
    path.write_text('FROM base\nCMD ["other"]\n')
    assert "does not fit the image's history" in run("check", str(image), "--dockerfile", str(path)).stdout


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        ("chekc demo", "There is no command chekc.", "Did you mean check?"),
        ("demo demo", "One word too many: demo.", "To compare two: layerscope diff demo demo"),
        ("check demo demo", "One word too many: demo.", "See `layerscope check --help`."),
        ("check demo --max-wastd 3", "There is no option --max-wastd.", "Did you mean --max-wasted?"),
        ("check demo --max-wastd=3", "There is no option --max-wastd.", "Did you mean --max-wasted?"),
        ("report demo --max-wasted 3", "There is no option --max-wasted.", "It is an option of `layerscope check`."),
        ("check demo --xyzzy", "There is no option --xyzzy.", "See `layerscope check --help`."),
        ("demo --formt json", "There is no option --formt.", "Did you mean --format?"),
    ],
)
def test_words_that_are_misspelt(words: str, sentence: str, hint: str) -> None:
    done = run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"layerscope: {sentence}\n  {hint}\n"


def test_what_happened_to_several_layers_is_said_once(tmp_path: Path) -> None:
    image = save(tmp_path / "app.tar", [[file(name, 10)] for name in "abcd"])
    done = run("check", str(image), "--limit", "entries=1")
    # Which three they are hangs on the order of reading.
    assert done.stderr.count("The image has more than 1 entries.") == 1
    assert sum("warning" in line for line in done.stdout.splitlines()) == 1
