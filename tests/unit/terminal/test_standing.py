"""A shell that stands at its prompt with nothing typed is told from every other."""

import os
import pty
import select
import time
from pathlib import Path

import pytest

from mnix_tui.terminal import Emulator, Standing
from server_agent.core.prompt import PROMPT

SHELL = b"\x1b]133;A\x07[api] /workspace $ \x1b]133;B\x07"
RUNS = b"\r\n\x1b]133;C\x07"
ENDED = b"\x1b]133;D;0\x07"


@pytest.mark.parametrize(
    ("printed", "standing"),
    [
        (b"$ ", Standing.UNKNOWN),
        (SHELL, Standing.PROMPT),
        (b"long ago\r\n" * 40 + SHELL, Standing.PROMPT),
        (SHELL + b"ls", Standing.TYPED),
        (SHELL + b"ls\b\b", Standing.TYPED),
        (SHELL + b"ls\b\b\x1b[K", Standing.PROMPT),
        (SHELL + b"ls" + RUNS, Standing.BUSY),
        (SHELL + b"ls" + RUNS + b"a  b\r\n" + ENDED + SHELL, Standing.PROMPT),
        (SHELL + b"if true\r\n> ", Standing.TYPED),
        (SHELL + b"\r\n", Standing.BUSY),
        (SHELL + b"\x1b[?1049h", Standing.BUSY),
        (SHELL + b"vi" + RUNS + b"\x1b[?1049h\x1b[?1049l" + ENDED + SHELL, Standing.PROMPT),
        (SHELL.replace(b"api", "道路".encode()), Standing.PROMPT),
        (SHELL.replace(b"api", "道路".encode()) + b"x\b", Standing.TYPED),
    ],
)
def test_what_a_shell_does_is_read_from_its_marks(printed: bytes, standing: Standing) -> None:
    emulator = Emulator(40, 10)
    emulator.feed(printed)
    assert emulator.standing is standing


def test_our_own_shell_is_understood_while_it_is_used(tmp_path: Path) -> None:
    rc = tmp_path / "rc"
    rc.write_text(f"PS1='[api] \\w $ '\n{PROMPT}")
    now = tmp_path / "now"
    os.mkfifo(now)
    emulator = Emulator(80, 24)
    pid, fd = pty.fork()
    if not pid:
        os.execvp("bash", ["bash", "--noprofile", "--rcfile", str(rc), "-i"])

    def until(standing: Standing) -> None:
        deadline = time.monotonic() + 10
        while emulator.standing is not standing:
            assert time.monotonic() < deadline, (emulator.standing, emulator.text())
            if select.select([fd], [], [], 0.1)[0]:
                emulator.feed(os.read(fd, 65536))

    try:
        until(Standing.PROMPT)
        os.write(fd, b"read")
        until(Standing.TYPED)
        os.write(fd, b"\x01")  # to the start of the line
        until(Standing.TYPED)
        os.write(fd, b"\x05\r")
        until(Standing.BUSY)
        os.write(fd, b"\n")
        until(Standing.PROMPT)
        os.write(fd, f"(read _ < {now}; echo later) &".encode())
        until(Standing.TYPED)
        os.write(fd, b"\r")
        until(Standing.PROMPT)
        now.write_text("now\n")
        until(Standing.BUSY)  # something was printed behind the prompt
        os.write(fd, b"\r")
        until(Standing.PROMPT)
        os.write(fd, b"exit\r")
    finally:
        os.close(fd)
        os.waitpid(pid, 0)
