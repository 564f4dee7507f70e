"""Waiting, and being told when one of some processes ends: by the kernel, where it can do that."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterable

from server_agent.jobs import procs

Life = tuple[int, str]
"""A process by its pid and its start time."""
_MOST = 256
"""Processes that the kernel is asked to tell of; the others are looked at each time."""


class Lives:
    """Follows processes. One thread follows and waits; any may wake it."""

    def __init__(self) -> None:
        self._reader, self._sender = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._sender, False)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)
        self._handles: dict[Life, int] = {}
        self._by_handle: dict[int, Life] = {}
        self._looked: dict[Life, bool] = {}
        self._lock = threading.Lock()
        self._ended = 0

    def follow(self, wanted: Iterable[Life]) -> None:
        """Follow these processes, and no others any more."""
        lives = {life for life in wanted if life[0]}
        for life in set(self._handles) - lives:
            self._forget(life)
        looked = {}
        for life in lives - set(self._handles):
            if life in self._looked or not self._open(life):
                lived = self._looked.get(life, True)
                looked[life] = procs.alive(*life)
                self._ended += lived and not looked[life]
        self._looked = looked

    def ended(self) -> int:
        """Return a number that is another one whenever something that was followed has ended."""
        for life, lived in self._looked.items():
            lives = procs.alive(*life)
            if lived != lives:
                self._looked[life] = lives
                self._ended += 1
        return self._ended

    def wait(self, seconds: float) -> None:
        """Wait until ``wake``, until a process ends, or for so long."""
        for handle, _ in self._poll.poll(max(0.0, seconds) * 1000):
            life = self._by_handle.get(handle)
            if life is not None:
                self._forget(life)
                self._ended += 1
            elif handle == self._reader:
                os.read(self._reader, 4096)

    def wake(self) -> None:
        """Have ``wait`` return now."""
        with self._lock:
            try:
                os.write(self._sender, b"x")
            except OSError:
                pass  # full: it wakes anyway; or closed

    def close(self) -> None:
        """Follow nothing any more. The thread that waits calls this."""
        self.follow(())
        with self._lock:
            os.close(self._reader)
            os.close(self._sender)
            self._sender = -1

    def _open(self, life: Life) -> bool:
        if len(self._handles) >= _MOST:
            return False
        try:
            handle = os.pidfd_open(life[0])
        except (AttributeError, OSError):
            return False  # an old kernel, another system, or it has ended
        if not procs.alive(*life):  # somebody else has that pid by now
            os.close(handle)
            return False
        self._handles[life] = handle
        self._by_handle[handle] = life
        self._poll.register(handle, select.POLLIN)
        return True

    def _forget(self, life: Life) -> None:
        handle = self._handles.pop(life)
        del self._by_handle[handle]
        self._poll.unregister(handle)
        os.close(handle)
