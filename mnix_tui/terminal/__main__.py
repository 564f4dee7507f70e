"""Show a recording's last screen as text: ``python -m mnix_tui.terminal --size 80x24 FILE``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mnix_tui.errors import MnixError
from mnix_tui.terminal.emulator import Emulator


def main(arguments: list[str] | None = None) -> int:
    """Feed a file (or ``-``, standard input) to an emulator and print the screen."""
    parser = argparse.ArgumentParser(prog="python -m mnix_tui.terminal", description=__doc__)
    parser.add_argument("--size", default="80x24", type=_size, metavar="COLSxROWS")
    parser.add_argument("file", metavar="FILE", help="recorded output of a program; - is stdin")
    options = parser.parse_args(arguments)
    try:
        data = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
        emulator = Emulator(*options.size)
    except (OSError, MnixError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    emulator.feed(data)
    sys.stdout.write(emulator.text() + "\n")
    return 0


def _size(text: str) -> tuple[int, int]:
    cols, separator, rows = text.partition("x")
    if not (separator and cols.isdecimal() and rows.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not COLSxROWS, such as 80x24")
    return int(cols), int(rows)


if __name__ == "__main__":
    sys.exit(main())
