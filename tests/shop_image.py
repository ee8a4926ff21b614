"""A shop's web server, five layers with contents worth looking into: texts in versions, archives, odd files."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

from handmade import Entry, file, folder, hard_link, whiteout
from layerscope.sources.model import HistoryEntry

#: vfs_cap_data, revision 2: cap_net_raw, permitted and effective.
_CAP_NET_RAW = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

_PASSWD = "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"


def nginx_conf(workers: str, root: str) -> bytes:
    """A config of some length of which two versions differ in two lines."""
    locations = "".join(
        f"    location /{name}/ {{\n        proxy_pass http://{name}:8080;\n"
        "        proxy_set_header Host $host;\n    }\n\n"
        for name in ("basket", "search", "orders", "stock", "mail", "reviews", "images")
    )
    return (
        f"user www-data;\nworker_processes {workers};\npid /run/nginx.pid;\n\nserver {{\n    listen 80;\n"
        f"    root {root};\n\n{locations}}}\n"
    ).encode()


def tar_gz(names: list[tuple[str, int]]) -> bytes:
    """A compressed tar of files of some sizes, the same on every run."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, size in names:
            info = tarfile.TarInfo(name)
            info.size, info.mode = size, 0o644
            tar.addfile(info, io.BytesIO(b"x" * size))
        link = tarfile.TarInfo("site/latest")
        link.type, link.linkname, link.mode = tarfile.SYMTYPE, "v2", 0o777
        tar.addfile(link)
    return buffer.getvalue()


def zipped(names: list[tuple[str, int]]) -> bytes:
    """A zip of files of some sizes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, size in names:
            archive.writestr(zipfile.ZipInfo(name), b"x" * size)
    return buffer.getvalue()


_SCRIPT = b"export const shop=" + b'{"price":1200,"currency":"EUR","stock":17},' * 200 + b"'the end';\nshop.open();\n"
_CHANGES = "".join(f"nginx (1.22.1-{n}) bookworm; urgency=medium\n\n  * Fixes number {n}.\n\n" for n in range(9, 0, -1))

LAYERS: list[list[Entry]] = [
    [
        Entry("bin", kind=tarfile.SYMTYPE, link="usr/bin", mode=0o777),
        Entry("dev/null", kind=tarfile.CHRTYPE, mode=0o666),
        Entry("etc/passwd", _PASSWD.encode()),
        Entry("etc/motd", b"Welcome.\n"),
        Entry("etc/nginx/nginx.conf", nginx_conf("1", "/var/www/html")),
        Entry("run/initctl", kind=tarfile.FIFOTYPE),
        Entry("usr/bin/ping", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0" * 900, mode=0o755,
              xattrs={"security.capability": _CAP_NET_RAW}),
        file("usr/bin/su", 71_912, mode=0o4755),
        file("usr/bin/perl", 378_592, mode=0o755),
        hard_link("usr/bin/perl5.36.0", "usr/bin/perl"),
        Entry("usr/share/doc/nginx/changelog.gz", gzip.compress(_CHANGES.encode(), mtime=0)),
        folder("tmp"),
    ],
    [
        Entry("etc/nginx/nginx.conf", nginx_conf("auto", "/srv/shop")),
        file("var/cache/apt/archives/nginx_1.22.1-9_amd64.deb", 527_600),
        file("var/cache/apt/archives/libssl3_3.0.11-1_amd64.deb", 2_019_000),
        Entry("var/lib/dpkg/status", b"Package: nginx\nStatus: install ok installed\n\n" * 40),
    ],
    [
        Entry("srv/shop/app.js", _SCRIPT, mtime=1_700_100_000),
        Entry("srv/shop/site.tar.gz", tar_gz([(f"site/v2/page-{n}.html", 1000 + n * 37) for n in range(12)])),
        Entry("srv/shop/theme.zip", zipped([("theme/shop.css", 4200), ("theme/logo.svg", 900), ("theme/", 0)])),
        Entry("srv/shop/notes.txt", b""),
    ],
    [
        Entry("srv/shop/app.js", _SCRIPT, owner=(33, 33), mode=0o640, mtime=1_700_100_000),
        Entry("srv/shop/notes.txt", b"", owner=(33, 33)),
    ],
    [whiteout("var/cache/apt/archives"), whiteout("etc/motd")],
]  # fmt: skip

HISTORY = [
    HistoryEntry("ADD rootfs.tar.xz / # buildkit", "2026-11-12T00:20:54Z"),
    HistoryEntry("RUN /bin/sh -c apt-get update && apt-get install -y nginx # buildkit", "2026-11-20T09:11:02Z"),
    HistoryEntry("COPY site /srv/shop # buildkit", "2026-11-20T09:12:02Z"),
    HistoryEntry("RUN /bin/sh -c chown -R www-data:www-data /srv/shop # buildkit", "2026-11-20T09:12:05Z"),
    HistoryEntry("RUN /bin/sh -c rm -rf /var/cache/apt/archives /etc/motd # buildkit", "2026-11-20T09:12:06Z"),
]
