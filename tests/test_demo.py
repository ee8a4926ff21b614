"""The bundled sample image is what its maker makes, and an image that programs other than ours can read."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import closing
from dataclasses import replace

import pytest
from docker import DockerClient

import demo_image
import engine as docker_engine
from demo_layers import LAYERS, Step
from layerscope import demo
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source


def unique(step: Step) -> Step:
    """The step without a path that is twice in one layer: an engine refuses such a tar."""
    return step if step.entries is None else replace(step, entries=list({e.path: e for e in step.entries}.values()))


def test_bundled_archive_is_the_generated_one() -> None:
    # The compressed bytes depend on the zlib that made them, the archive inside does not.
    made = demo_image.archive_bytes(demo_image.image(LAYERS))
    assert gzip.decompress(demo_image.TARGET.read_bytes()) == made


def test_installed_archive_is_the_bundled_one() -> None:
    assert demo.ARCHIVE.read_bytes() == demo_image.TARGET.read_bytes()


def test_archive_is_small() -> None:
    packed = demo.ARCHIVE.read_bytes()
    assert len(packed) < 60_000
    assert len(gzip.decompress(packed)) < 8_000_000


def test_every_layer_is_a_tar_that_tarfile_lists() -> None:
    for step in LAYERS:
        if step.entries is not None:
            with tarfile.open(fileobj=io.BytesIO(demo_image.layer_tar(step.entries, demo_image.MADE))) as layer:
                assert layer.getnames() == [entry.path for entry in step.entries]


def test_sample_has_waste_of_every_kind() -> None:
    with closing(open_source(str(demo.ARCHIVE))) as source:
        answer = analyse(build_index(source))
    kinds = {item.reason: item for item in answer.waste}
    assert set(kinds) == {"overwritten", "rewritten", "removed", "hidden", "replaced", "duplicate"}
    assert kinds["rewritten"].attributes == ("owner",)
    assert sum(item.bytes for item in answer.waste) == answer.figures.wasted_bytes
    assert (answer.base_layers, answer.base_found_by) == (1, "history")


@pytest.mark.engine
def test_engine_loads_the_image(engine: DockerClient) -> None:
    tag = "layerscope-test/demo:1"
    try:
        image = docker_engine.load(engine, demo_image.archive_bytes(demo_image.image([unique(s) for s in LAYERS], tag)))
        assert engine.images.get(tag).id == image
        made = engine.api.inspect_image(tag)
        assert len(made["RootFS"]["Layers"]) == sum(step.entries is not None for step in LAYERS)
    finally:
        docker_engine.remove(engine, tag)


@pytest.mark.engine
def test_engine_builds_an_image_with_a_shell(engine: DockerClient) -> None:
    tag = "layerscope-test/shell:1"
    dockerfile = docker_engine.SHELL + "COPY a /a\nRUN chown app:app /a\nRUN rm /a\n"
    try:
        docker_engine.build(engine, tag, dockerfile, {"a": b"bytes"})
        assert len(engine.images.get(tag).attrs["RootFS"]["Layers"]) == 4
    finally:
        docker_engine.remove(engine, tag)
