"""The documents of a ``docker save`` archive: manifest.json and the config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .fates import OPENED, REFUSED, WARNED
from .kinds import Inputs, Kind, each, family
from .makers import LOWER, UPPER, Make, archive, docker, layered

LAYERS = ["l0/layer.tar", "l1/layer.tar"]
IDS = ["sha256:" + "0" * 64, "sha256:" + "1" * 64]
CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "rootfs": {"type": "layers", "diff_ids": IDS},
    "history": [{"created_by": "COPY a"}, {"created_by": "RUN rm b"}],
}
ODD_TEXT = "\x1b[2J\x1b]0;owned\x07\r\n\u202egpj\ud800::error::[red]"


def document_kinds() -> Iterator[Kind]:
    """All kinds of manifests and configs."""
    yield from family("manifest.json", _manifests())
    yield from family("manifest.json, field", _fields())
    yield from family("manifest.json, layers", _layer_names())
    yield from family("config", _configs())
    yield from family("config, field", _config_fields())
    yield from family("config, history", _histories())
    yield Kind("config, field: a base that is this image", OPENED, _based("a:1"), piped=False)


def _manifest(data: bytes | str) -> bytes:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return archive(docker(LOWER, UPPER, manifest=raw))


def _entry(**changes: Any) -> bytes:
    entry = {"Config": "config.json", "RepoTags": ["a:1"], "Layers": LAYERS} | changes
    return json.dumps([{key: value for key, value in entry.items() if value is not ...}]).encode()


def _manifests() -> Inputs:
    """What is no manifest.json, by its form."""
    good = _entry().decode()
    texts = {
        REFUSED: {
            "byte order mark": b"\xef\xbb\xbf" + good.encode()[:-1],
            "blanks": " \n ",
            "null": "null",
            "an empty object": "{}",
            "a number": "7",
            "a text": '"manifest"',
            "no UTF-8": good.encode().replace(b"a:1", b"\xff\xfe"),
            "nested 100,000 deep": "[" * 100_000,
            "a number of 5,000 digits": f"[{'9' * 5000}]",
            "an empty list": "[]",
            "true": "true",
            "a list of null": "[null]",
            "a list of lists": "[[[]]]",
            "a list of numbers": "[1, 2]",
            "a list of texts": '["Config", "Layers"]',
            "a list of empty objects": "[{}, {}]",
            "not closed": good[:-1],
            "cut in a text": good[:20],
            "a comma too many": good[:-1] + ",]",
            "twice": good + good,
            "with a comment": "// from docker\n" + good,
            "single quotes": good.replace('"', "'"),
            "other letters' case": good.lower().replace("config.json", "Config.json"),
            "a NUL inside": good.replace("a:1", "a\0b"),
            "NULs behind": good + "\0" * 100,
            "objects nested 100,000 deep": '{"a":' * 100_000,
            "nested and closed": "[" * 100_000 + "]" * 100_000,
            "two million empty lists": "[" + "[]," * 1_390_000 + "[]]",
            "a million short texts": "[" + '"",' * 1_390_000 + '""]',
            "one byte more than a document may have": " " * (4 << 20) + "[",
            "2,001 images": json.dumps([{"Config": "c", "Layers": []}] * 2001),
            "two images": _entry()[:-1] + b"," + _entry(RepoTags=["b:1"])[1:],
            "two images without names": _entry(RepoTags=[])[:-1] + b"," + _entry(RepoTags=None)[1:],
            "501 layers": _entry(Layers=LAYERS[:1] * 501),
        },
    }
    return each(_manifest, texts)


def _fields() -> Inputs:
    """Fields of the entry that hold something odd."""
    entries = {
        OPENED: {
            "RepoTags is null": _entry(RepoTags=None),
            "RepoTags is a text": _entry(RepoTags="a:1"),
            "RepoTags of numbers": _entry(RepoTags=[1, None, {}]),
            "RepoTags that drive a terminal": _entry(RepoTags=[ODD_TEXT]),
            "RepoTags of 1 MB": _entry(RepoTags=["t" * 1_000_000]),
            "RepoTags empty": _entry(RepoTags=["", ":", "/"]),
            "LayerSources is a list": _entry(LayerSources=[1]),
            "LayerSources of texts": _entry(LayerSources={IDS[0]: "x"}),
            "LayerSources that lie": _entry(LayerSources={IDS[0]: {"mediaType": "x/y", "size": -1, "digest": 7}}),
            "keys that are not known": _entry(**{"x" * 1000: 1, ODD_TEXT: 2}),
            "keys twice": _entry().replace(b'"Layers"', b'"Layers": ["gone"], "Layers"'),
        },
        WARNED: {
            "Config is null": _entry(Config=None),
            "no Config": _entry(Config=...),
            "Config is a number": _entry(Config=1),
            "Config is a list": _entry(Config=["config.json"]),
            "Config is a folder": _entry(Config="l0"),
            "Config is a layer": _entry(Config=LAYERS[0]),
            "Config is the manifest": _entry(Config="manifest.json"),
            "Config leads upwards": _entry(Config="../../../../etc/passwd"),
            "Config is absolute": _entry(Config="/etc/passwd"),
            "Config is 1 MB long": _entry(Config="c" * 1_000_000),
        },
    }
    return each(_manifest, entries)


def _layer_names() -> Inputs:
    """Lists of layers, and names in them, that are odd."""
    entries = {
        OPENED: {
            "a layer with detours": _entry(Layers=["x/../l0//./layer.tar", LAYERS[1]]),
        },
        WARNED: {
            "Layers of numbers": _entry(Layers=[0, 1]),
            "Layers of lists": _entry(Layers=[LAYERS]),
            "Layers with a null": _entry(Layers=[None, *LAYERS]),
            "a layer twice": _entry(Layers=[LAYERS[0], *LAYERS]),
            "a layer 500 times": _entry(Layers=LAYERS[:1] * 500),
            "a layer upwards": _entry(Layers=["../../../../etc/passwd", LAYERS[1]]),
            "a layer that is absolute": _entry(Layers=["/etc/passwd", LAYERS[1]]),
            "a layer without a name": _entry(Layers=["", LAYERS[1]]),
            "a layer named dot": _entry(Layers=[".", LAYERS[1]]),
            "a layer with a NUL": _entry(Layers=["l0/layer.tar\0.gz", LAYERS[1]]),
            "a layer with a surrogate": _entry(Layers=["\ud800", LAYERS[1]]),
            "a layer that drives a terminal": _entry(Layers=[ODD_TEXT, LAYERS[1]]),
            "a layer with a name of 1 MB": _entry(Layers=["l" * 1_000_000, LAYERS[1]]),
            "a layer that is a folder": _entry(Layers=["l0", LAYERS[1]]),
            "a layer that is the manifest": _entry(Layers=["manifest.json", LAYERS[1]]),
            "a layer that is the config": _entry(Layers=["config.json", LAYERS[1]]),
        },
        REFUSED: {
            "Layers is a text": _entry(Layers="l0/layer.tar"),
            "Layers is null": _entry(Layers=None),
            "Layers is empty": _entry(Layers=[]),
            "Layers is an object": _entry(Layers={"0": "l0/layer.tar"}),
            "no Layers": _entry(Layers=...),
        },
    }
    return each(_manifest, entries)


def _config(data: bytes | str) -> Make:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return layered(LOWER, UPPER, config=raw)


def _configs() -> Inputs:
    """What is no config, by its form."""
    good = json.dumps(CONFIG)
    texts = {
        WARNED: {
            "blanks": " ",
            "null": "null",
            "a list": "[]",
            "a text": '"config"',
            "a number": "-1",
            "cut": good[:-1],
            "no UTF-8": good.encode() + b"\xff",
            "UTF-16 cut": good.encode("utf-16")[:-1],
            "nested 100,000 deep": "[" * 100_000,
            "a number of 5,000 digits": good.replace('"linux"', "9" * 5000),
            "one byte too long": good + " " * (4 << 20),
            "a layer": LOWER,
        },
    }
    return each(_config, texts)


def _with(**changes: Any) -> Make:
    config = {key: value for key, value in (CONFIG | changes).items() if value is not ...}
    return _config(json.dumps(config))


def _based(name: str) -> Make:
    return _with(config={"Labels": {"org.opencontainers.image.base.name": name}})


def _config_fields() -> Inputs:
    """Fields of the config that hold something odd."""
    return {
        OPENED: {
            "diff_ids all one": _with(rootfs={"diff_ids": [IDS[0]] * 2}),
            "diff_ids that are none": _with(rootfs={"diff_ids": ["", ODD_TEXT]}),
            "diff_ids of 1 MB": _with(rootfs={"diff_ids": ["d" * 1_000_000] * 2}),
            "no platform": _with(os=..., architecture=...),
            "platform of numbers": _with(os=1, architecture=[], variant={}),
            "platform that drives a terminal": _with(os=ODD_TEXT, architecture="../..", variant="\n"),
            "platform of 1 MB": _with(os="o" * 1_000_000),
            "config is a list": _with(config=[1, 2]),
            "config is a text": _with(config="x"),
            "labels are a list": _with(config={"Labels": ["a=b"]}),
            "labels of numbers": _with(config={"Labels": {"a": 1, "b": None, "c": [[]]}}),
            "labels that drive a terminal": _with(config={"Labels": {ODD_TEXT: ODD_TEXT}}),
            "100,000 labels": _with(config={"Labels": {f"label{number}": "x" for number in range(100_000)}}),
            "fields of wrong types": _with(
                config={"Env": 1, "Cmd": {}, "Entrypoint": "x", "User": 0, "ExposedPorts": []}
            ),
            "a base that is a file": _based("/etc/passwd"),
            "a base in a registry": _with(
                config={"Labels": {"org.opencontainers.image.base.name": "registry:evil.test/a"}}
            ),
            "a base that is an option": _based("--debug"),
            "infinite numbers": _config(json.dumps(CONFIG)[:-1] + ', "a": NaN, "b": Infinity, "created": 1e999}'),
            "byte order mark": _config(b"\xef\xbb\xbf" + json.dumps(CONFIG).encode()),
            "UTF-16": _config(json.dumps(CONFIG).encode("utf-16")),
        },
        WARNED: {
            "an empty object": _config("{}"),
            "no rootfs": _with(rootfs=...),
            "rootfs is null": _with(rootfs=None),
            "rootfs is a list": _with(rootfs=IDS),
            "diff_ids is a text": _with(rootfs={"diff_ids": IDS[0]}),
            "diff_ids of numbers": _with(rootfs={"diff_ids": [0, 1]}),
            "diff_ids one too few": _with(rootfs={"diff_ids": IDS[:1]}),
            "diff_ids one too many": _with(rootfs={"diff_ids": [*IDS, IDS[0]]}),
        },
    }


def _histories() -> Inputs:
    """History and times that are odd."""
    return {
        OPENED: {
            "no history": _with(history=...),
            "history is an object": _with(history={"created_by": "x"}),
            "history of texts": _with(history=["COPY a", "RUN rm b"]),
            "history of nulls": _with(history=[None, None]),
            "empty_layer is a text": _with(history=[{"empty_layer": "true"}] * 2),
            "created_by is a list": _with(history=[{"created_by": ["a"]}] * 2),
            "created_by drives a terminal": _with(history=[{"created_by": ODD_TEXT, "comment": ODD_TEXT}] * 2),
            "created_by of 1 MB": _with(history=[{"created_by": "RUN " + "x" * 1_000_000}] * 2),
            "created_by of a million quotes": _with(history=[{"created_by": '/bin/sh -c "' + '\\"' * 500_000}] * 2),
            "created is a number": _with(created=1e300),
            "created is nonsense": _with(created=ODD_TEXT),
            "created in the year 99999": _with(created="99999-13-32T25:61:61Z"),
        },
        WARNED: {
            "history all empty": _with(history=[{"empty_layer": True}] * 50),
            "history one too few": _with(history=[{"created_by": "COPY a"}]),
            "history one too many": _with(history=[{"created_by": "COPY a"}] * 3),
            "history of 50,000 lines": _with(history=[{}] * 50_000),
        },
    }
