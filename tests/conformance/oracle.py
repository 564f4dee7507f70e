"""tmux's own screen: what a terminal shows for given bytes, by somebody else's judgement."""

from __future__ import annotations

import os
import re
import select
import subprocess
import tty
from typing import TYPE_CHECKING, NamedTuple

from tests.helpers import settle

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_ASK = b"\x1b[6n"
_ANSWER = re.compile(rb"\x1b\[\d+;\d+R")
_RESET = b"\x18\x1b\\\x1b[?1049l\x1b[?47l\x1bc\x1b[!p\x1b[r\x1b[?6l\x1b[?7h\x1b[H\x1b[2J\x1b[3J"
_SECONDS = 10
CONFIG = """\
set -g status off
set -g default-terminal tmux-256color
set -g history-limit 20000
set -g escape-time 0
set -s exit-empty off
set -g remain-on-exit on
"""


class Captured(NamedTuple):
    """A captured screen: its rows with the SGR sequences that draw them, the cursor's place."""

    rows: list[str]
    cursor: tuple[int, int]


class Oracle:
    """One tmux pane, whose terminal is written to directly: no program is in between."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "oracle.sock"
        self._config = folder / "oracle.conf"
        self._size = (80, 24)
        self._tty = -1

    def __enter__(self) -> Self:
        self._config.write_text(CONFIG)
        self._run("new-session", "-d", "-x", "80", "-y", "24", "tail -f /dev/null")
        path: str = settle(lambda: self._run("display-message", "-p", "#{pane_tty}").strip())
        self._tty = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._tty)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._tty)
        self._run("kill-server")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", str(self._config), *arguments],
            capture_output=True,
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TMUX": ""},
        )
        return done.stdout.decode("utf-8", "replace")

    def reset(self, cols: int, rows: int) -> None:
        """Start anew with an empty screen of this size and no history."""
        self.write(_RESET)
        self.resize(cols, rows)
        self.write(_RESET)
        self._run("clear-history")

    def resize(self, cols: int, rows: int) -> None:
        """Change the size."""
        if (cols, rows) != self._size:
            self._size = (cols, rows)
            self._run("resize-window", "-x", str(cols), "-y", str(rows))

    def write(self, data: bytes) -> None:
        """Feed bytes, and wait until they are interpreted."""
        asked = data.count(_ASK) + 1
        data += _ASK
        answered = b""
        while len(_ANSWER.findall(answered)) < asked:
            readable, writable, _ = select.select(
                [self._tty], [self._tty] if data else [], [], _SECONDS
            )
            if not readable and not writable:
                raise TimeoutError(f"tmux did not answer: {answered!r}")
            if writable:
                data = data[os.write(self._tty, data[:4096]) :]
            if readable:
                answered += os.read(self._tty, 65536)

    def captured(self, *, history: bool = False) -> Captured:
        """Return what is on the screen, with the history before it if asked for."""
        capture = ["capture-pane", "-p", "-e", "-N", *(["-S-"] if history else [])]
        text = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}", ";", *capture)
        first, *rows = text.split("\n")
        x, y = first.split()
        # tmux puts the cursor behind the last column while a wrap is pending.
        return Captured(rows[:-1], (min(int(x), self._size[0] - 1), int(y)))
