"""A link's status and its events, and who hears of them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.link import wire
from mnix_tui.link.model import LinkEvent, Silence, StatusChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.errors import MnixError
    from mnix_tui.link.control import Event


class Telling:
    """The part of a link that others watch."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.status = ServerStatus()
        self._subscribers: list[Callable[[LinkEvent], None]] = []
        self._changed = asyncio.Event()

    def changing(self) -> asyncio.Event:
        """Return an event that is set by the next change of ``status``."""
        return self._changed

    def subscribe(self, callback: Callable[[LinkEvent], None]) -> Callable[[], None]:
        """Call back for each event from now on; the returned function ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def _set_status(self, state: ServerState, error: MnixError | None = None) -> None:
        seen = time.time() if state is ServerState.ONLINE else self.status.seen
        reason = error.title.removeprefix(f"{self.server.name}: ") if error else ""
        hint = error.hint if error else ""
        self._put_status(ServerStatus(state=state, reason=reason, hint=hint, seen=seen))

    def _put_status(self, status: ServerStatus) -> None:
        changed = replace(status, seen=None) != replace(self.status, seen=None)
        self.status = status
        if changed:
            self._tell(StatusChanged(status))
            self._wake()

    def _wake(self) -> None:
        """Have those look again who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _on_event(self, event: Event) -> None:
        now = time.time()
        self.status = replace(self.status, seen=now)
        if event.name == "state":
            self._tell(wire.snapshot(event.data, now, self.server.name))
        elif event.name == "stats":
            self._tell(wire.stats(event.data, now))

    def _on_quiet(self, seconds: float) -> None:
        """Take that the peer has been silent for so long; 0: it speaks again."""
        since = time.time() - seconds if seconds else None
        if (since is None) != (self.status.silent_since is None):
            self._put_status(replace(self.status, silent_since=since))
        self._tell(Silence(seconds))

    def _tell(self, event: LinkEvent) -> None:
        for callback in tuple(self._subscribers):
            callback(event)
