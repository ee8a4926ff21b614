"""What layerscope is measured against: the standard library lists the headers of every layer.

``python list_headers.py ARCHIVE`` finds the layers in the manifest and reads their tars in place,
straight from the file, without the bounds that ``extractfile`` would put around each read.
"""

from __future__ import annotations

import json
import sys
import tarfile


def main(path: str) -> int:
    """List all headers of all layers of an uncompressed ``docker save`` archive; gives their number."""
    count = 0
    with tarfile.open(path, "r:") as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        places = [archive.getmember(name).offset_data for name in json.load(manifest)[0]["Layers"]]
    with open(path, "rb") as stream:  # noqa: PTH123  # pathlib would be part of what is measured
        for place in places:
            stream.seek(place)
            with tarfile.open(fileobj=stream, mode="r:") as layer:
                count += sum(1 for _ in layer)
    return count


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1])}\n")
