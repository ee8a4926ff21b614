"""dive's own test images, and what we make of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layerscope.analysis.model import Analysis
from layerscope.analysis.summary import analyse
from layerscope.index import build_index
from layerscope.sources import open_source

IMAGES = (
    "test-docker-image.tar",
    "test-kaniko-image.tar",
    "test-oci-estargz-image.tar",
    "test-oci-gzip-image.tar",
    "test-oci-uncompressed-image.tar",
    "test-oci-zstd-image.tar",
)


@contextmanager
def analysed(corpus: Path, name: str) -> Iterator[Analysis]:
    """The analysis of one of dive's own images."""
    source = open_source(str(corpus / "public/wagoodman+dive/.data" / name))
    try:
        yield analyse(build_index(source))
    finally:
        source.close()
