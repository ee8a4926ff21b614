"""The images that the benchmarks measure are what their names say; times are no matter of a test."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from benchmarks import keys, list_headers, measure
from benchmarks.archive import DIRECTORY, Row, header, write_rows
from benchmarks.growth import GROWTHS, write
from benchmarks.images import IMAGES, make
from layerscope.index import ImageIndex, build_index
from layerscope.sources import open_source


def layers_of(path: Path) -> list[list[tarfile.TarInfo]]:
    """The entries of every layer, as the manifest orders them."""
    with tarfile.open(path, "r:") as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        (image,) = json.load(manifest)
        config = archive.extractfile(image["Config"])
        assert config is not None
        assert len(json.load(config)["rootfs"]["diff_ids"]) == len(image["Layers"])
        found = []
        for name in image["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(name), mode="r:") as layer:
                found.append(layer.getmembers())
        return found


@pytest.mark.parametrize("row", [Row("a/b", 1234, uid=999), Row("d/", 0, DIRECTORY), Row("x" * 100, 8**11 - 1)])
def test_header_is_the_one_that_tarfile_reads(row: Row) -> None:
    read = tarfile.TarInfo.frombuf(header(row), "utf-8", "strict")
    assert (read.name, read.size, read.type, read.uid) == (row.path.rstrip("/"), row.size, row.kind, row.uid)


def test_contents_become_holes_or_zeros_of_the_same_length() -> None:
    stream = io.BytesIO()
    write_rows(stream, [Row("small", 600), Row("large", 100_000), Row("last", 1)])
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        assert [member.size for member in archive] == [600, 100_000, 1]


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_archive_holds_the_entries_that_it_counts(name: str, tmp_path: Path) -> None:
    path, entries = make(name, tmp_path, 0.01)
    layers = layers_of(path)
    assert sum(map(len, layers)) == entries == list_headers.main(str(path))


def test_deletions_meet_files_of_lower_layers(tmp_path: Path) -> None:
    layers = layers_of(make("huge", tmp_path, 0.01)[0])
    files = {member.name for layer in layers for member in layer}
    gone = [member.name for layer in layers for member in layer if "/.wh." in member.name]
    assert len(layers) == 16
    assert len(gone) == 90
    assert {name.replace("/.wh.", "/") for name in gone} <= files


def test_chown_writes_the_same_files_again(tmp_path: Path) -> None:
    before, after = layers_of(make("chown", tmp_path, 0.01)[0])
    assert [(m.name, m.size) for m in before] == [(m.name, m.size) for m in after]
    assert {m.uid for m in before} == {0}
    assert {m.uid for m in after} == {999}


@pytest.mark.parametrize("name", GROWTHS)
def test_what_grows_is_an_image_and_twice_as_large(name: str, tmp_path: Path) -> None:
    unit = 1000 if name == "names in a folder" else 10
    small, large = (index_of(write(name, size, tmp_path)) for size in (unit, 2 * unit))
    assert not small.faults + large.faults
    once, twice = (
        sum(
            len(layer.directory_names) + sum(1 + len(layer.xattrs(entry)) for entry in range(len(layer)))
            for layer in index.layers
        )
        for index in (small, large)
    )
    assert 1.6 < twice / once < 2.1


def index_of(path: Path) -> ImageIndex:
    """The index of an archive."""
    source = open_source(str(path))
    try:
        return build_index(source)
    finally:
        source.close()


def test_cost_of_a_process_is_measured(tmp_path: Path) -> None:
    cost = measure.once([sys.executable, "-c", "pass"], tmp_path, {}, (0,))
    assert cost.cpu > 0
    assert cost.wall > 0
    assert cost.memory > 1_000_000
    with pytest.raises(measure.FailedError, match="ended with 3: wrong"):
        measure.once([sys.executable, "-c", "import sys; sys.stderr.write('wrong'); sys.exit(3)"], tmp_path, {}, (0,))


def test_first_frame_is_what_is_painted_not_what_is_asked(tmp_path: Path) -> None:
    ask = r"import sys, time; sys.stdout.write('\x1b[?2026$p\x1b]11;?\x07' * 50); sys.stdout.flush(); time.sleep(0.2)"
    paint = "; sys.stdout.write('frame ' * 40); sys.stdout.flush(); time.sleep(30)"
    assert measure.first_frame([sys.executable, "-c", ask + paint], tmp_path, {}) > 0.2
    with pytest.raises(measure.FailedError, match="ended before it painted"):
        measure.first_frame([sys.executable, "-c", ask], tmp_path, {})


def test_keys_of_an_explorer_that_fails_are_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keys, "SCALES", (0.001,))
    monkeypatch.setattr(keys, "key_costs", lambda bench, archive: {})
    monkeypatch.setattr(sys, "argv", ["keys", "--dir", str(tmp_path)])
    assert keys.main() == 1
    assert "could not be measured" in capsys.readouterr().out
