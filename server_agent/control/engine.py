"""What the container engine tells: its events, from one child process for all agents of a user.

Whoever holds the lock runs it, and marks each event at the time of the file; the others only look
at that, and one of them goes on when the first is gone.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time
from typing import Callable, Optional

from server_agent.protocol.errors import AgentError

APART = 0.5
"""Seconds between two marks: an engine with much to tell should not keep us busy."""
RETRY = (2.0, 5.0, 15.0, 60.0)
_POLL = 2.0
_EVENTS = ("start", "died", "remove", "rename", "create", "pause", "unpause")


class EngineEvents:
    """Marks whenever a container changed; every 2 s where the engine tells no events.

    ``wake`` is called after each mark that was made here.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._closed = threading.Event()
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._mark = _mark()
        self.files = (self._mark,) if self._mark else ()
        """What is to be looked at: its time is that of the last event."""
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
        if not self._mark:
            return
        try:
            handle = os.open(self._mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            # Waits for as long as another agent is at it, without costing anything.
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not self._closed.is_set():
                self._tell(handle)
        finally:
            os.close(handle)

    def _tell(self, handle: int) -> None:
        tries = 0
        self._touch(handle)  # what happened between two agents
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                self._follow(handle)
            except FileNotFoundError:
                return  # no engine: nothing to follow
            except (AgentError, OSError):
                pass  # a server.toml that can't be read, say
            tries = 1 if time.monotonic() - began > 60 else tries + 1
            until = time.monotonic() + RETRY[min(tries, len(RETRY)) - 1]
            while not self._closed.is_set() and time.monotonic() < until:
                self._touch(handle)
                self._closed.wait(_POLL)

    def _touch(self, handle: int) -> None:
        try:
            os.utime(handle)
        except OSError:
            pass
        self._wake()

    def _follow(self, handle: int) -> None:
        import shutil

        from server_agent.core import config

        binary = config.load().podman_binary
        if shutil.which(binary) is None:
            raise FileNotFoundError(binary)
        filters = [part for event in _EVENTS for part in ("--filter", f"event={event}")]
        # The shell ends it when our end of its stdin goes, so that it never outlives us.
        script = (
            '"$@" </dev/null & child=$!; exec >/dev/null; '
            'trap "kill $child 2>/dev/null" EXIT; trap "exit 0" TERM; read -r _'
        )
        argv = ["sh", "-c", script, "mnix-events", binary, "events"]
        with subprocess.Popen(
            [*argv, "--format", "{{.Status}}", *filters],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            self._process = process
            assert process.stdout is not None
            while not self._closed.is_set() and process.stdout.readline():
                self._touch(handle)
                self._closed.wait(APART)
            if process.stdin:
                process.stdin.close()


def _mark() -> str:
    from server_agent.core import paths

    try:
        return os.path.join(paths.runtime(), paths.ENGINE)
    except AgentError:
        return ""
