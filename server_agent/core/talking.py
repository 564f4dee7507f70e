"""Frames on stdin and stdout, for a conversation in which one end speaks at a time."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from typing import Any, Callable, Optional

from server_agent.control.hello import write_all
from server_agent.protocol import lines
from server_agent.protocol.frames import Frame, FrameReader

_READ = 1 << 20
_F_SETPIPE_SZ = 1031
_GRACE = 5.0


class Gone(Exception):
    """The client went away."""


class Talk:
    """One client, at the other end of stdin and stdout."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self.busy = 0.0
        """Seconds that writing took."""

    @property
    def pending(self) -> bool:
        """Whether something came that was not read yet."""
        return bool(self._frames or self._reader.pending)

    def preface(self, nonce: str, hello: dict[str, Any]) -> None:
        """Say who we are."""
        self.send(lines.preface(nonce, hello))
        _widen()

    def next(self, wait: Optional[Callable[[], Any]] = None) -> Frame:
        """Return the next frame; ``wait`` is called before something is read. Raises ``Gone``."""
        while not self._frames:
            if wait is not None:
                wait()
            try:
                data = os.read(0, _READ)
            except ConnectionError:
                data = b""
            if not data:
                raise Gone
            self._frames.extend(self._reader.feed(data))
        return self._frames.popleft()

    def wait(self, other: int = -1, timeout: Optional[float] = None) -> bool:
        """Wait until the client said something (true), ``other`` is readable, or it takes long."""
        watched = [0] if other < 0 else [0, other]
        return 0 in select.select(watched, [], [], timeout)[0]

    def send(self, data: bytes) -> None:
        """Write all of it. Raises ``Gone``."""
        began = time.monotonic()
        try:
            write_all(1, data)
        except (BrokenPipeError, ConnectionError) as error:
            raise Gone from error
        self.busy += time.monotonic() - began

    def tell(self, last: bytes) -> None:
        """Write what ends the conversation; let the client take it before its words are refused."""
        try:
            self.send(last)
            os.close(1)
            until = time.monotonic() + _GRACE
            while self.wait(timeout=max(0.0, until - time.monotonic())) and os.read(0, _READ):
                if time.monotonic() > until:
                    break
        except (Gone, OSError):
            pass  # nobody is left to tell


def _widen() -> None:
    # Fewer wakings a megabyte; what is no pipe stays as it is.
    import fcntl

    for handle in (0, 1):
        try:
            fcntl.fcntl(handle, _F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass
