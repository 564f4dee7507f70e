"""One server of the fleet: its link, and what it said last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.fleet.model import ServerView
from mnix_tui.link import Link, LinkEvent, LinkOptions, StateSnapshot, Stats

if TYPE_CHECKING:
    from collections.abc import Callable


class Member:
    """Runs one link and keeps the last of each kind of news."""

    def __init__(
        self,
        server: Server,
        seen: float | None,
        options: LinkOptions,
        changed: Callable[[Member], None],
    ) -> None:
        self.server = server
        self.link = Link(server, options)
        self.link.status = ServerStatus(seen=seen)
        self.said: StateSnapshot | None = None
        self.stats: Stats | None = None
        self.wanted: set[str] = set()
        """Who uses or watches it."""
        self.task: asyncio.Task[None] | None = None
        self._changed = changed

    @property
    def view(self) -> ServerView:
        """The server as the snapshot shows it."""
        return ServerView(self.server, self.link.status, self.stats)

    @property
    def seen(self) -> float:
        """When the server's state was last known to be what ``said`` holds.

        A server that is online tells every change, so its silence confirms what it said.
        """
        return self.link.status.seen or (self.said.seen if self.said else 0.0)

    async def run(self) -> None:
        """Keep the link until cancelled."""
        unsubscribe = self.link.subscribe(self._take)
        try:
            async with self.link:
                await asyncio.Event().wait()
        finally:
            unsubscribe()

    async def stop(self) -> None:
        """End ``run``."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])

    def _take(self, event: LinkEvent) -> None:
        if isinstance(event, StateSnapshot):
            self.said = event
        elif isinstance(event, Stats):
            self.stats = event
        self._changed(self)
