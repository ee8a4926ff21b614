"""A program of its own: which names match a regular expression.

An expression can take for ever on an evil name, and nothing but the end of its process stops it. Reads the
length of the expression (4 bytes, most significant first), the expression, then all names with slashes
between; writes a byte of 0 or 1 per name.
"""

import re
import sys


def main() -> None:
    """From standard input to standard output."""
    data = sys.stdin.buffer.read()
    start = 4 + int.from_bytes(data[:4], "big")
    search = re.compile(data[4:start]).search
    names = data[start:].split(b"/")
    sys.stdout.buffer.write(bytes(search(name) is not None for name in names))


if __name__ == "__main__":
    main()
