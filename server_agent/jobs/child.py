"""The process of a job: behind a PTY, or behind one pipe for stdout and stderr."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from typing import Optional

from server_agent.jobs import procs

READ = 16 << 10
"""Bytes of one read or write; a terminal has never more than 4 KiB ready."""
BATCH = 128 << 10
"""Bytes that are taken at once at most: input waits no longer than these take."""
MAX_PENDING = 256 << 10
"""Bytes of input that may wait for a program that does not read."""
_F_SETPIPE_SZ = 1031


class Child:
    """A started process; ``fd`` gives its output, and takes its input if it has a PTY."""

    def __init__(self, pid: int, fd: int, pty: bool) -> None:
        self.pid = pid
        self.fd = fd
        self.pty = pty
        self.start = procs.start_time(pid)
        self.open = True
        """Whether more output can come."""
        self.pending = bytearray()
        """Input that the program has not taken yet."""
        os.set_blocking(fd, False)

    def read(self) -> bytes:
        """Return all output that is there, up to ``BATCH`` bytes; ``open`` is false at its end."""
        found = []
        room = BATCH
        while room > 0:
            try:
                data = os.read(self.fd, READ)
            except BlockingIOError:
                break
            except OSError:  # EIO: nobody has the terminal open any more
                data = b""
            if not data:
                self.open = False
                break
            found.append(data)
            room -= len(data)
        return b"".join(found)

    def write(self, data: bytes) -> None:
        """Type input; what the program does not take now waits in ``pending``."""
        if self.pty and self.open:
            self.pending += data
            self.push()

    def push(self) -> None:
        """Write pending input."""
        try:
            while self.pending:
                del self.pending[: os.write(self.fd, self.pending[:READ])]
        except BlockingIOError:
            pass
        except OSError:
            self.pending.clear()

    def end_of_input(self) -> None:
        """Type the end-of-file character."""
        if self.pty and self.open:
            control = termios.tcgetattr(self.fd)[6]
            self.write(bytes(control[termios.VEOF]))

    def resize(self, cols: int, rows: int) -> None:
        """Set the terminal's size; the kernel tells the program."""
        if self.pty:
            try:
                fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            except OSError:
                pass

    def interrupt(self) -> bool:
        """Type the interrupt character; say whether there is a terminal for it."""
        if self.pty and self.open:
            if len(self.pending) < MAX_PENDING:  # else the program does not even read those before
                self.write(bytes(termios.tcgetattr(self.fd)[6][termios.VINTR]))
            return True
        return False

    def reap(self) -> Optional[int]:
        """Return the wait status once the process has ended."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        return status if pid else None


def spawn(
    argv: list[str],
    cwd: str,
    env: dict[str, str],
    *,
    pty: bool,
    cols: int,
    rows: int,
    umask: int,
    relayed: bool = False,
) -> Child:
    """Start a process in a session of its own. What can't be run ends with 126 or 127.

    ``relayed``: it only passes on what is typed, to a terminal where the program itself runs.
    """
    if pty:
        fd, terminal = os.openpty()
        # Before the program is there: later its size may have become another one already.
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        if relayed:
            _take_no_keys(terminal)
        pid = os.fork()
        if not pid:
            try:
                os.setsid()
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
                for handle in (0, 1, 2):
                    os.dup2(terminal, handle)
            except OSError:
                os._exit(126)
            _become(argv, cwd, env, umask)
        os.close(terminal)
        return Child(pid, fd, True)
    fd, output = os.pipe()
    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass
    pid = os.fork()
    if not pid:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _become(argv, cwd, env, umask)
    os.close(output)
    return Child(pid, fd, False)


def _take_no_keys(terminal: int) -> None:
    # What is typed before the relay has done the same itself belongs to the other terminal too:
    # here an end of input would become a NUL, and an interrupt would end the relay alone.
    modes = termios.tcgetattr(terminal)
    modes[0] &= ~(termios.ICRNL | termios.IXON)
    modes[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def _become(argv: list[str], cwd: str, env: dict[str, str], umask: int) -> None:
    # In the child: everything that our own process changed for itself is put back.
    code = 126
    what = cwd
    try:
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.umask(umask)
        os.chdir(cwd or "/")
        what = argv[0]
        os.execvpe(argv[0], argv, env)
    except FileNotFoundError:
        code = 127 if what != cwd else 126
        os.write(2, f"mnix: {what}: there is no such file\n".encode())
    except BaseException as error:  # nothing of the parent's code may run on in the child
        reason = getattr(error, "strerror", None) or str(error)
        os.write(2, f"mnix: {what} can't be run: {reason}\n".encode())
    finally:
        os._exit(code)
