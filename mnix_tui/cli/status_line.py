"""One line of ours at the bottom of a terminal whose screen belongs to a session."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError

if TYPE_CHECKING:
    from mnix_tui.terminal.grid import Colour, Row, Style

KEPT = 512 << 10
"""Bytes of output that are kept, to know what is below the line."""


class StatusLine:
    """Says what has to be written to show a line, and to put back what it hid.

    What it hid is what the session's last output drew there: that is fed to an emulator, once,
    when the line goes away.
    """

    def __init__(self) -> None:
        self.text = ""
        self._kept: deque[bytes] = deque()
        self._size = 0

    def output(self, data: bytes) -> None:
        """Take output on its way to the terminal."""
        self._kept.append(data)
        self._size += len(data)
        while self._size - len(self._kept[0]) >= KEPT:
            self._size -= len(self._kept.popleft())

    def show(self, text: str, cols: int, rows: int) -> bytes:
        """Return what shows ``text``: the cursor and its colours stay as they are."""
        self.text = text
        line = f" {text} "[: max(1, cols - 1)].ljust(max(1, cols - 1)).encode()
        return b"\x1b7\x1b[?6l\x1b[%d;1H\x1b[0;7m%b\x1b[0m\x1b[K\x1b8" % (rows, line)

    def hide(self, cols: int, rows: int, *, alternate: bool) -> bytes:
        """Return what takes the line away."""
        if not self.text:
            return b""
        self.text = ""
        below = self._below(cols, rows, alternate)
        return b"\x1b7\x1b[?6l\x1b[%d;1H\x1b[0m\x1b[2K%b\x1b[0m\x1b8" % (rows, below)

    def _below(self, cols: int, rows: int, alternate: bool) -> bytes:
        try:
            from mnix_tui.terminal import Emulator

            emulator = Emulator(cols, rows)
        except MnixError:  # no emulator on this platform: the program draws it again some day
            return b""
        if alternate:
            emulator.feed(b"\x1b[?1049h")
        for data in self._kept:
            emulator.feed(data)
        emulator.frame()
        return row_bytes(emulator.row(rows - 1))


def row_bytes(row: Row) -> bytes:
    """Return what draws a row, without the blanks at its end."""
    out = b""
    pending = b""
    for run in row:
        drawn = b"\x1b[0%bm%b" % (_attributes(run.style), run.text.encode())
        plain = not run.text.strip(" ") and run.style == type(run.style)()
        if plain:
            pending += drawn
        else:
            out += pending + drawn
            pending = b""
    return out


_FLAGS = (
    ("bold", 1),
    ("dim", 2),
    ("italic", 3),
    ("blink", 5),
    ("reverse", 7),
    ("hidden", 8),
    ("strike", 9),
    ("overline", 53),
)


def _attributes(style: Style) -> bytes:
    parts = [b";%d" % number for name, number in _FLAGS if getattr(style, name)]
    if style.underline:
        parts.append(b";4")
    return b"".join(parts) + _colour(38, style.foreground) + _colour(48, style.background)


def _colour(which: int, colour: Colour) -> bytes:
    if colour is None:
        return b""
    if isinstance(colour, int):
        return b";%d;5;%d" % (which, colour)
    return b";%d;2;%d;%d;%d" % (which, *colour)
