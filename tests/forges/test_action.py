"""The GitHub Action, the GitLab job and the pre-commit hook: their schemas, and their commands run on real images."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docker import DockerClient

import engine as docker_engine
import layerscope
from commandline import run, save
from forge import ACTION, ROOT, act, api, comment, fake_install, read_yaml
from handmade import file, whiteout
from layerscope.report import FORMATS
from layerscope.sources.registry_credentials import find_credentials
from layerscope.sources.registry_names import parse_name

GITLAB = ROOT / "layerscope/data/gitlab-ci.yml"
WORKFLOW = ROOT / "layerscope/data/github-workflow.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout on a runner: a fat image, and the Dockerfile it was built from."""
    save(tmp_path / "app.tar", [[file("a", 100_000)], [file("b", 5), whiteout("a")]])
    (tmp_path / "Dockerfile").write_text("FROM base\nRUN step 0\nRUN step 1\n")
    fake_install(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", ACTION / "action.yml"), ("github-workflows", WORKFLOW), ("gitlab-ci", GITLAB)],
    ids=["action", "workflow", "gitlab"],
)
def test_files_are_what_forges_read(schema: str, path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("word", "path"), [("github", WORKFLOW), ("gitlab", GITLAB)])
def test_templates_can_be_printed(word: str, path: Path) -> None:
    done = run("template", word)
    assert (done.returncode, done.stdout) == (0, path.read_text())


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    (job,) = read_yaml(WORKFLOW)["jobs"].values()
    (step,) = (step for step in job["steps"] if "layerscope" in step.get("uses", ""))
    assert step["uses"].endswith(f"/layerscope/.github/actions/layerscope@v{layerscope.__version__}")
    assert step["with"].keys() <= read_yaml(ACTION / "action.yml")["inputs"].keys()


def test_the_workflow_runs_as_it_is_written(workspace: Path) -> None:
    (job,) = read_yaml(WORKFLOW)["jobs"].values()
    inputs = {name: str(value) for name, value in job["steps"][-1]["with"].items()}
    inputs |= {"image": "app.tar", "comment": "false"}
    first = act(workspace, inputs)
    assert (first.code, first.outputs["verdict"], first.outputs["delta"]) == (1, "fail", "")
    assert "There is no baseline layerscope-baseline.json" in first.log + first.summary
    save(workspace / "main.tar", [[file("a", 10)]])
    run("check", "main.tar", "--save-baseline", "layerscope-baseline.json", cwd=workspace)
    assert act(workspace, inputs).outputs["delta"] == str(100_005 - 10)


def test_a_failed_check_reports_first_and_fails_last(workspace: Path) -> None:
    run = act(workspace, {"image": "app.tar", "dockerfile": "Dockerfile", "sarif": "out.sarif"})
    assert run.code == 1
    assert "::warning file=Dockerfile,line=2,title=100.0 kB wasted%3A /a::" in run.log
    assert run.outputs == {
        "size": "100005",
        "delta": "",
        "wasted": "100000",
        "efficiency": repr(1 - 100_000 / 100_005),
        "verdict": "fail",
    }
    assert run.summary.startswith("<!-- layerscope:app.tar -->\n### layerscope: fail\n")
    assert json.loads((workspace / "out.sarif").read_text())["version"] == "2.1.0"


def test_failing_can_be_switched_off_but_for_what_could_not_be_looked_at(workspace: Path) -> None:
    assert act(workspace, {"image": "app.tar", "fail": "false"}).outputs["verdict"] == "fail"
    assert act(workspace, {"image": "app.tar", "fail": "false"}).code == 0
    missing = act(workspace, {"image": "./missing.tar", "fail": "false"})
    assert (missing.code, missing.outputs["verdict"]) == (2, "")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("--max-wasted 100kB --max-size '1 MB'", 0),
        ("--min-efficiency off", 0),
        ("--max-wasted 1 --min-efficiency=off", 1),
        ("--no-such-rule", 2),
        ("--max-wasted 'open", 2),
        ("--max-wasted 100kB $(touch ran) `touch ran` ; touch ran", 2),
    ],
)
def test_rules_are_words_and_no_commands(workspace: Path, rules: str, code: int) -> None:
    assert act(workspace, {"image": "app.tar", "rules": rules}).code == code
    assert not (workspace / "ran").exists()


def test_inputs_are_no_code(workspace: Path) -> None:
    evil = '"; touch ran; $(touch ran)'
    for name in ("image", "dockerfile", "config", "baseline", "sarif", "comment-key"):
        assert act(workspace, {"image": "app.tar", name: evil}).code in (0, 1, 2)
    assert not (workspace / "ran").exists()
    assert not any("${{" in step["run"] for step in read_yaml(ACTION / "action.yml")["runs"]["steps"])


def test_growth_over_a_baseline_is_an_output(workspace: Path) -> None:
    save(workspace / "old.tar", [[file("a", 90_000)]])
    run = act(workspace, {"image": "app.tar", "baseline": "old.tar", "rules": "--max-growth 1kB"})
    assert (run.code, run.outputs["delta"]) == (1, "10005")


def test_a_pull_request_has_one_comment_per_key(workspace: Path) -> None:
    with api() as server:
        assert comment(workspace, server).code == 1
        assert comment(workspace, server, rules="--max-wasted off").code == 0
        assert comment(workspace, server, **{"comment-key": "other"}).code == 1
        bodies = [one["body"] for one in server.comments[150:]]
    assert [body.splitlines()[:2] for body in bodies] == [
        ["<!-- layerscope:app.tar -->", "### layerscope: pass"],
        ["<!-- layerscope:other -->", "### layerscope: fail"],
    ]
    assert server.asked[-1] == ("POST", "/repos/some/where/issues/7/comments")


def test_a_fork_that_may_not_comment_has_its_summary_and_verdict(workspace: Path) -> None:
    with api(403) as server:
        run = comment(workspace, server, rules="--max-wasted off")
    assert run.code == 0
    assert "### layerscope: pass" in run.summary
    assert "::notice title=layerscope::no comment on the pull request: the token may not" in run.log


def test_no_comment_without_a_pull_request_or_a_network(workspace: Path) -> None:
    with api() as server:
        pass
    assert comment(workspace, server, rules="--max-wasted off").code == 0
    assert "::notice" in act(workspace, {"image": "app.tar", "comment": "true"}).log


@pytest.mark.engine
def test_the_action_checks_a_real_build(engine: DockerClient, workspace: Path) -> None:
    dockerfile = docker_engine.SHELL + "RUN dd if=/dev/zero of=/big bs=1000 count=900\nRUN rm /big\n"
    (workspace / "Dockerfile").write_text(dockerfile)
    tag = "layerscope-action:1"
    docker_engine.build(engine, tag, dockerfile)
    try:
        run = act(workspace, {"image": tag, "dockerfile": "Dockerfile", "rules": "--max-wasted 1kB"})
    finally:
        docker_engine.remove(engine, tag)
    assert run.code == 1
    assert "::warning file=Dockerfile,line=3,title=900.0 kB wasted%3A /big::" in run.log


def test_gitlabs_job_writes_its_reports(workspace: Path) -> None:
    job = read_yaml(GITLAB)["layerscope"]
    done = gitlab_job(workspace, "--max-wasted 1kB")
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    assert set(reports.values()) == set(job["artifacts"]["paths"])
    issues = json.loads((workspace / reports["codequality"]).read_text())
    assert issues[1]["location"] == {"path": "Dockerfile", "lines": {"begin": 2, "end": 2}}
    assert 'failures="1"' in (workspace / reports["junit"]).read_text()
    assert (workspace / reports["metrics"]).read_text().endswith("# EOF\n")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("--min-efficiency off --max-wasted-percent off", 0),
        ("--forbid 'a'", 0),
        ("--forbid 'b'", 1),
        ("--forbid '*'", 1),
        ("--forbid *.pem", 1),
        ("--forbid '*.pem' --max-size '1 MB'", 1),
        ("--max-wasted 'open", 2),
        ("--max-wasted 100kB $(touch ran) `touch ran` ; touch ran", 2),
    ],
)
def test_gitlabs_rules_are_words_and_no_commands(workspace: Path, rules: str, code: int) -> None:
    save(workspace / "app.tar", [[file("a", 100_000)], [file("b", 5), file("x.pem", 1), whiteout("a")]])
    (workspace / "other.pem").touch()  # nothing of the checkout takes the place of a glob
    done = gitlab_job(workspace, rules)
    assert done.returncode == code, done.stderr
    assert not (workspace / "ran").exists()


def gitlab_job(workspace: Path, rules: str) -> subprocess.CompletedProcess[bytes]:
    """Run the script of GitLab's job on an archive instead of a registry's image."""
    job = read_yaml(GITLAB)["layerscope"]
    script = "\n".join(job["script"]).replace('"registry:$LAYERSCOPE_IMAGE"', '"$LAYERSCOPE_IMAGE"')
    environment = {
        **os.environ,
        **{name: str(value) for name, value in job["variables"].items()},
        "PATH": f"{workspace}/.temp/layerscope/bin:{os.environ['PATH']}",
        "LAYERSCOPE_IMAGE": "app.tar",
        "LAYERSCOPE_RULES": rules,
    }
    return subprocess.run(["sh", "-ec", script], cwd=workspace, env=environment, capture_output=True, check=False)


def install(folder: Path, what: str | None) -> subprocess.CompletedProcess[str]:
    """Run the first step of GitLab's job with a pip that writes down its arguments; None: as the template has it."""
    job = read_yaml(GITLAB)["layerscope"]
    (folder / "pip").write_text('#!/bin/sh\nprintf "%s\\n" "$@" >>arguments\n')
    (folder / "pip").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "LAYERSCOPE_INSTALL": job["variables"]["LAYERSCOPE_INSTALL"] if what is None else what,
    }
    command = ["sh", "-ec", job["before_script"][0]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "what",
    [
        None,
        "git+https://your.forge/OWNER/layerscope@v0.1.0",
        "https://your.forge/me/layerscope/-/archive/v0.1.0/layerscope-v0.1.0.tar.gz",
        "https://github.com/OWNER/layerscope/archive/v0.1.0.tar.gz",
    ],
)
def test_gitlabs_job_installs_nothing_before_somebody_said_whose(tmp_path: Path, what: str | None) -> None:
    done = install(tmp_path, what)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("layerscope: set LAYERSCOPE_INSTALL to the copy of layerscope that you trust")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize(
    "what",
    [
        "git+https://git.example/me/layerscope@v0.1.0",
        "https://git.example/me/layerscope/-/archive/v0.1.0/layerscope-v0.1.0.tar.gz",
        "layerscope @ file:///builds/me/a folder; touch ran",
    ],
)
def test_gitlabs_job_installs_what_it_is_told_and_nothing_else(tmp_path: Path, what: str) -> None:
    assert install(tmp_path, what).returncode == 0
    (*options, installed) = (tmp_path / "arguments").read_text().splitlines()
    assert options == ["install", "--quiet", "--disable-pip-version-check"]
    assert installed == what
    assert not (tmp_path / "ran").exists()


def test_nothing_of_ours_trusts_a_published_name() -> None:
    named = read_yaml(GITLAB)["layerscope"]["variables"]["LAYERSCOPE_INSTALL"]
    assert named.startswith("https://your.forge/OWNER/layerscope/")
    assert f"/v{layerscope.__version__}/" in named
    for path in (GITLAB, WORKFLOW, HOOKS, ACTION / "action.yml", ROOT / "README.md"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"layerscope==|pip\w* install (?:-\S+ )*layerscope\b", text) == []


def test_gitlabs_credentials_are_those_that_the_registry_source_reads(tmp_path: Path) -> None:
    script = "\n".join(read_yaml(GITLAB)["layerscope"]["before_script"][1:])
    environment = {
        **os.environ,
        "CI_REGISTRY": "registry.example:5050",
        "CI_REGISTRY_USER": "ci",
        "CI_REGISTRY_PASSWORD": "p'w",
        "TMPDIR": str(tmp_path),
    }
    command = ["sh", "-ec", f'{script}\necho "$DOCKER_CONFIG"']
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    name = parse_name("registry.example:5050/group/app:1")
    found = find_credentials(name, {"DOCKER_CONFIG": done.stdout.strip(), "HOME": str(tmp_path)})
    assert (found.user, found.password) == ("ci", "p'w")


def test_the_hook_checks_when_a_dockerfile_changes(workspace: Path) -> None:
    (hook,) = read_yaml(HOOKS)
    pattern = re.compile(hook["files"])
    for name, wanted in (("Dockerfile", 1), ("sub/Dockerfile.dev", 1), (".dockerignore", 1), ("MyDockerfile", 0)):
        assert bool(pattern.search(name)) is bool(wanted)
    program = str(workspace / ".temp/layerscope/bin/layerscope")
    command = [*hook["entry"].replace("layerscope", program, 1).split(), "app.tar", "--max-wasted", "1kB"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    assert (done.returncode, hook["pass_filenames"], hook["language"]) == (1, False, "python")
    assert "FAIL  wasted bytes" in done.stdout


def test_the_readme_shows_what_there_is() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| format | for |\n| --- | --- |\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == sorted(FORMATS, key=table.index)
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(FORMATS)
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    action, gitlab, hook = (yaml.load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    assert set(action[0]["with"]) <= set(read_yaml(ACTION / "action.yml")["inputs"])
    assert action[0]["uses"].endswith(f"/.github/actions/layerscope@v{layerscope.__version__}")
    known = read_yaml(GITLAB)["layerscope"]["variables"]
    assert set(gitlab["layerscope"]["variables"]) <= set(known)
    assert gitlab["layerscope"]["variables"]["LAYERSCOPE_INSTALL"] == known["LAYERSCOPE_INSTALL"]
    assert [one["id"] for one in hook[0]["hooks"]] == [one["id"] for one in read_yaml(HOOKS)]
