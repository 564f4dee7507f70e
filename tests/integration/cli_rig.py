"""``mnix`` as a person runs it: a process, its terminal or its pipes, its exit code."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.helpers.settle import settle

SERVER_TOML = (
    'base_image = "localhost/mnix-base"\n'
    'nix_conf = ["substituters =", "flake-registry =", "sandbox = false"]\n'
)


class Mnix:
    """Runs the command line in one environment and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, *argv: str, stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "mnix_tui", *argv],
            cwd=self.folder,
            env=self.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # else it asks on the terminal that the tests run on
        )

    @property
    def env(self) -> dict[str, str]:
        repo = Path(__file__).parent.parent.parent
        return {**os.environ, "PYTHONPATH": str(repo)}

    def run(
        self, *argv: str, code: int | None = 0, stdin: bytes = b"", timeout: float = 90
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end; ``code`` is the exit code that it must have."""
        process = self.start(*argv, stdin=subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError((argv, "took too long", out[-2000:], err[-2000:])) from None
        assert code is None or process.returncode == code, (argv, process.returncode, out, err)
        assert b"Traceback" not in err, err.decode()
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def out(self, *argv: str, stdin: bytes = b"") -> str:
        """Run a command that works, and return what it printed."""
        return self.run(*argv, stdin=stdin).stdout.decode()

    def ls(self) -> dict[str, dict[str, Any]]:
        """Return the projects of ``ls --json`` by their refs."""
        found = json.loads(self.out("ls", "--json"))
        return {f"{each['name']}@{each['server']}": each for each in found["projects"]}

    def terminal(self, *argv: str) -> "Terminal":
        """Start a command on a terminal of its own."""
        return Terminal([sys.executable, "-m", "mnix_tui", *argv], self)


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, argv: Sequence[str], mnix: Mnix) -> None:
        self.fd, side = pty.openpty()
        termios.tcsetwinsize(self.fd, (30, 100))
        # setsid of util-linux makes the terminal the controlling one: Ctrl-C reaches the command.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *argv],
            cwd=mnix.folder,
            env={**mnix.env, "TERM": "xterm-256color"},
            stdin=side,
            stdout=side,
            stderr=side,
        )
        os.close(side)
        self.seen = b""

    def _read(self) -> bytes:
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.seen += data
        return self.seen

    def wait_for(self, text: str, timeout: float = 30) -> None:
        """Wait until the text was printed, and forget all up to it."""
        wanted = text.encode()

        def there() -> bytes:
            return self._read() if wanted in self._read() else b""

        settle(there, timeout=timeout, what=f"{text!r} after {self.seen[-500:]!r}")
        self.seen = self.seen.partition(wanted)[2]

    def type(self, data: bytes) -> None:
        os.write(self.fd, data)

    def resize(self, cols: int, rows: int) -> None:
        """Change the terminal's size; the kernel tells who runs on it."""
        termios.tcsetwinsize(self.fd, (rows, cols))

    def exit_code(self, timeout: float = 30) -> int:
        """Wait for the end."""

        def ended() -> bool:
            self._read()
            return self.process.poll() is not None

        settle(ended, timeout=timeout, what="the command's end")
        self._read()
        assert b"Traceback" not in self.seen, self.seen.decode()
        return int(self.process.returncode)

    def close(self) -> None:
        """End the command, if it still runs: its terminal goes away."""
        os.close(self.fd)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
