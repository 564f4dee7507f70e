"""Who leads a session, and so which size its terminal has."""

from __future__ import annotations

import time
from typing import Callable, Optional

from server_agent.jobs.child import Child

NUDGE = 0.05
"""Seconds for which a program is told another size at least, so that it repaints."""
NUDGE_MOST = 0.25
"""Seconds after which it gets its size back, even if it has drawn nothing."""
_LOOK = 0.02

Size = tuple[int, int]


class Lead:
    """The leading client, and the terminal's size: applied by ``settle``, once for many changes."""

    def __init__(
        self, child: Child, size: Size, later: Callable[[float, Callable[[], None]], None]
    ) -> None:
        self._child = child
        self._later = later
        self._applied = size
        self._nudged_at: Optional[float] = None
        self._drawn = False
        self._told = ("", size)
        self.client = ""
        """The id of the client that leads; "" when nobody does."""
        self.size = size
        """Columns and rows as they should be."""

    def take(self, client: str, size: Optional[Size]) -> None:
        """Let a client lead."""
        self.client = client
        self.size = size or self.size

    def settle(self) -> bool:
        """Apply the size; return whether there is a new leader or size to tell of."""
        cols, rows = self.size
        if self._nudged_at is not None:
            # Programs repaint when their size changes; most do nothing when told the same again.
            cols, rows = (cols, rows - 1) if rows > 1 else (max(1, cols - 1), rows)
        if (cols, rows) != self._applied:
            self._applied = (cols, rows)
            self._child.resize(cols, rows)
        if self._told == (self.client, self.size):
            return False
        self._told = (self.client, self.size)
        return True

    def nudge(self) -> None:
        """Have the program repaint."""
        if self._nudged_at is None:
            self._later(NUDGE, self._restore)
        self._nudged_at = time.monotonic()
        self._drawn = False

    def output(self) -> None:
        """Note that the program draws."""
        self._drawn = True

    def _restore(self) -> None:
        # A change that is taken back before the program looked (inside a container the news of it
        # pass through other processes) is no change: it should have drawn first.
        waited = time.monotonic() - (self._nudged_at or 0.0)
        if waited < NUDGE_MOST and not (self._drawn and waited >= NUDGE):
            self._later(_LOOK, self._restore)
        else:
            self._nudged_at = None
