"""Opening an SSH connection: configuration, jump hosts, host keys, login; and what can go wrong."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncssh

from mnix_tui.domain.servers import Endpoint, Server, parse_endpoint
from mnix_tui.errors import ConfigError, MnixError, UsageError
from mnix_tui.link.gate import Gate, Held, Passage
from mnix_tui.link.greeting import Greeting, foreign_kinds, no_common_kind
from mnix_tui.link.hostkeys.asking import unknown
from mnix_tui.link.hostkeys.keys import HostKeys
from mnix_tui.link.login.answers import Answers
from mnix_tui.link.login.login import Login
from mnix_tui.link.model import Stage
from mnix_tui.link.portions import Portions
from mnix_tui.link.proxycommand import ProxyCommand
from mnix_tui.link.reach import reach
from mnix_tui.link.sshconfig import config as sshconfig
from mnix_tui.link.sshconfig.arguments import arguments
from mnix_tui.link.ssherrors import explain, too_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.link.model import LinkOptions
    from mnix_tui.link.sshconfig.config import UserConfig

MAX_JUMPS = 8
ROUNDS = 6
"""Connections that one login may take."""
MAX_SHOWN = 2
"""Host keys that one server may show, one after the other, and be asked about."""


@dataclass(frozen=True)
class Dialled:
    """A connection that is open and logged in."""

    connection: asyncssh.SSHClientConnection
    client: Client
    tunnels: tuple[asyncssh.SSHClientConnection, ...]
    """The jump hosts' connections, from the nearest; they are closed after it."""
    asks: bool = False
    """Whether a person did what another connection would ask for again, here or on the way."""


class Client(Answers):
    """Hears from one connection."""

    def __init__(self, keys: HostKeys, passage: Passage, login: Login) -> None:
        super().__init__(login)
        self.keys = keys
        self._greeting = Greeting()
        self._made: Any = None
        self.proxy: ProxyCommand | None = None
        """The program that is its line, if one is."""
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
        self._made = conn
        self.login.stage("hostkey")
        line = conn.get_extra_info("socket")
        quick = getattr(socket, "TCP_QUICKACK", None)
        if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
            quick = None
        made: Any = conn
        portions = Portions(conn.data_received, lambda: made._transport)
        receive = portions.take
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
            portions.flush()
            return ended()

        def validate_server_host_key(key_data: bytes) -> asyncssh.SSHKey:
            self.keys.show(key_data)
            if self.keys.offered is not None:
                self.login.shown(self.keys.offered.get_fingerprint())
            return validate(key_data)

        def others_keys(packet: object) -> None:
            made._report_global_response(False)  # of no use here, and not worth a task each

        made._process_hostkeys_00_at_openssh_dot_com_global_request = others_keys
        conn.data_received = data_received  # type: ignore[method-assign]
        conn.eof_received = eof_received  # type: ignore[method-assign]
        conn.validate_server_host_key = validate_server_host_key  # type: ignore[method-assign]

    def objection(self, error: Exception, server: str, host: str) -> MnixError | None:
        """Return what is wrong with a peer that took the connection and is no SSH server."""
        if self._made is None:
            return None
        shaken = self.keys.offered is not None
        where = f"{host} port {self.keys.port}"
        if not shaken and (
            kinds := foreign_kinds(self._made._server_kexinit, self.keys.algorithms())
        ):
            return no_common_kind(server, where, kinds)
        return self._greeting.objection(error, server, where, shaken=shaken)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection has gone."""
        self._over, self._error = True, exc
        if self.proxy is not None:
            self.proxy.end()
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
    async with AsyncExitStack() as undo:
        dialling = _Dialling(server.name, options, undo)
        connection, client = await dialling.hop(parse_endpoint(server.endpoint))
        undo.pop_all()
    return Dialled(connection, client, tuple(dialling.tunnels), dialling.asks)


class _Dialling:
    """Opens one connection; ``tunnels`` collects those that it goes through."""

    def __init__(self, server: str, options: LinkOptions, undo: AsyncExitStack) -> None:
        self._server = server
        self._options = options
        self._undo = undo
        self.tunnels: list[asyncssh.SSHClientConnection] = []
        self.asks = False

    async def hop(
        self,
        endpoint: Endpoint,
        tunnel: asyncssh.SSHClientConnection | None = None,
        path: tuple[str, ...] = (),
    ) -> tuple[asyncssh.SSHClientConnection, Client]:
        """Open a connection to ``endpoint``, for those in ``path``, which lie behind it."""
        jump = str(endpoint) if path else ""
        if self._options.stage is not None:
            via = f"via {jump}" if jump else ""
            self._options.stage(Stage(self._server, "config", via))
        config = await asyncio.to_thread(sshconfig.load, endpoint)
        if tunnel is None and (jumps := config.text("ProxyJump")):
            tunnel = await self._through(jumps, config, path)
        keys = await asyncio.to_thread(HostKeys, config)
        login = Login(self._server, config, self._options, jump)
        try:
            return await self._logged_in(config, keys, login, tunnel)
        finally:
            await login.leave()

    async def _through(
        self, jumps: str, config: UserConfig, path: tuple[str, ...]
    ) -> asyncssh.SSHClientConnection | None:
        """Connect to the jump hosts of one host."""
        path = (*path, f"{config.user}@{config.host}:{config.port}")
        if len(path) != len(set(path)):
            raise ConfigError(
                f"{config.given}: ProxyJump leads in a circle",
                f"{config.origins.get('ProxyJump', 'ProxyJump')}: {jumps}",
                f"above that line: Host {config.given}, and under it: ProxyJump none",
            )
        tunnel = None
        for jump in jumps.split(","):
            if len(self.tunnels) + len(path) > MAX_JUMPS:
                raise ConfigError("ProxyJump leads through too many hosts", jumps)
            tunnel, _ = await self.hop(_jump(jump), tunnel, path)
            self.tunnels.append(tunnel)
            self._undo.callback(tunnel.abort)
        return tunnel

    async def _logged_in(
        self,
        config: UserConfig,
        keys: HostKeys,
        login: Login,
        tunnel: asyncssh.SSHClientConnection | None,
    ) -> tuple[asyncssh.SSHClientConnection, Client]:
        """Connect, as often as it takes: a person is asked about the key, or for long, …"""
        shown = 0
        for _ in range(ROUNDS):
            login.begin()
            try:
                connection, client = await self._connect(config, keys, login, tunnel)
            except asyncssh.HostKeyNotVerifiable as error:
                # Raises for a changed or revoked one.
                question = keys.verdict(self._server, error.reason)
                shown += 1
                if question is not None:
                    if shown > MAX_SHOWN:
                        raise unknown(question) from error
                    await Gate.of_loop().host_keys.settle(question, keys, self._options)
            except _Again as again:
                await login.person.answered()
                if login.found.stopped:
                    raise login.refusal() from again.__cause__
            else:
                await login.succeeded()
                self.asks = self.asks or login.asks
                return connection, client
        raise login.refusal(asyncssh.DisconnectError(0, "Too many authentication failures"))

    async def _connect(
        self,
        config: UserConfig,
        keys: HostKeys,
        login: Login,
        tunnel: asyncssh.SSHClientConnection | None,
    ) -> tuple[asyncssh.SSHClientConnection, Client]:
        passage = Gate.of_loop().passage(config.host, config.port)
        client = Client(keys, passage, login)
        line: socket.socket | None = None
        proxy: ProxyCommand | None = None
        login.person.passage = passage
        try:
            async with passage, asyncio.timeout(login.seconds) as login.person.limit:
                if tunnel is None:
                    line, proxy = await _line(config, login)
                    client.proxy = proxy
                else:
                    login.stage("connect")
                connection = await asyncssh.connect(
                    config.host,
                    sock=line,
                    client_keys=None,
                    client_factory=lambda: client,
                    known_hosts=keys.trusted,
                    server_host_key_algs=keys.algorithms(),
                    tunnel=tunnel,
                    connect_timeout=None,
                    login_timeout=0,
                    keepalive_interval=self._options.keepalive_interval,
                    keepalive_count_max=self._options.keepalive_count,
                    agent_path=None,
                    # A peer with whom this is agreed may use the keys without any session.
                    agent_forwarding=not login.jump and _forwarding(config, self._options),
                    **arguments(config),
                )
        except BaseException as error:
            if line is not None:
                line.close()
            if proxy is not None:
                proxy.end()
            if isinstance(error, (asyncssh.HostKeyNotVerifiable, MnixError)):
                raise
            if isinstance(error, Exception):  # whatever is raised: there are other servers
                if proxy is not None:
                    await proxy.over()
                raise self._what(error, config, login, client) from error
            raise
        return connection, client

    def _what(
        self,
        error: Exception,
        config: UserConfig,
        login: Login,
        client: Client,
    ) -> Exception:
        """Return what to raise for what the library raised."""
        if login.goes_on(error):
            return _Again()
        if isinstance(error, asyncssh.PermissionDenied) or too_many(error) or login.found.stopped:
            return login.refusal(error)
        if client.proxy is not None and (refusal := client.proxy.refusal(self._server)):
            return refusal
        objection = client.objection(error, self._server, config.host)
        return objection or explain(error, self._server, config)


class _Again(Exception):
    """Another connection may bring what this one did not."""


def _forwarding(config: UserConfig, options: LinkOptions) -> bool | str:
    """Return whether the server may use the agent's keys, or which agent's."""
    wanted = config.text("ForwardAgent")
    if wanted in ("", "no"):
        return (config.agent() or True) if options.forward_agent else False
    return config.agent() or True if wanted == "yes" else wanted


async def _line(config: UserConfig, login: Login) -> tuple[socket.socket, ProxyCommand | None]:
    """Open the way to a host: a TCP connection, or the user's ProxyCommand."""
    if command := config.proxy_command():
        login.stage("connect")
        origin = config.origins.get("ProxyCommand", "")
        starting = asyncio.ensure_future(asyncio.to_thread(ProxyCommand, command, origin))
        try:
            proxy = await asyncio.shield(starting)
        except asyncio.CancelledError:  # the thread goes on all the same
            starting.add_done_callback(_unwanted)
            raise
        return proxy.line, proxy
    login.stage("resolve")
    source = config.text("BindAddress")
    line = await reach(
        config.host, config.port, config.family(), source, lambda: login.stage("connect")
    )
    return line, None


def _unwanted(starting: asyncio.Future[ProxyCommand]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().end()


def _jump(text: str) -> Endpoint:
    try:
        return parse_endpoint(text)
    except UsageError as error:
        raise ConfigError("ProxyJump can't be used", str(error)) from error
