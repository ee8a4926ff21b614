"""The commands in words: what help, the manual and the shells' completions say of them."""

from __future__ import annotations

#: Every command and what it does.
COMMANDS = {
    "check": "pass or fail, for CI",
    "report": "the analysis, no verdict",
    "diff": "what changed between two images",
    "build": "docker build, then explore the result; with CI=true check it",
    "init": "write a layerscope.toml fitted to an image",
    "schema": "the JSON Schema of what report, check and diff write",
    "template": "a job for GitHub or GitLab, to copy",
    "completion": "completions for a shell",
    "man": "the manual page",
}
SHELLS = ("bash", "zsh", "fish")
#: Commands that print something of the program's own, each with the words that say what.
PRINTING: dict[str, tuple[str, ...]] = {
    "completion": SHELLS,
    "schema": ("report", "diff"),
    "template": ("github", "gitlab"),
    "man": (),
}

USAGES = {
    "": """\
layerscope [IMAGE] [options]       explore an image, or choose one
       layerscope demo                    explore a small sample: no engine
       layerscope check IMAGE [options]   pass or fail, for CI
       layerscope report IMAGE [options]  the analysis, no verdict
       layerscope diff OLD NEW [options]  what changed between two images
       layerscope build [docker options]  docker build, then as layerscope IMAGE
       layerscope init IMAGE              write a layerscope.toml fitted to it
       layerscope template github|gitlab  a CI job, to copy
       layerscope man, completion bash|zsh|fish, schema report|diff""",
    "check": "layerscope check IMAGE [options]",
    "report": "layerscope report IMAGE [options]",
    "diff": "layerscope diff OLD NEW [options]",
    "init": "layerscope init IMAGE [options]",
    "schema": "layerscope schema report|diff",
    "template": "layerscope template github|gitlab",
    "completion": "layerscope completion bash|zsh|fish",
    "man": "layerscope man",
}
EPILOGS = {
    "": """\
IMAGE is a name (nginx:1.27, docker://..., podman://..., registry:...), an
archive (./app.tar, - for standard input), a folder, or demo. With CI=true in
the environment, it is checked. One with a command's name: docker://check.
`layerscope COMMAND --help` tells of each.

  layerscope nginx:latest
  docker save app | layerscope check - --min-efficiency 95%""",
    "check": """\
RATIO is 0.95 or 95%, BYTES 20MB or 20MiB. With no rule: efficiency at least
0.9, wasted share of your own layers at most 0.1. Rules are also read from
layerscope.toml (layerscope init writes one) and .dive-ci.
Exit codes: 0 all rules passed, 1 a rule failed, 2 could not check.

  layerscope check app:latest --min-efficiency 95% --max-size 200MB --non-root
  layerscope check app:pr --baseline app:main --max-growth 5MB""",
    "report": """\
  layerscope report app:latest --format json > app.json
  layerscope report app:latest --output json=app.json --output dive=-""",
    "diff": """\
OLD and NEW are images, or files of check --save-baseline. Exit codes: 0 done,
1 with --exit-code where they differ, 2 could not compare.

  layerscope diff registry:nginx:1.27 registry:nginx:1.28
  layerscope diff app:main app:latest --exit-code --format json""",
    "init": """\
  layerscope init app:latest && layerscope check app:latest""",
    "schema": """\
What --format json writes, as JSON Schema (draft 2020-12): of report and check,
or of diff.

  layerscope schema report > layerscope.schema.json""",
    "template": """\
github is a workflow that builds and checks, gitlab a job that checks what lies
in the registry; what to change in them stands at their top.

  layerscope template github > .github/workflows/image.yml
  layerscope template gitlab > layerscope.gitlab-ci.yml""",
    "completion": """\
  source <(layerscope completion bash)          # in ~/.bashrc
  source <(layerscope completion zsh)           # in ~/.zshrc, after compinit
  layerscope completion fish | source           # in ~/.config/fish/config.fish""",
    "man": """\
  layerscope man                                # on a terminal
  layerscope man > ~/.local/share/man/man1/layerscope.1""",
}
#: `build` has no options of its own: docker tells of those that it takes.
BUILD_HELP = """\
usage: layerscope [options] build [docker options] PATH

Builds with `docker build`, then does with the result what `layerscope IMAGE`
does: explores it, and with CI=true checks it. What follows the word build is
docker's, see `docker build --help`; what is in front of it is layerscope's,
see `layerscope --help`. Exit codes are those of `layerscope check`.

  layerscope build -t app:latest .
  CI=true layerscope --min-efficiency 0.95 build .
"""
