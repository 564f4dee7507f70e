"""How many bytes of a stream may be on their way: as few as fill the line. Pure.

What is on its way delays every key that is typed meanwhile, so a window is small at first. Over a
line with a long round trip a small one wastes most of the line: so while a stream floods, its
window is doubled for as long as that makes it faster. Once the past is caught up with (``calm``),
also only as far as it costs a key little.
"""

from __future__ import annotations

SMALLEST = 64 << 10
LARGEST = 2 << 20
PAYS = 1.25
"""How much faster a doubled window has to be, to be worth its delay."""
ROUND = 4
"""Windows of bytes over which the speed is measured."""
DELAY = 0.03
"""Seconds that a calm stream may delay what else is on the line."""
IDLE = 0.5
"""Seconds without a byte after which a flood is over."""


class Window:
    """Follows one stream, and says how large its window should be."""

    def __init__(self, now: float) -> None:
        self.size = SMALLEST
        self._began = self._last = now
        self._count = 0
        self._before = 0.0  # the speed with half the window
        self._missed = False
        self._settled = False
        self._speed = 0.0
        self._calm = False

    def calm(self) -> int:
        """Take that nobody waits for the past any more; return the size from now on."""
        self._calm, self._settled = True, False
        self._shrink()
        return self.size

    def take(self, count: int, now: float) -> int:
        """Take that ``count`` bytes came at ``now``; return the size from now on."""
        if now - self._last > IDLE:
            self.size, self._before = SMALLEST, 0.0
            self._missed = self._settled = False
            self._began, self._count = now, 0
        self._last = now
        self._count += count
        if not self._settled and self._count >= ROUND * self.size:
            self._judge(self._count / max(now - self._began, 1e-6))
            self._began, self._count = now, 0
        return self.size

    @property
    def _most(self) -> int:
        if not self._calm:
            return LARGEST
        return min(LARGEST, max(SMALLEST, int(self._speed * DELAY)))

    def _shrink(self) -> None:
        while self.size > self._most:
            self.size //= 2

    def _judge(self, speed: float) -> None:
        self._speed = speed
        self._shrink()
        if self._calm:
            if self.size * 2 <= self._most:
                self.size *= 2
        elif speed < PAYS * self._before:
            if self._missed:
                self.size, self._settled = max(SMALLEST, self.size // 2), True
            self._missed = True  # once may be a hiccup: it is measured again
        elif self.size * 2 <= self._most:
            self.size, self._before, self._missed = self.size * 2, speed, False
