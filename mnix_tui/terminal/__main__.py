"""Show what a terminal shows after a recording: ``python -m mnix_tui.terminal FILE``.

Prints the final screen as text, one line a row: all rows, blanks at the ends of lines removed (as
``tmux capture-pane -p`` does). Replies to queries go nowhere.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mnix_tui.errors import MnixError
from mnix_tui.terminal.emulator import MAX_COLS, MAX_ROWS, MIN_COLS, MIN_ROWS, Emulator
from mnix_tui.terminal.sgr import styled

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 64 * 1024
_SLICE = 1000


def main(arguments: list[str] | None = None) -> int:
    """Feed a file (or ``-``, standard input) to an emulator and print what it shows."""
    options = _parser().parse_args(arguments)
    try:
        emulator = Emulator(*options.size)
        with _opened(options.file) as source:
            while chunk := source.read(_CHUNK):
                emulator.feed(chunk)
    except (OSError, MnixError) as error:
        sys.stderr.write(f"error: {_reason(error)}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    try:
        for line in _lines(emulator, attributes=options.styled, history=options.history):
            sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mnix_tui.terminal",
        description="Feed a recording of a program's output to mnix's terminal emulator, and "
        "print the final screen as text: as many lines as the screen has rows, blanks at the ends "
        "of lines removed.",
    )
    parser.add_argument(
        "--size", default="80x24", type=_size, metavar="COLSxROWS", help="default: 80x24"
    )
    parser.add_argument(
        "--styled",
        action="store_true",
        help="with attributes, as the SGR sequences (and OSC 8 links) that draw the row: each "
        "styled stretch of text begins with one sequence and ends with SGR 0; bold 1, dim 2, "
        "italic 3, underline 4 or 4:2 to 4:5, blink 5, reverse 7, hidden 8, strike 9, overline 53, "
        "colours 30-37, 90-97, 38;5;N or 38;2;R;G;B and so on",
    )
    parser.add_argument(
        "--history", action="store_true", help="with what scrolled out of sight, before the screen"
    )
    parser.add_argument("file", metavar="FILE", help="what a program printed; - is standard input")
    return parser


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as source:
        yield source


def _lines(emulator: Emulator, *, attributes: bool, history: bool) -> Iterator[str]:
    """Go through the rows to print, from the oldest on."""
    scrolled = emulator.total_rows - emulator.rows
    row = 0 if history else scrolled
    while not attributes and row < scrolled + emulator.rows:
        yield from (line.text for line in emulator.lines(row, row + _SLICE))
        row += _SLICE
    while row < scrolled + emulator.rows:
        # The view shows a screenful; at the end of the history it can't go on by all of one.
        emulator.scroll_to(row)
        emulator.frame(force=True)
        first = row - min(row, scrolled)
        for y in range(first, emulator.rows):
            yield styled(emulator.row(y))
        row += emulator.rows - first


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"can't read {error.filename or 'standard input'}: {error.strerror}"
    return str(error)


def _size(text: str) -> tuple[int, int]:
    cols, separator, rows = text.lower().partition("x")
    if not (
        separator and cols.isascii() and cols.isdecimal() and rows.isascii() and rows.isdecimal()
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is not COLSxROWS, such as 80x24")
    size = (int(cols[:9]), int(rows[:9]))
    if not (MIN_COLS <= size[0] <= MAX_COLS and MIN_ROWS <= size[1] <= MAX_ROWS):
        raise argparse.ArgumentTypeError(
            f"{text!r} is out of bounds: {MIN_COLS} to {MAX_COLS} columns, {MIN_ROWS} to {MAX_ROWS} rows"
        )
    return size


if __name__ == "__main__":
    sys.exit(main())
