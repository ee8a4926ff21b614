"""The core that is tested is the one that was asked for: LAYERSCOPE_EXPECT says compiled or pure."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

import layerscope.core

FOLDER = Path(layerscope.core.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_what_is_expected(name: str) -> None:
    expected = os.environ.get("LAYERSCOPE_EXPECT")
    if not expected:
        pytest.skip("LAYERSCOPE_EXPECT is not set")
    assert expected in ("compiled", "pure")
    file = Path(str(importlib.import_module(f"layerscope.core.{name}").__file__))
    wanted = ".py" if expected == "pure" else {"posix": ".so", "nt": ".pyd"}[os.name]
    assert file.suffix == wanted


def test_every_module_of_the_core_is_seen() -> None:
    assert {"drive", "layer", "merge", "pax", "tar", "tree"} <= set(MODULES)
