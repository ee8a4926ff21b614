"""A pull request from its branch to its merge: real builds, a baseline, growth, one comment, verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker import DockerClient

import engine as docker_engine
from commandline import run
from forge import api, comment, fake_install

TAG = "layerscope-pull-request:app"
MAIN = docker_engine.SHELL + "COPY app /app\n"
GROWN = MAIN + "RUN dd if=/dev/zero of=/cache bs=1000 count=300\nRUN rm /cache\n"
FIXED = MAIN + "RUN dd if=/dev/zero of=/cache bs=1000 count=300 && rm /cache\n"
RULES = "--max-growth 100kB --max-wasted-growth 10kB --max-layers 5"


@pytest.mark.engine
def test_a_pull_request_grows_is_told_so_and_passes_once_it_is_fixed(engine: DockerClient, tmp_path: Path) -> None:
    fake_install(tmp_path)
    dockerfile = tmp_path / "Dockerfile"
    built = []

    def build(text: str) -> None:
        dockerfile.write_text(text)
        built.append(docker_engine.build(engine, TAG, text, {"app": b"x" * 1000}))

    try:
        build(MAIN)
        saved = run("check", TAG, "--max-wasted", "1kB", "--save-baseline", "base.json", cwd=tmp_path)
        assert saved.returncode == 0, saved.stderr
        inputs = {"image": TAG, "dockerfile": "Dockerfile", "baseline": "base.json", "rules": RULES}
        with api() as server:
            build(GROWN)
            grown = comment(tmp_path, server, **inputs)
            told = server.comments[-1]["body"]
            build(FIXED)
            fixed = comment(tmp_path, server, **inputs)
            comments = [one["body"] for one in server.comments if one["body"].startswith("<!-- layerscope")]
    finally:
        for image in built:  # each has lost its name to the next
            docker_engine.remove(engine, image)
    assert (grown.code, grown.outputs["verdict"], grown.outputs["delta"]) == (1, "fail", "300000")
    assert "::error file=Dockerfile,line=4,title=layerscope%3A growth::" in grown.log
    assert told.startswith("<!-- layerscope:layerscope-pull-request -->\n### layerscope: fail\n")
    assert "**+300.0 kB** since" in told
    assert "<code>RUN dd" in told
    assert (fixed.code, fixed.outputs["verdict"], fixed.outputs["delta"]) == (0, "pass", "0")
    assert len(comments) == 1
    assert comments[0].splitlines()[1] == "### layerscope: pass"
