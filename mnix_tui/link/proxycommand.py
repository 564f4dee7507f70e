"""The user's ProxyCommand: a program that is the way to a server, instead of a TCP connection."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import threading

from mnix_tui.errors import ConfigError, NoWay
from mnix_tui.link.preface import shorten

_ASKS = re.compile(
    r"permission denied|passphrase|password|host key verification failed|/dev/tty|authentication",
    re.IGNORECASE,
)
"""What programs say that would have asked somebody, had they a terminal."""
_KEPT = 2048
"""Bytes of what it says on stderr: an error message, most of the time."""
_LAST_WORDS = 0.5
"""Seconds that are waited for the end of what it says, once it ends."""


class ProxyCommand:
    """A running program, with ``line`` to it; its stderr is read, and only its end is kept."""

    def __init__(self, command: str, origin: str) -> None:
        """Start it, as OpenSSH does: in the user's shell. In a thread, because it takes a while."""
        shell = os.environ.get("SHELL") or "/bin/sh"
        self.line, theirs = socket.socketpair()
        self._said = b""
        self._origin = origin or "ProxyCommand"
        try:
            self._process = subprocess.Popen(
                [shell, "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is not for it
            )
        except OSError as error:
            self.line.close()
            raise ConfigError(
                "The ProxyCommand can't be started",
                f"{shell}: {error.strerror}",
                f"look at {origin}",
            ) from error
        finally:
            theirs.close()
        self.line.setblocking(False)
        # A thread, so that it is waited for even if the event loop is over.
        self._attending = threading.Thread(target=self._attend, name="proxy command", daemon=True)
        self._attending.start()

    def said(self) -> str:
        """Return the end of what it said on stderr, in one line."""
        return shorten(self._said.decode("utf-8", "replace").strip(), 300)

    def refusal(self, server: str) -> NoWay | None:
        """Return why there is no way through, in its own words; ``None`` where it has none."""
        if not (said := self.said()):
            return None
        hint = f"see {self._origin}"
        if _ASKS.search(said):
            hint = (
                "a ProxyCommand can't ask anything here: use ProxyJump instead, or ssh-add its key"
                f" ({self._origin})"
            )
        return NoWay(f"{server}: no way through", f"the ProxyCommand says: {said}", hint)

    def end(self) -> None:
        """Have it end; a second call does nothing."""
        self.line.close()
        if self._process.poll() is None:
            try:
                # As ssh does; and one that was started under nohup hears no SIGHUP.
                os.killpg(self._process.pid, signal.SIGHUP)
                os.killpg(self._process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass

    async def over(self) -> None:
        """Wait until all that it said is here; what it left running may hold that up for long."""
        await asyncio.to_thread(self._attending.join, _LAST_WORDS)

    def _attend(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            while data := os.read(stderr.fileno(), 65536):
                self._said = (self._said + data)[-_KEPT:]
        self._process.wait()
