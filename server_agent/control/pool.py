"""A small pool of threads for requests: concurrent.futures would cost every start 10 ms."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable

WORKERS = 16
MAX_WAITING = 64


class Pool:
    """Runs calls in up to ``WORKERS`` threads, which are started when they are needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: deque[Callable[[], None]] = deque()
        self._threads = 0
        self._busy = 0
        self._closed = False

    def submit(self, call: Callable[[], None]) -> None:
        """Run ``call`` soon; waits while too many wait. ``call`` may not raise."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._calls) < MAX_WAITING or self._closed)
            if self._closed:
                return
            self._calls.append(call)
            if self._busy + len(self._calls) > self._threads < WORKERS:
                self._threads += 1
                threading.Thread(target=self._work, name="request", daemon=True).start()
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Drop what did not begin, and wait for what did: a half-made change helps nobody."""
        with self._changed:
            self._closed = True
            self._calls.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, timeout)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._calls or self._closed)
                if not self._calls:
                    return
                call = self._calls.popleft()
                self._busy += 1
                self._changed.notify_all()
            try:
                call()
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
