"""The command line by running it: streams, exit codes, dive's ways, bad input."""

from __future__ import annotations

import fcntl
import io
import json
import re
import signal
import subprocess
import sys
import tarfile
import termios
import time
from pathlib import Path
from typing import IO

import pytest

from commandline import run, save
from handmade import file, layer_tar, whiteout
from layerscope.cli.arguments import LIMITS
from layerscope.sources.limits import NAMES, Limits


@pytest.fixture
def fat(tmp_path: Path) -> str:
    """An image of efficiency 0.5: 200 kB stored, 100 kB of them unreachable."""
    return str(save(tmp_path / "fat.tar", [[file("a", 100_000)], [file("a", 100_000, b"y")]]))


@pytest.fixture
def lean(tmp_path: Path) -> str:
    """An image without waste."""
    return str(save(tmp_path / "lean.tar", [[file("a", 100)], [file("b", 100)]]))


def test_check_passes_and_fails(fat: str, lean: str) -> None:
    passed = run("check", lean)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.count("PASS") == 2
    failed = run("check", fat)
    assert (failed.returncode, failed.stderr) == (1, "")
    assert "largest waste" in failed.stdout
    assert run("check", fat, "--exit-zero").returncode == 0


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (["--min-efficiency", "0.5"], 0),
        (["--min-efficiency", "50%"], 0),
        (["--min-efficiency=51%"], 1),
        (["--max-wasted", "100kB"], 0),
        (["--max-wasted", "99999"], 1),
        (["--max-wasted-percent", "50%"], 0),
        (["--max-wasted-percent", "0.49"], 1),
        (["--min-efficiency", "off"], 0),
        (["--min-efficiency", "0.5", "--max-wasted", "1"], 1),
        (["--min-efficiency", "0.5", "--scoring", "dive"], 0),
        (["--max-wasted", "100kB", "--scoring", "dive"], 1),
        (["--lowestEfficiency", "0.5", "--highestUserWastedPercent", "disabled"], 0),
        (["--lowestEfficiency", "0.5"], 1),
        (["--lowestEfficiency", "0.5", "--highestUserWastedPercent", "0.5", "--scoring", "true"], 0),
        (["--min-efficiency", "nonsense"], 2),
        (["--min-efficiency", "95"], 2),
        (["--max-wasted", "20XB"], 2),
        (["--min-efficiency"], 2),
        (["--no-such-flag"], 2),
        (["--format", "nonsense"], 2),
        (["--output", "json"], 2),
        (["--base", "7"], 2),
    ],
)
def test_rules_and_exit_codes(fat: str, rules: list[str], code: int) -> None:
    done = run("check", fat, *rules)
    assert done.returncode == code, done.stderr
    assert bool(done.stderr) == (code == 2)
    assert bool(done.stdout) == (code != 2)
    assert "Traceback" not in done.stderr


def test_ci_makes_a_check_of_the_explorer(fat: str) -> None:
    for value in ("true", "1", "TRUE"):
        assert run(fat, CI=value).returncode == 1
    assert run(fat, "--ci").returncode == 1
    assert run(fat, "--ci", "--min-efficiency", "0.5").returncode == 0
    report = run(fat, CI="false")
    assert report.returncode == 0
    assert "Layers" in report.stdout


def test_report_has_no_verdict(fat: str) -> None:
    done = run("report", fat)
    assert done.returncode == 0
    assert "FAIL" not in done.stdout
    assert json.loads(run("report", fat, "--format", "json").stdout)["image"]["wastedBytes"] == 100_000
    assert run("report", "demo").returncode == 0


def test_options_may_stand_before_the_command(fat: str) -> None:
    assert run("--platform", "linux/amd64", "--quiet", "check", fat).returncode == 1


def test_an_archive_on_standard_input(fat: str) -> None:
    done = run("check", "-", stdin=Path(fat).read_bytes())
    assert done.returncode == 1, done.stderr
    # It is called what the archive says.
    assert done.stdout.startswith("hand/made:1 ")


def test_several_outputs_at_once(fat: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("x" * 100_000, encoding="utf-8")
    done = run("check", fat, "--output", f"json={out}", "--output", f"dive={tmp_path / 'out.txt'}")
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert json.loads(out.read_text(encoding="utf-8"))["check"]["verdict"] == "fail"
    assert "Inefficient Files" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert json.loads(run("check", fat, "--output", "json=-").stdout)["check"]["verdict"] == "fail"


def test_output_that_cannot_be_written(fat: str, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    done = run("check", fat, "--output", f"json={tmp_path}/no/such/folder.json", "--output", f"junit={junit}")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    # The others are, all the same.
    assert "FAIL" in done.stdout
    assert "<failure" in junit.read_text(encoding="utf-8")


def test_dives_json_and_verdict_go_together(fat: str, tmp_path: Path) -> None:
    out = tmp_path / "dive.json"
    out.write_text("x" * 100_000, encoding="utf-8")
    done = run(fat, "--json", str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"layerscope: dive's JSON written to {out}\n")
    assert json.loads(out.read_text(encoding="utf-8"))["image"]["inefficientBytes"] == 200_000
    assert run(fat, "--json", str(out), "--quiet").stderr == ""
    assert json.loads(run(fat, "-j", "-").stdout)["image"]["inefficientBytes"] == 200_000
    out.unlink()
    assert run(fat, "-j", str(out), CI="true").returncode == 1
    assert out.exists()


def test_dive_ci_is_read_where_it_lies(fat: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    config = folder / ".dive-ci"
    config.write_text("rules:\n  lowestEfficiency: 0.5\n  highestUserWastedPercent: disabled\n", encoding="utf-8")
    done = run("check", fat, cwd=folder)
    assert done.returncode == 0
    assert (
        done.stderr
        == "layerscope: rules from .dive-ci, judged on dive's figures; `layerscope init` writes a config of our own\n"
    )
    assert run("check", fat, "--quiet", cwd=folder).stderr == ""
    assert run("check", fat, "--lowestEfficiency", "0.6", cwd=folder).returncode == 1
    assert run("check", fat, "--min-efficiency", "0.9", cwd=folder).stderr == ""
    assert run("check", fat, "--ci-config", str(config)).returncode == 0
    config.write_text("rules:\n  lowestEfficiency: much\n", encoding="utf-8")
    assert run("check", fat, cwd=folder).returncode == 2
    assert run("check", fat, "--ci-config", "no-such-file").returncode == 2


def test_base_as_a_number_and_as_an_image(fat: str, lean: str, tmp_path: Path) -> None:
    base = save(tmp_path / "base.tar", [[file("a", 100_000)]])
    for given in ("1", str(base)):
        image = json.loads(run("report", fat, "--base", given, "--format", "json").stdout)["image"]
        assert (image["baseLayers"], image["baseFoundBy"]) == (1, "option")
    assert run("report", fat, "--base", lean).returncode == 2


def damaged(path: Path, kind: str) -> str:
    """Something that is no image, or was one."""
    if kind == "truncated":
        whole = save(path / "whole.tar", [[file("a", 100_000), file("b", 100_000)]]).read_bytes()
        (path / "it").write_bytes(whole[:120_000])
    elif kind == "a folder":
        (path / "it").mkdir()
    elif kind != "absent":
        (path / "it").write_bytes(
            {"empty": b"", "text": b"hello\n" * 1000, "no image": layer_tar([file("a", 9)])}[kind]
        )
    return str(path / "it")


@pytest.mark.parametrize("kind", ["absent", "a folder", "empty", "text", "no image", "truncated"])
@pytest.mark.parametrize("command", ["check", "report"])
def test_what_is_no_image_is_one_sentence_and_exit_2(tmp_path: Path, command: str, kind: str) -> None:
    done = run(command, damaged(tmp_path, kind))
    assert done.returncode == 2
    assert done.stderr.startswith("layerscope: ")
    assert "Traceback" not in done.stderr
    assert "PASS" not in done.stdout


def test_what_could_be_read_is_shown_and_never_passes(tmp_path: Path) -> None:
    layer = layer_tar([file("a", 100_000), file("b", 100_000)])
    path = save(tmp_path / "broken.tar", [[file("c", 10)]])
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo("0/layer.tar")
        info.size = 120_000
        archive.addfile(info, io.BytesIO(layer[:120_000]))
    done = run("check", str(path), "--min-efficiency", "0")
    assert done.returncode == 2
    assert "could not check" in done.stdout
    assert "PASS" not in done.stdout
    assert "layer 1 was not read whole" in done.stderr
    assert "check" not in json.loads(run("check", str(path), "--format", "json").stdout)


def test_a_reader_that_leaves_early_changes_no_verdict(fat: str) -> None:
    command = [sys.executable, "-m", "layerscope", "check", fat, "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 1
    assert errors == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_trouble(fat: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "layerscope", "report", fat]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("layerscope: Standard output cannot be written")


def test_names_that_the_locale_cannot_write(tmp_path: Path) -> None:
    path = save(tmp_path / "names.tar", [[file("höhe/ü", 10)], [whiteout("höhe")]])
    done = run("report", str(path), PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0
    assert "h\\xf6he" in done.stdout


def test_colour_follows_the_environment(fat: str) -> None:
    assert "\x1b[" not in run("check", fat).stdout
    assert "\x1b[31mFAIL" in run("check", fat, FORCE_COLOR="1").stdout
    assert "\x1b[" not in run("check", fat, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_no_image_is_a_usage_error() -> None:
    for arguments in ([], ["check"], ["report"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("layerscope: The following arguments are required: IMAGE.")


def test_version_and_help() -> None:
    version = run("--version")
    assert run("-v").stdout == version.stdout
    assert version.returncode == 0
    assert version.stdout.rstrip() in ("layerscope 0.1.0 (pure)", "layerscope 0.1.0 (compiled)")
    for command in ((), ("check",), ("report",)):
        screen = run(*command, "--help", COLUMNS="100")
        assert screen.returncode == 0
        assert len(screen.stdout.splitlines()) <= 52


def test_limits_are_options(fat: str) -> None:
    done = run("check", fat, "--limit", "entries=1")
    assert done.returncode == 2
    assert "more than 1 entries" in done.stderr
    assert "If you trust the image, raise --limit entries." in done.stderr
    done = run("check", fat, "--limit", "document-bytes=1kB", "--limit", "layers=1")
    assert "A document lists more than 1 layers." in done.stderr
    assert "--limit layers=2" in done.stderr
    allowed = run("report", fat, "--limit", "entries=20M", "--limit", "document-bytes=8MiB", "--limit", "depth=100")
    assert (allowed.returncode, allowed.stderr) == (0, "")


@pytest.mark.parametrize(
    ("given", "sentence", "hint"),
    [
        ("depht=3", "there is no limit 'depht'", "Did you mean depth?"),
        ("x=3", "there is no limit 'x'", "There are entries, depth"),
        ("entries", "'' is no value", "a number above 0"),
        ("entries=-1", "'-1' is no value", "a number above 0"),
        ("spool-bytes=much", "'much' is no value", "bytes, like 64MiB"),
        ("entries=9999PB", "is no value", "a number above 0"),
    ],
)
def test_limits_that_are_none(given: str, sentence: str, hint: str) -> None:
    done = run("check", "demo", "--limit", given)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert hint in done.stderr


def test_every_limit_is_told_in_the_help_and_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert tuple(LIMITS) == NAMES
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([\d,]+(?: [KMG]iB)?)\b", readme, re.MULTILINE))
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    for name in NAMES:
        count, _, unit = rows[name].replace(",", "").partition(" ")
        assert int(count) * units.get(unit, 1) == getattr(Limits(), name.replace("-", "_")), name


def test_debug_shows_where_an_error_comes_from(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "nothing.tar"), "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("module", ["textual", "rich", "docker", "yaml", "humanize", "argparse"])
def test_nothing_heavy_is_imported_with_the_command_line(module: str) -> None:
    code = f"import sys, layerscope.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_check_of_an_archive_imports_neither_textual_nor_docker(fat: str) -> None:
    code = (
        "import sys; from layerscope.cli import main; main(['check', sys.argv[1]]);"
        "sys.exit(bool({'textual', 'rich', 'docker', 'yaml', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, fat], check=False, stdout=subprocess.DEVNULL)
    assert done.returncode == 0


def test_github_gets_its_summary_and_outputs(fat: str, tmp_path: Path) -> None:
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    nearly_full = tmp_path / "full.md"
    nearly_full.write_bytes(b"x" * ((1 << 20) - 100))
    told = run("check", fat, "--format", "github", GITHUB_STEP_SUMMARY=str(nearly_full))
    assert (told.returncode, nearly_full.stat().st_size) == (1, (1 << 20) - 100)
    assert "summary is full" in told.stderr
    outputs.write_text("before=1\n", encoding="utf-8")
    done = run("check", fat, "--format", "github", GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(outputs))
    assert done.returncode == 1
    assert "::error title=layerscope%3A efficiency::" in done.stdout
    assert "### layerscope: fail" in summary.read_text(encoding="utf-8")
    assert outputs.read_text(encoding="utf-8").startswith("before=1\nsize=200000\n")


def wait_until_read(pipe: IO[bytes]) -> None:
    """Wait until a program has taken what was written to a pipe, and waits for more."""
    left = bytearray(4)
    while not fcntl.ioctl(pipe, termios.FIONREAD, left) and any(left):
        time.sleep(0.05)
    time.sleep(0.2)


def test_interrupting_is_130_and_says_nothing() -> None:
    command = [sys.executable, "-m", "layerscope", "check", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        process.stdin.write(b"\0" * 10)
        process.stdin.flush()
        wait_until_read(process.stdin)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stdout.read() + process.stderr.read() == b""


DOCKERFILE = "FROM base\nRUN step 0\nENV A=1\nRUN step 1\n"


def test_a_dockerfile_gives_lines(fat: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Dockerfile").write_text(DOCKERFILE.replace("ENV A=1\n", "\n"))
    done = run("check", fat, "--dockerfile", "sub/Dockerfile", cwd=tmp_path)
    assert "by layer 2 (sub/Dockerfile:4): RUN step 1\n" in done.stdout
    assert "/a  (layer 1, overwritten in 2)  sub/Dockerfile:2\n" in done.stdout
    github = ("check", fat, "--dockerfile", "Dockerfile", "--format", "github")
    annotated = run(*github, cwd=tmp_path / "sub", GITHUB_WORKSPACE=str(tmp_path))
    assert "::warning file=sub/Dockerfile,line=2,title=100.0 kB wasted%3A /a::" in annotated.stdout
    document = json.loads(run("report", fat, "--dockerfile", "sub/Dockerfile", "--format", "json", cwd=tmp_path).stdout)
    assert document["waste"][0]["location"] == {"file": "sub/Dockerfile", "line": 2, "lastLine": 2}
    assert [layer["location"]["line"] for layer in document["layers"]] == [2, 4]


def test_a_dockerfile_that_does_not_fit_is_said(fat: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM base\nRUN other\nRUN another\n")
    done = run("check", fat, "--dockerfile", str(path), "--format", "github", cwd=tmp_path)
    assert "Dockerfile does not fit the image's history" in done.stdout
    assert "::warning file=Dockerfile,line=1,title=100.0 kB wasted%3A /a::" in done.stdout


@pytest.mark.parametrize(
    "text", [None, b"", b"\xff\xfe", b"RUN a\n", b"FROM a\n" * 200_000], ids=["none", "empty", "binary", "run", "long"]
)
def test_what_is_no_dockerfile_is_refused(fat: str, tmp_path: Path, text: bytes | None) -> None:
    path = tmp_path / "Dockerfile"
    if text is not None:
        path.write_bytes(text)
    done = run("check", fat, "--dockerfile", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "--dockerfile FILE" in done.stderr
