"""One line of ours at the bottom of a terminal whose screen belongs to a session."""

from __future__ import annotations

from collections import deque

from mnix_tui.cli.output import width
from mnix_tui.errors import MnixError

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
        line = _fitting(f" {text} ", cols - 1).encode()
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
            from mnix_tui.terminal.sgr import styled

            emulator = Emulator(cols, rows)
        except MnixError:  # no emulator on this platform: the program draws it again some day
            return b""
        if alternate:
            emulator.feed(b"\x1b[?1049h")
        for data in self._kept:
            emulator.feed(data)
        emulator.frame()
        return styled(emulator.row(rows - 1)).encode()


def _fitting(text: str, cells: int) -> str:
    """Return text that takes so many cells: one more, and the screen would scroll."""
    while text and width(text) > cells:
        text = text[:-1]
    return text + " " * (cells - width(text))
