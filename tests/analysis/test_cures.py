"""Cures that cure: a real engine builds what wastes, then what the cure says, and the waste is gone."""

from __future__ import annotations

import pytest
from docker import DockerClient

from engine import SHELL, build, own, remove
from layerscope.analysis.model import Analysis
from layerscope.analysis.remedies import find_remedy
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source

CASES = [
    (
        "COPY a /app/a\nRUN cp /app/a /app/b\nRUN chown -R 1000:1000 /app\n",
        (
            "Use COPY --chown=1000:1000 in 2, and call chown in the RUN of 3 (or set USER before it) "
            "instead of chown in 4."
        ),
        "COPY --chown=1000:1000 a /app/a\nRUN cp /app/a /app/b && chown 1000:1000 /app/b\n",
    ),
    (
        "RUN cp /bin/busybox /app\nRUN chmod 0700 /app\n",
        "Call chmod in the RUN of 2 instead of chmod in 3.",
        "RUN cp /bin/busybox /app && chmod 0700 /app\n",
    ),
    (
        "RUN cp /bin/busybox /app\nRUN touch /app\n",
        "Join the RUN of 2 with that of 3, or keep 3 from writing it again.",
        "RUN cp /bin/busybox /app && touch /app\n",
    ),
    (
        "COPY a /app\nCOPY --chown=7 a /app\n",
        "Copy it once, with the owner that 3 gives it.",
        "COPY --chown=7 a /app\n",
    ),
]


def built(engine: DockerClient, dockerfile: str) -> Analysis:
    """The analysis of what a real engine makes of a Dockerfile, its lowest layer the base."""
    tag = own("layerscope-cure")
    build(engine, tag, SHELL + dockerfile, {"a": b"a" * 5000})
    try:
        source = open_source(f"docker://{tag}")
        analysis = analyse(build_index(source), base=1)
        assert analysis.waste is not None  # found while the source is open
        source.close()
        return analysis
    finally:
        remove(engine, tag)


@pytest.mark.parametrize(("wasteful", "cure", "cured"), CASES)
def test_following_the_cure_takes_the_waste_away(engine: DockerClient, wasteful: str, cure: str, cured: str) -> None:
    before = built(engine, wasteful)
    assert {find_remedy(item, before.layers).cure for item in before.waste} == {cure}
    after = built(engine, cured)
    assert before.figures.wasted_bytes > 0
    assert after.figures.wasted_bytes == 0
    assert after.figures.size_bytes == before.figures.size_bytes - before.figures.wasted_bytes
