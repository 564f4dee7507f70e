"""A connection over SSH: how it is opened, and what runs over it. asyncssh lives here."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncssh

from mnix_tui.errors import AgentUnusable, LinkLost, MnixError
from mnix_tui.link import delivery
from mnix_tui.link.audit import Recorder
from mnix_tui.link.channels import BaseCommand
from mnix_tui.link.connection import (
    BULK_WINDOW,
    INTERACTIVE_WINDOW,
    UNREAD_STDERR,
    Connection,
    SessionRefused,
    SocketRefused,
    new_nonce,
    with_nonce,
)
from mnix_tui.link.handover import hand_over
from mnix_tui.link.model import Stage
from mnix_tui.link.preface import objection, read_preface
from mnix_tui.link.pulse import Pulse
from mnix_tui.link.ssh_channel import SshCommand, SshSocket
from mnix_tui.link.sshdial import Dialled, dial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mnix_tui.domain.servers import Server
    from mnix_tui.link.delivery import RemoteCommand
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions

CLOSING = 2.0
"""Seconds that a connection has for a polite end."""
LATE = 0.5
"""Seconds by which the loop may be late and still judge whether a peer is silent."""
_FORBIDDEN = asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED


async def open_connection(server: Server, options: LinkOptions) -> SshConnection:
    """Connect to ``server``; raise why that can't be."""
    return SshConnection(server, options, await dial(server, options))


class _Started(NamedTuple):
    """A program that answered."""

    channel: SshCommand
    nonce: str
    hello: dict[str, Any]


_Preface = Callable[[BaseCommand, str, float], Awaitable[dict[str, Any]]]


class SshConnection(Connection):
    """One SSH connection, with the tunnels that it goes through."""

    def __init__(self, server: Server, options: LinkOptions, dialled: Dialled) -> None:
        self.server = server
        self.options = options
        self.asks = dialled.asks
        self.lost: asyncio.Future[MnixError] = asyncio.get_running_loop().create_future()
        self._conn = dialled.connection
        self._tunnels = dialled.tunnels
        self._delivery = asyncio.Lock()
        self._delivered = 0
        self._installed = options.remote_binary
        self._opening = 0
        self._channels: set[SshCommand | SshSocket] = set()
        self._loop = asyncio.get_running_loop()
        self._pulse = Pulse(options.keepalive_interval, self._loop.time(), time.time())
        self._ticks: asyncio.TimerHandle | None = None
        self._due = self._loop.time()
        dialled.client.when_lost(self._on_lost)
        dialled.client.heard = self._heard
        self._keys = dialled.client.keys
        self.config = dialled.client.login.config
        """What the user's configuration says of the server, as it was used."""
        if options.keepalive_interval and not self.lost.done():
            self._tick()

    @property
    def busy(self) -> bool:
        """Whether anything runs over the connection."""
        return bool(self._opening or any(not channel.over for channel in self._channels))

    def _add(self, channel: SshCommand | SshSocket) -> None:
        self._channels = {each for each in self._channels if not each.over} | {channel}

    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> CommandChannel:
        """Run the agent on the server, delivering it when it is not there."""
        if not preface:
            probe = await self.agent("version")  # makes sure that it is there
            await probe.close()
            return await self._start(self._command(new_nonce(), args), args, bulk, early)
        delivered = self._delivered
        started = await self._answered(args, bulk, early)
        if started.hello.get("missing") == "agent":
            async with self._delivery:
                if self._delivered == delivered:
                    started = await self._deliver(started, args, bulk, early)
                else:  # it came while this one waited
                    await started.channel.close()
                    started = await self._prefaced(args, bulk, early)
        if error := objection(self.server.name, started.hello):
            await started.channel.close()
            raise error
        return started.channel

    async def unix_socket(self, path: str) -> Channel:
        """Connect to a Unix socket on the server."""
        try:
            async with asyncio.timeout(self.options.connect_timeout), self._opens():
                _, stream = await self._conn.create_unix_connection(
                    SshSocket, path, encoding=None, window=INTERACTIVE_WINDOW
                )
        except asyncssh.ChannelOpenError as error:
            if self._gone(error):
                raise self._lost_or(error) from error
            forbidden = error.code == _FORBIDDEN
            raise SocketRefused(
                "The stream can't be opened", error.reason, forbidden=forbidden
            ) from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self._lost_or(error) from error
        assert isinstance(stream, SshSocket)
        self._add(stream)
        return stream

    def about(self) -> dict[str, str]:
        """Return the address, the user and the host key that the connection came to have."""
        found = {"login": f"as {self._conn.get_extra_info('username')}"}
        if (key := self._conn.get_server_host_key()) is not None:
            said = f"{key.get_algorithm()} {key.get_fingerprint()}"
            found["hostkey"] = ", ".join(filter(None, (said, self._keys.unsaved)))
        if peer := self._conn.get_extra_info("peername"):
            found["resolve"], found["connect"] = str(peer[0]), f"port {peer[1]}"
        return found

    def doubt(self) -> None:
        """Ask the peer for a sign of life."""
        if self.options.keepalive_interval and self._pulse.doubt(self._loop.time()):
            self._ask()

    def abort(self, reason: MnixError) -> None:
        """Give the connection up."""
        line = self._conn.get_extra_info("socket")
        if line is not None and line.fileno() >= 0:  # what waits in it is for nobody any more
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if not self.lost.done():
            self.lost.set_result(reason)
        self._conn.connection_lost(asyncssh.ConnectionLost(str(reason)))
        for tunnel in reversed(self._tunnels):
            tunnel.abort()

    async def close(self) -> None:
        """Close the connection, then its tunnels."""
        if self._ticks is not None:
            self._ticks.cancel()
        for connection in (self._conn, *reversed(self._tunnels)):
            connection.close()
            try:
                async with asyncio.timeout(CLOSING):
                    await connection.wait_closed()
            except TimeoutError:
                connection.abort()
                await connection.wait_closed()
        if not self.lost.done():
            self.lost.set_result(LinkLost("The link was closed"))

    async def _answered(self, args: tuple[str, ...], bulk: bool, early: bytes) -> _Started:
        """Start the installed agent, or ours where there is none or none of our version."""
        if not (self._installed and self.options.deliver_otherwise):
            return await self._prefaced(args, bulk, early)
        try:
            started = await self._prefaced(args, bulk, early)
        except AgentUnusable:
            pass
        else:
            if not isinstance(objection(self.server.name, started.hello), AgentUnusable):
                return started
            await started.channel.close()
        self._installed = ""
        return await self._prefaced(args, bulk, early)

    async def _prefaced(self, args: tuple[str, ...], bulk: bool, early: bytes) -> _Started:
        nonce = new_nonce()
        command = self._command(nonce, with_nonce(args, nonce))
        channel = await self._start(command, args, bulk, early)
        return await self._read(channel, nonce, read_preface)

    async def _read(self, channel: SshCommand, nonce: str, preface: _Preface) -> _Started:
        try:
            hello = await preface(channel, nonce, self.options.connect_timeout)
        except BaseException:
            await channel.close()
            raise
        return _Started(channel, nonce, hello)

    def _command(self, nonce: str, args: tuple[str, ...]) -> RemoteCommand:
        if self._installed:
            return delivery.installed_command(self._installed, args)
        return delivery.run_command(delivery.name(), nonce, args)

    async def _start(
        self, command: RemoteCommand, args: tuple[str, ...], bulk: bool, early: bytes = b""
    ) -> SshCommand:
        window = BULK_WINDOW if bulk else INTERACTIVE_WINDOW
        try:
            async with asyncio.timeout(self.options.connect_timeout), self._opens():
                _, channel = await self._conn.create_session(
                    lambda: SshCommand(window),
                    command.line,
                    encoding=None,
                    window=window,
                    request_pty=False,
                    x11_forwarding=False,
                )
        except asyncssh.ChannelOpenError as error:
            if self._gone(error):
                raise self._lost_or(error) from error
            raise SessionRefused(
                f"{self.server.name}: no program can be started",
                error.reason,
                "sshd's MaxSessions or ForceCommand may forbid it",
            ) from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise self._lost_or(error) from error
        assert isinstance(channel, SshCommand)
        self._add(channel)
        if args[:1] and args[0] in UNREAD_STDERR:
            channel.keep_stderr_tail()
        if first := command.stdin + early:
            channel.send(first)
        return channel

    async def _deliver(
        self, missing: _Started, args: tuple[str, ...], bulk: bool, early: bytes
    ) -> _Started:
        """Deliver the agent over the channel that misses it, which runs it then."""
        self._stage("agent")
        with Recorder(self.server.name, self.options.audit).during("deliver", delivery.name()):
            channel = missing.channel
            if early:  # that is what the channel would read first
                await channel.close()
                channel = await self._start(delivery.install_command(), ("install",), False)
            started = await self._read(channel, missing.nonce, hand_over)
            if error := objection(self.server.name, started.hello):
                await channel.close()
                if not isinstance(error, AgentUnusable):
                    title = f"{self.server.name}: {error.title}"
                    unusable = AgentUnusable(title, error.detail, error.hint)
                    unusable.fix, unusable.fix_on = error.fix, error.fix_on
                    raise unusable from error
                raise error
        self._delivered += 1
        self._stage("agent", f"delivered, {len(delivery.build().data) >> 10} KiB")
        if early:
            await channel.close()
            return await self._prefaced(args, bulk, early)
        return started

    def _stage(self, key: str, said: str = "") -> None:
        if self.options.stage is not None:
            self.options.stage(Stage(self.server.name, key, said))

    def _gone(self, error: asyncssh.ChannelOpenError) -> bool:
        """Say whether a channel was refused by a connection that is just ending, not by sshd."""
        return self.lost.done() or error.reason == "SSH connection closed"

    def _lost_or(self, error: BaseException) -> MnixError:
        if self.lost.done():
            return self.lost.result()
        return LinkLost(f"{self.server.name}: no answer", str(error) or "time-out")

    @asynccontextmanager
    async def _opens(self) -> AsyncIterator[None]:
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1

    # -- is anybody there?

    def _heard(self) -> None:
        if self._pulse.hear(self._loop.time()) and self.on_silence is not None:
            self.on_silence(0.0)

    def _tick(self) -> None:
        now = self._loop.time()
        if self._pulse.slept(now, time.time()):
            self.doubt()
        # Whoever was busy for a while has not read yet what the peer said meanwhile.
        quiet = 0.0 if now - self._due > LATE else self._pulse.quiet(now)
        if quiet and self.on_silence is not None:
            self.on_silence(quiet)
        pause = min(1.0, self.options.keepalive_interval / 5)
        self._due = now + pause
        self._ticks = self._loop.call_at(self._due, self._tick)

    def _ask(self) -> None:
        conn: Any = self._conn  # there is no public way to ask out of turn
        conn.create_task(conn._make_keepalive_request())

    def _on_lost(self, error: Exception | None) -> None:
        if self._ticks is not None:
            self._ticks.cancel()
        if not self.lost.done():
            reason = str(error) if error else "the server closed the connection"
            self.lost.set_result(LinkLost(f"{self.server.name}: connection lost", reason))
