"""dive's own settings: files in its places, its environment, and what comes before what."""

from __future__ import annotations

from pathlib import Path

import pytest

from commandline import run, save
from handmade import file
from layerscope.cli.divesettings import DiveSettings, make_preferences, read_dive_settings
from layerscope.cli.settings import Settings
from layerscope.errors import ConfigError

# dive's README shows this config.
README = """
# supported options are "docker" and "podman"
container-engine: docker
# continue with analysis even if there are errors parsing the image archive
ignore-errors: false
log:
  enabled: true
  path: ./dive.log
  level: info

# Note: you can specify multiple bindings by separating values with a comma.
# Note: UI hinting is derived from the first binding
keybinding:
  # Global bindings
  quit: ctrl+c
  toggle-view: tab
  filter-files: ctrl+f, ctrl+slash
  close-filter-files: esc
  up: up,k
  down: down,j
  left: left,h
  right: right,l

  # Layer view specific bindings
  compare-all: ctrl+a
  compare-layer: ctrl+l

  # File view specific bindings
  toggle-collapse-dir: space
  toggle-collapse-all-dir: ctrl+space
  toggle-added-files: ctrl+x
  toggle-removed-files: ctrl+r
  toggle-modified-files: ctrl+m
  toggle-unmodified-files: ctrl+u
  toggle-filetree-attributes: ctrl+b
  page-up: pgup,u
  page-down: pgdn,d

diff:
  # You can change the default files shown in the filetree (right pane). All diff types are shown by default.
  hide:
    - added
    - unmodified
filetree:
  # The default directory-collapse state
  collapse-dir: true
  # The percentage of screen width the filetree should take on the screen (must be >0 and <1)
  pane-width: 0.5
  # Show the file attributes next to the filetree
  show-attributes: false
layer:
  # Enable showing all changes from this layer and every previous layer
  show-aggregated-changes: true
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, in which we are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(home: Path, **variables: str) -> DiveSettings:
    """dive's settings of this home."""
    return read_dive_settings(Settings(), {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "etc"), **variables})


def put(path: Path, text: str) -> None:
    """Write a config, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_config_of_dives_readme(home: Path) -> None:
    put(home / ".dive.yaml", README)
    wanted = make_preferences(Settings(), read(home))
    assert wanted.hide == ("added", "unchanged")
    assert (wanted.attributes, wanted.upto, wanted.folded) == (False, True, True)
    assert wanted.dive_keys["find"] == "ctrl+f,ctrl+slash,ctrl+underscore"
    assert wanted.dive_keys["toggle-added"] == "ctrl+x"
    assert wanted.dive_keys["page-down"] == "pagedown,d"
    assert wanted.dive_keys["back"] == "escape"
    assert len(wanted.dive_keys) == 18
    assert "toggle-modified" not in wanted.dive_keys


def test_nothing_says_nothing(home: Path) -> None:
    wanted = make_preferences(Settings(), read(home))
    assert (wanted.hide, wanted.attributes, wanted.upto, wanted.folded, wanted.dive_keys) == (
        (),
        None,
        False,
        False,
        {},
    )


def test_the_places_in_their_order(home: Path) -> None:
    config = "keybinding:\n  quit: {}\n".format
    places = ["etc/dive/b.yaml", ".config/dive/x.yml", ".dive/config.yaml", ".dive.yaml", "named.yaml"]
    put(home / places[0], config("a"))
    assert read(home).get("keybinding.quit") == "a"
    for number, place in enumerate(places[1:4], 1):
        put(home / place, config(number))
        assert read(home).get("keybinding.quit") == str(number)
    put(home / places[4], config("named"))
    assert read(home, DIVE_CONFIG="named.yaml").get("keybinding.quit") == "named"
    assert read(home, DIVE_KEYBINDING_QUIT="z").get("keybinding.quit") == "z"


def test_home_and_xdg(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = home / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    put(home / ".dive.yaml", "container-engine: podman\nci-config: x\n")
    put(home / "elsewhere/dive/any.yaml", "container-engine: docker\n")
    assert read(home).get("container-engine") == "podman"
    found = read(home, XDG_CONFIG_HOME=str(home / "elsewhere"))
    assert (found.get("container-engine"), found.get("ci-config")) == ("docker", "x")


def test_our_own_config_stands_for_dives_files(home: Path) -> None:
    put(home / ".dive.yaml", "container-engine: podman\n")
    variables = {"HOME": str(home), "DIVE_CI": "true"}
    found = read_dive_settings(Settings(file="layerscope.toml"), variables)
    assert (found.get("container-engine"), found.get("ci")) == ("", "true")


@pytest.mark.parametrize("text", ["a: [", "\t", "keybinding: {quit: q", "a: b: c"])
def test_what_is_no_yaml(home: Path, text: str) -> None:
    put(home / ".dive.yaml", text)
    with pytest.raises(ConfigError) as caught:
        read(home)
    assert ".dive.yaml" in caught.value.sentence


@pytest.mark.parametrize("text", ["", "[1]", "keybinding: [x]", "rules: {lowest-efficiency: [1]}", "diff: 3", "x: 1"])
def test_what_says_nothing_of_ours(home: Path, text: str) -> None:
    put(home / ".dive.yaml", text)
    make_preferences(Settings(), read(home))


def test_a_mark_that_is_none(home: Path) -> None:
    put(home / ".dive.yaml", "diff:\n  hide: [changed]\n")
    with pytest.raises(ConfigError, match="'changed' is no mark"):
        make_preferences(Settings(), read(home))


@pytest.fixture
def fat(home: Path) -> str:
    """An image of 200 kB: dive's efficiency 0.5, 200 kB wasted, twice the user's bytes."""
    return str(save(home / "fat.tar", [[file("a", 100_000)], [file("a", 100_000, b"y")]]))


PASSING = {"DIVE_RULES_LOWEST_EFFICIENCY": "0.5", "DIVE_RULES_HIGHEST_USER_WASTED_PERCENT": "disabled"}


def test_rules_of_the_environment(home: Path, fat: str) -> None:
    assert run("check", fat, cwd=home, HOME=str(home), variables=PASSING).returncode == 0
    assert run("check", fat, "--lowestEfficiency", "0.6", cwd=home, HOME=str(home), variables=PASSING).returncode == 1
    put(home / ".dive-ci", "rules:\n  lowestEfficiency: 1\n")
    assert run("check", fat, cwd=home, HOME=str(home), variables=PASSING).returncode == 0
    wasted = {**PASSING, "DIVE_RULES_HIGHEST_WASTED_BYTES": "199999"}
    assert run("check", fat, cwd=home, HOME=str(home), variables=wasted).returncode == 1
    wrong = {**PASSING, "DIVE_RULES_HIGHEST_WASTED_BYTES": "much"}
    assert run("check", fat, cwd=home, HOME=str(home), variables=wrong).returncode == 2


def test_rules_of_dives_main_config(home: Path, fat: str) -> None:
    rules = "rules:\n  lowest-efficiency: '0.5'\n  highestUserWastedPercent: off\n"
    put(home / ".dive.yaml", rules)
    assert run("check", fat, cwd=home, HOME=str(home)).returncode == 0
    put(home / ".dive-ci", "rules:\n  lowestEfficiency: 0.6\n")
    assert run("check", fat, cwd=home, HOME=str(home)).returncode == 1
    assert run("check", fat, "--min-efficiency", "0.5", cwd=home, HOME=str(home)).returncode == 0


def test_rules_that_no_flag_names_are_announced(home: Path, fat: str) -> None:
    def said(*flags: str) -> tuple[int, list[str]]:
        done = run("check", fat, *flags, cwd=home / "project", HOME=str(home), XDG_CONFIG_DIRS=str(home / "etc"))
        return done.returncode, done.stderr.splitlines()

    rest = "figures; `layerscope init` writes a config of our own"
    rules = "rules:\n  lowest-efficiency: '0.5'\n  highestUserWastedPercent: off\n"
    (home / "project").mkdir()
    put(home / ".dive.yaml", rules)
    assert said() == (0, [f"layerscope: rules from ~/.dive.yaml, judged on dive's {rest}"])
    assert said("--scoring", "true")[1] == [f"layerscope: rules from ~/.dive.yaml, judged on the true {rest}"]
    assert said("--quiet") == (0, [])
    assert said("--min-efficiency", "0.6") == (1, []), "flags of our own stand alone"
    assert said("--lowestEfficiency", "0.6", "--highestUserWastedPercent", "off") == (1, []), "none of them counts"
    put(home / "etc/dive/a.yaml", "rules:\n  highest-wasted-bytes: 1\n")
    assert said() == (1, [f"layerscope: rules from ~/.dive.yaml and ~/etc/dive/a.yaml, judged on dive's {rest}"])
    put(home / "project/layerscope.toml", "[rules]\nmin-efficiency = 0.5\n")
    assert said() == (0, [])


def test_a_misspelt_rule_of_dives_is_told_and_ignored(home: Path, fat: str) -> None:
    put(home / ".dive.yaml", "rules:\n  lowest-efficency: '0.1'\nkeybinding:\n  nothing: x\nother: 1\n")
    done = run("check", fat, cwd=home, HOME=str(home))
    told = "is no rule of dive's, and is not judged; did you mean"
    assert done.returncode == 1
    assert done.stderr == f"layerscope: .dive.yaml: rules.lowest-efficency {told} lowest-efficiency?\n"
    (home / ".dive.yaml").unlink()
    misspelt = {"DIVE_RULES_LOWEST_EFFICENCY": "0.1", "DIVE_RULES_HIGHEST_USER_WASTED_PERCENT": "off"}
    done = run("check", fat, cwd=home, HOME=str(home), variables=misspelt)
    assert done.returncode == 1
    assert done.stderr == f"layerscope: DIVE_RULES_LOWEST_EFFICENCY: rules.lowest-efficency {told} lowest-efficiency?\n"
    put(home / ".dive-ci", "rules:\n  lowestEfficency: 0.1\n  highestUserWastedPercent: off\n")
    done = run("check", fat, cwd=home, HOME=str(home))
    assert done.returncode == 1
    assert f"layerscope: .dive-ci: rules.lowestEfficency {told} lowestEfficiency?\n" in done.stderr
    assert "lowest efficiency" not in run("check", fat, "--quiet", cwd=home, HOME=str(home)).stderr
    assert run("check", fat, "--min-efficiency", "0.5", cwd=home, HOME=str(home)).stderr == ""


def test_the_other_variables(home: Path, fat: str) -> None:
    environment = {"HOME": str(home)}
    put(home / "rules.yaml", "rules:\n  lowestEfficiency: 0.5\n  highestUserWastedPercent: disabled\n")
    environment["DIVE_CI_CONFIG"] = "rules.yaml"
    assert run(fat, cwd=home, variables=environment, DIVE_CI="true", CI="").returncode == 0
    assert run("check", fat, cwd=home, variables=environment).returncode == 0
    assert run("report", fat, cwd=home, HOME=str(home), DIVE_JSON_PATH="out.json").returncode == 0
    assert (home / "out.json").exists()
    # An engine is what dive takes by default: the path of an archive says more.
    assert run("check", fat, cwd=home, variables=environment, DIVE_CONTAINER_ENGINE="podman").returncode == 0
    assert run("check", fat, cwd=home, variables=environment, DIVE_IGNORE_ERRORS="true").returncode == 0


def test_errors_that_dive_ignores_are_none_and_a_damaged_image_stays_one(home: Path, fat: str) -> None:
    whole = Path(fat).read_bytes()
    (home / "cut.tar").write_bytes(whole[:150_000])
    for flag in ("-i", "--ignore-errors"):
        assert run("check", fat, "--min-efficiency", "0.5", flag).returncode == 0
        assert run("check", str(home / "cut.tar"), flag).returncode == 2
