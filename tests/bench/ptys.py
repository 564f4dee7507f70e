"""Programs on a pseudo-terminal, as the benchmarks drive them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class OnPty:
    """A program on its own PTY: write keys, read what it prints."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd
        self.seen = bytearray()

    def write(self, data: bytes) -> None:
        """Type ``data``."""
        os.write(self.fd, data)

    def read(self, timeout: float) -> bytes:
        """Return what it prints next, or b"" after ``timeout`` seconds or at its end."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return b""
        with contextlib.suppress(OSError):
            data = os.read(self.fd, 1 << 16)
            self.seen += data
            return data
        return b""

    def until(self, wanted: bytes, timeout: float = 60.0) -> None:
        """Read until ``wanted`` was printed; raise ``TimeoutError`` with the end of the output."""
        deadline = time.monotonic() + timeout
        while wanted not in self.seen:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{wanted!r} did not come: {bytes(self.seen[-1500:])!r}")
            self.read(left)

    def forget(self) -> None:
        """Forget what was read so far."""
        self.seen.clear()

    def quiet(self, seconds: float = 0.3) -> None:
        """Read until nothing comes for ``seconds``."""
        while self.read(seconds):
            pass


@contextlib.contextmanager
def on_pty(
    argv: Sequence[str], env: Mapping[str, str], cols: int = 120, rows: int = 36
) -> Iterator[OnPty]:
    """Run ``argv`` on a PTY of this size; it is ended on leaving."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], list(argv), dict(env))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    program = OnPty(pid, fd)
    try:
        yield program
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            program.read(0.05)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                break
        os.close(fd)


def echo_times(program: OnPty, keys: int, gap: float = 0.03) -> list[float]:
    """Type single letters and return how long each took to come back, in seconds.

    Letters alternate, so that a screen that draws only what changed must draw each of them.
    """
    times = []
    program.quiet()
    for index in range(keys):
        letter = b"xyzw"[index % 4 : index % 4 + 1]
        program.forget()
        start = time.perf_counter()
        program.write(letter)
        while letter not in program.seen:
            if not program.read(2.0):
                raise TimeoutError(f"the key {letter!r} was not echoed")
        times.append(time.perf_counter() - start)
        if index % 40 == 39:
            program.write(b"\x15")  # ctrl+u: the line stays short
            program.quiet(0.1)
        program.read(gap)
    return times
