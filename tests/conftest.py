"""What the tests share: a clean environment, the corpus, baselines, a Docker Engine."""

from __future__ import annotations

import os
from pathlib import Path

# A developer's shell or a forge must not reach a test. Textual reads its variables once, when it is
# imported; CI changes what `layerscope IMAGE` does.
for _name in [name for name in os.environ if name.startswith("TEXTUAL_") and name != "TEXTUAL_SNAPSHOT_TEMPDIR"]:
    del os.environ[_name]
for _name in ("CI", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(_name, None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
# Nothing that a test opens is remembered, and nothing that was remembered reaches a test.
os.environ["LAYERSCOPE_STATE"] = "off"

from collections.abc import Iterator  # noqa: E402

import pytest  # noqa: E402
import pytest_textual_snapshot  # noqa: E402
from docker import DockerClient  # noqa: E402
from hypothesis import settings  # noqa: E402
from syrupy.assertion import SnapshotAssertion  # noqa: E402

import engine as docker_engine  # noqa: E402
import layerscope  # noqa: E402
from screens import ScreenImage, ScreenText  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
#: Characters of an argument that may stand in a test's name.
_LONGEST_ID = 100

# A program that a test starts runs the layerscope under test, not the one in its working directory.
os.environ["PYTHONSAFEPATH"] = "1"
os.environ["PYTHONPATH"] = str(Path(layerscope.__file__).parent.parent)

# Slow machines are no failure, a run leaves nothing in the checkout, and the same commit gives the same verdict:
# `--hypothesis-profile=hunt --hypothesis-seed=N` looks for what no run has seen yet.
settings.register_profile("layerscope", deadline=None, database=None, derandomize=True)
settings.register_profile("hunt", deadline=None, database=None, derandomize=False, print_blob=True)
settings.load_profile("layerscope")


@pytest.fixture(autouse=True)
def _top_level_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """``snap_compare`` looks ``SVGImageExtension`` up in its module on every use."""
    monkeypatch.setattr(pytest_textual_snapshot, "SVGImageExtension", ScreenImage)


@pytest.fixture
def snapshot_text(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares a text with its baseline: ``assert screen_text(app) == snapshot_text``."""
    return snapshot.use_extension(ScreenText)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The shared folder of real archives, or a skip where it is not at hand."""
    folder = Path(os.environ.get("LAYERSCOPE_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (folder / "truth.json").is_file():
        pytest.skip(f"the corpus is not at {folder}; LAYERSCOPE_CORPUS says where it is")
    return folder


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    """A client of a Docker Engine that answers; a skip without one, a failure where one is required."""
    client = docker_engine.connect()
    if client is None and docker_engine.required():
        pytest.fail(f"no Docker Engine answers, and {docker_engine.REQUIRED}=1 forbids to skip")
    if client is None:
        pytest.skip("no Docker Engine answers here")
    yield client
    client.close()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names of tests are for people: a long or binary argument is named by its length."""
    if isinstance(val, bytes | str | list) and len(repr(val)) > _LONGEST_ID:
        return f"{argname}_{len(val)}"
    return None
