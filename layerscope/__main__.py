"""``python -m layerscope``."""

from __future__ import annotations

import sys

from layerscope.cli import main

if __name__ == "__main__":
    sys.exit(main())
