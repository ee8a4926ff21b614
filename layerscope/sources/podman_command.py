"""Podman through its own command line, for machines where its API service does not run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Any, Final

from layerscope.errors import CancelledError, ImageNotFoundError, SourceError
from layerscope.sources.platforms import Platform
from layerscope.sources.waiting import Programs

_CHUNK: Final = 1 << 20
#: Where podman writes blobs on their way (podman(1), TMPDIR).
_BLOBS: Final = "/var/tmp"
#: Seconds in which podman has to end once it was asked to.
_LAST_SECONDS: Final = 5.0
#: The end of what podman says of a failure, in bytes and in characters.
_LAST_WORDS: Final = 4096
_MOST: Final = 400
_ABSENT: Final = re.compile(r"image not known|no such image|not found|failed to find image", re.IGNORECASE)
#: How a registry says that there is no such image, or none that it would show.
_REFUSED: Final = re.compile(r"not found|unknown|does not exist|denied|unauthorized", re.IGNORECASE)
_SERVICE: Final = "Or start its API service: systemctl --user start podman.socket"


class PodmanCommand:
    """The images of ``podman`` by running it: the same questions as to an engine behind a socket."""

    title = "Podman"
    command = "podman"
    way = " with podman save, as its API service does not run"
    exports_platforms = False

    def __init__(self, program: str, programs: Programs) -> None:
        self._program = program
        self._programs = programs
        self._scratch = ExitStack()

    def inspect(self, image: str) -> dict[str, Any] | None:
        """What podman knows about an image; None where it has none of that name. SourceError."""
        done = self._run("image", "inspect", "--", image)
        if done.returncode:
            words = _clean(done.stderr)
            if _ABSENT.search(words):
                return None
            raise SourceError(f"podman image inspect failed: {words}.", _SERVICE)
        try:
            found = json.loads(done.stdout)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"podman image inspect prints no JSON: {error}.", _SERVICE) from error
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None

    def pull(self, image: str, platform: str) -> Iterator[dict[str, Any]]:
        """Pull an image; there are no messages. SourceError where that fails."""
        wanted = ["--platform", platform] if platform else []
        command = ("pull", "--quiet", *wanted, "--", image)
        folder = self._scratch_folder()
        done = self._run(*command, folder=folder)
        if done.returncode and folder.encode() in done.stderr:
            done = self._run(*command)
        if done.returncode:
            words = _clean(done.stderr)
            kind = ImageNotFoundError if _REFUSED.search(words) else SourceError
            sentence = f"Podman has no image {image}, and cannot pull it: {words}."
            raise kind(sentence, "Check the name, the network and `podman login`.")
        yield from ()

    def export(self, image: str, platform: Platform | None) -> SavedImage:
        """The image as a ``docker save`` stream."""
        command = [self._program, "save", "--quiet", "--format", "docker-archive", "--", image]
        folder = self._scratch_folder()
        saved = SavedImage(command, image, self._programs, folder)
        if not saved.wants(folder):
            return saved
        saved.close()
        return SavedImage(command, image, self._programs)

    def close(self) -> None:
        """End what still runs, and remove what it left."""
        self._programs.end(seconds=_LAST_SECONDS)
        self._scratch.close()

    def _scratch_folder(self) -> str:
        """A folder that is removed in the end, for the blobs that podman leaves behind when it is ended.

        Where ``podman`` leads to another system, as in a toolbox, it is not there: podman then says so.
        """
        usual = os.environ.get("TMPDIR") or _BLOBS
        try:
            folder = tempfile.TemporaryDirectory(prefix="layerscope-podman-", dir=usual, ignore_cleanup_errors=True)
        except OSError as error:
            raise SourceError(f"Podman cannot write to {usual}: {error.strerror}.", "Set TMPDIR.") from error
        return self._scratch.enter_context(folder)

    def _run(self, *arguments: str, folder: str = "") -> subprocess.CompletedProcess[bytes]:
        try:
            return self._programs.run([self._program, *arguments], environment=_environment(folder))
        except OSError as error:
            raise _unstarted(error) from error


class SavedImage:
    """What ``podman save`` prints, as it comes; SourceError where it breaks off."""

    def __init__(self, command: list[str], image: str, programs: Programs, folder: str = "") -> None:
        self._image = image
        self._first = b""
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe that nobody reads would fill up
        try:
            self._process = programs.start(command, stderr=self._words, environment=_environment(folder))
        except (OSError, CancelledError) as error:
            self._words.close()
            raise _unstarted(error) if isinstance(error, OSError) else error from error

    def wants(self, folder: str) -> bool:
        """Whether it failed before anything came, for want of this folder; waits for the first bytes."""
        self._first = self._read()
        return not self._first and self._process.wait() != 0 and folder.encode() in self._last_words()

    def __iter__(self) -> Iterator[bytes]:
        chunk = self._first or self._read()
        while chunk:
            yield chunk
            chunk = self._read()
        if self._process.wait():
            words = _clean(self._last_words())
            if _ABSENT.search(words):
                raise ImageNotFoundError(f"Podman no longer has the image {self._image}.", "It was removed meanwhile.")
            raise SourceError(f"podman save of {self._image} failed: {words}.", _SERVICE)

    def _read(self) -> bytes:
        pipe = self._process.stdout
        return pipe.read(_CHUNK) if pipe is not None else b""

    def _last_words(self) -> bytes:
        self._words.seek(0)
        return self._words.read()[-_LAST_WORDS:]

    def interrupt(self) -> None:
        """End it from any thread."""
        self._process.kill()

    def close(self) -> None:
        """End it, finished or not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._words.close()


def _environment(folder: str) -> dict[str, str] | None:
    """The environment of a podman that writes its blobs there; None for the usual one."""
    return {**os.environ, "TMPDIR": folder} if folder else None


def _unstarted(error: OSError) -> SourceError:
    return SourceError(f"podman cannot be started: {error.strerror}.", _SERVICE)


def _clean(words: bytes) -> str:
    """Podman's words as the end of a sentence: one line, without its own `Error:`."""
    text = re.sub(r"\s+", " ", words.decode("utf-8", "replace")).strip().removeprefix("Error: ")
    return text.rstrip(".")[-_MOST:] or "it says nothing"
