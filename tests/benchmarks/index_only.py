"""What `check` is measured against: reading and merging all layers, and nothing else."""

from __future__ import annotations

import sys

from layerscope.index import build_index
from layerscope.sources import open_source


def main(reference: str) -> int:
    """Index an image; gives the number of its entries."""
    source = open_source(reference)
    try:
        return sum(len(layer) for layer in build_index(source).layers)
    finally:
        source.close()


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1])}\n")
