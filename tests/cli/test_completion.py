"""Completions: asked of the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from commandline import run
from engine import REQUIRED, required
from layerscope.cli.arguments import make_parser
from layerscope.cli.completion import make_completion
from layerscope.cli.usage import COMMANDS, EPILOGS, SHELLS, USAGES

CASES = [
    ("layerscope ch", ("check",), ("--format",)),
    ("layerscope co", ("completion",), ("check",)),
    ("layerscope check --max-lay", ("--max-layers", "--max-layer-size"), ("--max-size",)),
    ("layerscope report --max-lay", (), ("--max-layers",)),
    ("layerscope check --format ", ("text", "json", "markdown"), ("--format",)),
    ("layerscope check --warn max-lay", ("max-layers", "max-layer-size"), ("max-size",)),
    ("layerscope check --quiet no", ("notes.tar",), ()),
    ("layerscope check --config no", ("notes.tar",), ("nothing/image:1",)),
    ("layerscope check nothing/im", ("nothing/image:1",), ("notes.tar",)),
    ("layerscope diff nothing/image:1 nothing/im", ("nothing/image:1",), ()),
    ("layerscope --quiet report --fo", ("--format",), ("--forbid",)),
    ("layerscope completion ", SHELLS, ("check",)),
    ("layerscope schema ", ("report", "diff"), ("check",)),
    ("layerscope template git", ("github", "gitlab"), ("report",)),
    ("layerscope build no", ("notes.tar",), ("nothing/image:1",)),
]


def shell(name: str) -> str:
    """The path of a shell; skips where it is not installed, which CI forbids."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if required() else pytest.skip)(f"{name} is not installed ({REQUIRED}=1 forbids to skip)")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the scripts, a file, and a docker that knows one image."""
    for name in SHELLS:
        (tmp_path / f"layerscope.{name}").write_text(make_completion(name), encoding="utf-8")
    (tmp_path / "notes.tar").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    docker = tools / "docker"
    docker.write_text("#!/bin/sh\necho nothing/image:1\necho '<none>:<none>'\n", encoding="utf-8")
    docker.chmod(0o755)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    """Ours, with the folder's docker."""
    return {**os.environ, "PATH": f"{folder / 'tools'}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb"}


def ask(folder: Path, *command: str) -> set[str]:
    """What a command prints, line by line."""
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return {line.partition("\t")[0].strip() for line in done.stdout.splitlines()}


BASH = """
source layerscope.bash
compopt() { [[ $2 == default ]] && compgen -f -- "${COMP_LINE##* }"; }
COMP_LINE=$1 COMP_POINT=${#1}
_layerscope
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("line", "wanted", "unwanted"), CASES, ids=lambda case: str(case) if case else "nothing")
def test_bash(folder: Path, line: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    found = ask(folder, shell("bash"), "--norc", "-c", BASH, "bash", line)
    assert found.issuperset(wanted)
    assert found.isdisjoint(unwanted)


def test_bash_completes_what_stands_behind_a_colon(folder: Path) -> None:
    assert ask(folder, shell("bash"), "--norc", "-c", BASH, "bash", "layerscope check nothing/image:") == {"1"}


def test_bash_takes_a_value_behind_an_equals_sign(folder: Path) -> None:
    found = ask(folder, shell("bash"), "--norc", "-c", BASH, "bash", "layerscope check --format=js")
    assert "json" in found


@pytest.mark.parametrize(("line", "wanted", "unwanted"), CASES, ids=lambda case: str(case) if case else "nothing")
def test_fish(folder: Path, line: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    script = 'source layerscope.fish; complete -C "$argv[1]"'
    found = ask(folder, shell("fish"), "--no-config", "-c", script, line)
    assert found.issuperset(wanted)
    assert found.isdisjoint(unwanted)


class Terminal:
    """A zsh on a terminal of its own."""

    def __init__(self, path: str, folder: Path) -> None:
        self.fd, inner = pty.openpty()
        variables = {**environment(folder), "PS1": "ready> "}
        self.process = subprocess.Popen(
            [path, "-f", "-i"],
            cwd=folder,
            env=variables,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)

    def read_until(self, *ends: str) -> str:
        """All that is printed until one of these is."""
        seen = ""
        deadline = time.monotonic() + 30
        while not any(end in seen for end in ends) and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.2)[0]:
                seen += os.read(self.fd, 65536).decode("utf-8", "replace")
        return seen

    def write(self, text: str) -> None:
        """Type something."""
        os.write(self.fd, text.encode())

    def close(self) -> None:
        """Hang up."""
        os.close(self.fd)
        self.process.kill()
        self.process.wait()


ZSH = """
autoload -Uz compinit && compinit -u -D
source ./layerscope.zsh
"""


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("layerscope chec\t", "layerscope check "),
        ("layerscope check --max-layer-\t", "--max-layer-size="),
        ("layerscope check --format mark\t", "--format markdown"),
        ("layerscope check --warn no-s\t", "--warn no-setuid"),
        ("layerscope check --config note\t", "--config notes.tar"),
        ("layerscope check nothing/i\t", "nothing/image:1"),
        ("layerscope completion fi\t", "completion fish"),
        ("layerscope report --exi\t", "--exi"),
        ("layerscope template gitl\t", "template gitlab"),
    ],
)
def test_zsh(folder: Path, typed: str, wanted: str) -> None:
    zsh = shell("zsh")
    (folder / "rc").write_text(ZSH, encoding="utf-8")
    terminal = Terminal(zsh, folder)
    try:
        terminal.read_until("ready> ")
        terminal.write("source ./rc; print -r -- sour''ced\n")
        assert "sourced" in terminal.read_until("sourced")
        # What stands on the line after completing is printed instead of run.
        terminal.write('print-line() { print -r -- "<${BUFFER//\\\\/}>"; zle kill-whole-line }; zle -N print-line\n')
        terminal.write("bindkey '^X' print-line; print -r -- bou''nd\n")
        assert "bound" in terminal.read_until("bound\r\n")
        terminal.write(typed + "\x18")
        seen = terminal.read_until(">\r\n", ">\n").partition("<")[2]
        assert wanted in seen, seen
    finally:
        terminal.close()


@pytest.mark.parametrize("name", SHELLS)
def test_scripts_are_scripts(folder: Path, name: str) -> None:
    done = subprocess.run([shell(name), "-n", f"layerscope.{name}"], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    printed = run("completion", name)
    assert printed.stdout == (folder / f"layerscope.{name}").read_text(encoding="utf-8")
    assert "@" not in printed.stdout.replace('"$@"', "").replace("[@]", "")


def test_every_command_has_its_words() -> None:
    assert set(USAGES) == set(EPILOGS) == {"", *COMMANDS} - {"build"}
    for command in USAGES:
        assert make_parser(command).format_help()
    assert run("completion", "tcsh").returncode == 2
