"""The base image as the user names it: what of that can stand in a FROM."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from layerscope.cli.bases import asked_name


@pytest.mark.parametrize(
    ("base", "source", "name"),
    [
        ("debian:bookworm", "", "debian:bookworm"),
        ("docker://debian:bookworm", "", "debian:bookworm"),
        ("podman:quay.io/a/b@sha256:00", "", "quay.io/a/b@sha256:00"),
        ("registry:host:5000/a", "", "host:5000/a"),
        ("debian", "podman", "debian"),
        ("", "", ""),
        ("3", "", ""),
        ("./base.tar", "", ""),
        ("base.tar.gz", "", ""),
        ("docker-archive:base", "", ""),
        ("base", "oci", ""),
        ("here", "", ""),
        ("-", "", ""),
        ("demo", "", ""),
    ],
)
def test_names_of_images_are_told_from_numbers_and_paths(
    base: str, source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert asked_name(argparse.Namespace(base=base, source=source)) == name
