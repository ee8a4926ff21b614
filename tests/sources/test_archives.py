"""Archives of every form, as files and as streams, whole and damaged."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from images import (
    OCI_MANIFEST,
    Entry,
    blob_path,
    descriptor,
    digest,
    docker_archive,
    docker_members,
    file,
    folder,
    gzipped,
    make_config,
    make_index,
    make_layer,
    oci_archive,
    oci_members,
    pack,
    symlink,
    whiteout,
    zstd,
)
from layerscope.errors import DamagedImageError, LayerscopeError, LimitError, NotAnImageError, UsageError
from layerscope.sources import open_source
from layerscope.sources.candidates import SeveralImagesError
from layerscope.sources.limits import Limits
from opening import both, content, open_image, save

NOISE = random.Random(1).randbytes(40_000)
LAYERS = [
    make_layer([folder("etc"), file("etc/a", b"a" * 3000), file("noise", NOISE)]),
    make_layer([whiteout("etc/a"), file("b", b"b")]),
    make_layer([]),
]
NAMES = [[b"etc/", b"etc/a", b"noise"], [b"etc/.wh.a", b"b"], []]


def symlinked() -> bytes:
    """The third layer repeats the first by a symbolic link, as Docker 1.10 to 24 write it."""
    members = docker_members(LAYERS[:2])
    manifest = json.loads(bytes(members["manifest.json"]))  # type: ignore[arg-type]
    first = manifest[0]["Layers"][0]
    members["0123/layer.tar"] = symlink("0123/layer.tar", f"../{first}")
    manifest[0]["Layers"].append("0123/layer.tar")
    config = make_config([*LAYERS[:2], LAYERS[0]])
    members[manifest[0]["Config"]] = json.dumps(config).encode()
    members["manifest.json"] = json.dumps(manifest).encode()
    return pack(members)


def kaniko() -> bytes:
    """Compressed layers at the root, the config under its digest, as kaniko and jib write them."""
    config = json.dumps(make_config(LAYERS)).encode()
    members: dict[str, bytes | Entry] = {digest(config): config}
    paths = [f"{number:064x}.tar.gz" for number in range(len(LAYERS))]
    members |= {path: gzipped(layer, 3) for path, layer in zip(paths, LAYERS, strict=True)}
    entry = {"Config": digest(config), "RepoTags": ["sample:1"], "Layers": paths}
    return pack(members | {"manifest.json": json.dumps([entry]).encode()})


def manifest_first() -> bytes:
    members = docker_members(LAYERS)
    return pack({"manifest.json": members["manifest.json"], **members})


def dotted() -> bytes:
    return pack({f"./{name}": data for name, data in docker_members(LAYERS).items()})


FORMS: dict[str, Callable[[], bytes]] = {
    "docker, folder per layer": lambda: docker_archive(LAYERS),
    "docker, manifest first": manifest_first,
    "names with a dot": dotted,
    "docker 25": lambda: oci_archive(LAYERS, docker=True),
    "containerd, gzip": lambda: oci_archive(LAYERS, blobs=[gzipped(layer) for layer in LAYERS], docker=True),
    "oci-archive": lambda: oci_archive(LAYERS),
    "oci-archive, gzip members": lambda: oci_archive(LAYERS, blobs=[gzipped(layer, 9) for layer in LAYERS]),
    "oci-archive, zstd": lambda: oci_archive(LAYERS, blobs=[zstd(layer) for layer in LAYERS]),
    "kaniko": kaniko,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_opens(form: str, tmp_path: Path) -> None:
    opened = both(tmp_path, FORMS[form]())
    image = opened.image
    assert opened.layers == NAMES
    assert image.tags == ["sample:1"]
    assert image.platform == "linux/amd64"
    assert [layer.diff_id for layer in image.layers] == make_config(LAYERS)["rootfs"]["diff_ids"]
    assert [entry.created_by for entry in image.history] == ["step 0", "step 1", "step 2"]
    assert image.warnings == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compress", [gzipped, zstd, lzma.compress, bz2.compress])
def test_a_compressed_archive_can_be_read_again_from_its_spool(
    form: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    source = open_source(str(save(tmp_path, compress(FORMS[form]()))), spool=tmp_path / "spool")
    assert not hasattr(source, "image")
    image = source.read_through(lambda _name, reader, _size: reader.close())
    assert [content(layer) for layer in image.layers] == LAYERS
    assert list((tmp_path / "spool").iterdir()) == []
    source.close()


def test_a_layer_that_is_a_link_to_another(tmp_path: Path) -> None:
    opened = both(tmp_path, symlinked())
    assert opened.layers == [NAMES[0], NAMES[1], NAMES[0]]
    assert opened.image.layers[2].name == opened.image.layers[0].name


def test_too_many_members_are_a_limit(tmp_path: Path) -> None:
    one = pack({"a": b""})[:512]
    for data in (one * 101 + bytes(1024), gzip.compress(one * 101 + bytes(1024))):
        with pytest.raises(LimitError, match="more than 100 members") as caught:
            open_image(save(tmp_path, data), limits=Limits(members=100))
        assert "--limit members=200" in caught.value.hint


def test_links_in_a_circle_are_no_layers(tmp_path: Path) -> None:
    members = docker_members(LAYERS[:1])
    (path,) = json.loads(bytes(members["manifest.json"]))[0]["Layers"]  # type: ignore[arg-type]
    members[path] = symlink(path, "../x")
    members["x"] = symlink("x", path)
    opened = both(tmp_path, pack(members))
    assert "does not hold this layer" in opened.image.layers[0].missing


def before_manifests() -> dict[str, bytes | Entry]:
    """An archive of Docker before 1.10: layer ``bb`` on ``aa``."""
    members: dict[str, bytes | Entry] = {"repositories": b'{"sample": {"1": "bb"}}'}
    for layer, name, parent in ((LAYERS[0], "aa", ""), (LAYERS[1], "bb", "aa")):
        about = {"id": name, "parent": parent, "os": "linux", "architecture": "amd64"}
        about["container_config"] = {"Cmd": ["/bin/sh", "-c", f"make {name}"]}  # type: ignore[assignment]
        members |= {f"{name}/VERSION": b"1.0", f"{name}/json": json.dumps(about).encode(), f"{name}/layer.tar": layer}
    return members


def test_docker_before_manifests(tmp_path: Path) -> None:
    opened = both(tmp_path, pack(before_manifests()))
    assert opened.layers == NAMES[:2]
    assert opened.image.tags == ["sample:1"]
    assert [entry.created_by for entry in opened.image.history] == ["/bin/sh -c make aa", "/bin/sh -c make bb"]


def test_unreadable_layers_of_docker_before_manifests_are_marked(tmp_path: Path) -> None:
    opened = both(tmp_path, pack(before_manifests() | {"aa/layer.tar": b"hsqs and so on"}))
    assert opened.image.layers[0].missing == "This layer is no tar: it is a squashfs file system."
    assert opened.layers == [[], NAMES[1]]


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    members = {"repositories": b'{"a": {"1": "b"}}', "b/json": b'{"parent": "b"}', "b/layer.tar": LAYERS[0]}
    with pytest.raises(LimitError, match="chains more than"):
        open_image(save(tmp_path, pack(members)))


def two_images() -> bytes:
    one, two = docker_members(LAYERS[:1], tags=["one:1", "one:latest"]), docker_members(LAYERS[:2], tags=["two:1"])
    listed = [json.loads(bytes(members["manifest.json"]))[0] for members in (one, two)]  # type: ignore[arg-type]
    return pack(one | two | {"manifest.json": json.dumps(listed).encode()})


def test_several_images_are_a_choice(tmp_path: Path) -> None:
    path = save(tmp_path, two_images())
    with pytest.raises(SeveralImagesError) as caught:
        open_image(path)
    assert caught.value.choices == ["one:1", "two:1"]
    assert isinstance(caught.value, UsageError)
    for wanted, layers in (("one", 1), ("one:1", 1), ("two:1", 2), ("2", 2), ("@0", 1), ("docker.io/library/two:1", 2)):
        assert len(both(tmp_path, two_images(), image=wanted).image.layers) == layers
    prefix = both(tmp_path, two_images(), image="2").image.id[7:17]
    assert len(open_image(path, image=prefix).image.layers) == 2
    assert len(open_image(f"docker-archive:{path}:two:1").image.layers) == 2
    with pytest.raises(UsageError, match="holds no image three"):
        open_image(path, image="three")


def test_images_without_names_are_chosen_by_id(tmp_path: Path) -> None:
    one, two = docker_members(LAYERS[:1], tags=[]), docker_members(LAYERS[:2], tags=[])
    listed = [json.loads(bytes(members["manifest.json"]))[0] for members in (one, two)]  # type: ignore[arg-type]
    path = save(tmp_path, pack(one | two | {"manifest.json": json.dumps(listed).encode()}))
    with pytest.raises(SeveralImagesError) as caught:
        open_image(path)
    assert [len(open_image(path, image=choice).layers) for choice in caught.value.choices] == [1, 2]


def multi_platform() -> dict[str, bytes | Entry]:
    """Two platforms and an attestation of the first, below a nested index, as buildx writes them."""
    arm = json.dumps(make_config(LAYERS[:1], architecture="arm64", variant="v8")).encode()
    first, second = oci_members(LAYERS), oci_members(LAYERS[:1], config=json.loads(arm))
    roots = [json.loads(bytes(members["index.json"]))["manifests"][0] for members in (first, second)]  # type: ignore[arg-type]
    roots[0]["platform"] = {"os": "linux", "architecture": "amd64"}
    roots[1]["platform"] = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": roots[0]["digest"]}
    unknown = {"os": "unknown", "architecture": "unknown"}
    attestation = descriptor(b"{}", OCI_MANIFEST, platform=unknown, annotations=about)
    nested = make_index([*roots, attestation])
    top = make_index([descriptor(nested, "application/vnd.oci.image.index.v1+json")])
    return first | second | {blob_path(nested): nested, "index.json": top}


def test_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(multi_platform())
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    host = both(tmp_path, data).image
    assert (host.platform, len(host.layers), host.attestations) == ("linux/amd64", 3, 1)
    arm = both(tmp_path, data, platform="linux/arm64").image
    assert (arm.platform, len(arm.layers), arm.attestations) == ("linux/arm64/v8", 1, 0)
    assert both(tmp_path, data, platform="aarch64").image.digest == arm.digest
    with pytest.raises(UsageError, match=r"has no image for linux/s390x") as caught:
        open_image(save(tmp_path, data), platform="linux/s390x")
    assert "linux/amd64, linux/arm64/v8" in caught.value.hint
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(UsageError, match="none is this machine's"):
        open_image(save(tmp_path, data))
    with pytest.raises(UsageError, match="is no platform"):
        open_image(save(tmp_path, data), platform="linux/arm/v7/x")


def test_platform_of_a_docker_archive(tmp_path: Path) -> None:
    assert both(tmp_path, docker_archive(LAYERS), platform="linux/amd64").layers == NAMES
    with pytest.raises(UsageError, match="has no image for linux/arm64"):
        open_image(save(tmp_path, docker_archive(LAYERS)), platform="linux/arm64")


CONFIGS = {
    "missing": (None, "is missing"),
    "no JSON": (b"{not json", "no valid JSON"),
    "a list": (b"[]", "is no JSON object"),
    "deep": (b"[" * 100_000, "no valid JSON"),
    "wrong types": (b'{"history": {"a": 1}, "rootfs": [], "os": 5, "created": {}}', "names 0 layers"),
    "no diff ids": (json.dumps(make_config([])).encode(), "names 0 layers, the manifest 3"),
}


@pytest.mark.parametrize("fault", CONFIGS)
def test_layers_are_shown_without_a_good_config(fault: str, tmp_path: Path) -> None:
    config, words = CONFIGS[fault]
    members = docker_members(LAYERS)
    name = next(iter(members))
    members.pop(name) if config is None else members.update({name: config})
    listed = members["manifest.json"]
    if config is not None and words.startswith("names"):  # a good document under its own digest
        members[f"{digest(config)[7:]}.json"] = config
        listed = bytes(listed).replace(name.encode(), digest(config)[7:].encode() + b".json")  # type: ignore[arg-type]
    opened = both(tmp_path, pack({**members, "manifest.json": listed}))
    assert opened.layers == NAMES
    assert len(opened.image.warnings) == 1
    assert words in opened.image.warnings[0]


@pytest.mark.parametrize(("named", "listed"), [(1, 3), (3, 1)])
def test_other_numbers_of_layers_than_the_config_names_are_a_fault(named: int, listed: int, tmp_path: Path) -> None:
    config = make_config(LAYERS[:named])
    for data in (docker_archive(LAYERS[:listed], config=config), oci_archive(LAYERS[:listed], config=config)):
        opened = both(tmp_path, data)
        assert opened.layers == NAMES[:listed]
        assert opened.image.fault == f"The config names {named} layers, the manifest {listed}."


def test_absent_and_unreadable_layers_are_marked(tmp_path: Path) -> None:
    members = docker_members(LAYERS)
    _, first, second, _, _ = members
    del members[first]
    members[second] = b"hsqs and so on"
    opened = both(tmp_path, pack(members))
    assert "does not hold this layer" in opened.image.layers[0].missing
    assert opened.image.layers[1].missing == "This layer is no tar: it is a squashfs file system."
    assert opened.layers[2] == []


NO_IMAGES: dict[str, tuple[bytes, type[LayerscopeError], str]] = {
    "empty": (b"", NotAnImageError, "it is empty"),
    "text": (b"hello\n", NotAnImageError, "it is text"),
    "Dockerfile": (b"FROM alpine\n", NotAnImageError, "a Dockerfile it seems"),
    "program": (b"\x7fELF" + bytes(600), NotAnImageError, "is a program"),
    "zip": (b"PK\x03\x04" + bytes(600), NotAnImageError, "is a zip archive"),
    "noise": (NOISE, NotAnImageError, "neither a tar nor a compressed one"),
    "zeros": (bytes(10_240), NotAnImageError, "holds zeros"),
    "a file system": (LAYERS[0], NotAnImageError, "neither a manifest.json nor an index.json"),
    "compressed text": (gzip.compress(b"hello\n"), NotAnImageError, "it is text"),
    "manifest damaged": (pack(docker_members(LAYERS) | {"manifest.json": b"[{"}), DamagedImageError, "no valid JSON"),
    "manifest empty": (pack(docker_members(LAYERS) | {"manifest.json": b"[]"}), DamagedImageError, "lists no image"),
    "manifest null": (pack({"manifest.json": b"null"}), DamagedImageError, "lists no image"),
    "schema 1": (pack({"manifest.json": b'{"schemaVersion": 1}'}), NotAnImageError, "of docker schema 1"),
    "index empty": (pack({"index.json": b"{}"}), DamagedImageError, "lists no image"),
    "manifest huge": (pack({"manifest.json": b" " * (Limits().document_bytes + 1)}), LimitError, "a document may have"),
}


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_image_is_refused_with_a_sentence(kind: str, tmp_path: Path) -> None:
    data, error, words = NO_IMAGES[kind]
    for path in (save(tmp_path, data), save(tmp_path, gzip.compress(data), "image.tar.gz")):
        twice = kind == "compressed text" and path.suffix == ".gz"
        with pytest.raises(error, match="it is compressed twice" if twice else words) as caught:
            open_image(path)
        assert caught.value.sentence.endswith(".")
        assert caught.value.hint


@pytest.mark.parametrize("form", FORMS)
def test_truncated_archives_open_with_a_warning_or_are_refused(form: str, tmp_path: Path) -> None:
    data = FORMS[form]()
    for length in sorted({*range(0, len(data), 4096), *range(1, len(data), 3333)}):
        for cut in (data[:length], gzip.compress(data[:length], 1), gzip.compress(data, 1)[: length // 2]):
            with contextlib.suppress(DamagedImageError, NotAnImageError):
                opened = open_image(save(tmp_path, cut))
                assert opened.image.fault or opened.image.warnings or opened.faults or opened.layers == NAMES


def test_an_index_that_names_itself_ends(tmp_path: Path) -> None:
    loop = make_index([{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + "a" * 64}])
    members = {"blobs/sha256/" + "a" * 64: loop, "index.json": loop}
    with pytest.raises(DamagedImageError, match="lists no image"):
        open_image(save(tmp_path, pack(members)))


def test_too_many_manifests_are_a_limit(tmp_path: Path) -> None:
    many = make_index([{"digest": f"sha256:{number:064x}"} for number in range(3000)])
    with pytest.raises(LimitError, match="more than 2000 manifests"):
        open_image(save(tmp_path, pack({"index.json": many})))


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "a Helm chart"),
        ("application/vnd.dev.cosign.simplesigning.v1+json", "a signature"),
        ("application/wasm", "a WebAssembly module"),
        ("application/vnd.in-toto+json", "an attestation"),
        ("application/vnd.example.thing", "an artifact"),
    ],
)
def test_artifacts_that_are_no_images_are_refused(media_type: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(NotAnImageError, match=words):
        open_image(save(tmp_path, oci_archive(LAYERS, media_type=media_type)))


def test_foreign_and_encrypted_layers_are_named_as_such(tmp_path: Path) -> None:
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    members = oci_members(LAYERS[:2], media_type=foreign)
    del members[blob_path(LAYERS[0])]
    opened = both(tmp_path, pack(members))
    assert opened.image.layers[0].missing.startswith("This is a foreign layer")
    assert opened.layers[1] == NAMES[1]
    sealed = open_image(
        save(tmp_path, oci_archive(LAYERS, media_type="application/vnd.oci.image.layer.v1.tar+encrypted"))
    )
    assert {layer.missing for layer in sealed.image.layers} == {"This layer is encrypted."}
