"""The story of the bundled sample image, step by step: what each instruction wrote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

APP = 999  # uid and gid of the service's user


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a layer's tar. Kinds: file, dir, symlink, hardlink, char."""

    path: str
    kind: str
    mode: int
    uid: int = 0
    link: str = ""
    data: bytes = b""
    device: tuple[int, int] = (0, 0)
    capability: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history; ``entries`` is None where the instruction made no layer.

    With ``keeps_times`` the entries bear the times of the step before, as after a chown.
    """

    command: str
    entries: list[Entry] | None = None
    comment: str = "buildkit.dockerfile.v0"
    keeps_times: bool = False


def directory(path: str, mode: int = 0o755, uid: int = 0) -> Entry:
    """An entry for a directory."""
    return Entry(path, "dir", mode, uid)


def text(path: str, content: str, mode: int = 0o644, uid: int = 0) -> Entry:
    """A file with this text in it."""
    return Entry(path, "file", mode, uid, data=content.encode())


def filled(path: str, size: int, mode: int = 0o644, uid: int = 0, kind: str = "") -> Entry:
    """A file of ``size`` bytes that differ from path to path and compress to almost nothing."""
    stamp = hashlib.sha256(f"{path} {kind}".encode()).hexdigest().encode()
    head = b"\x7fELF\x02\x01\x01" + bytes(9) if mode & 0o111 or ".so" in path else b""
    line = head + stamp + b"\n"
    return Entry(path, "file", mode, uid, data=(line + bytes(4096 - len(line))) * (size // 4096) + line)


def symlink(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, "symlink", 0o777, link=target)


def whiteout(path: str) -> Entry:
    """The mark that ``path`` of a lower layer is gone (OCI image-spec, layer.md)."""
    folder, _, name = path.rpartition("/")
    return Entry(f"{folder}/.wh.{name}", "file", 0o644)


def opaque(folder: str) -> Entry:
    """The mark that everything of ``folder`` in lower layers is hidden."""
    return Entry(f"{folder}/.wh..wh..opq", "file", 0o644)


OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
"""

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""

# VFS_CAP_REVISION_2 with CAP_NET_RAW permitted and effective, as `setcap cap_net_raw+ep` stores it.
NET_RAW = "\x01\x00\x00\x02\x00\x20" + "\x00" * 14

BASE_PACKAGES = ["base-files", "bash", "coreutils", "dpkg", "libc6", "perl-base", "tar", "util-linux"]
APT_PACKAGES = ["build-essential", "curl", "gcc-12", "libpython3.11", "python3", "python3-pip"]
TOOLS = ["cat", "chmod", "cp", "date", "dd", "df", "ls", "mkdir", "mv", "rm", "sed", "tar"]
WHEELS = {"flask": 190, "gunicorn": 150, "jinja2": 260, "sqlalchemy": 640, "pydantic_core": 420}  # kB


def status(packages: list[str]) -> str:
    """dpkg's database of installed packages."""
    return "\n".join(f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n" for name in packages)


def base() -> list[Entry]:
    """A root filesystem in the manner of Debian's slim images."""
    folders = "etc etc/ssl root usr usr/bin usr/lib usr/lib/x86_64-linux-gnu usr/share usr/share/doc var var/cache"
    folders += " var/lib var/lib/apt var/lib/apt/lists var/lib/dpkg var/lib/dpkg/info usr/local usr/local/bin dev"
    entries = [directory(path) for path in folders.split()]
    entries += [directory("tmp", 0o1777), symlink("bin", "usr/bin"), symlink("lib", "usr/lib")]
    entries += [Entry("dev/null", "char", 0o666, device=(1, 3))]
    entries += [text("etc/os-release", OS_RELEASE), text("etc/passwd", PASSWD), text("etc/hostname", "debian\n")]
    entries += [text("etc/ssl/openssl.cnf", "# OpenSSL example configuration file.\n" * 320)]
    entries += [filled("usr/bin/bash", 400_000, 0o755), symlink("usr/bin/sh", "bash")]
    entries += [filled(f"usr/bin/{name}", 36_000, 0o755) for name in TOOLS]
    entries += [
        filled("usr/bin/perl", 300_000, 0o755),
        Entry("usr/bin/perl5.36.0", "hardlink", 0o755, link="usr/bin/perl"),
    ]
    entries += [filled("usr/bin/su", 70_000, 0o4755), filled("usr/bin/passwd", 66_000, 0o4755)]
    entries += [replace(filled("usr/bin/ping", 90_000, 0o755), capability=NET_RAW)]
    entries += [filled("usr/lib/x86_64-linux-gnu/libc.so.6", 420_000, 0o755)]
    entries += [text("var/lib/dpkg/status", status(BASE_PACKAGES * 40))]
    for name in BASE_PACKAGES:
        entries += [text(f"var/lib/dpkg/info/{name}.list", f"/.\n/usr\n/usr/share/doc/{name}\n")]
        entries += [directory(f"usr/share/doc/{name}"), text(f"usr/share/doc/{name}/copyright", "Upstream-Name\n" * 90)]
    return entries


LISTS = [
    "deb.debian.org_debian_dists_bookworm_InRelease",
    "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages",
    "deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
]


def apt_install() -> list[Entry]:
    """Packages, and the package lists that `apt-get update` left behind."""
    entries = [directory("usr/include"), directory("usr/lib/python3.11"), directory("usr/lib/gcc")]
    entries += [filled("usr/bin/python3.11", 330_000, 0o755), symlink("usr/bin/python3", "python3.11")]
    entries += [filled("usr/bin/curl", 60_000, 0o755), filled("usr/lib/gcc/cc1", 520_000, 0o755)]
    entries += [filled(f"usr/lib/python3.11/{name}.py", 24_000) for name in ("argparse", "ast", "json", "typing")]
    entries += [filled(f"usr/include/{name}.h", 9_000) for name in ("errno", "stdio", "stdlib", "string", "unistd")]
    entries += [filled(f"var/lib/apt/lists/{name}", 150_000) for name in LISTS]
    entries += [filled("var/cache/apt/pkgcache.bin", 210_000)]
    entries += [text("var/lib/dpkg/status", status(BASE_PACKAGES * 40 + APT_PACKAGES))]
    entries += [text("etc/passwd", PASSWD + "app:x:999:999::/app:/usr/sbin/nologin\n")]
    return entries


SITE = "usr/local/lib/python3.11/site-packages"


def pip_install() -> list[Entry]:
    """The dependencies, and pip's cache of the wheels they came in."""
    entries = [directory(path) for path in ("usr/local/lib", "usr/local/lib/python3.11", SITE)]
    entries += [directory("root/.cache", 0o700), directory("root/.cache/pip"), directory("root/.cache/pip/http-v2")]
    for name, size in WHEELS.items():
        package = f"{SITE}/{name}"
        parts = size * 1000 // 8
        entries += [directory(package), text(f"{package}/__init__.py", f'"""{name}."""\n')]
        entries += [filled(f"{package}/{part}.py", parts) for part in ("app", "config", "errors", "helpers", "typing")]
        entries += [filled(f"{package}/_speedups.cpython-311-x86_64-linux-gnu.so", parts * 3, 0o755)]
        digest = hashlib.sha256(name.encode()).hexdigest()
        entries += [filled(f"root/.cache/pip/http-v2/{digest[:56]}.body", size * 300)]
    entries += [filled("usr/local/bin/gunicorn", 4_000, 0o755), filled("usr/local/bin/flask", 4_000, 0o755)]
    return entries


SOURCE = '''\
"""The {name} part of the service."""

from flask import Blueprint, jsonify

{name} = Blueprint("{name}", __name__)


@{name}.get("/{name}")
def index():
    return jsonify(status="ok")
'''

SETTINGS = '[service]\nname = "acme-api"\nworkers = 4\n\n[database]\nurl = "postgresql://db/acme"\n'


def application(uid: int = 0) -> list[Entry]:
    """The service's own files, with what a `COPY .` brings along when there is no .dockerignore."""
    folders = "app app/.git app/.git/objects app/acme app/config app/data app/static app/static/css app/tests"
    entries = [directory(path, uid=uid) for path in folders.split()]
    entries += [text("app/README.md", "# acme-api\n\nA small web service.\n", uid=uid)]
    entries += [
        text(f"app/acme/{name}.py", SOURCE.format(name=name), uid=uid) for name in ("api", "auth", "jobs", "users")
    ]
    entries += [text(f"app/tests/test_{name}.py", SOURCE.format(name=name), uid=uid) for name in ("api", "users")]
    entries += [text("app/config/settings.toml", SETTINGS, uid=uid)]
    entries += [filled("app/.git/objects/pack-7d1f.pack", 340_000, uid=uid), filled("app/.git/index", 20_000, uid=uid)]
    entries += [filled(f"app/data/fixture-{number:02d}.json", 30_000, uid=uid) for number in range(6)]
    entries += [filled(f"app/static/img-{number:02d}.png", 22_000, uid=uid) for number in range(8)]
    entries += [text("app/static/css/site.css", "body { margin: 0; }\n" * 300, uid=uid)]
    entries += [Entry("app/static/logo.png", "hardlink", 0o644, uid, link="app/static/img-00.png")]
    return entries


def cleaned() -> list[Entry]:
    """What `rm -rf` in a later instruction writes: marks, while the bytes stay below."""
    marks = [
        whiteout("root/.cache"),
        whiteout("var/cache/apt"),
        *(whiteout(f"var/lib/apt/lists/{name}") for name in LISTS),
    ]
    return [directory("root", 0o700), directory("var/cache"), directory("var/lib/apt/lists"), *marks]


def built() -> list[Entry]:
    """A folder thrown away and made anew: the overlay filesystem marks it opaque."""
    fresh = [filled("app/static/bundle.js", 64_000, uid=APP), filled("app/static/bundle.css", 18_000, uid=APP)]
    return [directory("app", uid=APP), directory("app/static", uid=APP), opaque("app/static"), *fresh]


def linked() -> list[Entry]:
    """Paths that change their type: a directory and a file become symbolic links."""
    entries = [directory("etc/acme"), text("etc/acme/settings.toml", SETTINGS.replace("4", "8"))]
    entries += [directory("var/lib/acme", uid=APP), symlink("app/data", "/var/lib/acme")]
    return [*entries, symlink("app/config/settings.toml", "/etc/acme/settings.toml")]


ENTRYPOINT = '#!/bin/sh\nset -eu\nexec "$@"\n'


def deployed() -> list[Entry]:
    """Files of the deployment; the packer that made this layer wrote one path twice."""
    hardened = "# OpenSSL configuration, hardened.\nMinProtocol = TLSv1.2\n" * 160
    notice = "Licence texts of the bundled components.\n"
    entries = [text("etc/ssl/openssl.cnf", hardened), text("usr/local/bin/entrypoint", ENTRYPOINT, 0o755)]
    return [*entries, text("app/NOTICE", notice * 900), text("app/NOTICE", notice * 1000)]


RUN = "RUN /bin/sh -c "
NOP = "/bin/sh -c #(nop) "

LAYERS = [
    Step(f"{NOP}ADD file:3ad1b9f3a5f1d4a0c2e6f8a7b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6 in / ", base(), ""),
    Step(f'{NOP} CMD ["bash"]', None, ""),
    Step("LABEL org.opencontainers.image.title=acme-api org.opencontainers.image.version=2.4"),
    Step("ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1"),
    Step(
        f"{RUN}apt-get update && apt-get install -y {' '.join(APT_PACKAGES)} && useradd app # buildkit", apt_install()
    ),
    Step("WORKDIR /app", [directory("app")]),
    Step(
        "COPY requirements.txt . # buildkit", [directory("app"), text("app/requirements.txt", "\n".join(WHEELS) + "\n")]
    ),
    Step(f"{RUN}pip install -r requirements.txt # buildkit", pip_install()),
    Step("COPY . /app # buildkit", application()),
    Step(f"{RUN}chown -R app:app /app # buildkit", application(APP), keeps_times=True),
    Step(f"{RUN}rm -rf /root/.cache /var/cache/apt /var/lib/apt/lists/* # buildkit", cleaned()),
    Step(f"{RUN}rm -rf static && python3 -m acme.build --out static # buildkit", built()),
    Step(f"{RUN}./scripts/externalise config data # buildkit", linked()),
    Step("COPY deploy/ / # buildkit", deployed()),
    Step("EXPOSE map[8000/tcp:{}]"),
    Step("USER app"),
    Step('ENTRYPOINT ["/usr/local/bin/entrypoint"]'),
    Step('CMD ["gunicorn" "--bind=0.0.0.0:8000" "acme.api:app"]'),
]
