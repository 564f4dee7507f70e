"""Which rows were dropped from the oldest end: what makes a row's number last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.terminal.native import History, Pin, Terminal


class Ledger:
    """Counts the rows that a terminal dropped. ``row + dropped`` is a row's lasting number.

    The library tells how many rows there are, and drops a few hundred at a time when it needs
    room. So one row of the history is followed: it can't move but by what is dropped before it.
    """

    def __init__(self, terminal: Terminal, history: History) -> None:
        self._terminal, self._history = terminal, history
        self.dropped = 0
        self.reflows = 0
        """How often lines were wrapped anew: then all numbers before mean nothing any more."""
        self._anchor: Pin | None = None
        self._number = 0
        self._total = history.total()

    def update(self) -> None:
        """Take note of what was dropped. Call it after each feed."""
        if self._terminal.alternate():
            return
        history = self._history
        if self._anchor is not None:
            row = self._anchor.row()
            # A place whose row was erased together with all history says that it is in row 0.
            if row is None or (row == 0 and self._number != self.dropped):
                self.dropped += self._total
                self._anchor = None
            else:
                self.dropped = self._number - row
        scrolled = history.scrolled()
        self._total = scrolled + self._terminal.size[1]
        if scrolled and self._stale(scrolled):
            self._anchor = history.pin(scrolled - 1)
            self._number = scrolled - 1 + self.dropped
        elif not scrolled:
            self._anchor = None

    def _stale(self, scrolled: int) -> bool:
        """Whether to follow a newer row: the one that is followed must never be dropped."""
        return self._anchor is None or self._number - self.dropped < scrolled // 2

    def resized(self, *, reflowed: bool) -> None:
        """Start anew after a resize: rows of the history may be on the screen again."""
        self._anchor = None
        self.reflows += reflowed
        self.update()
