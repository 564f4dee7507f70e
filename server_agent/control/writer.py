"""The one writer to stdout: replies in the order they come, and of each event only the newest."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from typing import Any, Callable

from server_agent.control.hello import write_all
from server_agent.protocol import lines
from server_agent.protocol.errors import AgentError, ProtocolError

_MAX_QUEUED = 4 << 20


class Writer:
    """A thread that writes; ``on_broken`` is called once when nobody reads any more."""

    def __init__(self, handle: int, on_broken: Callable[[], None]) -> None:
        self._handle = handle
        self._on_broken = on_broken
        self._changed = threading.Condition()
        self._replies: deque[bytes] = deque()
        self._queued = 0
        self._events: OrderedDict[str, bytes] = OrderedDict()
        self._closing = False
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def reply(self, message: dict[str, Any]) -> None:
        """Send a reply; waits while too much is waiting already."""
        try:
            line = lines.encode(message)
        except ProtocolError:
            error = AgentError("error", "the answer is too long", "ask for less at once")
            line = lines.encode({"id": message.get("id"), "error": error.to_wire()})
        with self._changed:
            self._changed.wait_for(
                lambda: self._broken or self._closing or self._queued < _MAX_QUEUED
            )
            self._replies.append(line)
            self._queued += len(line)
            self._changed.notify_all()

    def event(self, name: str, data: dict[str, Any]) -> None:
        """Send an event; one of the same name that still waits is replaced."""
        try:
            line = lines.encode({"event": name, "data": data})
        except ProtocolError:
            return  # state.get says what is wrong
        with self._changed:
            self._events[name] = line
            self._changed.notify_all()

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, for a while, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._replies or self._events or self._closing)
                if not self._replies and not self._events:
                    return
                data = b"".join([*self._replies, *self._events.values()])
                self._replies.clear()
                self._events.clear()
            try:
                write_all(self._handle, data)
            except OSError:
                with self._changed:
                    self._broken = True
                    self._changed.notify_all()
                self._on_broken()
                return
            with self._changed:
                # Only now: what is being written counts as waiting too.
                self._queued = sum(map(len, self._replies))
                self._changed.notify_all()


def wake_pipe() -> tuple[int, Callable[[], None]]:
    """Return a handle to select on, and what makes it readable."""
    reader, sender = os.pipe()

    def wake() -> None:
        try:
            os.write(sender, b"x")
        except OSError:
            pass

    return reader, wake
