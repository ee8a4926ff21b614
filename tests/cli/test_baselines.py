"""Baselines on the command line: made, compared with, missing, required, tightened, damaged."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from commandline import run, save
from handmade import file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images that grow: ``1.tar`` of 100 bytes, ``2.tar`` of 150, ``3.tar`` of 250 with 100 wasted."""
    layers = [[file("a", 100)], [file("app/b\x1b[2J", 50)], [file("a", 100)]]
    commands = ["ADD rootfs /", "COPY ::error:: .", "RUN chown <b>|`x` | $'\x1b[2J'"]
    for count in (1, 2, 3):
        save(tmp_path / f"{count}.tar", layers[:count], commands=commands[:count])
    return tmp_path


def check(folder: Path, image: str, *flags: str) -> tuple[int, str, str]:
    """Run a check that only judges what the flags say."""
    done = run("check", image, "--min-efficiency", "off", *flags, cwd=folder)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_file_and_an_image_are_the_same_baseline(folder: Path) -> None:
    saved, plain = check(folder, "1.tar", "--save-baseline", "b.json"), check(folder, "1.tar")
    assert saved[:2] == plain[:2]
    assert (saved[2], plain[2]) == ("layerscope: baseline written: b.json (100 B)\n", "")
    for baseline in ("b.json", "1.tar", "docker-archive:1.tar"):
        code, out, errors = check(folder, "2.tar", "--baseline", baseline, "--max-growth", "49")
        assert (code, errors) == (1, "")
        assert "FAIL  growth" in out
        assert "+50 B  size 100 B → 150 B (+50.0 %)" in out
        assert "+50 B  COPY ::error:: .  (new)" in out
        assert "+50 B  /app/  (new)" in out
        assert check(folder, "2.tar", "--baseline", baseline, "--max-growth", "50")[0] == 0
        assert check(folder, "1.tar", "--baseline", baseline, "--max-growth", "0")[0] == 0


def test_a_baseline_is_small_and_readable_by_others(folder: Path) -> None:
    check(folder, "3.tar", "--save-baseline", "b.json")
    document = json.loads((folder / "b.json").read_text(encoding="utf-8"))
    assert (document["kind"], document["schemaVersion"], document["sizeBytes"]) == ("layerscope-baseline", 1, 250)
    assert document["waste"] == {"rewritten": 100}
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((folder / "b.json").stat().st_mode) == 0o666 & ~mask
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_is_no_file_is_written_to_and_never_replaced(folder: Path) -> None:
    (folder / "real.json").touch()
    (folder / "link.json").symlink_to("real.json")
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("link.json", "pipe"):
        assert check(folder, "1.tar", "--save-baseline", name)[0] == 0
    assert json.loads(os.read(reader, 1 << 16))["sizeBytes"] == 100
    os.close(reader)
    assert (folder / "link.json").is_symlink()
    assert json.loads((folder / "real.json").read_text(encoding="utf-8"))["sizeBytes"] == 100
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_deltas_in_every_format(folder: Path) -> None:
    flags = ("--baseline", "1.tar", "--max-wasted-growth", "0")
    document = json.loads(check(folder, "3.tar", *flags, "--format", "json")[1])
    comparison = document["comparison"]
    assert comparison["sizeBytes"] == {"before": 100, "after": 250, "delta": 150}
    assert comparison["folders"][0] == {
        "name": ".",
        "before": 100,
        "after": 200,
        "delta": 100,
        "readableBefore": 100,
        "readableAfter": 100,
    }
    assert comparison["waste"] == [{"reason": "rewritten", "before": 0, "after": 100, "delta": 100}]
    assert [layer["delta"] for layer in comparison["layers"]] == [100, 50]
    assert comparison["newLayers"] == [2, 1]
    markdown = check(folder, "3.tar", *flags, "--format", "markdown")[1]
    assert "**+150 B** since <code>" in markdown
    assert "| +100 B | waste | <code>rewritten</code>  (new) |" in markdown
    readable = "(100 B → 200 B stored, 100 B of it readable)"
    assert f"| +100 B | folder, stored in all layers | <code>files in /</code>  {readable} |" in markdown
    assert "| +50 B | folder, stored in all layers | <code>/app/</code>  (new) |" in markdown.replace("b\x1b", "")
    text = check(folder, "3.tar", *flags)[1]
    assert "  by folder, stored in all layers:\n" in text
    assert f"+100 B  files in /  {readable}\n" in text
    for form in ("text", "markdown", "github", "junit"):
        out = check(folder, "3.tar", *flags, "--format", form)[1]
        assert "\x1b" not in out
        assert "<b>" not in out or form == "text"
        assert not any(line.startswith("::error::") for line in out.splitlines())


def test_github_gets_the_delta(folder: Path) -> None:
    outputs = folder / "outputs"
    run("check", "2.tar", "--baseline", "1.tar", "--format", "github", cwd=folder, GITHUB_OUTPUT=str(outputs))
    assert "delta=50\n" in outputs.read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", ["b.json", "./no/baseline", "docker-archive:/no/such.tar"])
def test_a_missing_baseline_warns_and_passes_unless_it_is_required(folder: Path, missing: str) -> None:
    code, out, errors = check(folder, "2.tar", "--baseline", missing, "--max-growth", "0")
    assert (code, errors) == (0, "")
    assert f"There is no baseline {missing} yet: growth is not judged." in out
    assert "SKIP  growth" in out
    code, out, errors = check(folder, "2.tar", "--baseline", missing, "--require-baseline")
    assert (code, out) == (2, "")
    assert errors.startswith(f"layerscope: There is no baseline {missing}.\n")


@pytest.mark.parametrize(
    "content",
    [b"{", b"{}", b'{"kind": "layerscope-baseline", "schemaVersion": 9}', b"[1]", b"", b"{\xff}", b"[" * 9999],
)
def test_a_damaged_baseline_is_no_pass(folder: Path, content: bytes) -> None:
    (folder / "b.json").write_bytes(content)
    code, out, errors = check(folder, "2.tar", "--baseline", "b.json")
    assert (code, out) == (2, "")
    assert errors.startswith("layerscope: b.json ")
    assert "--save-baseline" in errors


def test_a_truncated_image_is_no_baseline(folder: Path) -> None:
    whole = (folder / "3.tar").read_bytes()
    (folder / "cut.tar").write_bytes(whole[: len(whole) // 2])
    code, out, _ = check(folder, "2.tar", "--baseline", "cut.tar")
    assert (code, out) == (2, "")


@pytest.mark.parametrize(
    "flags",
    [
        ["--max-growth", "1"],
        ["--max-growth-percent", "1%"],
        ["--require-baseline"],
        ["--ratchet"],
        ["--baseline", "1.tar", "--ratchet"],
        ["--baseline", "app:main", "--ratchet"],
    ],
)
def test_what_cannot_be(folder: Path, flags: list[str]) -> None:
    code, out, errors = check(folder, "2.tar", *flags)
    assert (code, out) == (2, "")
    assert errors.startswith("layerscope: --")


def test_standard_input_holds_one_image(folder: Path) -> None:
    done = run("check", "-", "--baseline", "-", stdin=(folder / "1.tar").read_bytes())
    assert done.returncode == 2
    assert done.stderr.startswith("layerscope: Standard input holds one image.")
    done = run("check", "-", "--baseline", str(folder / "1.tar"), stdin=(folder / "2.tar").read_bytes())
    assert "+50 B  size" in done.stdout


def test_growth_of_a_config_waits_for_its_baseline(folder: Path) -> None:
    (folder / "layerscope.toml").write_text("[rules]\nmax-growth = 0\n", encoding="utf-8")
    done = run("check", "2.tar", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "SKIP  growth  no baseline" in done.stdout
    assert run("check", "2.tar", "--baseline", "1.tar", cwd=folder).returncode == 1
    (folder / "layerscope.toml").write_text("baseline = '1.tar'\n[rules]\nmax-growth = 0\n", encoding="utf-8")
    assert run("check", "2.tar", cwd=folder).returncode == 1


def test_the_ratchet_only_tightens(folder: Path) -> None:
    def size() -> int:
        return int(json.loads((folder / "b.json").read_text(encoding="utf-8"))["sizeBytes"])

    flags = ("--baseline", "b.json", "--ratchet")
    assert check(folder, "3.tar", *flags)[0] == 0
    assert size() == 250, "the first run makes it"
    assert check(folder, "2.tar", *flags)[2] == "layerscope: baseline tightened: b.json (150 B, was 250 B)\n"
    assert size() == 150
    assert check(folder, "3.tar", *flags)[2] == "layerscope: baseline not written: the image is no better than b.json\n"
    assert size() == 150, "worse"
    failed = check(folder, "1.tar", *flags, "--max-size", "1")
    assert (failed[0], failed[2]) == (1, "layerscope: baseline not written: a rule failed\n")
    assert size() == 150, "a check that failed"
    assert check(folder, "1.tar", *flags)[0] == 0
    assert size() == 100


def test_a_baseline_that_cannot_be_written_is_trouble(folder: Path) -> None:
    code, out, errors = check(folder, "2.tar", "--save-baseline", "no/such/b.json")
    assert code == 2
    assert "150 B" in out, "the report comes first"
    assert errors.startswith("layerscope: no/such/b.json cannot be written: No such file or directory.")
    (folder / "b.json").mkdir()
    assert check(folder, "2.tar", "--save-baseline", "b.json")[0] == 2
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_failed_check_saves_the_baseline_too(folder: Path) -> None:
    assert check(folder, "2.tar", "--max-size", "1", "--save-baseline", "b.json")[0] == 1
    assert (folder / "b.json").exists()


def test_a_baseline_of_another_image_is_told(folder: Path) -> None:
    save(folder / "other.tar", [[file("x", 100)]])
    check(folder, "other.tar", "--save-baseline", "b.json")
    told = "The baseline is of other.tar, which shares no layer and no name with this image."
    assert told in check(folder, "2.tar", "--baseline", "b.json")[1]
    assert told in check(folder, "2.tar", "--baseline", "other.tar")[1]
    for alike in ("1.tar", "3.tar"):
        assert "shares no layer" not in check(folder, "2.tar", "--baseline", alike)[1]
    save(folder / "2.tar", [[file("y", 100)]])
    check(folder, "2.tar", "--save-baseline", "b.json")
    save(folder / "2.tar", [[file("z", 100)]])
    assert "shares no layer" not in check(folder, "2.tar", "--baseline", "b.json")[1], "built anew, from nothing"
