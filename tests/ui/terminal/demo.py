"""A terminal around a local program: ``python -m tests.ui.terminal.demo [COMMAND…]``.

With DEMO_HIDDEN_FLOODS=5, five more terminals that nobody sees take floods meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from pathlib import Path

from textual import on, work
from textual.app import App, ComposeResult

from mnix_tui.ui.input.driver import TerminalDriver
from mnix_tui.ui.pauses import keep_pauses_short
from mnix_tui.ui.terminal.view import TerminalView

STYLES = Path(__file__).parents[3] / "styles" / "terminal.tcss"
READ_BYTES = 32 * 1024


class LocalProgram:
    """A program on a PTY, read through the event loop."""

    def __init__(
        self, command: list[str], cols: int, rows: int, environment: dict[str, str] | None = None
    ) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            _set_size(0, cols, rows)
            variables = dict(os.environ, TERM="xterm-256color", **(environment or {}))
            for name in ("TMUX", "TMUX_PANE", "LINES", "COLUMNS"):
                variables.pop(name, None)
            with contextlib.suppress(OSError):
                os.execvpe(command[0], command, variables)
            os._exit(127)
        os.set_blocking(self.fd, False)
        self._unsent = b""

    def write(self, data: bytes) -> None:
        """Type something."""
        self._unsent += data
        self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[os.write(self.fd, self._unsent) :]
        if self._unsent:
            loop.add_writer(self.fd, self._flush)
        else:
            loop.remove_writer(self.fd)

    def resize(self, cols: int, rows: int) -> None:
        """Tell the program its size."""
        _set_size(self.fd, cols, rows)

    async def read(self) -> bytes:
        """Return some output; empty when the program has ended."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return self._read_some()
            except BlockingIOError:
                readable = loop.create_future()
                loop.add_reader(self.fd, readable.set_result, None)
                try:
                    await readable
                finally:
                    loop.remove_reader(self.fd)
            except OSError:
                return b""

    def _read_some(self) -> bytes:
        # The kernel gives 4 KiB of a PTY at a time.
        data = os.read(self.fd, READ_BYTES)
        with contextlib.suppress(OSError):
            while 0 < len(data) < READ_BYTES and (more := os.read(self.fd, READ_BYTES)):
                data += more
        return data

    def close(self) -> None:
        """End the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def _set_size(fd: int, cols: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


class DemoApp(App[None]):
    """One terminal, full screen; the leader, then q, ends it, and then [ is copy mode."""

    CSS_PATH = STYLES
    CSS = ".-hidden { display: none; }"

    def __init__(
        self, command: list[str], environment: dict[str, str] | None = None, hidden: int = 0
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.command = command
        self.hidden = hidden
        self.environment = environment
        self.program: LocalProgram | None = None
        self.messages: list[object] = []

    def compose(self) -> ComposeResult:
        yield TerminalView(id="shown")
        for _ in range(self.hidden):
            yield TerminalView(classes="-hidden")

    @property
    def view(self) -> TerminalView:
        return self.query_one("#shown", TerminalView)

    def on_mount(self) -> None:
        self.view.focus()
        for view in self.query(".-hidden").results(TerminalView):
            self.run_worker(flood(view), group="floods", exit_on_error=False)

    def on_ready(self) -> None:
        keep_pauses_short()

    @on(TerminalView.Resized)
    def start_or_resize(self, message: TerminalView.Resized) -> None:
        if self.program is None:
            size = (message.cols, message.rows)
            self.program = LocalProgram(self.command, *size, self.environment)
            self.view.set_sink(self.program.write)
            self.pump()
        else:
            self.program.resize(message.cols, message.rows)

    @work(group="program", exclusive=True)
    async def pump(self) -> None:
        assert self.program is not None
        while data := await self.program.read():
            await self.view.feed(data)
        self.view.set_dimmed(True)

    @on(TerminalView.LeaderKey)
    def leader(self, message: TerminalView.LeaderKey) -> None:
        self.messages.append(message)
        if message.key == "q":
            self.exit()
        elif message.key == "left_square_bracket":
            self.view.copy_mode()

    @on(TerminalView.TitleChanged)
    @on(TerminalView.Bell)
    def note(self, message: object) -> None:
        self.messages.append(message)

    def on_unmount(self) -> None:
        if self.program is not None:
            self.program.close()


async def flood(view: TerminalView) -> None:
    """Feed a terminal all that it takes."""
    lines = b"".join(b"\x1b[3%dm%06d some text of a build log\r\n" % (n % 8, n) for n in range(400))
    while not view._intake.closed:
        await view.feed(lines)


if __name__ == "__main__":
    hidden = int(os.environ.get("DEMO_HIDDEN_FLOODS", "0"))
    DemoApp(sys.argv[1:] or ["bash"], hidden=hidden).run()
