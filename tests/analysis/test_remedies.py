"""Remedies: the cause in one sentence, and a cure that fits what made the layer."""

from __future__ import annotations

from typing import Any

import pytest

from layerscope.analysis.model import REASONS, LayerFigures, WasteItem
from layerscope.analysis.remedies import find_remedy

COMMANDS = (
    "ADD rootfs in /",
    "RUN apt-get update && apt-get install -y curl",
    "COPY . /app",
    "RUN chown -R app /app",
    "RUN rm -rf /root/.cache",
)


def layer(index: int, command: str) -> LayerFigures:
    """A layer made by a command; the lowest is the base."""
    return LayerFigures(index, "", "", "", 0, None, 0, 0, 0, 0, 0, command, "", base=index == 0)


LAYERS = [layer(index, command) for index, command in enumerate(COMMANDS)]


def remedy(path: str, reason: str, stored_in: tuple[int, ...], wasted_by: int, **more: Any) -> str:
    """Cause and cure as one text."""
    item = WasteItem(path, 100, more.pop("files", 1), 1, reason, stored_in, wasted_by, **more)
    found = find_remedy(item, LAYERS)
    return f"{found.cause} {found.cure}"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (
            (
                "pip's cache is written in 2 and removed in 5: it still ships. "
                "Remove it in the RUN that makes it, or use pip install --no-cache-dir."
            ),
            ("root/.cache/pip/", "removed", (1,), 4),
        ),
        (
            (
                "apt's package lists are written in 2 and removed in 5: they still ship. "
                "End the RUN that calls apt-get with rm -rf /var/lib/apt/lists/*."
            ),
            ("var/lib/apt/lists/", "removed", (1,), 4),
        ),
        (
            "It is written in 2, 3 and 4 and removed in 5: it still ships. Remove it in the RUN that makes it.",
            ("tmp/x", "removed", (1, 2, 3), 4),
        ),
        (
            (
                "It is written in 3 and removed in 5: it still ships. "
                "Copy only what is needed, or name the rest in .dockerignore."
            ),
            ("app/x", "removed", (2,), 4),
        ),
        (
            "It is written in 1 and removed in 5: it still ships. The base image brings it: choose a base without it.",
            ("usr/x", "removed", (0,), 4),
        ),
        (
            (
                "It is written in 2 and again, with other bytes, in 3: both ship. "
                "Write the final version at once, in one instruction."
            ),
            ("etc/x", "overwritten", (1,), 2),
        ),
        (
            (
                "Layer 3 stores the path more than once, and only the last one counts. "
                "Make the tool that writes this layer store each path once."
            ),
            ("app/x", "duplicate", (2,), 2),
        ),
    ],
)
def test_remedies(text: str, arguments: tuple[Any, ...]) -> None:
    assert remedy(*arguments) == text


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (("owner",), "only owner changed. Use COPY --chown=app in 3 instead of chown in 4."),
        (("mode",), "only mode changed. Use COPY --chmod in 3, so that 4 need not store it again."),
        (("mode", "owner"), "only mode and owner changed. Use COPY --chown=app --chmod in 3 instead of chown in 4."),
        ((), "nothing changed. It is as it should be in 3: keep 4 from writing it again."),
    ],
)
def test_rewriting_is_done_by_the_copy(attributes: tuple[str, ...], text: str) -> None:
    assert remedy("app/", "rewritten", (2,), 3, attributes=attributes).endswith(text)


@pytest.mark.parametrize(
    ("stored_in", "command", "attributes", "cure"),
    [
        (
            (2, 4),
            "RUN chown -R 1000:1000 /app",
            ("owner",),
            (
                "Use COPY --chown=1000:1000 in 3, and call chown in the RUN of 5 (or set USER before it) "
                "instead of chown in 6."
            ),
        ),
        (
            (0, 2),
            "RUN chown app /x /app",
            ("owner",),
            "Use COPY --chown=app in 3 instead of chown in 6. The base image brings a part of it.",
        ),
        (
            (1, 4),
            "RUN chown app /x && chmod 755 /x",
            ("mode", "owner"),
            "Call chown and chmod in the RUN of 2 and 5 instead of chown and chmod in 6.",
        ),
        ((2,), "RUN chmod -R 0755 /x", ("mode",), "Use COPY --chmod=0755 in 3 instead of chmod in 6."),
        ((2,), "RUN ./fix", ("owner",), "Use COPY --chown in 3, so that 6 need not store it again."),
        ((2,), "COPY --chown=app . /app", ("owner",), "Copy it once, with the owner that 6 gives it."),
        ((2,), "COPY . /app", (), "Copy it once."),
        ((1,), "COPY . /app", (), "Write it once: it lies in 2, and 6 copies it again."),
        ((1,), "RUN touch /x", ("time",), "Join the RUN of 2 with that of 6, or keep 6 from writing it again."),
        ((1,), "RUN setcap x /x", ("xattrs",), "Set xattrs in the RUN of 2 instead of in 6."),
        ((2,), "RUN setcap x /x", ("xattrs",), "Set xattrs before it is copied, in a stage of its own."),
        ((0,), "RUN touch /x", ("time",), "The base image brings it: keep 6 from writing it again."),
    ],
)
def test_each_instruction_that_stores_the_bytes_has_its_own_cure(
    stored_in: tuple[int, ...], command: str, attributes: tuple[str, ...], cure: str
) -> None:
    layers = [*LAYERS, layer(5, command)]
    item = WasteItem("x", 100, 2, 1, "rewritten", stored_in, 5, attributes)
    assert find_remedy(item, layers).cure == cure


@pytest.mark.parametrize(
    ("stored_in", "command", "cure"),
    [
        ((0,), "RUN apt-get install -y gcc", "Nothing to do: whatever installs over a base image writes it anew."),
        ((1,), "RUN apt-get install -y gcc", "Every RUN that installs writes it anew: install in one RUN."),
        ((1,), "RUN apt-get purge -y curl", "Install, use and remove the packages in one RUN"),
    ],
)
def test_what_package_managers_always_write(stored_in: tuple[int, ...], command: str, cure: str) -> None:
    layers = [*LAYERS, layer(5, command)]
    for path, reason in (("var/cache/debconf/templates.dat", "rewritten"), ("etc/ld.so.cache", "overwritten")):
        assert find_remedy(WasteItem(path, 9, 1, 2, reason, stored_in, 5), layers).cure.startswith(cure)


@pytest.mark.parametrize(
    "command",
    [
        "RUN apt-get purge -y gcc && apt-get autoremove -y",
        "RUN apt-get -y -qq remove gcc",
        "RUN apk del .build-deps",
        "RUN pip uninstall -y wheel",
    ],
)
def test_packages_that_one_run_installs_and_another_removes(command: str) -> None:
    layers = [*LAYERS, layer(5, command)]
    for path in ("usr/lib/gcc/", "var/lib/dpkg/info/gcc.list"):
        cure = find_remedy(WasteItem(path, 9, 2, 1, "removed", (1,), 5), layers).cure
        assert cure.startswith("Install, use and remove the packages in one RUN")
    assert "apt-get clean" in find_remedy(WasteItem("var/cache/apt/", 9, 2, 1, "removed", (1,), 5), layers).cure


def test_what_the_base_brings_of_it_is_said() -> None:
    assert remedy("var/cache/apt/", "removed", (0, 1), 4).endswith("The base image brings a part of it.")


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("path", ["a", "a/", "var/log/", "app/.git/"])
@pytest.mark.parametrize(("stored_in", "wasted_by"), [((0,), 0), ((0,), 3), ((2,), 3), ((1, 2), 4)])
def test_every_item_has_a_cause_and_a_cure(reason: str, path: str, stored_in: tuple[int, ...], wasted_by: int) -> None:
    found = find_remedy(WasteItem(path, 1, 2, 1, reason, stored_in, wasted_by), LAYERS)
    assert found.cause.endswith(".")
    assert found.cure.endswith(".")
