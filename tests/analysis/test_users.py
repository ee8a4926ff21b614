"""The user that an image runs as, by the image's own list of users."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

import images
from handmade import Entry, HandmadeSource, file, make_image
from layerscope.analysis.rules import Status, judge, make_content_rule, needed_contents
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source
from opening import save

PASSWD = b"root:x:0:0::/:/bin/sh\n toor:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\nodd:x:none:1\n1001:x:0:1\n"


@pytest.mark.parametrize(
    ("user", "status", "note"),
    [
        ("toor", Status.FAIL, "toor"),
        ("toor:app", Status.FAIL, "toor:app"),
        ("app", Status.PASS, "app"),
        ("odd", Status.FAIL, "odd"),
        ("1001", Status.FAIL, "1001"),
        ("1002", Status.PASS, "1002"),
        ("nobody", Status.PASS, "nobody, whom /etc/passwd does not know: engines will not start it"),
    ],
)
@pytest.mark.parametrize("place", ["file", "link", "stream"])
def test_the_users_of_the_image_itself(user: str, status: Status, note: str, place: str, tmp_path: Path) -> None:
    rule = make_content_rule("non-root")
    entries = [images.file("etc/passwd", PASSWD)]
    if place == "link":
        entries = [images.file("etc/users", PASSWD), images.link("etc/passwd", "etc/users")]
    layers = [images.make_layer([images.file("etc/passwd", b"toor:x:5:5\n")]), images.make_layer(entries)]
    archive = images.docker_archive(layers, config=images.make_config(layers, config={"User": user}))
    source = open_source(str(save(tmp_path, gzip.compress(archive) if place == "stream" else archive)))
    index = build_index(source, keep=needed_contents([rule]))
    (result,) = judge(analyse(index), [rule])
    source.close()
    assert (result.status, result.note) == (status, note)


def link_to(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, kind=tarfile.SYMTYPE, link=target)


def test_users_that_cannot_be_looked_up() -> None:
    for layers in ([[link_to("etc/passwd", "/x")]], [[link_to("etc", "/x")]], [[file("etc/passwd", (1 << 20) + 1)]]):
        image = make_image(layers)
        image.config = {"config": {"User": "app"}}
        (result,) = judge(analyse(build_index(HandmadeSource(image))), [make_content_rule("non-root")])
        assert (result.status, result.note) == (Status.PASS, "app")
    assert needed_contents([make_content_rule("no-setuid")]) is None
