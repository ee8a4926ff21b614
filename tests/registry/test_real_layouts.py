"""Images as umoci, buildah and skopeo make them: one layer after the other, several platforms, copied about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from images import (
    OCI_MANIFEST,
    digest,
    docker_archive,
    file,
    folder,
    make_config,
    make_layer,
    oci_members,
)
from layerscope.cli import main
from layerscope.errors import NotAnImageError, UsageError
from opening import Opened, open_image
from registries import image_manifest, put_blob, put_manifest, registry, run

ARCHITECTURES = ("amd64", "arm64", "s390x")


def test_umoci_layer_by_layer(tmp_path: Path) -> None:
    layout, image = tmp_path / "layout", f"{tmp_path / 'layout'}:v1"
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(b"a" * 5000)
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", image)
    run("umoci", "insert", "--image", image, source, "/d")
    run("umoci", "insert", "--image", image, "--whiteout", "/d/a")
    run("umoci", "insert", "--image", image, "--opaque", source, "/d")
    opened = open_image(f"oci:{image}")
    names = [{name.rstrip(b"/") for name in layer} for layer in opened.layers]
    assert names == [{b"d", b"d/a"}, {b"d/.wh.a"}, {b"d", b"d/.wh..wh..opq", b"d/a"}]
    assert opened.image.tags == ["v1"]
    assert opened.image.warnings == []


@pytest.fixture(scope="module")
def multi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image for each architecture, and buildah's storage with a manifest list of them."""
    where = tmp_path_factory.mktemp("multi")
    buildah(where, "manifest", "create", "list")
    for architecture in ARCHITECTURES:
        layers = [make_layer([folder("on"), file(f"on/{architecture}", architecture.encode() * 1000)])]
        config = make_config(layers, architecture=architecture)
        path = where / f"{architecture}.tar"
        path.write_bytes(docker_archive(layers, config=config))
        buildah(where, "manifest", "add", "--os=linux", f"--arch={architecture}", "list", f"docker-archive:{path}")
    return where


def buildah(where: Path, *arguments: object) -> None:
    """Run buildah on a storage of the test's own."""
    store = ["--root", where / "store", "--runroot", where / "run", "--storage-driver", "vfs"]
    run("buildah", *store, *arguments)


def check_platforms(reference: str) -> Opened:
    """Each platform opens by its name, this machine's without; another is refused with the list."""
    for architecture in ARCHITECTURES:
        opened = open_image(reference, platform=f"linux/{architecture}")
        assert opened.layers == [[b"on/", f"on/{architecture}".encode()]]
        assert opened.image.platform == f"linux/{architecture}"
        assert opened.image.warnings == []
    with pytest.raises(UsageError, match="has no image for linux/riscv64") as caught:
        open_image(reference, platform="linux/riscv64")
    assert "linux/amd64, linux/arm64, linux/s390x" in caught.value.hint
    return open_image(reference)


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_buildahs_manifest_lists(transport: str, multi: Path, tmp_path: Path) -> None:
    buildah(multi, "manifest", "push", "-q", "--all", "list", f"{transport}:{tmp_path / 'image'}:v1")
    opened = check_platforms(f"{transport}:{tmp_path / 'image'}:v1")
    assert opened.image.tags == ["v1"]


@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_lists_in_a_registry_and_their_copies(form: str, multi: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with registry(tmp_path / "data") as address:
        where = f"docker://{address}/team/multi:1"
        options = ["-q", "--all", "--tls-verify=false", f"--format={form}"]
        buildah(multi, "manifest", "push", *options, "list", where)
        check_platforms(f"registry:{address}/team/multi:1")
        for transport in ("oci", "dir"):
            target = f"{transport}:{tmp_path / transport}"
            run("skopeo", "copy", "-q", "--all", "--src-tls-verify=false", where, target)
            check_platforms(target)


ARTIFACTS = {
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip": "a Helm chart",
    "application/vnd.wasm.content.layer.v1+wasm": "a WebAssembly module",
    "application/vnd.dev.cosign.simplesigning.v1+json": "a signature",
    "application/vnd.in-toto+json": "an attestation",
    "application/vnd.cyclonedx+json": "a bill of materials",
    "application/vnd.example.thing": "an artifact",
}


def test_artifacts_in_a_registry_and_in_its_copies(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with registry(tmp_path / "data") as address:
        for number, (kind, words) in enumerate(ARTIFACTS.items()):
            for blob in (b"{}", b"what it is"):
                put_blob(address, "artifact", blob)
            manifest = image_manifest(b"{}", [b"what it is"], kind)
            put_manifest(address, "artifact", f"v{number}", manifest, OCI_MANIFEST)
            target = f"oci:{tmp_path / f'copy{number}'}"
            source = f"docker://{address}/artifact:v{number}"
            run("skopeo", "copy", "-q", "--src-tls-verify=false", source, target)
            for reference in (f"registry:{address}/artifact:v{number}", target):
                with pytest.raises(NotAnImageError, match=rf"holds {words} \({kind.replace('+', '.')}\), not a"):
                    open_image(reference)


def test_one_of_several_is_chosen_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = tmp_path / "layout"
    for tag in ("one", "two"):
        archive = tmp_path / f"{tag}.tar"
        archive.write_bytes(docker_archive([make_layer([file(f"in-{tag}", tag.encode())])]))
        run("skopeo", "copy", "-q", f"docker-archive:{archive}", f"oci:{layout}:{tag}")
    assert main(["check", str(layout)]) == 2
    told = capsys.readouterr().err
    assert "holds 2 images: one, two." in told
    assert "--image" in told
    for arguments in ([str(layout), "--image", "two"], [f"oci:{layout}:two"]):
        assert main(["report", *arguments, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["image"]["sizeBytes"] == 3


def test_attestations_of_an_image_are_counted_in_a_copy(tmp_path: Path) -> None:
    layers = [make_layer([file("a")])]
    members = oci_members(layers)
    image = json.loads(members["index.json"])["manifests"][0]  # type: ignore[arg-type]
    note = b'{"predicate": 1}'
    attestation = image_manifest(b"{}", [note], "application/vnd.in-toto+json")
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
    (tmp_path / "data").mkdir()
    with registry(tmp_path / "data") as address:
        for data in [each for name, each in members.items() if name.startswith("blobs/")] + [note, b"{}"]:
            assert isinstance(data, bytes)
            put_blob(address, "noted", data)
        for data in (members["blobs/" + image["digest"].replace(":", "/")], attestation):
            assert isinstance(data, bytes)
            put_manifest(address, "noted", digest(data), data, OCI_MANIFEST)
        platforms = [{"os": "linux", "architecture": "amd64"}, {"os": "unknown", "architecture": "unknown"}]
        described = {"mediaType": OCI_MANIFEST, "digest": digest(attestation), "size": len(attestation)}
        below = [{**image, "platform": platforms[0]}, {**described, "platform": platforms[1], "annotations": about}]
        index_type = "application/vnd.oci.image.index.v1+json"
        index = json.dumps({"schemaVersion": 2, "mediaType": index_type, "manifests": below}).encode()
        put_manifest(address, "noted", "1", index, index_type)
        run(
            "skopeo",
            "copy",
            "-q",
            "--all",
            "--src-tls-verify=false",
            f"docker://{address}/noted:1",
            f"oci:{tmp_path}/o",
        )
        for reference in (f"registry:{address}/noted:1", f"oci:{tmp_path}/o"):
            opened = open_image(reference)
            assert opened.image.attestations == 1
            assert opened.image.platform == "linux/amd64"
