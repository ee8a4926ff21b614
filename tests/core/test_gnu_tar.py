"""Archives that GNU tar itself wrote, in all its formats, against the files that it read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.archives import Forward, Row, list_headers, list_stream, read_stream

FORMATS = ["v7", "ustar", "oldgnu", "gnu", "posix"]
KINDS = {"-": 0, "h": 1, "l": 2, "c": 3, "b": 4, "d": 5, "p": 6}
SECONDS = 1_234_567_890
#: ``hrw-r----- 0/0 12 2009-02-13 23:31:30 name link to other``
LINE = re.compile(r"(\S)(\S{9})\S? (\d+)/(\d+) +(\d+) \S+ \S+ +(.*?)(?: -> (.*)| link to (.*))?")
STRIDE = 1 << 16

#: Kind, permissions, owner, size, name and link, as ``tar --list`` prints them.
Printed = tuple[int, int, int, int, bytes, bytes]


@pytest.fixture(scope="module")
def tar() -> str:
    """The path of GNU tar, or a skip."""
    found = shutil.which("tar")
    if not found or "GNU tar" not in subprocess.run([found, "--version"], capture_output=True, text=True).stdout:
        pytest.skip("GNU tar is not on PATH")
    return found


def write_sparse(path: Path, size: int, pieces: list[tuple[int, bytes]]) -> None:
    """A file with holes between its pieces."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with every kind of file that an ordinary user can make."""
    root = tmp_path_factory.mktemp("files")
    (root / "d" / "e").mkdir(parents=True)
    (root / "a").write_bytes(b"a" * 12)
    (root / "empty").touch()
    (root / "d" / "block").write_bytes(b"b" * 512)
    (root / "d" / "e" / "more").write_bytes(b"m" * 1025)
    (root / "a").chmod(0o4755)
    (root / "d").chmod(0o1777)
    os.link(root / "a", root / "also-a")
    (root / "d" / "s").symlink_to("../a")
    os.mkfifo(root / "f")
    for path in [*sorted(root.rglob("*"), reverse=True), root]:
        os.utime(path, (SECONDS, SECONDS), follow_symlinks=False)
    return root


def make(tar: str, folder: Path, *options: str) -> bytes:
    """What GNU tar writes for all names of the folder, in their order."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    command = [tar, "--create", "--file=-", "--no-recursion", *options, "--", *names]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def listed_by_tar(tar: str, data: bytes) -> list[Printed]:
    """What ``tar --list`` prints of each member."""
    command = [tar, "--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--quoting-style=literal"]
    shown = subprocess.run(command, input=data, check=True, capture_output=True, env={"LC_ALL": "C"})
    rows: list[Printed] = []
    for line in shown.stdout.decode("utf-8", "surrogateescape").splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        kind, letters, uid, _, size, name, target, other = match.groups()
        mode = sum(1 << (8 - place) for place, letter in enumerate(letters) if letter not in "-ST")
        rows.append((KINDS[kind], mode, int(uid), int(size), os.fsencode(name), os.fsencode(target or other or "")))
    return rows


def as_tar_prints(row: Row) -> Printed:
    """A row in the terms of ``tar --list``."""
    return row.kind, row.mode & 0o777, row.uid, row.size, row.name, row.link


def check(tar: str, data: bytes) -> list[Row]:
    """All drives list what GNU tar lists; the rows."""
    listing = list_headers(data)
    assert not listing.fault
    assert [as_tar_prints(row) for row in listing.rows] == listed_by_tar(tar, data)
    assert list_stream(data) == list_headers(data, Forward) == listing
    return listing.rows


@pytest.mark.parametrize("form", FORMATS)
def test_every_format(tar: str, folder: Path, form: str) -> None:
    # The oldest format has no fifos.
    data = make(tar, folder, f"--format={form}", *(["--exclude=f"] if form == "v7" else []))
    rows = {row.name: row for row in check(tar, data)}
    assert rows[b"a"].mode == 0o4755
    assert rows[b"d/"].mode == 0o1777
    assert {row.mtime for row in rows.values()} == {SECONDS * 10**9}
    assert (rows[b"also-a"].kind, rows[b"also-a"].link) == (1, b"a")
    assert (rows[b"d/s"].kind, rows[b"d/s"].link) == (2, b"../a")
    assert rows[b"d/e/more"].size == 1025
    assert (b"f" in rows) == (form != "v7")
    contents = {row.name: content for row, content in zip(rows.values(), read_stream(data), strict=True)}
    assert contents[b"d/e/more"] == b"m" * 1025
    assert contents[b"d/block"] == b"b" * 512


@pytest.mark.parametrize("form", ["oldgnu", "gnu", "posix"])
@pytest.mark.parametrize("length", [99, 100, 101, 155, 240])
def test_long_names_and_links(tar: str, tmp_path: Path, form: str, length: int) -> None:
    name = "n" * length
    (tmp_path / name).write_bytes(b"x")
    os.link(tmp_path / name, tmp_path / "o")
    (tmp_path / "s").symlink_to(name)
    rows = check(tar, make(tar, tmp_path, f"--format={form}"))
    assert {row.link for row in rows if row.kind} == {name.encode()}
    assert rows[0].name == name.encode()


def test_ustar_splits_long_paths(tar: str, tmp_path: Path) -> None:
    deep = tmp_path / ("p" * 90) / ("q" * 90)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x" * 9)
    rows = check(tar, make(tar, tmp_path, "--format=ustar"))
    assert rows[-1].name == b"p" * 90 + b"/" + b"q" * 90 + b"/file"


@pytest.mark.parametrize("name", [b"caf\xc3\xa9", b"caf\xe9", b"a\nb", b"\x1b[31m"])
@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_names_are_bytes(tar: str, tmp_path: Path, form: str, name: bytes) -> None:
    try:
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(b"x")
    except OSError:
        pytest.skip("the filesystem takes no such names")
    assert [row.name for row in list_headers(make(tar, tmp_path, f"--format={form}")).rows] == [name]


def test_nanoseconds_and_times_before_1970(tar: str, tmp_path: Path) -> None:
    wanted = {b"before": -1_500_000_001, b"now": 1_700_000_000_123_456_789}
    for name, time in wanted.items():
        path = tmp_path / name.decode()
        path.touch()
        os.utime(path, ns=(time, time))
    rows = list_headers(make(tar, tmp_path, "--format=posix")).rows
    assert {row.name: row.mtime for row in rows} == wanted


SPARSE = [
    ["--format=oldgnu"],
    ["--format=gnu"],
    *(["--format=posix", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0")),
]


@pytest.mark.parametrize("options", SPARSE, ids=" ".join)
@pytest.mark.parametrize("pieces", [1, 3, 5, 40], ids="{} pieces".format)
def test_sparse_files(tar: str, tmp_path: Path, options: list[str], pieces: int) -> None:
    # More than 4 pieces continue an old map in blocks of their own, more than 25 in several.
    write_sparse(tmp_path / "holes", 50 * STRIDE, [(place * STRIDE, b"data" * 128) for place in range(1, pieces + 1)])
    (tmp_path / "next").write_bytes(b"n" * 700)
    data = make(tar, tmp_path, "--sparse", "--hole-detection=raw", *options)
    holes, following = check(tar, data)
    assert (holes.name, holes.kind, holes.size) == (b"holes", 0, 50 * STRIDE)
    assert pieces * 512 <= holes.stored < pieces * STRIDE
    assert data[holes.offset : holes.offset + holes.stored].count(b"data" * 128) == pieces
    if options[-1] != "--sparse-version=1.0":  # which has its map in front of the data
        assert holes.stored == pieces * 512 or data[holes.offset : holes.offset + 4] == b"data"
    assert data[following.offset : following.offset + following.stored] == b"n" * 700


def test_extended_attributes(tar: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    try:
        os.setxattr(path, "user.note", b"a\nb\0c")
    except OSError:
        pytest.skip("the filesystem has no extended attributes")
    rows = list_headers(make(tar, tmp_path, "--format=posix", "--xattrs", "--xattrs-include=*")).rows
    assert rows[0].xattrs == {b"user.note": b"a\nb\0c"}


def test_incremental_archives_list_directories_with_data(tar: str, folder: Path, tmp_path: Path) -> None:
    command = [tar, "--create", "--file=-", f"--listed-incremental={tmp_path / 'state'}", "--format=gnu", "d", "a"]
    data = subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout
    rows = {row.name: row for row in list_headers(data).rows}
    assert (rows[b"d/"].typeflag, rows[b"d/"].kind) == (ord("D"), 5)
    assert rows[b"a"].size == 12
    assert rows[b"d/e/more"].size == 1025


@pytest.mark.parametrize("blocking", [1, 20, 200])
def test_blocking_factors(tar: str, folder: Path, blocking: int) -> None:
    check(tar, make(tar, folder, f"--blocking-factor={blocking}"))


def test_archives_put_behind_each_other_end_at_the_first(tar: str, folder: Path) -> None:
    data = make(tar, folder)
    listing = list_headers(data + data)
    assert listing == list_headers(data)
