"""Lines of Dockerfiles that real builders built: each layer holds a file named after the line that made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from docker import DockerClient

import engine as docker_engine
from builders import build_with_buildah, build_with_engine, fill, marked_lines
from layerscope.analysis.dockerfile import parse_dockerfile
from layerscope.analysis.history import match_history
from layerscope.analysis.locate import Located, locate
from layerscope.sources import open_source
from layerscope.sources.model import PassingSource

PLAIN = """\
# a comment
FROM scratch
ADD rootfs.tar /

ENV A=1 \\
    B="two words"
COPY l@ /
RUN touch /l@
run touch /l@ && rm /l7
LABEL a=b
ADD l@ /srv/
CMD ["sh"]
"""
CONTINUED = """\
FROM scratch
ADD rootfs.tar /
RUN touch /l@ && \\
    # a comment within

    touch	/b   && \\
  # another
    touch /c
COPY l@ \\
     /srv/
RUN echo "# no comment \\\\" '<<EOF' && touch /l@
"""
STAGES = """\
ARG BASE=common
FROM scratch AS common
ADD rootfs.tar /
RUN touch /l@
FROM common AS maker
RUN touch /l@ && touch /made
COPY l@ /
FROM ${BASE} AS final
COPY --from=maker /made /l@
RUN touch /l@
FROM final
COPY --from=1 /made /srv/l@
"""
ARGUMENTS = """\
FROM scratch
ADD rootfs.tar /
ARG ONE=1
ARG TWO="two words" THREE
RUN touch /l@
ARG PLACE=/srv/
ENV FOLDER=/opt/
COPY l@ ${PLACE}
COPY l@ $FOLDER
RUN ["/bin/sh", "-c", "touch /l@"]
RUN ["touch", "/l@"]
"""
SHELLS = """\
FROM scratch
ADD rootfs.tar /
RUN touch /l@
SHELL ["/bin/sh", "-e", "-c"]
RUN touch /l@
WORKDIR /l@
WORKDIR l@
COPY --chown=app:app --chmod=755 l@ ./
RUN touch l@
USER app
"""
ESCAPED = """\
# escape=`
FROM scratch
ADD rootfs.tar /
RUN touch `
    /l4 && touch /c\\d
COPY l@ `
     /srv/
"""
TRIGGERS = """\
FROM scratch AS parent
ADD rootfs.tar /
ONBUILD COPY l@ /
ONBUILD RUN touch /l@
ENV A=1
RUN touch /l@
FROM parent
RUN touch /l@
"""
ALIKE = """\
FROM scratch AS one
ADD rootfs.tar /
COPY l@ /srv/
RUN touch /l@
FROM scratch
ADD rootfs.tar /
COPY l@ /srv/
RUN touch /l@
"""
MOUNTS = """\
FROM scratch AS maker
ADD rootfs.tar /
RUN touch /made
FROM scratch
ADD rootfs.tar /
RUN --mount=type=cache,target=/c --mount=type=bind,from=maker,target=/m touch /l@ && cp /m/made /c/
COPY --from=maker --chown=1:1 /made /l@
RUN touch /l@
"""
FILES = {
    "plain": PLAIN,
    "continued": CONTINUED,
    "stages": STAGES,
    "arguments": ARGUMENTS,
    "shells": SHELLS,
    "escaped": ESCAPED,
    "triggers": TRIGGERS,
    "alike": ALIKE,
}
Build = Callable[[Path], Path]


def told(archive: Path, dockerfile: Path) -> tuple[Located, int]:
    """The lines that layerscope tells of an archive's layers, and how many layers there are."""
    source = open_source(str(archive))
    assert not isinstance(source, PassingSource)
    try:
        image = source.image()
        history = match_history(image.history, len(image.layers))
        stages = parse_dockerfile(dockerfile.read_text())
        return locate(image.config, history, stages, "Dockerfile"), len(image.layers)
    finally:
        source.close()


def check(archive: Path, dockerfile: Path) -> None:
    """Every marked layer has the line that it is marked with, and nothing was missed."""
    located, layers = told(archive, dockerfile)
    marks = marked_lines(archive)
    assert len(marks) == layers
    lines = [located.locations[layer].line if layer in located.locations else None for layer in range(layers)]
    assert [line for line, mark in zip(lines, marks, strict=True) if mark] == [mark for mark in marks if mark]
    assert sum(map(bool, marks)) > 1
    assert located.warning == ""


@pytest.mark.engine
@pytest.mark.parametrize("buildkit", [False, True], ids=["classic", "buildkit"])
@pytest.mark.parametrize("name", FILES)
def test_layers_of_the_engine_have_their_lines(engine: DockerClient, name: str, buildkit: bool, tmp_path: Path) -> None:
    text = FILES[name] if buildkit else FILES[name].replace(" --chmod=755", "")
    dockerfile = fill(tmp_path / "context", text)
    check(build_with_engine(dockerfile.parent, f"layerscope-lines-{name}:{int(buildkit)}", buildkit), dockerfile)


@pytest.mark.engine
def test_flags_of_buildkit_are_no_hindrance(engine: DockerClient, tmp_path: Path) -> None:
    dockerfile = fill(tmp_path / "context", MOUNTS)
    check(build_with_engine(dockerfile.parent, "layerscope-lines-mounts:1", True), dockerfile)


@pytest.mark.parametrize(
    ("name", "program"),
    [(name, "buildah") for name in ("plain", "arguments", "shells", "triggers")] + [("stages", "podman")],
)
def test_layers_of_buildah_have_their_lines(name: str, program: str, tmp_path: Path) -> None:
    dockerfile = fill(tmp_path / "context", FILES[name])
    check(build_with_buildah(dockerfile.parent, program, ["--layers"]), dockerfile)


@pytest.mark.parametrize("name", ["stages"])
def test_a_layer_of_several_instructions_has_no_line(name: str, tmp_path: Path) -> None:
    dockerfile = fill(tmp_path / "context", FILES[name])
    archive = build_with_buildah(dockerfile.parent, "buildah", ["--layers=false"])
    located, _ = told(archive, dockerfile)
    marks = marked_lines(archive)
    assert all(marks[layer] in (0, place.line) for layer, place in located.locations.items())
    assert "holds what several lines" in located.warning


@pytest.mark.engine
@pytest.mark.parametrize("buildkit", [False, True], ids=["classic", "buildkit"])
def test_other_targets_labels_and_arguments(engine: DockerClient, buildkit: bool, tmp_path: Path) -> None:
    options = ["--target", "maker", "--label", "made=here"]
    dockerfile = fill(tmp_path / "target", STAGES)
    check(build_with_engine(dockerfile.parent, f"layerscope-target:{int(buildkit)}", buildkit, options), dockerfile)
    options = ["--build-arg", "ONE=/bin/sh -c odd", "--build-arg", "PLACE=/elsewhere/"]
    dockerfile = fill(tmp_path / "arguments", ARGUMENTS)
    check(build_with_engine(dockerfile.parent, f"layerscope-arguments:{int(buildkit)}", buildkit, options), dockerfile)


@pytest.mark.engine
@pytest.mark.parametrize("buildkit", [False, True], ids=["classic", "buildkit"])
def test_the_bases_layers_are_of_no_line_though_they_read_alike(
    engine: DockerClient, buildkit: bool, tmp_path: Path
) -> None:
    tag = f"layerscope-lines-base:{int(buildkit)}"
    fill(tmp_path / "base", 'FROM scratch\nADD rootfs.tar /\nRUN touch /l@\nCOPY l@ /srv/\nCMD ["sh"]\n')
    build_with_engine(tmp_path / "base", tag, buildkit, keep=True)
    written = f"FROM {tag}\nLABEL a=b\nRUN touch /l@\nCOPY l@ /srv/\nRUN touch /l@\n"
    try:
        dockerfile = fill(tmp_path / "whole", written)
        archive = build_with_engine(dockerfile.parent, f"{tag}-whole", buildkit)
        # The same file, of which the image was built before its third line was written.
        older = fill(tmp_path / "older", written.replace("RUN touch /l@\nCOPY", "COPY").replace("l@ /srv", "l4 /srv"))
        older_archive = build_with_engine(older.parent, f"{tag}-older", buildkit)
    finally:
        docker_engine.remove(engine, tag)
    located, layers = told(archive, dockerfile)
    assert layers == 6
    assert {layer: place.line for layer, place in located.locations.items()} == {3: 3, 4: 4, 5: 5}
    stale, layers = told(older_archive, dockerfile)
    assert layers == 5
    assert not {layer: place for layer, place in stale.locations.items() if layer < 3}
