"""How much memory the history of a terminal takes, and keeping it small.

The library keeps a row as 8 bytes a cell, in pages of about 400 kB, and can compress pages that
are out of sight to a few per cent; looking at them restores them. So there are two bounds:

- a shell keeps rows until they would take ``SCROLLBACK_BYTES`` *uncompressed*: 100,000 lines of up
  to 200 columns, coloured or not; of lines full of emoji, 70,000 that wide, and where every other
  cell has a true colour of its own, 35,000;
- all shells together keep at most ``LOOSE_BYTES`` uncompressed, a little more than one shell may.
  Beyond it, whatever feeds a terminal pays for compressing it (0.2 ms a page); else that is done
  when nothing happens (``tidy``).

Measured for 100,000 lines of 200 columns: 155 MiB fresh, 4 to 7 MiB compressed (logs, colours,
wide characters), 28 MiB (emoji); unique true colours 105 MiB for 20,000 lines, 48 MiB compressed.
Ten shells with full histories of logs: 210 MiB at most while they flood, and below 100 MiB after.
What can't be compressed at all is bounded by SCROLLBACK_BYTES a shell.

A limit by lines would be exact, but makes feeding four times slower once it is reached: by bytes,
the library reuses the oldest page.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from mnix_tui.terminal.ledger import Ledger
    from mnix_tui.terminal.native import History, Terminal

SCROLLBACK_BYTES = 192 * 1024 * 1024
"""The most that a shell's history takes before it is compressed."""
SCROLLBACK_LINES = 100_000
"""The lines that a shell keeps at least, if they fit into SCROLLBACK_BYTES."""
LOOSE_BYTES = 208 * 1024 * 1024
"""The most that all terminals of this process keep uncompressed, beside the rows in sight."""

_PAGE_BYTES = 400_000
_SPARE = 2
"""Styles and characters of many code points need up to as much again as plain text."""
_ALL: WeakSet[Memory] = WeakSet()


class Memory:
    """Bounds and compresses one terminal's history."""

    def __init__(
        self, terminal: Terminal, history: History, ledger: Ledger, most: int, lines: int
    ) -> None:
        self._terminal, self._history, self._ledger = terminal, history, ledger
        self._most, self._lines = most, lines
        self._seen = 0
        self.loose = 0
        """About how many bytes of the history are not compressed."""
        self.fit()
        _ALL.add(self)

    def _row_bytes(self, cols: int) -> int:
        return 8 * cols + 24

    def _limit(self, cols: int) -> int:
        wanted = self._lines * self._row_bytes(cols) * _SPARE
        return min(self._most, max(wanted, 4 * _PAGE_BYTES))

    def fit(self) -> None:
        """Set the limit for the terminal's width."""
        self._terminal.limit_history(self._limit(self._terminal.size[0]))

    def before_resize(self, cols: int) -> None:
        """Drop the rows that would not fit once they are ``cols`` wide: the library would wait."""
        now = self._terminal.size[0]
        if cols > now:
            rows = self._limit(cols) // self._row_bytes(cols)
            self._terminal.limit_history(min(self._limit(now), rows * self._row_bytes(now)))

    def after_resize(self) -> None:
        """Take note of another width: all rows were read and written."""
        self.fit()
        self._seen = self._ledger.dropped + self._history.scrolled()
        self.restored(self._history.scrolled())

    def fed(self) -> None:
        """Take note of new rows."""
        seen = self._ledger.dropped + self._history.scrolled()
        rows, self._seen = seen - self._seen, seen
        if rows > 0:
            self.restored(rows)

    def restored(self, rows: int) -> None:
        """Take note of rows that are not compressed (any more); compress if that is too much."""
        size = self._row_bytes(self._terminal.size[0])
        grown = rows * size
        self.loose = min(self.loose + grown, self._history.scrolled() * size)
        if grown and sum(one.loose for one in _ALL) > LOOSE_BYTES:
            self._compress(2 + 2 * grown // _PAGE_BYTES)

    def _compress(self, steps: int) -> None:
        for _ in range(steps):
            if not self._terminal.compress():
                self.loose = 0
                return
            self.loose = max(0, self.loose - _PAGE_BYTES // 2)

    def tidy(self, budget_seconds: float) -> bool:
        """Compress for about so long; return whether all of it is done."""
        deadline = time.perf_counter() + budget_seconds
        while self.loose:
            self._compress(1)
            if time.perf_counter() >= deadline:
                break
        return not self.loose
