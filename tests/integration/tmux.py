"""A terminal that can be looked at: one tmux server of our own, one program on its only pane."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.helpers.settle import settle


class Tmux:
    """Runs a program on a terminal of a given size, types, and reads the screen."""

    def __init__(
        self, argv: Sequence[str], *, cols: int, rows: int, env: dict[str, str], cwd: Path
    ) -> None:
        self._name = f"mnix-test-{os.getpid()}-{id(self):x}"
        wanted = {**env, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        for name in ("TMUX", "TMUX_PANE"):
            wanted.pop(name, None)
        size = ["-x", str(cols), "-y", str(rows)]
        # What a program said last can be read when it has ended: the terminal outlives it.
        keep = ["set-option", "-g", "remain-on-exit", "on"]
        start = ["new-session", "-d", *size, "-c", str(cwd), "--", *argv]
        self._run(*start, ";", *keep, env=wanted)

    def _run(self, *argv: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *argv]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=10
        )
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout

    def screen(self) -> str:
        """Return what the terminal shows."""
        return self._run("capture-pane", "-p")

    def line(self, text: str) -> str:
        """Return the line with a text, with its colours as escape sequences."""
        lines = self._run("capture-pane", "-p", "-e").splitlines()
        return next((line for line in lines if text in line), "")

    def ask(self, form: str) -> str:
        """Return what tmux knows of the terminal: ``#{cursor_flag}``, say."""
        return self._run("display-message", "-p", form).rstrip("\n")

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names: Enter, Tab, C-c, Right, q."""
        self._run("send-keys", *names)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._run("send-keys", "-l", text)

    def resize(self, cols: int, rows: int) -> None:
        """Give the terminal another size."""
        self._run("resize-window", "-x", str(cols), "-y", str(rows))

    def wait_for(self, text: str, timeout: float = 30) -> str:
        """Wait until the screen shows the text; return the screen."""
        try:
            return settle(
                lambda: screen if text in (screen := self.screen()) else "", timeout=timeout
            )
        except AssertionError:
            raise AssertionError(f"{text!r} never came; the screen:\n{self.screen()}") from None

    def wait_gone(self, text: str, timeout: float = 15) -> str:
        """Wait until the screen no longer shows the text; return the screen."""
        try:
            return settle(
                lambda: screen if text not in (screen := self.screen()) else "", timeout=timeout
            )
        except AssertionError:
            raise AssertionError(f"{text!r} stays; the screen:\n{self.screen()}") from None

    def close(self) -> None:
        """End the program and its terminal."""
        subprocess.run(
            ["tmux", "-L", self._name, "kill-server"], capture_output=True, check=False, timeout=10
        )
