"""How much work a peer may make that speaks unasked: a share of the time, and a little at once."""

from __future__ import annotations

import time

SHARE = 0.1
"""Of one processor, in the long run."""
BURST = 0.5
"""Seconds of work that may come at once."""


class Pace:
    """Counts the work that was done, and says how long to rest after it."""

    def __init__(self) -> None:
        self._done = 0.0
        self._at = time.monotonic()

    def rest(self, work: float) -> float:
        """Take that so many seconds of work were done; return how long nothing more is taken."""
        now = time.monotonic()
        self._done = max(0.0, self._done - (now - self._at) * SHARE) + work
        self._at = now
        return max(0.0, self._done - BURST) / SHARE
