"""A job's stream that survives its connection: it is opened again and goes on where it was."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from mnix_tui.domain.states import ServerState
from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.link import Silence, Trying
from mnix_tui.sessions.core import CHUNK, AttachCore
from mnix_tui.sessions.events import (
    Attached,
    AttachEvent,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Live,
    Output,
    Silent,
    Speaks,
)
from mnix_tui.sessions.identity import client_name
from server_agent.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Channel, Link, LinkEvent

MAX_ROUNDS = 5
"""Streams that may end without a word while the link is up, before the job counts as lost."""
LIVED = 1.0
"""Seconds after which the end of a stream is no refusal."""
MISSED = 1.5
"""Seconds that typed bytes may wait before the next key makes us ask whether the peer is there."""


class Attachment:
    """An async context manager and iterator of events, until ``Exited``.

    All work is done by whoever iterates: there is no task behind it. Waiting for an event may be
    cancelled (by a time-out, say) without losing one. ``write`` and the other senders never
    wait, and may be called at any time, also while the link is down: what was typed is kept, and
    sent once when the link is up again.
    """

    def __init__(
        self,
        link: Link,
        job: Job,
        *,
        cols: int,
        rows: int,
        fresh: bool = True,
        name: str | None = None,
        urgent: bool = True,
        piped: bool = False,
    ) -> None:
        """Attach to ``job``: ``fresh`` with a preamble and the recent log, else all of the log.

        Without a size (0) this client only looks on: it never leads unless it types. ``name`` is
        what the others who are attached see of us. ``urgent``: somebody waits for it, so a lost link
        is made again sooner. ``piped``: of a session that was opened so, what is written is its
        command's stdin, byte for byte.
        """
        self.link = link
        self.job = job
        self._urgent = urgent
        name = client_name() if name is None else name
        self._core = AttachCore(cols, rows, fresh=fresh, name=name, piped=piped)
        self._channel: Channel | None = None
        self._events: deque[AttachEvent] = deque()
        self._attached_at = math.inf
        self._rounds = 0
        """Streams in a row that ended before they told anything."""
        self._short = 0
        """Streams in a row that ended at once, without output."""
        self._down = False
        self._silent = False
        self._typed = 0.0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        if self._urgent:
            self._stack.enter_context(self.link.watched())
        self._stack.callback(self.link.subscribe(self._on_link))
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
        now = time.monotonic()
        if not self._core.waiting:
            self._typed = now
        elif now - self._typed > MISSED:
            self.link.doubt()
        self._send(self._core.write(data))

    async def write_all(self, data: bytes) -> None:
        """Type ``data``, however long it is, at the pace at which it is taken.

        Somebody has to iterate meanwhile. Raise ``LinkLost`` when the job ends before.
        """
        view = memoryview(data)
        while view:
            if self._core.ended:
                raise LinkLost("The session has ended", f"{len(view)} bytes were not sent")
            piece = view[: min(self._core.room, CHUNK)]
            if not piece:
                await self.heard()
                continue
            self.write(bytes(piece))
            view = view[len(piece) :]

    async def heard(self) -> None:
        """Wait until the server says something: there may be room then, or nothing that waits.

        Somebody has to iterate meanwhile.
        """
        self._room.clear()
        await self._room.wait()

    def write_eof(self) -> None:
        """Say that nothing more is typed."""
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

    def pace(self, on: bool) -> None:
        """Say whether somebody keeps this screen open: the program doesn't run ahead of it then."""
        self._send(self._core.pace(on))

    def catch_up(self) -> None:
        """Go on with the newest output, if this screen is far behind."""
        self._send(self._core.catch_up())

    def retry_now(self) -> None:
        """Don't wait for the next attempt to reach the server."""
        self.link.retry_now()

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
            if not await channel.readable():
                return  # poked: there is something to tell
            data = await channel.read()
        except LinkLost as error:
            await self._lost(error)
            return
        if not data:
            await self._lost(LinkLost("The stream ended"))
            return
        events, out = self._core.feed(data)
        if any(isinstance(event, Output | Live) for event in events):
            self._rounds = 0
        if any(isinstance(event, Output) for event in events):
            self._short = 0
        self._take(events)
        if self._core.room or self._core.ended:
            self._room.set()
        self._send(out)

    def _take(self, events: list[AttachEvent]) -> None:
        for event in events:
            if isinstance(event, Attached):
                self._attached_at = time.monotonic()
            if isinstance(event, Attached) and self._down:
                self._down = False
                self._events.append(LinkUp())
            elif isinstance(event, Live) and self._channel is not None:
                self._channel.calm()
            self._events.append(event)

    async def _open(self) -> None:
        if not self.link.up and not await self._link_came():
            return
        try:
            self._attached_at = math.inf
            self._channel = await self.link.open_stream(self.job)
            self._channel.send(self._core.attach())
        except LinkLost as error:
            await self._lost(error)

    async def _link_came(self) -> bool:
        """Wait for news of the link; return whether it is up. Raise why one that isn't kept is
        down."""
        self._news.clear()
        if not self.link.keeps:
            await self.link.ready()
        if self.link.status.state in (ServerState.OFFLINE, ServerState.REFUSED):
            self._tell_down(self.link.error)
        if not self._events:
            await self._news.wait()
        return self.link.up

    def _on_link(self, event: LinkEvent) -> None:
        if isinstance(event, Silence):
            if self._channel is not None:
                self._on_silence(event.seconds)
                self._channel.poke()
        elif isinstance(event, Trying) and self._down:
            self._put(LinkWaiting(event.reason, event.attempt, event.next_try))
        self._news.set()

    def _on_silence(self, seconds: float) -> None:
        if seconds:
            self._silent = True
            self._put(Silent(seconds))
        elif self._silent:
            self._silent = False
            self._put(Speaks())

    def _put(self, event: AttachEvent) -> None:
        """Add an event, in the place of one of its kind that nobody took."""
        if self._events and type(self._events[-1]) is type(event):
            self._events.pop()
        self._events.append(event)

    async def _lost(self, error: LinkLost) -> None:
        await self._drop()
        if not self.link.up and self.link.keeps:
            self._tell_down(error)
            return
        if time.monotonic() - self._attached_at >= LIVED:
            self._rounds = self._short = 0
        self._rounds += 1
        self._short += 1
        if self._rounds > MAX_ROUNDS:
            ended = self._core.over(None, "the server no longer knows how it ended")
            self._events.append(ended)
            self._room.set()
            return
        self._tell_down(error)
        if self._short > 1:
            await asyncio.sleep(0.1 * 2 ** min(self._short, MAX_ROUNDS))

    def _tell_down(self, error: MnixError) -> None:
        if not self._down:
            self._down = True
            self._events.append(LinkDown(str(error), time.time()))

    async def _drop(self) -> None:
        self._silent = False
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _send(self, data: bytes) -> None:
        if data and self._channel is not None:
            try:
                self._channel.send(data)
            except LinkLost:
                pass  # the reader sees it too; input is kept, and sent again
