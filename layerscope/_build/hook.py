"""Hatchling hook: compile the core with mypyc, or ship it as Python.

``LAYERSCOPE_MYPYC`` decides: ``0`` never compiles, ``1`` fails the build where compiling fails
(wheels, CI), unset tries and falls back, so that ``pip install .`` works on any machine. Where a
compiler is missing that is seen before mypy is fetched, which is the largest part of the download.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENV = "LAYERSCOPE_MYPYC"

# One group: calls between the modules stay C calls. The arguments are mypy's, modules last.
SETUP = """\
import sys
from mypyc.build import mypycify
from setuptools import setup

options = sys.argv.pop().split(",")
setup(name="layerscope", ext_modules=mypycify(options, opt_level="3", debug_level="0", group_name="layerscope"))
"""


def _missing() -> str:
    """What a compile cannot do without and is not there: the compiler that setuptools will call, Python's headers."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    if not shutil.which(command[0]):
        return f"the C compiler {command[0]}"
    header = Path(sysconfig.get_path("include"), "Python.h")
    return "" if header.is_file() else f"Python's header {header}"


class MypycHook(BuildHookInterface):  # type: ignore[type-arg]  # the parameter is the builder's own config
    """Adds the compiled core to the wheel, beside the Python files it was made from."""

    _scratch = ""

    def dependencies(self) -> list[str]:
        """Ask for mypy only where a compile will be tried: without it the build needs no network."""
        return [self.config["mypy"]] if self._wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is assembled; keep it pure where that fails and may fail."""
        if version == "editable" or not self._allowed():
            return
        if not self._wanted():
            self.app.display_warning(f"The wheel stays pure Python: {_missing()} is missing ({ENV}=0 does not look).")
            return
        self._scratch = tempfile.mkdtemp(prefix="layerscope-mypyc-")
        try:
            built = self._compile(Path(self._scratch))
        except (OSError, subprocess.CalledProcessError) as error:
            self._tidy()
            detail = str(getattr(error, "stdout", "") or error)[-2000:]
            if os.environ.get(ENV) == "1":
                raise RuntimeError(f"mypyc failed and {ENV}=1 forbids a pure wheel:\n{detail}") from error
            self.app.display_warning(f"mypyc failed, the wheel stays pure Python ({ENV}=0 does not try):\n{detail}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(built)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drop the scratch folder once the wheel has been written."""
        self._tidy()

    def _tidy(self) -> None:
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _wanted(self) -> bool:
        """Whether a compile will be tried."""
        return self._allowed() and (os.environ.get(ENV) == "1" or not _missing())

    def _allowed(self) -> bool:
        setting = os.environ.get(ENV, "")
        if setting in ("0", "1"):
            return setting == "1"
        # mypyc's support of free-threaded builds is young: those get the pure wheel unless asked.
        return sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")

    def _modules(self) -> list[str]:
        """Every module of the compiled package, as paths from the root."""
        folder = Path(self.root, self.config["compiled"])
        return [
            f"{self.config['compiled']}/{path.name}"
            for path in sorted(folder.glob("*.py"))
            if path.name != "__init__.py"
        ]

    def _compile(self, scratch: Path) -> dict[str, str]:
        """Compile in a copy, so that the source tree stays clean: built file to its place in the wheel."""
        package = self.metadata.core.name
        shutil.copytree(Path(self.root, package), scratch / package, ignore=shutil.ignore_patterns("__pycache__"))
        (scratch / "setup.py").write_text(SETUP, encoding="utf-8")
        options = ",".join(["--strict", *self._modules()])
        subprocess.run(
            [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", "lib", options],
            cwd=scratch,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        library = scratch / "lib"
        found = [path for path in library.rglob("*") if path.suffix in (".so", ".pyd")]
        return {str(path): str(path.relative_to(library)) for path in found}
