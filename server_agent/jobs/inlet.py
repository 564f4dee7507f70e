"""What a command reads in place of its terminal: a FIFO that a client's pipe is passed on through.

A terminal would take its bytes for keys, drop what is too long for a line, and hold no end of them.
"""

from __future__ import annotations

import errno
import os
import selectors
import stat
from contextlib import suppress
from typing import Callable

from server_agent.jobs.child import READ

_LOOK = 0.02  # seconds between the first two looks whether the command reads
_RARELY = 0.5


class Inlet:
    """The end that is written to. It is opened once the command has opened its own."""

    def __init__(
        self,
        path: str,
        selector: selectors.BaseSelector,
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.pending = bytearray()
        """Bytes that the command has not taken yet."""
        self.taken: Callable[[], None] = lambda: None
        """Called when some of them were taken."""
        self._path = path
        self._selector = selector
        self._later = later
        self._fd = -1
        self._pause = _LOOK
        self._ended = self._closed = False
        self._look()

    def write(self, data: bytes) -> None:
        """Pass bytes on; what the command does not take now waits in ``pending``."""
        if not self._closed:
            self.pending += data
            self._push()

    def end(self) -> None:
        """Let the command see the end, behind all that waits."""
        self._ended = True
        self._push()

    def close(self) -> None:
        """Write no more: nobody reads it."""
        if not self._closed and self._fd < 0:
            self._unlink()
        self._closed = True
        self.pending.clear()
        if self._fd >= 0:
            self._watch(False)
            os.close(self._fd)
            self._fd = -1

    def _unlink(self) -> None:
        with suppress(OSError):
            os.unlink(self._path)

    def _look(self) -> None:
        # Who closes a FIFO before it has a reader takes along what was written, and the end too.
        if self._closed:
            return
        try:
            # It lies where the container writes: a link must lead nowhere.
            found = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO:
                self.close()
                return
            self._later(self._pause, self._look)
            self._pause = min(_RARELY, self._pause * 2)
            return
        self._fd = found
        if not stat.S_ISFIFO(os.fstat(found).st_mode):
            self.close()
            return
        self._unlink()
        self._push()

    def _push(self, _mask: int = 0) -> None:
        if self._fd < 0:
            return
        try:
            while self.pending:
                del self.pending[: os.write(self._fd, self.pending[:READ])]
        except BlockingIOError:
            pass
        except OSError:  # nobody reads any more
            self.close()
        if self._ended and not self.pending:
            self.close()
        self._watch(bool(self.pending))
        self.taken()

    def _watch(self, wanted: bool) -> None:
        watched = self._fd >= 0 and self._fd in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(self._fd, selectors.EVENT_WRITE, self._push)
        elif watched and not wanted:
            self._selector.unregister(self._fd)
