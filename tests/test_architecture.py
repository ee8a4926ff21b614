"""The house rules that a program can check, read from the source."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "layerscope"

#: What each part of the package may import of the package; a part may always import itself.
MAY_IMPORT = {
    "core": set(),
    "errors": set(),
    "text": set(),
    "demo": set(),
    "replacing": set(),
    "state": {"replacing"},
    "processors": set(),
    "stack": {"core"},
    "progress": {"core", "sources", "stack"},
    "sources": {"core", "errors", "text", "demo"},
    "reading": {"core", "sources", "progress", "stack", "errors"},
    "index": {"core", "sources", "processors", "progress", "reading", "errors", "text"},
    "analysis": {"core", "sources", "index", "errors", "text"},
    "report": {"analysis", "errors", "text"},
    "tui": {"core", "sources", "progress", "stack", "index", "analysis", "errors", "text"},
    "cli": {"core", "sources", "progress", "state", "replacing", "index", "analysis", "report", "tui"}
    | {"errors", "text", "demo"},
    "__main__": {"cli"},
    "__init__": set(),
    "_build": set(),
}

#: Where each third-party package may be imported.
THIRD_PARTY = {
    "textual": ("tui/",),
    "rich": ("tui/",),
    "docker": ("sources/engine",),
    "requests": ("sources/engine",),
    "urllib3": ("sources/engine", "sources/registry"),
    "certifi": ("sources/registry_http.py",),
    "backports": ("sources/blobs.py",),
    "isal": ("sources/blobs.py",),
    "compression": ("sources/blobs.py",),  # the standard library's, from Python 3.14 on
    "humanize": ("report/",),
    "xxhash": ("index.py", "core/", "sources/", "analysis/"),
    "yaml": ("cli/yamlfile.py",),
    "mypy_extensions": ("core/",),
    "hatchling": ("_build/",),
}

#: What a start for the command line must not cost.
HEAVY = ("textual", "rich", "docker", "requests", "humanize", "yaml", "asyncio")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = MODULES + sorted((ROOT / "tests").rglob("*.py"))


def part(path: Path) -> str:
    """The part of the package that a file of it belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, absolute, at any depth, type-checking blocks included."""
    package = ("layerscope", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, node.module) if node.module else above)
            yield base
            if base == "layerscope":
                yield from (f"{base}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    """How a test names a file."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_point_one_way(path: Path) -> None:
    own = part(path)
    assert own in MAY_IMPORT, f"{own} has no place in the design"
    for module in imports(path):
        top, _, rest = module.partition(".")
        target = rest.split(".")[0]
        if top == "layerscope" and target in MAY_IMPORT:
            assert target == own or target in MAY_IMPORT[own], f"{own} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_third_party_packages_stay_where_they_belong(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    for module in imports(path):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "layerscope":
            continue
        assert top in THIRD_PARTY, f"{module} is no dependency that this test knows"
        assert place.startswith(THIRD_PARTY[top]), f"{place} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_blanket_except(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            blanket = caught in ("", "Exception", "BaseException")
            assert not blanket or ast.unparse(node.body[-1]) == "raise", f"line {node.lineno}"


@pytest.mark.parametrize("path", [path for path in MODULES if part(path) == "tui"], ids=name)
def test_no_markup_out_of_an_f_string(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("from_markup"):
            assert not any(isinstance(argument, ast.JoinedStr) for argument in node.args), f"line {node.lineno}"


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after running this code."""
    report = f"import sys; sys.stderr.write('\\n' + ' '.join(set({HEAVY!r}) & set(sys.modules)))"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True, env=environment
    )
    return set(done.stderr.splitlines()[-1].split())


def test_command_line_starts_light() -> None:
    assert loaded_by("import layerscope.cli") == set()


@pytest.mark.parametrize("arguments", [["check", "demo"], ["report", "demo"], ["report", "demo", "--format", "json"]])
def test_headless_commands_load_no_screens_and_no_engine(arguments: list[str]) -> None:
    code = f"from layerscope.cli import main\nmain({arguments!r})"
    assert loaded_by(code) <= {"humanize"}
