"""What is installed is what was asked for: compiled or pure, whole, and one version everywhere."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import layerscope
from layerscope import demo
from layerscope.core import tar

ROOT = Path(__file__).resolve().parent.parent
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOOK = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]


def built_modules() -> list[str]:
    """The modules that the hook compiles, by its own rule."""
    folder = ROOT / HOOK["compiled"]
    names = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    return [f"layerscope.core.{name.removesuffix('.py')}" for name in sorted(names)]


def load_hook() -> ModuleType:
    """The build hook as a module; hatchling comes with the test extra."""
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hook", ROOT / HOOK["path"])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_version_is_the_same_everywhere() -> None:
    assert layerscope.__version__ == SETTINGS["project"]["version"]


def test_core_is_what_was_asked_for() -> None:
    expected = os.environ.get("LAYERSCOPE_EXPECT")
    if expected is None:
        pytest.skip("LAYERSCOPE_EXPECT does not say whether the core should be compiled or pure")
    for module in built_modules():
        origin = importlib.util.find_spec(module)
        assert origin is not None
        assert (not str(origin.origin).endswith(".py")) == (expected == "compiled"), module


def test_version_says_compiled_or_pure() -> None:
    done = subprocess.run([sys.executable, "-m", "layerscope", "--version"], capture_output=True, text=True, check=True)
    assert layerscope.__version__ in done.stdout
    assert ("pure" if str(tar.__file__).endswith(".py") else "compiled") in done.stdout


def test_package_is_typed_and_brings_its_sample() -> None:
    folder = Path(layerscope.__file__).parent
    assert (folder / "py.typed").is_file()
    assert demo.ARCHIVE.is_file()


def test_entry_point_names_the_main_function() -> None:
    assert SETTINGS["project"]["scripts"] == {"layerscope": "layerscope.cli:main"}
    try:
        scripts = importlib.metadata.distribution("layerscope").entry_points
    except importlib.metadata.PackageNotFoundError:
        return  # run from a source tree that is not installed
    assert scripts["layerscope"].value == "layerscope.cli:main"


def test_compiler_is_pinned_alike_for_build_and_tests() -> None:
    assert HOOK["mypy"] in SETTINGS["project"]["optional-dependencies"]["test"]


@pytest.mark.parametrize(("setting", "wanted"), [("0", []), ("1", [HOOK["mypy"]])])
def test_hook_asks_for_the_compiler_only_to_compile(
    setting: str, wanted: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAYERSCOPE_MYPYC", setting)
    assert make_hook(tmp_path).dependencies() == wanted


def test_hook_asks_for_no_compiler_where_one_could_not_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERSCOPE_MYPYC", raising=False)
    monkeypatch.setenv("CC", f"{tmp_path}/cc -pipe")
    hook = make_hook(tmp_path)
    warnings = break_compiler(monkeypatch, hook)
    assert hook.dependencies() == []
    hook.initialize("standard", {})
    assert f"the C compiler {tmp_path}/cc is missing" in warnings[0]


def test_hook_asks_for_no_compiler_without_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERSCOPE_MYPYC", raising=False)
    monkeypatch.setenv("CC", sys.executable)
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    hook = make_hook(tmp_path)
    warnings = break_compiler(monkeypatch, hook)
    assert hook.dependencies() == []
    hook.initialize("standard", {})
    assert "Python.h is missing" in warnings[0]
    (tmp_path / "Python.h").touch()
    assert hook.dependencies() == [HOOK["mypy"]]


def make_hook(root: Path) -> Any:
    """A hook as hatchling makes it, over a package at ``root``."""
    module = load_hook()
    hook = object.__new__(module.MypycHook)
    module.BuildHookInterface.__init__(hook, str(root), HOOK, None, None, str(root), "wheel")
    return hook


def break_compiler(monkeypatch: pytest.MonkeyPatch, hook: Any) -> list[str]:
    """Let every compile fail as it does without a compiler; gives the warnings shown."""
    warnings: list[str] = []

    def fail(scratch: Path) -> dict[str, str]:
        raise subprocess.CalledProcessError(1, ["cc"], output="cc: not found")

    class Application:
        def display_warning(self, message: str) -> None:
            warnings.append(message)

    monkeypatch.setattr(hook, "_compile", fail)
    monkeypatch.setattr(type(hook), "app", Application())
    return warnings


def test_wheel_is_pure_with_a_warning_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERSCOPE_MYPYC", raising=False)
    hook = make_hook(tmp_path)
    monkeypatch.setattr(hook, "_wanted", lambda: True)
    warnings = break_compiler(monkeypatch, hook)
    build: dict[str, Any] = {"force_include": {}}
    hook.initialize("standard", build)
    assert build == {"force_include": {}}
    assert not Path(hook._scratch).exists()
    assert "cc: not found" in warnings[0]


def test_must_mode_fails_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAYERSCOPE_MYPYC", "1")
    hook = make_hook(tmp_path)
    break_compiler(monkeypatch, hook)
    with pytest.raises(RuntimeError, match="cc: not found"):
        hook.initialize("standard", {"force_include": {}})
    assert not Path(hook._scratch).exists()
