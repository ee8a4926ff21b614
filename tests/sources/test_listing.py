"""What there is to choose from: folders, and an engine's own list against ours."""

from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path

import pytest
from docker import DockerClient

from layerscope.sources import listing
from layerscope.sources.listing import list_engine, list_folder, list_paths


def test_a_folder_lists_archives_and_layouts_by_their_content(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "no-suffix", "w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"))
    (tmp_path / "packed.dat").write_bytes(gzip.compress(b"x"))
    (tmp_path / "text.tar").write_text("no archive at all\n")
    (tmp_path / "empty.tar").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout/index.json").write_text("{}")
    os.mkfifo(tmp_path / "pipe.tar")
    (tmp_path / "loop").symlink_to("loop")
    os.utime(tmp_path / "packed.dat", (1_700_000_000, 1_700_000_000))
    found = {Path(each.reference).name: each for each in list_folder(tmp_path)}
    assert set(found) == {"packed.dat", "layout", "no-suffix"}
    assert found["packed.dat"].created == "2023-11-14T22:13:20Z"
    assert found["layout"].size_bytes is None
    assert found["layout"].name.endswith("/")


def test_what_is_gone_is_not_listed(tmp_path: Path) -> None:
    assert list_folder(tmp_path / "gone") == []
    assert list_paths([tmp_path / "gone.tar"]) == []


def test_relative_paths_open_as_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "check").write_bytes(gzip.compress(b"x"))
    monkeypatch.chdir(tmp_path)
    assert [each.reference for each in list_folder(Path())] == ["./check"]


@pytest.mark.parametrize("seconds", [None, "x", -1, 0, float("nan"), float("inf"), 10**40, True])
def test_times_that_are_none(seconds: object) -> None:
    assert listing._moment(seconds) in ("", "1970-01-01T00:00:01Z")


def test_images_have_a_line_for_each_name() -> None:
    found = {"Id": "sha256:" + "a" * 64, "RepoTags": ["a:1", "b:2"], "Size": 7, "Created": 1_700_000_000}
    named = list(listing._named("docker", found | {"SharedSize": -1}))
    assert [each.reference for each in named] == ["docker://a:1", "docker://b:2"]
    assert named[0].shared_bytes is None
    nameless = list(listing._named("docker", found | {"RepoTags": ["<none>:<none>"], "SharedSize": 3}))
    assert [(each.reference, each.shared_bytes) for each in nameless] == [("docker://sha256:" + "a" * 64, 3)]
    assert nameless[0].name.startswith("sha256:aaaaaaaaaaaa ")
    assert next(listing._named("docker", {"Id": 7, "RepoTags": 9, "Size": True})).size_bytes is None


def test_images_without_a_name_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        def images(self) -> list[dict[str, object]]:
            names: list[list[str] | None] = [None, ["old:1"], ["new:1"]]
            return [
                {
                    "Id": f"sha256:{number:064x}",
                    "RepoTags": tags,
                    "Created": 1_700_000_000 + (9 if tags == ["new:1"] else 0),
                }
                for number, tags in enumerate(names)
            ]

        def close(self) -> None:
            pass

    monkeypatch.setattr("layerscope.sources.engine_client.connect", lambda kind: Engine())
    assert [each.name.split()[0] for each in list_engine("docker")] == ["new:1", "old:1", "sha256:000000000000"]


@pytest.mark.engine
def test_the_engine_lists_what_it_has(engine: DockerClient) -> None:
    ours = {each.reference for each in list_engine("docker")}
    theirs = {f"docker://{tag}" for image in engine.images.list() for tag in image.tags}
    # Other tests come and go meanwhile.
    assert ours & theirs or not theirs


@pytest.mark.parametrize(
    ("manifests", "size"),
    [
        ([("image", True, 604_665, 614_400), ("image", True, 604_674, 0), ("attestation", True, 4_159, 0)], 614_400),
        ([("image", False, 0, 0), ("image", True, 604_665, 0)], 604_665),
        ([("image", False, 0, 0)], 2_437_000),
        ([], 2_437_000),
    ],
)
def test_an_image_is_as_large_as_what_lies_unpacked(manifests: list[tuple[str, bool, int, int]], size: int) -> None:
    """As Docker Engine 28 lists an image of several platforms in containerd's store: Size is of all of them, packed."""
    told = [
        {"Kind": kind, "Available": available, "Size": {"Content": content}}
        | ({"ImageData": {"Size": {"Unpacked": unpacked}}} if kind == "image" else {})
        for kind, available, content, unpacked in manifests
    ]
    found = {"Id": "sha256:" + "a" * 64, "RepoTags": ["a:1"], "Size": 2_437_000, "Manifests": told}
    assert [each.size_bytes for each in listing._named("docker", found)] == [size]
