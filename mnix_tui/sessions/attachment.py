"""A job's stream that survives its connection: it is opened again and goes on where it was."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.sessions.core import AttachCore
from mnix_tui.sessions.events import AttachEvent, Exited, LinkDown, LinkUp
from server_agent.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Channel, Link

MAX_ROUNDS = 5
"""Streams that may end without a word while the link is up, before the job counts as lost."""


class Attachment:
    """An async context manager and iterator of events, until ``Exited``.

    All work is done by whoever iterates: there is no task behind it. Waiting for an event may be
    cancelled (by a time-out, say) without losing one. ``write`` and the other senders never
    wait, and may be called at any time, also while the link is down.
    """

    def __init__(self, link: Link, job: Job, *, cols: int, rows: int, fresh: bool = True) -> None:
        """Attach to ``job``: ``fresh`` with a preamble and the recent log, else all of the log."""
        self.link = link
        self.job = job
        self._core = AttachCore(cols, rows, fresh=fresh)
        self._channel: Channel | None = None
        self._events: deque[AttachEvent] = deque()
        self._rounds = 0
        self._down = False
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self.link.watched())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        await self._drop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AttachEvent:
        while not self._events:
            if self._core.ended:
                raise StopAsyncIteration
            try:
                await self._advance()
            except ProtocolError as error:
                await self._drop()
                raise MnixError("The session's stream can't be understood", error.message) from (
                    error
                )
        return self._events.popleft()

    # -- what the user does

    def write(self, data: bytes) -> None:
        """Type ``data``; raise ``InputFull`` when 1 MiB waits for a silent server."""
        self._send(self._core.write(data))

    def write_eof(self) -> None:
        """Say that nothing more is typed (for a job without a PTY)."""
        self._send(self._core.eof())

    def resize(self, cols: int, rows: int) -> None:
        """Tell the size of this client's screen; it counts while this client leads."""
        self._send(self._core.resize(cols, rows))

    def signal(self, name: str) -> None:
        """Signal the job: ``INT``, ``TERM``, ``KILL`` or ``HUP``."""
        self._send(self._core.signal(name))

    def lead(self) -> None:
        """Take the lead: this client's size, this client's answers."""
        self._send(self._core.lead())

    @property
    def leads(self) -> bool:
        """Whether this client leads."""
        return self._core.mine

    @property
    def waiting(self) -> int:
        """The bytes of input that the server has not confirmed yet."""
        return self._core.waiting

    # -- how it goes on

    async def _advance(self) -> None:
        """Take one step: open the stream, or read from it."""
        channel = self._channel
        if channel is None:
            await self._open()
            return
        try:
            data = await channel.read()
        except LinkLost as error:
            await self._lost(error)
            return
        if not data:
            await self._lost(LinkLost("The stream ended"))
            return
        events, out = self._core.feed(data)
        self._events += events
        if events:
            self._rounds = 0
        self._send(out)

    async def _open(self) -> None:
        try:
            await self._wait_for_link()
            self._channel = await self.link.open_stream(self.job)
            self._channel.send(self._core.attach())
        except LinkLost as error:
            await self._lost(error)
            return
        if self._down:
            self._down = False
            self._events.append(LinkUp())

    async def _wait_for_link(self) -> None:
        """Wait until the link is up; a link that is not kept raises why it is down."""
        while True:
            changed = self.link.changing()
            try:
                await self.link.ready()
                return
            except MnixError as error:
                if not self.link.keeps:
                    raise
                self._tell_down(error)  # refused, say: it stays down until the user acts
                await changed.wait()

    async def _lost(self, error: LinkLost) -> None:
        await self._drop()
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            self._core.ended = True
            self._events.append(Exited(None, "the server no longer knows how it ended"))
            return
        self._tell_down(error)
        if self._rounds > 1:
            await asyncio.sleep(0.1 * 2**self._rounds)

    def _tell_down(self, error: MnixError) -> None:
        if not self._down:
            self._down = True
            self._events.append(LinkDown(str(error)))

    async def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _send(self, data: bytes) -> None:
        if data and self._channel is not None:
            try:
                self._channel.send(data)
            except LinkLost:
                pass  # the reader sees it too; input is kept, and sent again
