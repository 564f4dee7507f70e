"""When to draw the next frame. Pure."""

from __future__ import annotations

FOCUSED_SECONDS = 1 / 60
UNFOCUSED_SECONDS = 1 / 10
REPLAY_SECONDS = 1 / 10
_AHEAD = 2
"""Frames that may come early after a pause: an echo never waits because one was just drawn."""
_SHARE = 0.15
"""How much of the time may go into drawing while output floods."""
_TYPING_SHARE = 0.5
_TYPING_SECONDS = 0.25
"""How long after a key its echo is awaited, and drawn with less of a pause."""
_MEMORY = 0.3


class Pace:
    """Keeps frames from being too many or too costly; times are monotonic seconds."""

    def __init__(self) -> None:
        self.drawn_at = 0.0
        self._cost = 0.0
        self._typed_at = -1.0
        self._spent = 0.0
        """Up to when the frames that were drawn use up the rate that is allowed."""

    def typed(self, now: float) -> None:
        """Note that a key went to the program."""
        self._typed_at = now

    def replays(self, now: float) -> None:
        """Note that history is about to come: for a while, only its end is worth a frame."""
        self.drawn_at = now

    def drawn(self, now: float, cost: float, *, focused: bool = True) -> None:
        """Note a frame that is done, and the processor time it took: so will the next one.

        Time in which a busy machine ran something else is no reason to draw less often.
        """
        self.drawn_at = now
        self._spent = max(self._spent, now - cost) + _shortest(focused)
        self._cost += _MEMORY * (cost - self._cost)

    def wait(self, now: float, *, focused: bool, replaying: bool = False) -> float:
        """Return the seconds until the next frame may be drawn; 0 or less is now."""
        share = _TYPING_SHARE if now - self._typed_at < _TYPING_SECONDS else _SHARE
        if replaying:
            return self.drawn_at + REPLAY_SECONDS - now
        free = self._spent - _AHEAD * _shortest(focused) if focused else self._spent
        return max(free, self.drawn_at + self._cost * (1 / share - 1)) - now


def _shortest(focused: bool) -> float:
    return FOCUSED_SECONDS if focused else UNFOCUSED_SECONDS
