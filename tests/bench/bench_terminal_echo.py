"""How much the embedded terminal adds to a key's echo, over a raw PTY.

The app runs on a real PTY, as in a terminal; a key is written to it, and the time counts until
the character that the program echoes is in what the app draws. Beside it: the same program on
the raw PTY, and in tmux where there is one. Then the way in only, while the program floods its
screen: from a key to the program's having read it.

    python -m tests.bench.bench_terminal_echo [KEYS]
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
if __name__ == "__main__" and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.ptys import OnPty, on_pty  # noqa: E402 - found only once ROOT is on the path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CONTROL = re.compile(rb"\x1b(\[[0-9;:?>=$]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|.)")
ECHO = [
    sys.executable,
    "-c",
    "import sys,os,tty\ntty.setraw(0)\nos.write(1,b'ready\\r\\n')\n"
    "while 1:\n c=os.read(0,64)\n os.write(1,b'\\x1b[2;1H'+c)",
]
FLOOD = [
    sys.executable,
    "-c",
    "import sys,os,tty,socket,select\ntty.setraw(0)\n"
    "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.connect(sys.argv[1])\n"
    "line=b''.join(b'\\x1b[3%dm%06d some text of a build log\\r\\n'%(i%8,i) for i in range(200))\n"
    "os.write(1,b'ready\\r\\n')\nos.read(0,1)\n"
    "while 1:\n os.write(1,line)\n"
    " if select.select([0],[],[],0)[0]: s.send(os.read(0,64))",
]


def wait_for(program: OnPty, wanted: bytes, seconds: float = 5.0) -> float:
    """Return the time at which ``wanted`` was seen among the drawn characters."""
    drawn = b""
    deadline = time.perf_counter() + seconds
    while wanted not in _CONTROL.sub(b"", drawn):
        left = deadline - time.perf_counter()
        if left <= 0:
            raise TimeoutError(f"{wanted!r} was not drawn: {drawn[-500:]!r}")
        ready, _, _ = select.select([program.fd], [], [], left)
        if ready:
            drawn += os.read(program.fd, 1 << 16)
    return time.perf_counter()


def echo_times(program: OnPty, keys: int) -> list[float]:
    """Type letters one by one, 15 to 57 ms apart (typing and key repeat), and return each echo's time in ms."""
    times = []
    for number in range(keys):
        letter = LETTERS[number % len(LETTERS)].encode()
        program.quiet(0.015 + number % 7 * 0.007)
        started = time.perf_counter()
        program.write(letter)
        times.append((wait_for(program, letter) - started) * 1000)
    return times


def summary(name: str, times: Sequence[float]) -> str:
    """Format p50, p99 and the worst."""
    cuts = statistics.quantiles(times, n=100)
    return f"{name:<30} p50 {cuts[49]:6.2f} ms  p99 {cuts[98]:6.2f} ms  max {max(times):6.2f} ms"


def widget(command: list[str]) -> list[str]:
    """Return the command that runs ``command`` inside the widget."""
    return [sys.executable, "-m", "tests.ui.terminal.demo", *command]


@contextlib.contextmanager
def tmux(command: list[str]) -> Iterator[list[str]]:
    """Give the command that runs ``command`` inside tmux."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMUX_TMPDIR"] = folder
        try:
            yield ["tmux", "-f", "/dev/null", "new-session", *command]
        finally:
            subprocess.run(["tmux", "kill-server"], capture_output=True, check=False)
            del os.environ["TMUX_TMPDIR"]


def measure(name: str, command: list[str], keys: int) -> list[float]:
    """Run a command on a PTY, measure its echo and print it."""
    with on_pty(command, environment(), cols=120, rows=40) as program:
        wait_for(program, b"ready", 20)
        echo_times(program, 10)
        times = echo_times(program, keys)
    print(summary(name, times), flush=True)
    return times


def flooded(keys: int) -> None:
    """Measure the way in while the screen is flooded, and print it."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/keys"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as arrived:
            arrived.bind(path)
            with on_pty(widget([*FLOOD, path]), environment(), cols=120, rows=40) as program:
                wait_for(program, b"ready", 20)
                program.write(b"!")
                times = [_arrival(program, arrived, number) for number in range(keys)]
    print(summary("key to program, in a flood", times), flush=True)


def _arrival(program: OnPty, arrived: socket.socket, number: int) -> float:
    pause = time.perf_counter() + 0.02 + number % 7 * 0.003
    while time.perf_counter() < pause:
        program.read(0.005)
    letter = LETTERS[number % len(LETTERS)].encode()
    program.seen.clear()
    started = time.perf_counter()
    program.write(letter)
    while not select.select([arrived], [], [], 0)[0]:
        program.read(0.0005)  # a terminal that isn't read stops the app
    assert arrived.recv(64) == letter
    return (time.perf_counter() - started) * 1000


def environment() -> dict[str, str]:
    """Return the environment of what is measured."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), TERM="xterm-256color")
    environment.pop("TMUX", None)
    return environment


def main(keys: int) -> int:
    """Print all measurements and whether the targets are met."""
    raw = measure("raw pty", ECHO, keys)
    inside = measure("in the widget", widget(ECHO), keys)
    if shutil.which("tmux"):
        with tmux(ECHO) as command:
            measure("in tmux", command, keys)
    os.environ["DEMO_HIDDEN_FLOODS"] = "5"
    beside = measure("in the widget, 5 others flood", widget(ECHO), keys)
    del os.environ["DEMO_HIDDEN_FLOODS"]
    flooded(keys)
    rank: Callable[[list[float], int], float] = lambda times, cut: statistics.quantiles(  # noqa: E731
        times, n=100
    )[cut - 1]
    met = True
    for what, times, targets in (
        ("added", inside, (2, 10)),
        ("added while 5 others flood", beside, (4, 30)),
    ):
        p50, p99 = (rank(times, cut) - rank(raw, cut) for cut in (50, 99))
        met = met and p50 <= targets[0] and p99 <= targets[1]
        wanted = f"(targets {targets[0]} and {targets[1]})"
        print(f"{what}: p50 {p50:.2f} ms, p99 {p99:.2f} ms {wanted}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
