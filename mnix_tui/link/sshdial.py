"""Opening an SSH connection: configuration, jump hosts, host keys, login; and what can go wrong."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from mnix_tui.domain.servers import Endpoint, Server, parse_endpoint
from mnix_tui.errors import ConfigError, MnixError, UsageError
from mnix_tui.link import sshconfig
from mnix_tui.link.gate import Gate, Held, Passage
from mnix_tui.link.greeting import Greeting
from mnix_tui.link.hostasking import unknown
from mnix_tui.link.hostkeys import HostKeys
from mnix_tui.link.proxycommand import ProxyCommand
from mnix_tui.link.reach import reach
from mnix_tui.link.ssherrors import explain
from mnix_tui.link.sshseed import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.link.model import LinkOptions

MAX_JUMPS = 8


@dataclass(frozen=True)
class Dialled:
    """A connection that is open and logged in."""

    connection: asyncssh.SSHClientConnection
    client: Client
    tunnels: tuple[asyncssh.SSHClientConnection, ...]
    """The jump hosts' connections, from the nearest; they are closed after it."""


class Client(asyncssh.SSHClient):
    """Hears from one connection."""

    def __init__(self, keys: HostKeys, passage: Passage) -> None:
        self._keys = keys
        self._greeting = Greeting()
        self._made = False
        self.passage = passage
        """Its way through the gate."""
        self.heard: Callable[[], None] = _nothing
        """Called whenever bytes came."""
        self._lost: Callable[[Exception | None], None] | None = None
        self._over = False
        self._error: Exception | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Watch what comes, and have the kernel acknowledge it at once.

        Otherwise each small answer waits 40 ms.
        """
        self._made = True
        line = conn.get_extra_info("socket")
        quick = getattr(socket, "TCP_QUICKACK", None)
        if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
            quick = None
        receive: Any = conn.data_received
        ended: Any = conn.eof_received
        validate = conn.validate_server_host_key
        held = Held(self.passage, receive)

        def data_received(data: bytes, datatype: int | None = None) -> None:
            self.heard()
            self._greeting.feed(data)
            if held.open:
                receive(data, datatype)
            else:
                held.take(data)
            if quick is not None and line.fileno() >= 0:  # the setting lasts for one read only
                line.setsockopt(socket.IPPROTO_TCP, quick, 1)

        def eof_received() -> Any:
            held.go()  # why it says no, for one
            return ended()

        def validate_server_host_key(key_data: bytes) -> asyncssh.SSHKey:
            self._keys.show(key_data)
            return validate(key_data)

        conn.data_received = data_received  # type: ignore[method-assign]
        conn.eof_received = eof_received  # type: ignore[method-assign]
        conn.validate_server_host_key = validate_server_host_key  # type: ignore[method-assign]

    def objection(self, error: Exception, server: str, host: str) -> MnixError | None:
        """Return what is wrong with a peer that took the connection and is no SSH server."""
        if not self._made:
            return None
        shaken = self._keys.offered is not None
        where = f"{host} port {self._keys.port}"
        return self._greeting.objection(error, server, where, shaken=shaken)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection has gone."""
        self._over, self._error = True, exc
        if self._lost is not None:
            self._lost(exc)

    def when_lost(self, callback: Callable[[Exception | None], None]) -> None:
        """Call back once the connection has gone; at once if it has."""
        self._lost = callback
        if self._over:
            callback(self._error)


def _nothing() -> None:
    pass


async def dial(server: Server, options: LinkOptions) -> Dialled:
    """Connect to ``server`` through its jump hosts, and log in; raise why that can't be."""
    tunnels: list[asyncssh.SSHClientConnection] = []
    async with AsyncExitStack() as undo:
        connection, client = await _hop(
            server.name, parse_endpoint(server.endpoint), options, tunnels, undo
        )
        undo.pop_all()
    return Dialled(connection, client, tuple(tunnels))


async def _hop(
    server: str,
    endpoint: Endpoint,
    options: LinkOptions,
    tunnels: list[asyncssh.SSHClientConnection],
    undo: AsyncExitStack,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> tuple[asyncssh.SSHClientConnection, Client]:
    """Open one connection; ``tunnels`` collects those that it goes through."""
    config = await asyncio.to_thread(sshconfig.load, endpoint)
    jumps = config.text("ProxyJump")
    if jumps and tunnel is None:
        for jump in jumps.split(","):
            if len(tunnels) >= MAX_JUMPS:
                raise ConfigError("ProxyJump leads through too many hosts", jumps)
            tunnel, _ = await _hop(server, _jump(jump), options, tunnels, undo, tunnel)
            tunnels.append(tunnel)
            undo.callback(tunnel.abort)
    keys = await asyncio.to_thread(HostKeys, config, config.host, config.port)
    for last in (False, False, True):
        try:
            return await _connect(server, endpoint, options, config, keys, tunnel)
        except asyncssh.HostKeyNotVerifiable as error:
            question = keys.verdict(server, error.reason)  # raises for a changed or revoked one
            if question is not None:
                if last:
                    raise unknown(question) from error
                await Gate.of_loop().host_keys.settle(question, keys, options)
    raise AssertionError("the last round returns or raises")


async def _connect(
    server: str,
    endpoint: Endpoint,
    options: LinkOptions,
    config: sshconfig.UserConfig,
    keys: HostKeys,
    tunnel: asyncssh.SSHClientConnection | None,
) -> tuple[asyncssh.SSHClientConnection, Client]:
    passage = Gate.of_loop().passage(config.host, config.port)
    client = Client(keys, passage)
    line: socket.socket | None = None
    proxy: ProxyCommand | None = None
    try:
        async with passage, asyncio.timeout(options.connect_timeout):
            if tunnel is None:
                line, proxy = await _line(config)
            connection = await asyncssh.connect(
                config.host,
                sock=line,
                client_keys=[each for each in config.identities() if Path(each).is_file()] or None,
                ignore_encrypted=True,
                agent_path=config.agent(),
                client_factory=lambda: client,
                known_hosts=keys.trusted,
                server_host_key_algs=keys.algorithms(),
                tunnel=tunnel,
                connect_timeout=None,
                login_timeout=options.connect_timeout,
                keepalive_interval=options.keepalive_interval,
                keepalive_count_max=options.keepalive_count,
                agent_forwarding=options.forward_agent,
                **arguments(config),
            )
    except BaseException as error:
        if line is not None:
            line.close()
        if proxy is not None:
            proxy.end()
        if isinstance(error, (asyncssh.HostKeyNotVerifiable, MnixError)):
            raise
        if isinstance(error, Exception):  # whatever the library raises: there are other servers
            if objection := client.objection(error, server, endpoint.host):
                raise objection from error
            raise explain(error, server, endpoint, config) from error
        raise
    return connection, client


async def _line(config: sshconfig.UserConfig) -> tuple[socket.socket, ProxyCommand | None]:
    """Open the way to a host: a TCP connection, or the user's ProxyCommand."""
    if command := config.proxy_command():
        origin = config.origins.get("ProxyCommand", "")
        proxy = await asyncio.to_thread(ProxyCommand, command, origin)
        return proxy.line, proxy
    source = config.text("BindAddress")
    return await reach(config.host, config.port, config.family(), source), None


def _jump(text: str) -> Endpoint:
    try:
        return parse_endpoint(text)
    except UsageError as error:
        raise ConfigError("ProxyJump can't be used", str(error)) from error
