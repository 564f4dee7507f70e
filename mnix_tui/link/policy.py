"""Reconnecting as pure decisions: is it worth trying again, and how long to wait."""

from __future__ import annotations

from mnix_tui.errors import LinkLost, PythonMissing, Refused, Unreachable
from mnix_tui.link.pulse import JUMP

FIRST = 0.5
LONGEST = 30.0
LONGEST_WATCHED = 1.0
SLOW = 30.0
SLOWEST = 600.0


def is_transient(error: BaseException) -> bool:
    """Say whether ``error`` is one of the network's, which come and go."""
    return isinstance(error, (Unreachable, LinkLost))


def is_final(error: BaseException) -> bool:
    """Say whether only a person can mend ``error``; nothing else would try again.

    All else may pass: an agent that was slow, a disk that was full, a server that was just starting.
    """
    return isinstance(error, (Refused, PythonMissing))


def delay(failures: int, *, watched: bool) -> float:
    """Return the seconds to wait after ``failures`` attempts in a row (at least one).

    They double from half a second to 30, or to one while somebody looks at a session there.
    """
    doubled = FIRST * 2 ** (min(max(failures, 1), 10) - 1)
    return float(min(doubled, LONGEST_WATCHED if watched else LONGEST))


def slow_delay(failures: int) -> float:
    """Return the seconds to wait after what no network explains: from half a minute to ten."""
    return float(min(SLOW * 2 ** (min(max(failures, 1), 10) - 1), SLOWEST))


class Nap:
    """A wait that ends early when the machine slept: the network is likely another one then."""

    def __init__(self, seconds: float, now: float, wall: float) -> None:
        """Begin at ``now`` of the monotonic clock, and at ``wall`` of the other."""
        self._end = now + seconds
        self._offset = wall - now

    def left(self, now: float, wall: float) -> float:
        """Return the seconds that are left, 0 when it is over."""
        slept = wall - now - self._offset > JUMP
        return 0.0 if slept else max(0.0, self._end - now)
