"""All connections to one server that is up: the main one, one for transfers, spare ones.

The main connection carries the control channel, commands and streams. A transfer gets a
connection of its own, so that it can't delay a keystroke. A spare one is opened when the server
lets no further program run on those that are there (sshd's MaxSessions). Where each connection
asks a person for another code, transfers share the main one, and spare ones stay as long as the
link.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import AgentUnusable, LinkLost, MnixError
from mnix_tui.link.audit import Recorder
from mnix_tui.link.channels import BaseChannel, BaseCommand
from mnix_tui.link.connection import (
    Connection,
    SessionRefused,
    SocketRefused,
    open_connection,
)
from mnix_tui.link.control import Control, Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions

MAX_SPARES = 8
"""Spare connections at most: each costs the server a process or two."""


class LiveLink:
    """An async context manager: connected when it is entered, nothing left when it is left."""

    def __init__(
        self,
        server: Server,
        options: LinkOptions,
        on_event: Callable[[Event], None],
        on_silence: Callable[[float], None] | None = None,
        main: Connection | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """Connect to ``server``, or go on with ``main``, which is connected already.

        ``alone``: nobody types over it, so that a transfer needs no connection of its own.
        """
        self._alone = alone
        self.server = server
        self._options = options
        self._record = Recorder(server.name, options.audit)
        self._on_event = on_event
        self._on_silence = on_silence
        self._stack = AsyncExitStack()
        self._main = main
        self._transfers: Connection | None = None
        self._spares: list[Connection] = []
        self._lending: list[Connection] = []
        """Those over which the server may use our keys: never for anything else."""
        self._opening = asyncio.Lock()
        self._running: list[BaseChannel] = []
        """Commands and streams, on whichever connection."""
        self._control: Control | None = None
        self._control_lock = asyncio.Lock()
        self._forwarding = True
        self._sweeper: asyncio.Task[None] | None = None
        self._returning: set[asyncio.Task[None]] = set()
        """Each waits for the end of a program that was lent our keys."""
        self._over = False
        """Whether it is being left: nothing may begin any more."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._main is None:
                self._main = await self._dialled(self._options)
            await stack.enter_async_context(self._main)
            self._main.on_silence = self._on_silence
            stack.push_async_callback(self._close_others)
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop_sweeping)
            stack.push_async_callback(self._close_control)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        await self._stack.aclose()

    @property
    def lost(self) -> asyncio.Future[MnixError]:
        """Done, with the reason, once the main connection has gone."""
        return self.main.lost

    @property
    def main(self) -> Connection:
        """The connection for control, commands and streams."""
        assert self._main is not None
        return self._main

    @property
    def divided(self) -> bool:
        """Whether more than one connection is needed just now: those unused are soon closed."""
        return any(each.busy or not each.asks for each in self._others())

    @property
    def working(self) -> bool:
        """Whether a request, a command or a stream is under way that its end would cut."""
        asked = self._control is not None and self._control.busy
        return asked or any(not each.over for each in self._running)

    async def control(self) -> Control:
        """Return the control channel, opened by the first call and again when it was lost."""
        async with self._control_lock:
            if self._control is None or self._control.lost is not None:
                channel = await self._run("serve")
                assert isinstance(channel, BaseCommand)
                if self._over:
                    await channel.close()
                    raise self._gone()
                self._control = Control(channel, self._on_event, self._record)
                self._tasks.create_task(self._control.run(), name=f"control {self.server.name}")
        return self._control

    async def _close_control(self) -> None:
        if self._control is not None:
            await self._control.close()

    async def command(
        self,
        *args: str,
        bulk: bool = False,
        early: bytes = b"",
        forward_agent: bool = False,
    ) -> CommandChannel:
        """Run the agent, on whichever connection still lets a program run."""
        channel = await self._run(*args, bulk=bulk, early=early, forward_agent=forward_agent)
        self._runs(channel)
        return channel

    def _runs(self, channel: Channel) -> None:
        self._running = [each for each in self._running if not each.over]
        if isinstance(channel, BaseChannel):
            self._running.append(channel)

    async def _run(
        self,
        *args: str,
        bulk: bool = False,
        early: bytes = b"",
        forward_agent: bool = False,
    ) -> CommandChannel:
        starting = self._command(*args, bulk=bulk, early=early, forward_agent=forward_agent)
        return await self._record.running(args, starting)

    async def _command(
        self, *args: str, bulk: bool, early: bytes, forward_agent: bool
    ) -> CommandChannel:
        if forward_agent and not self.server.is_local:
            return await self._lent(*args, early=early)
        tried: set[Connection] = set()
        if self.main.asks and not self._alone:
            bulk = False  # it shares the line with what is typed, as everything does
        if bulk and self._control is not None and not self._alone:
            try:
                return await (await self._for_transfers()).agent(*args, bulk=True, early=early)
            except SessionRefused:
                tried.add(self.main)  # each watched project holds one; keys must not wait for it
        while True:
            known = (each for each in (self.main, *self._spares) if not each.lost.done())
            connection = next((each for each in known if each not in tried), None)
            if fresh := connection is None:
                connection = await self._spare(tried)
            tried.add(connection)
            try:
                return await connection.agent(*args, bulk=bulk, early=early)
            except SessionRefused:
                if fresh and not connection.busy:
                    raise  # not even one program: another connection would not help

    async def open_stream(self, job: Job) -> Channel:
        """Connect to a job's socket; where that can't be, let the agent do it for us."""
        if job.socket and self._forwarding:
            try:
                stream = await self.main.unix_socket(job.socket)
            except SocketRefused as error:
                # Gone with its job, or not allowed: the agent knows, and has the log.
                self._forwarding = not error.forbidden
            else:
                self._runs(stream)
                return stream
        return await self.command("attach", job.id)

    async def _lent(self, *args: str, early: bytes) -> CommandChannel:
        """Run the agent on a connection of its own, which lends it this machine's keys."""
        async with self._opening:
            connection = await self._another(replace(self._options, forward_agent=True))
            self._lending.append(connection)
        try:
            channel = await connection.agent(*args, bulk=True, early=early)
        except BaseException:
            await self._take_back(connection)
            raise
        if self._over:
            await channel.close()
            raise self._gone()
        task = self._tasks.create_task(self._returned(connection, channel), name="lent keys")
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)
        return channel

    async def _returned(self, connection: Connection, channel: CommandChannel) -> None:
        with suppress(MnixError):
            await channel.wait()
        await self._take_back(connection)

    async def _take_back(self, connection: Connection) -> None:
        """Close a connection over which the server may use our keys: it needs them no more."""
        await connection.close()
        self._forget(connection)

    async def _for_transfers(self) -> Connection:
        async with self._opening:
            self._drop_lost()
            if self._transfers is None:
                self._transfers = await self._another()
        return self._transfers

    async def _spare(self, tried: set[Connection]) -> Connection:
        """Return a connection that was not tried: one that came meanwhile, or a new one."""
        async with self._opening:
            self._drop_lost()
            for spare in self._spares:
                if spare not in tried:
                    return spare
            if len(self._spares) >= MAX_SPARES:
                raise AgentUnusable(
                    "The server lets no further program run",
                    f"{MAX_SPARES + 1} connections are in use",
                    "raise MaxSessions in its sshd_config, or close some shells",
                )
            connection = await self._another()
            self._spares.append(connection)
        return connection

    async def _dialled(self, options: LinkOptions) -> Connection:
        with self._record.connecting(self.server):
            return await open_connection(self.server, options)

    async def _another(self, options: LinkOptions | None = None) -> Connection:
        if self.lost.done():
            raise self.lost.result()
        connection = await self._dialled(options or self._options)
        if self._over or self.lost.done():  # while we dialled
            await connection.close()
            raise self._gone()
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = self._tasks.create_task(self._sweep(), name="idle connections")
        return connection

    async def _sweep(self) -> None:
        """Close what nobody used for a while; end when there is nothing left to watch."""
        unused: dict[Connection, float] = {}
        now, idle = asyncio.get_running_loop().time, self._options.idle_timeout
        while others := self._others():
            idle_ones = (each for each in others if not (each.busy or each.asks))
            unused = {each: unused.get(each, now()) for each in idle_ones}
            for each, since in unused.items():
                if now() - since >= idle and not each.busy:
                    self._forget(each)
                    await each.close()
            await asyncio.sleep(idle / 4)

    def _gone(self) -> MnixError:
        """Return why nothing can begin."""
        return self.lost.result() if self.lost.done() else LinkLost("The link was closed")

    def _others(self) -> list[Connection]:
        transfers = [] if self._transfers is None else [self._transfers]
        return [*self._spares, *self._lending, *transfers]

    def _forget(self, connection: Connection) -> None:
        self._spares = [spare for spare in self._spares if spare is not connection]
        self._lending = [each for each in self._lending if each is not connection]
        if self._transfers is connection:
            self._transfers = None

    def _drop_lost(self) -> None:
        """Forget the others that were lost, and close what is left of them, as their tunnels."""
        if self._over:
            raise self._gone()
        for each in self._others():
            if each.lost.done():
                self._forget(each)
                self._tasks.create_task(each.close(), name=f"closing {self.server.name}")

    def _stop_sweeping(self) -> None:
        for task in (self._sweeper, *self._returning):
            if task is not None:
                task.cancel()

    async def _close_others(self) -> None:
        for each in self._others():
            if self.lost.done():  # the same network is behind them: no polite end for each
                each.abort(LinkLost("The link was closed"))
        await asyncio.gather(*(each.close() for each in self._others()))
