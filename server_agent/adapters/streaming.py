"""Running a program whose output goes on to somebody, as it comes."""

from __future__ import annotations

import fcntl
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from typing import Callable, Optional

_F_SETPIPE_SZ = 1031
_READ = 1 << 20
_STEP = 0.02  # seconds between two looks at a process, where its end can't be waited for
_LEFT = 4 << 20
"""Bytes that may still be in a pipe when its program has ended; more comes from somebody else."""


class Stream:
    """A program in a session of its own, with one pipe for all that it prints.

    ``take`` gets the output; what it raises is raised by ``run``.
    """

    def __init__(self, argv: Sequence[str], take: Callable[[bytes], None]) -> None:
        self._take = take
        self._fd, output = os.pipe()
        try:
            with open(os.devnull, "rb") as null:
                self.process = subprocess.Popen(
                    argv, stdin=null, stdout=output, stderr=output, start_new_session=True, cwd="/"
                )
        except BaseException:
            os.close(self._fd)
            raise
        finally:
            os.close(output)
        os.set_blocking(self._fd, False)
        try:
            fcntl.fcntl(self._fd, _F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass  # an ordinary user's pipes may be limited

    def run(self, timeout: Optional[float] = None) -> Optional[int]:
        """Pass everything on until the program has ended; return its exit code (None: too slow).

        Whoever else has the pipe open is not waited for.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._fd, selectors.EVENT_READ)
            ending = _end_of(self.process.pid)
            try:
                if ending is not None:
                    selector.register(ending, selectors.EVENT_READ)
                while self.process.poll() is None:
                    if deadline is not None and time.monotonic() >= deadline:
                        return None
                    wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                    if ending is None:
                        wait = _STEP if wait is None else min(wait, _STEP)
                    for key, _ in selector.select(wait):
                        if key.fd == self._fd and self._pass() is None:
                            selector.unregister(self._fd)
            finally:
                if ending is not None:
                    os.close(ending)
        self._drain()
        return self.process.returncode

    def finish(self, timeout: float) -> None:
        """Pass on the last words of a program that was ended, if it ends; fails never."""
        try:
            if self.run(timeout) is None:
                self.process.kill()
                self.process.wait()
        except BaseException:  # whoever took the output may be gone: that is why it was ended
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Leave the program to itself; what it prints from now on it can't."""
        os.close(self._fd)

    def _pass(self) -> Optional[int]:
        # How many bytes there were; None at the end of the pipe.
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return 0
        if not data:
            return None
        self._take(data)
        return len(data)

    def _drain(self) -> None:
        left = _LEFT
        while left > 0:
            size = self._pass()
            if not size:
                break
            left -= size


def _end_of(pid: int) -> Optional[int]:
    # A handle that becomes readable when the process ends.
    try:
        return int(os.pidfd_open(pid))  # type: ignore[attr-defined,unused-ignore]
    except (AttributeError, OSError):
        return None
