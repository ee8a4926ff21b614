"""What ar archives hold: Debian's packages, and libraries; listed as ar and dpkg-deb list them."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from handmade import Entry, make_index
from layerscope.tui.contents import Contents, read_contents


def contents_of(data: bytes) -> Contents:
    index = make_index([[Entry("a", data)]])
    return read_contents(index, index.tree.newest(index.tree.find(b"a")), lambda _done, _total: True)


def member(name: bytes, data: bytes) -> bytes:
    """A member of an ar archive (ar(5)), filled up to an even length."""
    header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8) + b"%d" % len(data)
    return header.ljust(58) + b"`\n" + data + b"\n" * (len(data) & 1)


def archive(*members: bytes) -> bytes:
    return b"!<arch>\n" + b"".join(members)


def package(mode: str, suffix: bytes) -> bytes:
    """A package as dpkg-deb writes it (deb(5))."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]  # the mode is a parameter
        tar.addfile(tarfile.TarInfo("./usr/bin/tool"))
    control = member(b"control.tar.xz", b"odd")
    return archive(member(b"debian-binary", b"2.0\n"), control, member(b"data.tar" + suffix, buffer.getvalue()))


@pytest.mark.parametrize(("mode", "suffix"), [("w", b""), ("w:gz", b".gz"), ("w:xz", b".xz"), ("w:bz2", b".bz2")])
def test_a_package_shows_the_files_that_it_installs(mode: str, suffix: bytes) -> None:
    told = contents_of(package(mode, suffix))
    assert told.kind == "archive"
    assert [line.split()[-1] for line in told.lines] == ["./usr/bin/tool"]
    assert told.remark.startswith("a package of Debian: a tar")


@pytest.mark.parametrize("compression", ["none", "gzip", "xz", "zstd"])
def test_a_package_is_listed_as_dpkg_lists_it(compression: str, tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    root = tmp_path / "root"
    for name in ("DEBIAN", "usr/share/doc/tool", "etc"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc/tool.conf").write_bytes(b"a" * 70_000)
    (root / "usr/share/doc/tool/README").write_bytes(b"b")
    control = "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: a tool\n"
    (root / "DEBIAN/control").write_text(control)
    built = tmp_path / "tool.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", root, built], check=True, capture_output=True
    )
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", built], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as tar:
        expected = [name.rstrip("/") for name in tar.getnames()]
    told = contents_of(built.read_bytes())
    assert [line.split()[-1].rstrip("/") for line in told.lines] == expected
    assert "etc/tool.conf" in "".join(expected)


def test_a_library_is_listed_as_ar_lists_it(tmp_path: Path) -> None:
    if shutil.which("ar") is None:
        pytest.skip("ar is not installed")
    names = ["a.o", "of_odd_length.o", "a_name_that_does_not_fit_the_header.o", "another_of_those_long_names.o"]
    for length, name in enumerate(names):
        (tmp_path / name).write_bytes(b"x" * length)
    subprocess.run(["ar", "rc", "lib.a", *names], cwd=tmp_path, check=True, capture_output=True)
    listed = subprocess.run(["ar", "t", "lib.a"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    told = contents_of((tmp_path / "lib.a").read_bytes())
    assert [line.split()[-1] for line in told.lines] == listed.split() == names
    assert [line.split()[0] for line in told.lines] == ["0", "1", "2", "3"]
    assert told.remark == "an ar archive, 4 members"


def test_names_as_bsd_writes_them() -> None:
    told = contents_of(archive(member(b"#1/20", b"a long name.o".ljust(20, b"\0") + b"data"), member(b"b.o", b"")))
    assert told.lines == ["      4 B  a long name.o", "      0 B  b.o"]


@pytest.mark.parametrize(
    "data",
    [
        archive(member(b"a.o/", b"x"), b"garbage" * 20),
        archive(member(b"a.o/", b"x"), member(b"b.o/", b"y").replace(b"`\n", b"..")),
        archive(member(b"a.o/", b"x"), member(b"b.o/", b"y")[:40]),
    ],
)
def test_damage_ends_the_list_and_is_told(data: bytes) -> None:
    told = contents_of(data)
    assert told.lines == ["      1 B  a.o"]
    assert told.remark == "an ar archive, 1 member; it ends too early or is damaged"


def test_a_package_whose_files_are_no_tar_says_so() -> None:
    told = contents_of(archive(member(b"debian-binary", b"2.0\n"), member(b"data.tar.xz", b"no tar at all" * 99)))
    assert told.lines == []
    assert told.remark.startswith("a package of Debian: ")
    assert ";" in told.remark


def test_numbers_that_lead_nowhere_name_nothing() -> None:
    told = contents_of(archive(member(b"/99", b"x"), member(b"#1/99", b"name")))
    assert told.lines == ["      1 B  ", "      0 B  name"]
