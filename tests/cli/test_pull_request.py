"""A pull request as a pipeline sees it: build, check, baseline, growth, comment; a real engine builds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

import engine as docker_engine
from commandline import Done, run
from engine import SHELL, remove, rootfs

NAME = "layerscope-pull-request"
CONFIG = """
[rules]
max-growth = "100kB"
max-wasted-percent = "5%"
forbid-in-layers = ["id_rsa", ".git"]
non-root = true
"""
MAIN = f"""{SHELL}COPY app /app
USER app
"""
CHANGED = f"""{SHELL}COPY app /app
RUN dd if=/dev/zero of=/app/data bs=1000 count=500
RUN chown -R app /app
RUN rm /app/id_rsa
USER app
"""
MENDED = f"""{SHELL}COPY --chown=app app/small /app/small
USER app
"""


@pytest.fixture
def project(tmp_path: Path, engine: DockerClient) -> Iterator[Path]:
    """A project with a Dockerfile, a config and something that does not belong into an image."""
    assert engine is not None
    if shutil.which("docker") is None:
        (pytest.fail if docker_engine.required() else pytest.skip)("`layerscope build` needs the docker command")
    (tmp_path / "rootfs.tar").write_bytes(rootfs())
    (tmp_path / "layerscope.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "large").write_bytes(b"l" * 50_000)
    (tmp_path / "app" / "small").write_bytes(b"s" * 1_000)
    yield tmp_path
    for tag in ("main", "change", "mended"):
        remove(engine, f"{NAME}:{tag}")
    for image in engine.images.list(filters={"label": NAME, "dangling": True}):
        remove(engine, str(image.id))


def build(project: Path, dockerfile: str, tag: str, *options: str, **environment: str) -> Done:
    """What the pipeline runs: one command, which builds and then checks."""
    # The label is how the layers of a build that failed are found again.
    labelled = dockerfile.replace("FROM scratch\n", f"FROM scratch\nLABEL {NAME}=1\n")
    (project / "Dockerfile").write_text(labelled, encoding="utf-8")
    arguments = (*options, "build", "--network=none", "--force-rm", "-t", f"{NAME}:{tag}", ".")
    done = run(*arguments, cwd=project, variables={"CI": "true", **environment})
    assert "Traceback" not in done.stderr
    return done


KEPT = ("--baseline", "baseline.json", "--ratchet")


@pytest.mark.engine
def test_a_pull_request(project: Path) -> None:
    baseline = merge_to_main(project)
    growth = change(project)
    assert kept(project) == baseline, "only the better one stays"
    compare_by_name(project, growth)
    # Mended: smaller than before, so the baseline follows.
    done = build(project, MENDED, "mended", *KEPT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "baseline tightened: baseline.json" in done.stderr
    assert kept(project)["sizeBytes"] == baseline["sizeBytes"] - 50_000


def kept(project: Path) -> Any:
    """The baseline that the pipeline keeps."""
    return json.loads((project / "baseline.json").read_text(encoding="utf-8"))


def merge_to_main(project: Path) -> Any:
    """On the main branch: no baseline yet, which is no failure; gives the one that was made."""
    done = build(project, MAIN, "main", *KEPT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There is no baseline baseline.json yet" in done.stdout
    assert kept(project)["reference"].endswith(f"{NAME}:main")
    return kept(project)


def change(project: Path) -> int:
    """The pull request: a secret that is removed again, a large file that is owned twice; gives the growth."""
    (project / "app" / "id_rsa").write_text("secret", encoding="utf-8")
    summary, outputs = project / "summary.md", project / "outputs"
    forms = ("--format", "github", "--output", "markdown=comment.md", "--output", "json=report.json")
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
    done = build(project, CHANGED, "change", *KEPT, *forms, **files)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("::error ") == 3
    report = json.loads((project / "report.json").read_text(encoding="utf-8"))
    rules = {rule["rule"]: rule for rule in report["check"]["rules"]}
    assert {name: rule["status"] for name, rule in rules.items()} == {
        "max-wasted-percent": "fail",
        "max-growth": "fail",
        "forbid-in-layers": "fail",
        "non-root": "pass",
    }
    growth = int(report["comparison"]["sizeBytes"]["delta"])
    assert growth == 500_000 + 551_006 + 6, "written, written again by chown, and the secret"
    (secret,) = rules["forbid-in-layers"]["findings"]
    assert (secret["path"], secret["layer"]) == ("app/id_rsa", 1)
    comment = (project / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith(f"<!-- layerscope:docker://{NAME} -->\n"), "the key of all its tags"
    assert "**+1.1 MB** since" in comment
    assert "chown -R app /app" in comment
    assert summary.read_text(encoding="utf-8").count("### layerscope: fail") == 1
    assert f"delta={growth}\n" in outputs.read_text(encoding="utf-8")
    return growth


def compare_by_name(project: Path, growth: int) -> None:
    """The image of the main branch is the same baseline, and `diff` says the same."""
    done = run("check", f"{NAME}:change", "--baseline", f"{NAME}:main", "--format", "json", cwd=project)
    assert done.returncode == 1
    assert json.loads(done.stdout)["comparison"]["sizeBytes"]["delta"] == growth
    done = run("diff", f"{NAME}:main", f"{NAME}:change", "--exit-code", cwd=project)
    assert done.returncode == 1
    assert "+500.0 kB  added     /app/data" in done.stdout


@pytest.mark.engine
def test_a_build_that_fails_is_no_verdict(project: Path) -> None:
    done = build(project, f"{SHELL}RUN false\n", "main")
    assert (done.returncode, done.stdout) == (2, "")
    assert "docker build ended with exit code" in done.stderr


@pytest.mark.engine
def test_an_image_that_no_engine_has_is_no_pass(engine: DockerClient) -> None:
    assert engine is not None
    done = run("check", "docker://localhost:1/layerscope/no-such-image:1")
    assert (done.returncode, done.stdout) == (2, "")
    # Nobody could look whether there is such a baseline: that is no missing one.
    for flags in ((), ("--require-baseline",)):
        done = run("check", "demo", "--baseline", "docker://localhost:1/layerscope/no-such-image:1", *flags)
        assert (done.returncode, done.stdout) == (2, "")
