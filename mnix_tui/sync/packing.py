"""Whether files arrive sooner when they are packed: found out by trying, while they are sent. Pure.

What is slow may be the line, this machine, or the server's disk; only of the first does packing help.
"""

from __future__ import annotations

WINDOW = 0.4
"""Seconds over which the speed is measured."""
LARGEST = 32 << 20
"""Bytes of files after which a window ends earlier."""
BETTER = 1.15
"""How much faster the other way must be to be kept."""
_FIRST, _LAST = 1, 16


class Packing:
    """Tries the other way now and then, for one window, and keeps what is faster."""

    def __init__(self, done: int, now: float) -> None:
        self.pack = False
        self._begun, self._done, self._waited = now, done, 0.0
        self._trying = False
        self._rates = {False: 0.0, True: 0.0}
        self._left = self._pause = _FIRST

    def wrote(self, done: int, waited: float, now: float) -> bool:
        """Take how many bytes of files were sent so far, and how long the line was waited for.

        Returns whether to pack what comes next.
        """
        self._waited += waited
        passed = now - self._begun
        if passed >= WINDOW or done - self._done >= LARGEST:
            self._judge((done - self._done) / max(passed, 1e-6), self._waited > passed / 2)
            self._begun, self._done, self._waited = now, done, 0.0
        return self.pack

    def _judge(self, rate: float, line_is_slow: bool) -> None:
        self._rates[self.pack] = rate
        if self._trying:
            self._trying = False
            if rate < self._rates[not self.pack] * BETTER:
                self.pack = not self.pack
            return
        if not line_is_slow and not self.pack:
            return  # files are read no faster than they go
        self._left -= 1
        if self._left <= 0:
            self._pause = min(_LAST, self._pause * 2)
            self._left = self._pause
            self._trying, self.pack = True, not self.pack
