"""Engines that a test starts for itself, each on a storage of its own: dockerd, podman's service."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine import required
from registries import program, run

#: A user that nobody is; podman needs no entry for it anywhere.
NOBODY = 54321


def needs_root() -> None:
    """A skip, or a failure where nothing may be skipped, for who is not root."""
    if os.geteuid() != 0:
        (pytest.fail if required() else pytest.skip)("this test starts an engine, which only root may")


def needs_user_namespaces(user: int) -> None:
    """A skip where the system lets no user have a namespace: within a chroot the kernel never does."""
    needs_root()
    ids = ["--reuid", str(user), "--regid", str(user), "--clear-groups"]
    done = subprocess.run([program("setpriv"), *ids, "unshare", "--user", "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("users may have no namespaces here, and podman without root needs one")


@contextmanager
def dockerd(*options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Docker Engine of the test's own; the host to reach it by, and its process."""
    needs_root()
    # A socket's path may have about 100 characters, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    socket = folder / "docker.sock"
    own = [f"--{name}={folder / place}" for name, place in (("data-root", "data"), ("exec-root", "run"))]
    own += [f"--pidfile={folder / 'pid'}", "--storage-driver=vfs", "--iptables=false", "--bridge=none"]
    with (folder / "log").open("wb") as log:
        command = [program("dockerd"), "-H", f"unix://{socket}", *own, *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: _answers(f"unix://{socket}"), process, folder / "log")
        yield f"unix://{socket}", process
    finally:
        stop(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the containerd of a dockerd that was killed itself
        subprocess.run(["umount", "--lazy", str(folder / "data")], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(host: str) -> bool:
    return subprocess.run([program("docker"), "-H", host, "version"], capture_output=True, check=False).returncode == 0


@contextmanager
def podman_service(
    archive: Path | None = None, *, user: int | None = None, insecure: Sequence[str] = ()
) -> Iterator[Path]:
    """``podman system service`` with an archive loaded; the folder that is its XDG_RUNTIME_DIR.

    With ``user`` it runs rootless. ``insecure`` are registries that it speaks to without TLS.
    """
    needs_root()
    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    runtime = folder / "runtime"
    socket = runtime / "podman" / "podman.sock"
    socket.parent.mkdir(parents=True)
    registries = folder / "registries.conf"
    text = "".join(f'[[registry]]\nlocation = "{each}"\ninsecure = true\n' for each in insecure)
    registries.write_text(text, encoding="utf-8")
    storage = folder / "storage.conf"
    places = f'[storage]\ndriver = "vfs"\ngraphroot = "{folder / "store"}"\nrunroot = "{folder / "run"}"\n'
    # Without subordinate ids, files of other owners become the user's; the layers stay what they are.
    storage.write_text(f'{places}[storage.options]\nignore_chown_errors = "true"\n', encoding="utf-8")
    command = [program("podman")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime)}
    environment |= {"CONTAINERS_REGISTRIES_CONF": str(registries), "CONTAINERS_STORAGE_CONF": str(storage)}
    if user is not None:
        run("chown", "-R", f"{user}:{user}", folder)
        command = [program("setpriv"), "--reuid", str(user), "--regid", str(user), "--clear-groups", *command]
    log = folder / "log"
    try:
        if archive is not None:
            copy = shutil.copy(archive, folder / "image.tar")
            Path(copy).chmod(0o644)
            done = subprocess.run([*command, "load", "-q", "-i", copy], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        with log.open("wb") as stream:
            service = [*command, "system", "service", "--time", "0", f"unix://{socket}"]
            process = subprocess.Popen(service, env=environment, stdout=stream, stderr=stream)
        try:
            wait_for(socket.exists, process, log)
            yield runtime
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server is ready; a failure with the end of its log where it is not."""
    for _ in range(300):
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        if ready():
            return
        time.sleep(0.1)
    pytest.fail(f"it does not start: {log.read_text(errors='replace')[-2000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, by force where it does not go."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
