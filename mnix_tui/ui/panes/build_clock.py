"""What time it is in a rebuild's log: its server's clock, which goes on while nothing is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.fleet import BuildWatch


class BuildClock:
    """Goes on from the last time that the log told, as long as the rebuild runs."""

    def __init__(self, watch: BuildWatch, clock: Callable[[], float]) -> None:
        self._watch = watch
        self._clock = clock
        self._version = -1
        self._ahead = 0.0
        """How far the server's clock is ahead of ours, as far as can be seen."""
        self._stopped: float | None = None

    def heard(self) -> None:
        """Take note that the log may have grown."""
        build = self._watch.build
        if build.version == self._version:
            return
        # What was there when we came is of any age: then both clocks are taken for right.
        first = self._version < 0
        ahead = build.now - self._clock()
        self._ahead = max(ahead, 0.0) if first else ahead
        self._version = build.version

    @property
    def now(self) -> float:
        """Seconds, in the log's own time; it stands still while the connection is lost."""
        watch = self._watch
        if not watch.live:
            return watch.build.now
        if watch.down:
            if self._stopped is None:
                self._stopped = self._clock()
            return self._stopped + self._ahead
        self._stopped = None
        return max(self._clock() + self._ahead, watch.build.now)

    @property
    def lost(self) -> float:
        """How many seconds the connection has been lost."""
        return self._clock() - self._stopped if self._stopped is not None else 0.0
