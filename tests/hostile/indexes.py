"""OCI layouts: indexes that loop, nest and lie, manifests and descriptors of odd types."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, blob_path, descriptor, digest, zstd

from .documents import CONFIG, ODD_TEXT
from .fates import OPENED, REFUSED, WARNED
from .kinds import Inputs, Kind, each, family
from .makers import LOWER, UPPER, archive

CONFIG_BLOB = json.dumps(CONFIG).encode()
GZIP = OCI_LAYER + "+gzip"
ABSENT = "sha256:" + "a" * 64
FALSE = "sha256:" + "f" * 64
LINUX = {"os": "linux", "architecture": "amd64"}


def index_kinds() -> Iterator[Kind]:
    """All kinds of indexes, manifests and descriptors."""
    yield from family("index.json", _forms())
    yield from family("index, loop", _loops())
    yield from family("index, platform", _platforms())
    yield from family("index, descriptor", _descriptors())
    yield from family("index, digest", _digests())
    yield from family("manifest", _manifests())
    yield from family("manifest, descriptor", _layer_descriptors())
    yield from family("layout", _layouts())


def layout(
    roots: object,
    *blobs: bytes,
    named: Mapping[str, bytes] | None = None,
    beside: Mapping[str, bytes] | None = None,
    without: str = "",
) -> bytes:
    """An archive with these blobs under their digests, others under any name, and an index of the roots."""
    index = roots if isinstance(roots, bytes) else dumped({"schemaVersion": 2, "manifests": roots})
    members = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index}
    members |= {blob_path(data): data for data in blobs}
    members |= {f"blobs/{name.replace(':', '/')}": data for name, data in (named or {}).items()}
    members |= beside or {}
    members.pop(without, None)
    return archive(members)


def dumped(value: object) -> bytes:
    """A JSON document; lone surrogates stay."""
    return json.dumps(value).encode()


def manifest(layers: Sequence[object] | None = None, **changes: Any) -> bytes:
    """A manifest of two layers, with some fields changed."""
    given = [descriptor(LOWER, OCI_LAYER), descriptor(UPPER, OCI_LAYER)] if layers is None else layers
    fields = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(CONFIG_BLOB, OCI_CONFIG)}
    fields |= {"layers": given} | changes
    return dumped({key: value for key, value in fields.items() if value is not ...})


def whole(data: bytes, *blobs: bytes, **root: Any) -> bytes:
    """A layout of one manifest; ``root`` changes the index's descriptor of it."""
    fields = descriptor(data, OCI_MANIFEST) | root
    return layout([{key: value for key, value in fields.items() if value is not ...}], *PARTS, data, *blobs)


PARTS = (LOWER, UPPER, CONFIG_BLOB)
GOOD = manifest()


def _forms() -> Inputs:
    texts = {
        REFUSED: {
            "a text": b'"index"',
            "empty": b"",
            "null": b"null",
            "a list": b"[]",
            "no manifests": b'{"schemaVersion": 2}',
            "manifests null": b'{"manifests": null}',
            "manifests an object": b'{"manifests": {"digest": "x"}}',
            "manifests empty": b'{"manifests": []}',
            "manifests of null": b'{"manifests": [null, 1, "x", []]}',
            "manifests of empty objects": b'{"manifests": [{}, {}]}',
            "nested deeply": b'{"manifests": ' + b"[" * 100_000,
            "2,001 manifests": dumped({"manifests": [{"digest": f"sha256:{n:064x}"} for n in range(2001)]}),
            "2,000 manifests that are not there": dumped(
                {"manifests": [{"digest": f"sha256:{n:064x}"} for n in range(2000)]}
            ),
            "cut": dumped({"manifests": [descriptor(GOOD, OCI_MANIFEST)]})[:-3],
        },
    }
    return each(lambda text: layout(text, *PARTS, GOOD), texts)


def _index(*roots: Mapping[str, Any]) -> bytes:
    return dumped({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": roots})


def _named(name: str, **fields: Any) -> dict[str, Any]:
    return {"mediaType": OCI_INDEX, "digest": name, "size": 2, **fields}


def _absent(name: str) -> dict[str, Any]:
    return {"mediaType": OCI_LAYER, "digest": name, "size": 2}


def _name(number: int) -> str:
    return f"sha256:{number:064x}"


def _loops() -> Inputs:
    """Indexes that lead to themselves: each blob has a name that is not its digest."""
    chain = {_name(number): _index(_named(_name(number + 1))) for number in range(1, 1900)}
    deep = {_name(number): _index(_named(_name(number + 1))) for number in range(1, 3000)}
    wide = {_name(number): _index(*(_named(_name(each)) for each in range(1, 60))) for number in range(1, 60)}
    tree = {_name(n): _index(*(_named(_name(n * 8 + each)) for each in range(1, 9))) for n in range(1, 3000)}
    return {
        WARNED: {
            "a manifest that is its own config": layout(
                [_named(FALSE)], named={FALSE: dumped({"config": {"digest": FALSE}, "layers": [{"digest": FALSE}]})}
            ),
        },
        REFUSED: {
            "to itself": layout([_named(FALSE)], named={FALSE: _index(_named(FALSE))}),
            "of two": layout(
                [_named(_name(1))], named={_name(1): _index(_named(_name(2))), _name(2): _index(_named(_name(1)))}
            ),
            "of sixty, each to each": layout([_named(_name(1))], named=wide),
            "a chain of 1,900 to nothing": layout([_named(_name(1))], named=chain),
            "a chain of 3,000": layout([_named(_name(1))], named=deep),
            "a tree of eight branches": layout([_named(_name(1))], named=tree),
            "the index is a blob of itself": layout(
                [_named(FALSE)], named={FALSE: dumped({"manifests": [_named(FALSE)]})}
            ),
        },
    }


def _platforms() -> Inputs:
    one, other = manifest(annotations={"n": "1"}), manifest(annotations={"n": "2"})

    def having(*platforms: object) -> bytes:
        blobs = (one, other)[: len(platforms)]
        roots = [
            descriptor(blob, OCI_MANIFEST) | {"platform": each} for blob, each in zip(blobs, platforms, strict=True)
        ]
        index = _index(*roots)
        return layout([descriptor(index, OCI_INDEX)], *PARTS, *blobs, index)

    return {
        OPENED: {
            "a text": having("linux/amd64"),
            "numbers": having({"os": 1, "architecture": 2}),
            "empty texts": having({"os": "", "architecture": ""}),
            "only an architecture": having({"architecture": "amd64"}),
            "that drives a terminal": having({"os": ODD_TEXT, "architecture": ODD_TEXT}),
            "of 1 MB": having({"os": "o" * 1_000_000, "architecture": "a"}),
            "lies about the config": having({"os": "plan9", "architecture": "vax"}),
            "two the same": having(LINUX, LINUX),
            "two of odd types": having(1, [2]),
            "a list": having(["linux", "amd64"]),
            "empty": having({}),
        },
        REFUSED: {
            "unknown": having({"os": "unknown", "architecture": "unknown"}),
            "two, none of this machine": having(
                {"os": "plan9", "architecture": "vax"}, {"os": "cp/m", "architecture": "z80"}
            ),
        },
    }


def _descriptors() -> Inputs:
    """The index's descriptor of a good manifest."""
    attestation = {"vnd.docker.reference.type": "attestation-manifest"}
    name = "org.opencontainers.image.ref.name"
    index = _index(descriptor(GOOD, OCI_MANIFEST))
    nested = [index]
    for _ in range(6):
        nested.append(_index(descriptor(nested[-1], OCI_INDEX)))
    return {
        OPENED: {
            "no size": whole(GOOD, size=...),
            "size negative": whole(GOOD, size=-1),
            "size a text": whole(GOOD, size="7"),
            "size beyond 64 bits": whole(GOOD, size=1 << 80),
            "size true": whole(GOOD, size=True),
            "no media type": whole(GOOD, mediaType=...),
            "media type of an index": whole(GOOD, mediaType=OCI_INDEX),
            "media type of a layer": whole(GOOD, mediaType=OCI_LAYER),
            "media type a number": whole(GOOD, mediaType=7),
            "media type that drives a terminal": whole(GOOD, mediaType=ODD_TEXT),
            "an index said to be a manifest": layout([descriptor(index, OCI_MANIFEST)], *PARTS, GOOD, index),
            "nested six deep": layout([descriptor(nested[-1], OCI_INDEX)], *PARTS, GOOD, *nested),
            "annotations a list": whole(GOOD, annotations=[name]),
            "annotations of numbers": whole(GOOD, annotations={name: 7}),
            "a name that drives a terminal": whole(GOOD, annotations={name: ODD_TEXT}),
            "a name of 1 MB": whole(GOOD, annotations={name: "n" * 1_000_000}),
            "an empty name": whole(GOOD, annotations={name: ""}),
            "the same manifest a thousand times": layout([descriptor(GOOD, OCI_MANIFEST)] * 1000, *PARTS, GOOD),
            "the same under a thousand names": layout(
                [descriptor(GOOD, OCI_MANIFEST, annotations={name: f"n:{n}"}) for n in range(1000)], *PARTS, GOOD
            ),
        },
        WARNED: {
            "size one less": whole(GOOD, size=len(GOOD) - 1),
            "size of a terabyte": whole(GOOD, size=1 << 40),
        },
        REFUSED: {
            "only an attestation": whole(GOOD, annotations=attestation),
            "one good, one absent": layout([descriptor(GOOD, OCI_MANIFEST), _named(ABSENT)], *PARTS, GOOD),
        },
    }


def _digests() -> Inputs:
    """Digests in the index's descriptor of a good manifest."""
    return {
        WARNED: {
            "digest that lies": layout([_named(FALSE)], *PARTS, named={FALSE: GOOD}),
            "config with a digest that lies": layout(
                [descriptor(lie := manifest(config={"digest": FALSE}), OCI_MANIFEST)],
                LOWER,
                UPPER,
                lie,
                named={FALSE: CONFIG_BLOB},
            ),
        },
        REFUSED: {
            "no digest": whole(GOOD, digest=...),
            "digest upwards": whole(GOOD, digest="sha256:../../../../etc/passwd"),
            "digest of nothing": whole(GOOD, digest=ABSENT),
            "digest of the config": whole(GOOD, digest=digest(CONFIG_BLOB)),
            "digest a number": whole(GOOD, digest=7),
            "digest absolute": whole(GOOD, digest="/etc/passwd:abcd"),
            "digest with a NUL": whole(GOOD, digest="sha256:abcd\0"),
            "digest in capitals": whole(GOOD, digest=digest(GOOD).upper()),
            "digest of another algorithm": whole(GOOD, digest="md5:" + hashlib.md5(GOOD).hexdigest()),
            "digest too short": whole(GOOD, digest=digest(GOOD)[:20]),
            "digest of a layer": whole(GOOD, digest=digest(LOWER)),
            "digest of 1 MB": whole(GOOD, digest="sha256:" + "a" * 1_000_000),
        },
    }


def _manifests() -> Inputs:
    """What an index leads to."""
    documents = {
        REFUSED: {
            "empty": b"",
            "null": b"null",
            "a list": b"[]",
            "no JSON": b"manifest",
            "nested deeply": b'{"config":' * 100_000,
            "config null": manifest(config=None),
            "config a text": manifest(config=digest(CONFIG_BLOB)),
            "no config": manifest(config=...),
            "layers null": manifest([]).replace(b"[]", b"null"),
            "layers an object": manifest([]).replace(b"[]", b'{"0": {}}'),
            "no layers": manifest([]).replace(b', "layers": []', b""),
            "schema 1": dumped({"schemaVersion": 1, "fsLayers": [{"blobSum": digest(LOWER)}], "history": []}),
            "501 layers": manifest([descriptor(LOWER, OCI_LAYER)] * 501),
            "a Helm chart": manifest([descriptor(LOWER, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]),
            "WebAssembly": manifest([descriptor(LOWER, "application/wasm")]),
            "a signature": manifest([descriptor(LOWER, "application/vnd.dev.cosign.simplesigning.v1+json")]),
            "a type that drives a terminal": manifest([descriptor(LOWER, ODD_TEXT)]),
            "an artifact type": manifest(
                [descriptor(LOWER, "text/plain")], artifactType="application/vnd.example+type"
            ),
            "5 MB": manifest(annotations={"a": "x" * 5_000_000}),
        },
    }
    return each(whole, documents)


def _layer_descriptors() -> Inputs:
    """Descriptors in a manifest that do not fit what they name."""
    packed, smaller = gzip.compress(LOWER), zstd(LOWER)

    def named(blob: bytes, media_type: str = OCI_LAYER, **changes: Any) -> bytes:
        first = {key: value for key, value in (descriptor(blob, media_type) | changes).items() if value is not ...}
        return whole(manifest([first, descriptor(UPPER, OCI_LAYER)]), blob)

    return {
        OPENED: {
            "size negative": named(LOWER, size=-7),
            "size a float": named(LOWER, size=7.5),
            "said to be gzip": named(LOWER, GZIP),
            "said to be zstd, is gzip": named(packed, OCI_LAYER + "+zstd"),
            "said to be gzip, is zstd": named(smaller, GZIP),
            "said to be plain, is zstd": named(smaller),
            "of a type of docker's": named(packed, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
            "type a number": named(LOWER, mediaType=7),
            "type that drives a terminal": named(LOWER, mediaType=ODD_TEXT),
            "annotations of a layer a list": named(LOWER, annotations=[1]),
        },
        WARNED: {
            "no digest": named(LOWER, digest=...),
            "digest a list": named(LOWER, digest=[]),
            "digest upwards": named(LOWER, digest="sha256:../../index.json"),
            "digest of nothing": named(LOWER, digest=ABSENT),
            "digest of the config": named(LOWER, digest=digest(CONFIG_BLOB)),
            "digest of the manifest's index": named(LOWER, digest="sha256:../index.json"),
            "not an object": whole(manifest([None, 7, "x"])),
            "size one less": named(LOWER, size=len(LOWER) - 1),
            "size one more": named(LOWER, size=len(LOWER) + 1),
            "size of a terabyte": named(LOWER, size=1 << 40),
            "size 0": named(LOWER, size=0),
            "encrypted": named(LOWER, GZIP + "+encrypted"),
            "foreign and absent": named(LOWER, OCI_LAYER.replace("v1", "nondistributable.v1"), digest=ABSENT),
            "foreign with an odd address": named(LOWER, digest=ABSENT, urls=[ODD_TEXT, 7]),
            "addresses a text": named(LOWER, digest=ABSENT, urls="http://example.test"),
            "all layers absent": whole(manifest([_absent(ABSENT), _absent(FALSE)])),
            "config absent": whole(manifest(config=descriptor(b"gone", OCI_CONFIG))),
            "config of a strange type": whole(manifest(config=descriptor(CONFIG_BLOB, ODD_TEXT))),
            "config's size lies": whole(manifest(config=descriptor(CONFIG_BLOB, OCI_CONFIG) | {"size": 3})),
            "config is a layer": whole(manifest(config=descriptor(LOWER, OCI_CONFIG))),
        },
        REFUSED: {
            "config and layers absent": whole(manifest([_absent(ABSENT)], config=descriptor(b"gone", OCI_CONFIG))),
        },
    }


def _layouts() -> Inputs:
    """What stands beside index.json."""
    root = [descriptor(GOOD, OCI_MANIFEST)]
    listed = dumped([{"Config": blob_path(CONFIG_BLOB), "RepoTags": ["other:2"], "Layers": [blob_path(LOWER)]}])
    stranger = dumped([{"Config": "x.json", "RepoTags": ["b:1"], "Layers": [blob_path(UPPER)]}])
    return {
        OPENED: {
            "no oci-layout": layout(root, *PARTS, GOOD, without="oci-layout"),
            "oci-layout of version 99": layout(
                root, *PARTS, GOOD, beside={"oci-layout": b'{"imageLayoutVersion": "99"}'}
            ),
            "oci-layout is noise": layout(root, *PARTS, GOOD, beside={"oci-layout": b"\xff\0"}),
            "manifest.json agrees in the config only": layout(root, *PARTS, GOOD, beside={"manifest.json": listed}),
            "repositories beside it": layout(root, *PARTS, GOOD, beside={"repositories": b'{"a": {"1": "x"}}'}),
            "ten thousand blobs": layout(root, *PARTS, GOOD, named={_name(number): b"x" for number in range(10_000)}),
        },
        WARNED: {
            "manifest.json tells of another image": layout(root, *PARTS, GOOD, beside={"manifest.json": stranger}),
            "manifest.json is damaged": layout(root, *PARTS, GOOD, beside={"manifest.json": b"["}),
            "index.json is damaged": layout(b"[", *PARTS, GOOD, beside={"manifest.json": listed}),
        },
        REFUSED: {
            "both are damaged": layout(b"[", *PARTS, GOOD, beside={"manifest.json": b"["}),
        },
    }
