"""The error tree: each error has one sentence, one hint and an exit code."""

from __future__ import annotations


class LayerscopeError(Exception):
    """Something that a user can be told in one sentence and helped with in one hint.

    ``sentence`` says what happened to what, ``hint`` what to do about it. Both may hold text
    out of an image: whoever prints them makes them printable.
    """

    exit_code = 2

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(LayerscopeError):
    """The command line asks for something that does not exist or does not fit together."""


class ConfigError(LayerscopeError):
    """A configuration file or a rule's value cannot be understood."""


class SourceError(LayerscopeError):
    """The place that should hold the image cannot be reached or refuses."""


class ImageNotFoundError(SourceError):
    """The place was reached and has no such image."""


class NotAnImageError(LayerscopeError):
    """What was opened is readable and is no container image."""


class DamagedImageError(LayerscopeError):
    """What was opened is an image, or was one, and cannot be read to its end."""


class TrailingDataError(DamagedImageError):
    """Compressed data is whole, and something else stands behind it."""


class LimitError(LayerscopeError):
    """A documented limit was reached; the sentence tells its value, ``limit`` the option that changes it."""

    def __init__(self, sentence: str, hint: str = "", limit: str = "") -> None:
        super().__init__(sentence, hint)
        self.limit = limit


class MissingLibraryError(LayerscopeError):
    """A library that reading wants is not there: Python can be built without some of its own."""


class SpoolError(LayerscopeError):
    """Bytes that had to be kept on disk for a while could not be written."""


class InternalError(LayerscopeError):
    """A fault of the program itself; what it was is the error's cause."""


class CancelledError(LayerscopeError):
    """The user stopped the work."""

    exit_code = 130
