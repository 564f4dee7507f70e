"""A program that records every byte that it is sent: ``python recorder.py FILE [OUTPUT]``."""

from __future__ import annotations

import os
import sys
import tty


def main(path: str, output: str = "") -> None:
    """Print ``output`` (its escapes spelled as in Python), then record for ever."""
    tty.setraw(0)
    with open(path, "ab", 0) as record:
        os.write(1, output.encode().decode("unicode_escape").encode() + b"ready\r\n")
        while data := os.read(0, 1 << 16):
            record.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
