"""What the container engine tells: its events, from one child process."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import Callable, Optional

APART = 0.5
"""Seconds between two pokes: an engine with much to tell should not keep us busy."""
RETRY = (2.0, 5.0, 15.0, 60.0)
_POLL = 2.0
_EVENTS = ("start", "died", "remove", "rename", "create", "pause", "unpause")


class EngineEvents:
    """Calls ``poke`` whenever a container changed; every 2 s where the engine tells no events."""

    def __init__(self, poke: Callable[[], None]) -> None:
        self._poke = poke
        self._closed = threading.Event()
        self._process: Optional[subprocess.Popen[bytes]] = None
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    def close(self) -> None:
        """Stop following."""
        self._closed.set()
        process = self._process
        if process and process.stdin:
            try:
                process.stdin.close()
            except OSError:
                pass

    def _run(self) -> None:
        tries = 0
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                self._follow()
            except FileNotFoundError:
                return  # no engine: nothing to follow
            except OSError:
                pass
            tries = 0 if time.monotonic() - began > 60 else tries + 1
            until = time.monotonic() + RETRY[min(tries, len(RETRY)) - 1]
            while not self._closed.is_set() and time.monotonic() < until:
                self._poke()
                self._closed.wait(_POLL)

    def _follow(self) -> None:
        from server_agent.core import config

        binary = config.load().podman_binary
        filters = [part for event in _EVENTS for part in ("--filter", f"event={event}")]
        # The shell ends it when our end of its stdin goes, so that it never outlives us.
        script = (
            '"$@" </dev/null & child=$!; exec >/dev/null; '
            'trap "kill $child 2>/dev/null" EXIT; trap "exit 0" TERM; read -r _'
        )
        with subprocess.Popen(
            [
                "sh",
                "-c",
                script,
                "mnix-events",
                binary,
                "events",
                "--format",
                "{{.Status}}",
                *filters,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            self._process = process
            assert process.stdout is not None
            while not self._closed.is_set() and process.stdout.readline():
                self._poke()
                self._closed.wait(APART)
            if process.stdin:
                process.stdin.close()
