"""A temporary file that keeps what passes by, so that it can be read again; it has no name to leave behind."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast
from weakref import WeakSet

from layerscope.errors import SourceError, SpoolError
from layerscope.sources.limits import Limits
from layerscope.sources.model import Reader
from layerscope.sources.readers import CHUNK, HAS_PREAD, SharedFile

_BUFFER = 1 << 20


class Spool:
    """Bytes kept on disk until ``close``; the file vanishes with the process even if that is killed."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._kept = 0
        self._whole = False
        self._files: WeakSet[SharedFile] = WeakSet()
        import tempfile

        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = tempfile.TemporaryFile(buffering=_BUFFER, dir=folder)  # noqa: SIM115  # lives until close
        except OSError as error:
            raise self._failed(error) from error
        self._file = cast(BinaryIO, file)

    def write(self, data: bytes) -> None:
        """Keep these bytes; SpoolError where the disk is full, LimitError, and nothing stays behind."""
        self._kept += len(data)
        if self._kept > self._limits.spool_bytes:
            self.close()
            sentence = f"More than {self._limits.spool_bytes} bytes would have to be kept in {self._folder}."
            raise self._limits.reached("spool-bytes", sentence)
        try:
            self._file.write(data)
        except OSError as error:
            self._drop()
            raise self._failed(error) from error

    def finish(self) -> None:
        """Nothing more comes; SpoolError where the disk is full."""
        try:
            self._file.flush()
        except OSError as error:
            self._drop()
            raise self._failed(error) from error
        self._whole = True

    def file(self, name: str) -> SharedFile:
        """What was kept by now, as a file to read from; it lives as long as the spool.

        Any thread may ask, and read, while another writes on: reading at a position moves nothing, and the buffer
        has a lock of its own (Python's documentation of io, on threads). SourceError where the spool is gone, or
        where the system cannot read at a position.
        """
        if not self._whole and not HAS_PREAD:
            raise SourceError("Contents can be shown when reading is over.", "Wait for it, or stop it with esc.")
        try:
            self._file.flush()
            found = SharedFile(self._file, name)
        except (OSError, ValueError) as error:  # no room for what is in the buffer, or closed
            raise SourceError(f"What {name} held is no longer kept.", "Open it again.") from error
        self._files.add(found)
        return found

    def close(self) -> None:
        """Free the disk space."""
        self._drop()

    def _drop(self) -> None:
        # Closing writes the buffer once more; on a full disk that fails again, and closes all the same.
        for close in (*(file.close for file in self._files), self._file.close):
            with suppress(OSError):
                close()

    def _failed(self, error: OSError) -> SpoolError:
        return SpoolError(
            f"The image could not be kept in {self._folder}: {error.strerror}.",
            "Free some space there or set TMPDIR to another folder; `layerscope report` keeps nothing on disk.",
        )


class SpoolingReader:
    """A reader that writes all that passes into a spool; skipping is reading."""

    def __init__(self, reader: Reader, spool: Spool) -> None:
        self._reader = reader
        self._spool = spool

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; empty only at the end; SpoolError where they cannot be kept."""
        data = self._reader.read(count)
        self._spool.write(data)
        return data

    def skip(self, count: int, /) -> int:
        """Pass over ``count`` bytes, keeping them."""
        left = count
        while left > 0 and (data := self.read(min(left, CHUNK))):
            left -= len(data)
        return count - left

    def close(self) -> None:
        """Close the reader below; the spool lives on."""
        self._reader.close()
