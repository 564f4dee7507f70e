"""A link that can rest: not connected, because nobody uses its server, until somebody does."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.errors import MnixError, Unreachable
from mnix_tui.link.telling import Telling

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server

RESTS = "not connected"
"""Why a server's state is unknown while its link rests."""


class Resting(Telling):
    """The part of a link that begins to connect, and stops to."""

    _tasks: asyncio.TaskGroup

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.resting = False
        """Whether it stays unconnected until somebody uses it."""
        self.used = time.monotonic()
        """When somebody last asked for it."""
        self._error: MnixError = Unreachable("Not connected yet")
        self._keeper: asyncio.Task[None] | None = None
        self._entered = False

    def rest(self) -> None:
        """Disconnect, and stay so until ``use``."""
        if not self.resting:
            self.resting = True
            self._error = Unreachable(
                f"{self.server.name}: {RESTS}", "", "it connects when something there is used"
            )
            self._let_go()
            if self._keeper is not None:
                self._keeper.cancel()
            self._put_status(ServerStatus(ServerState.UNKNOWN, reason=RESTS, seen=self.status.seen))

    def use(self) -> None:
        """Connect, if it rests."""
        self.used = time.monotonic()
        if self.resting:
            self.resting = False
            if self._entered:
                self._begin()

    @abstractmethod
    async def _keep(self) -> None:
        """Connect again and again, until cancelled."""

    @abstractmethod
    def _let_go(self) -> None:
        """Offer the connection to nobody any more."""

    def _enter(self) -> None:
        self._entered = True
        if not self.resting:
            self._begin()

    def _leave(self) -> None:
        self._entered = False
        if self._keeper is not None:
            self._keeper.cancel()

    def _begin(self) -> None:
        self._error = Unreachable("Not connected yet")
        self._set_status(ServerState.CONNECTING)
        self._keeper = self._tasks.create_task(
            self._after(self._keeper), name=f"link {self.server.name}"
        )

    async def _after(self, before: asyncio.Task[None] | None) -> None:
        """Keep the link, once an earlier keeper has closed its connection."""
        if before is not None:
            await asyncio.wait([before])
        await self._keep()
