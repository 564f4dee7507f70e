"""Noticing that a peer fell silent. Pure: clocks are arguments, and nothing is sent from here.

A line that went dead says nothing at all. So a quiet peer is asked now and then (asyncssh's
keepalive does that), and one that does not answer in time is silent: not lost yet, because most
dead lines come back, but worth telling, and worth dialling a second time.
"""

from __future__ import annotations

PATIENCE = 1.6
"""Keepalive intervals without a byte after which a peer is silent: asked after one, and given
more than half of another for the answer."""
DOUBTED = 2.0
"""Seconds for the answer when somebody waits for it, or after this machine slept."""
JUMP = 3.0
"""Seconds by which the wall clock runs ahead of the monotonic one when the machine slept."""


class Pulse:
    """What was heard of one peer, and when; times are seconds of the monotonic clock."""

    def __init__(self, interval: float, now: float, wall: float) -> None:
        self._limit = PATIENCE * interval
        self._heard = now
        self._asked: float | None = None
        self._offset = wall - now
        self.silent = False

    def hear(self, now: float) -> bool:
        """Take that bytes came; return whether the peer was silent until now."""
        self._heard = now
        self._asked = None
        was, self.silent = self.silent, False
        return was

    def doubt(self, now: float) -> bool:
        """Take that somebody misses an answer; return whether to ask the peer now."""
        if self._asked is not None or now - self._heard < DOUBTED / 2:
            return False
        self._asked = now
        return True

    def slept(self, now: float, wall: float) -> bool:
        """Return whether the machine slept since the last call: what was heard is old then."""
        before, self._offset = self._offset, wall - now
        jumped = self._offset - before > JUMP
        if jumped:
            self._heard = min(self._heard, now - DOUBTED / 2)
        return jumped

    def quiet(self, now: float) -> float:
        """Return the seconds of silence, once they are too many; 0 while all is well."""
        passed = now - self._heard
        missed = self._asked is not None and now - self._asked >= min(DOUBTED, self._limit)
        if not self.silent and (passed >= self._limit or missed):
            self.silent = True
        return passed if self.silent else 0.0
