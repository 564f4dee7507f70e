"""The log of a rebuild: its own stdout, which goes to the job's holder."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from typing import Any, Optional

from server_agent.core.relay import Relay

_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EBADF)


class ReaderGone(BaseException):
    """Nobody takes the log any more: its holder was killed."""


class RelayLog:
    """Writes a rebuild's log, for several threads at once."""

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self._relay = Relay()
        self._lock = threading.RLock()
        self.deaf = False
        """Whether a reader that is gone is no reason to stop: at the end, when all is over."""
        self.lost = 0
        """Bytes that could not be written, because the disk was full."""

    def say(self, line: str) -> None:
        """Write a line for people."""
        with self._lock:
            self._write(self._relay.text(line, time.time()))

    def tell(self, **value: Any) -> None:
        """Write an object for programs."""
        with self._lock:
            self._write(self._relay.ours(value, time.time()))

    def phase(self, name: str) -> None:
        """Say what the rebuild is at."""
        self.tell(action="phase", phase=name)

    def later(self, value: dict[str, Any] | str) -> None:
        """Write an object, or a line for people, with whatever is written next."""
        with self._lock:
            self._relay.later(value)

    def feed(self, data: bytes) -> None:
        """Pass on what a program printed."""
        with self._lock:
            self._write(self._relay.feed(data, time.time()))

    @contextlib.contextmanager
    def plain(self) -> Iterator[None]:
        """Whatever is fed meanwhile is text, whatever it looks like."""
        with self._lock:
            self._write(self._relay.fence(os.urandom(16).hex(), time.time()))
        try:
            yield
        finally:
            with self._lock:
                self._write(self._relay.unfence(time.time()))

    def result(self, ok: bool, generation: Optional[int], changed: bool, message: str) -> None:
        """Write the last line."""
        self.tell(action="result", ok=ok, generation=generation, changed=changed, message=message)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except OSError as error:
                if error.errno in _GONE:
                    if self.deaf:
                        return
                    raise ReaderGone from error
                self.lost += len(rest)  # a log on a full disk: the rebuild itself may have room
                return
