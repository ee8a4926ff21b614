"""The sample image that comes with the package: no engine, no network."""

from __future__ import annotations

from pathlib import Path

#: What a user types for it, on its own or as the image of a command.
REFERENCE = "demo"

#: A gzip-compressed ``docker save`` archive, made by ``tests/demo_image.py``.
ARCHIVE = Path(__file__).parent / "data" / "demo.tar.gz"
