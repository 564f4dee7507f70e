"""A session in memory: a recorded screen that echoes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import InputFull
from mnix_tui.sessions import (
    Attached,
    AttachEvent,
    Exited,
    LinkDown,
    LinkUp,
    Live,
    Output,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from mnix_tui.domain.jobs import Job

INPUT_ROOM = 1 << 20
"""Bytes that may wait for the server's word, as in a real session."""


class MemoryStream:
    """A session that shows a recorded screen and echoes what is typed."""

    def __init__(self, job: Job, log: bytes, cols: int, rows: int) -> None:
        self.typed = b""
        self.down = False
        self.size = (cols, rows)
        self.led = 0
        self.retries = 0
        self._kept = b""
        self._over = False
        self._events: asyncio.Queue[AttachEvent] = asyncio.Queue()
        self._events.put_nowait(Attached(job, 0, len(log), True, cols, rows))
        self._events.put_nowait(Output(log, 0))
        self._events.put_nowait(Live())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def __aiter__(self) -> AsyncIterator[AttachEvent]:
        return self

    async def __anext__(self) -> AttachEvent:
        if self._over:
            raise StopAsyncIteration
        event = await self._events.get()
        self._over = isinstance(event, Exited)
        return event

    def write(self, data: bytes) -> None:
        """Echo it, unless the link is down."""
        if self.waiting + len(data) > INPUT_ROOM:
            raise InputFull("The server does not take more input", f"{self.waiting} bytes wait")
        if self.down:
            self._kept += data
            return
        self._events.put_nowait(Output(data.replace(b"\r", b"\r\n"), len(self.typed)))
        self.typed += data

    async def write_all(self, data: bytes) -> None:
        """Echo it, in pieces."""
        for at in range(0, len(data), INPUT_ROOM):
            self.write(data[at : at + INPUT_ROOM])

    @property
    def waiting(self) -> int:
        """What was typed while the link was down."""
        return len(self._kept)

    def retry_now(self) -> None:
        """Count it."""
        self.retries += 1

    def tell(self, event: AttachEvent) -> None:
        """Let something happen."""
        if isinstance(event, (LinkDown, LinkUp)):
            self.down = isinstance(event, LinkDown)
        self._events.put_nowait(event)
        if not self.down and self._kept:
            kept, self._kept = self._kept, b""
            self.write(kept)

    def resize(self, cols: int, rows: int) -> None:
        """Note it."""
        self.size = (cols, rows)

    def lead(self) -> None:
        """Count it; tests tell what follows."""
        self.led += 1

    def pace(self, on: bool) -> None:
        """Do nothing: what is printed here is never much."""

    def catch_up(self) -> None:
        """Do nothing: nothing is far behind here."""
