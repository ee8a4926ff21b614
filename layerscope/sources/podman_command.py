"""Podman through its own command line, for machines where its API service does not run."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Final

from layerscope.errors import ImageNotFoundError, SourceError
from layerscope.sources.platforms import Platform

_CHUNK: Final = 1 << 20
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

    def __init__(self, program: str) -> None:
        self._program = program

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
        done = self._run("pull", "--quiet", *wanted, "--", image)
        if done.returncode:
            words = _clean(done.stderr)
            kind = ImageNotFoundError if _REFUSED.search(words) else SourceError
            sentence = f"Podman has no image {image}, and cannot pull it: {words}."
            raise kind(sentence, "Check the name, the network and `podman login`.")
        yield from ()

    def export(self, image: str, platform: Platform | None) -> SavedImage:
        """The image as a ``docker save`` stream."""
        return SavedImage([self._program, "save", "--quiet", "--format", "docker-archive", "--", image], image)

    def close(self) -> None:
        """Nothing: each question was a process of its own."""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self._program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as error:
            raise _unstarted(error) from error


class SavedImage:
    """What ``podman save`` prints, as it comes; SourceError where it breaks off."""

    def __init__(self, command: list[str], image: str) -> None:
        self._image = image
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe that nobody reads would fill up
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._words, bufsize=0
            )
        except OSError as error:
            self._words.close()
            raise _unstarted(error) from error

    def __iter__(self) -> Iterator[bytes]:
        pipe = self._process.stdout
        while pipe is not None and (chunk := pipe.read(_CHUNK)):
            yield chunk
        if self._process.wait():
            self._words.seek(0)
            words = _clean(self._words.read()[-_LAST_WORDS:])
            if _ABSENT.search(words):
                raise ImageNotFoundError(f"Podman no longer has the image {self._image}.", "It was removed meanwhile.")
            raise SourceError(f"podman save of {self._image} failed: {words}.", _SERVICE)

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


def _unstarted(error: OSError) -> SourceError:
    return SourceError(f"podman cannot be started: {error.strerror}.", _SERVICE)


def _clean(words: bytes) -> str:
    """Podman's words as the end of a sentence: one line, without its own `Error:`."""
    text = re.sub(r"\s+", " ", words.decode("utf-8", "replace")).strip().removeprefix("Error: ")
    return text.rstrip(".")[-_MOST:] or "it says nothing"
