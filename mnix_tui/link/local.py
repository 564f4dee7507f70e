"""This machine as a server: the same agent as a subprocess, Unix sockets as they are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mnix_tui.errors import AgentUnusable, LinkLost, MnixError
from mnix_tui.link import delivery
from mnix_tui.link.channels import BaseChannel, BaseCommand
from mnix_tui.link.connection import (
    BULK_WINDOW,
    INTERACTIVE_WINDOW,
    UNREAD_STDERR,
    Connection,
    SocketRefused,
    new_nonce,
    with_nonce,
)
from mnix_tui.link.preface import objection, read_preface

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions

GRACE = 2.0
"""Seconds that a closed program has for its end: after that TERM, then KILL."""


class LocalConnection(Connection):
    """The machine itself."""

    def __init__(self, server: Server, options: LinkOptions) -> None:
        self.server = server
        self.options = options
        self.lost: asyncio.Future[MnixError] = asyncio.get_running_loop().create_future()
        self._channels: set[BaseChannel] = set()

    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> CommandChannel:
        """Run the agent of this installation."""
        nonce = new_nonce()
        argv = agent_argv(self.options) + list(with_nonce(args, nonce) if preface else args)
        process = _Process(BULK_WINDOW if bulk else INTERACTIVE_WINDOW)
        try:
            await process.start(argv)
        except OSError as error:
            raise AgentUnusable("The agent can't be started", str(error)) from error
        self._add(process)
        if args[:1] and args[0] in UNREAD_STDERR:
            process.keep_stderr_tail()
        if early:
            process.send(early)
        if preface:
            try:
                hello = await read_preface(process, nonce, self.options.connect_timeout)
                if wrong := objection(self.server.name, hello):
                    raise wrong
            except BaseException:
                await process.close()
                raise
        return process

    async def unix_socket(self, path: str) -> Channel:
        """Connect to a Unix socket."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.options.connect_timeout):
                _, stream = await loop.create_unix_connection(_Socket, path)
        except (OSError, ValueError, TimeoutError) as error:
            raise SocketRefused("The stream can't be opened", str(error) or "time-out") from error
        self._add(stream)
        return stream

    def _add(self, channel: BaseChannel) -> None:
        self._channels = {each for each in self._channels if not each.over} | {channel}

    def doubt(self) -> None:
        """Do nothing: this machine is never silent to itself."""

    def abort(self, reason: MnixError) -> None:
        """Count as gone; ``close`` ends what was started."""
        if not self.lost.done():
            self.lost.set_result(reason)

    async def close(self) -> None:
        """End what was started here."""
        if not self.lost.done():
            self.lost.set_result(LinkLost("The link was closed"))
        await asyncio.gather(*(channel.close() for channel in self._channels))
        self._channels.clear()


def agent_argv(options: LinkOptions) -> list[str]:
    """Return the argv that starts the agent of this installation.

    Isolated, and not by -m: a folder named server_agent in the current directory must not be run
    instead.
    """
    if options.remote_binary and not options.deliver_otherwise:
        return [str(Path(options.remote_binary).expanduser())]
    parent = str(delivery.agent_folder().parent)
    start = (
        f"import sys; sys.path.insert(0, {parent!r}); from server_agent.cli import entry; entry()"
    )
    return [sys.executable, "-I", "-S", "-X", "utf8", "-c", start]


class _Process(BaseCommand, asyncio.SubprocessProtocol):
    """A subprocess in a process group of its own: ctrl+c in the terminal is not for it."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._transport: asyncio.SubprocessTransport | None = None
        self._open_pipes = {1, 2}

    async def start(self, argv: list[str]) -> None:
        """Start the program."""
        loop = asyncio.get_running_loop()
        await loop.subprocess_exec(lambda: self, *argv, start_new_session=True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        self._on_data(self._inbox if fd == 1 else self._errors, cast("bytes", data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 0:
            self._over = self._over or LinkLost("The command reads no more")
            self._writable.set()
            return
        self._open_pipes.discard(fd)
        (self._inbox if fd == 1 else self._errors).end()

    def process_exited(self) -> None:
        assert self._transport is not None
        code = self._transport.get_returncode() or 0
        self._exit = code if code >= 0 else 128 - code
        self._gone.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end(None)

    def pause_writing(self) -> None:
        self._on_writable(False)

    def resume_writing(self) -> None:
        self._on_writable(True)

    def _pipe(self, fd: int) -> asyncio.BaseTransport | None:
        return self._transport.get_pipe_transport(fd) if self._transport else None

    def _transport_write(self, data: bytes) -> None:
        if (pipe := cast("asyncio.WriteTransport | None", self._pipe(0))) is not None:
            pipe.write(data)

    def _transport_eof(self) -> None:
        if (pipe := cast("asyncio.WriteTransport | None", self._pipe(0))) is not None:
            pipe.write_eof()

    def _transport_reading(self, on: bool) -> None:
        for fd in self._open_pipes:
            pipe = cast("asyncio.ReadTransport | None", self._pipe(fd))
            if pipe is not None and not pipe.is_closing():
                pipe.resume_reading() if on else pipe.pause_reading()

    async def _transport_close(self) -> None:
        for fd in (0, 1, 2):
            if (pipe := self._pipe(fd)) is not None:
                pipe.close()
        for number in (0, signal.SIGTERM, signal.SIGKILL):
            if number:
                self._signal(number)
            try:
                async with asyncio.timeout(GRACE):
                    await self._gone.wait()
                break
            except TimeoutError:
                continue
        if self._transport is not None:
            self._transport.close()

    def _signal(self, number: int) -> None:
        if self._transport is not None and self._transport.get_returncode() is None:
            try:
                os.killpg(self._transport.get_pid(), number)
            except ProcessLookupError:
                pass


class _Socket(BaseChannel, asyncio.Protocol):
    """A Unix socket's stream."""

    def __init__(self) -> None:
        super().__init__(INTERACTIVE_WINDOW)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._on_data(self._inbox, data)

    def eof_received(self) -> bool:
        self._inbox.end()
        return True  # the other direction stays open until we close it

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end(None)

    def pause_writing(self) -> None:
        self._on_writable(False)

    def resume_writing(self) -> None:
        self._on_writable(True)

    def _transport_write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _transport_eof(self) -> None:
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def _transport_reading(self, on: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading() if on else self._transport.pause_reading()

    async def _transport_close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
