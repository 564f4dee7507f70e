"""One connection to a server, and how the agent is reached over it; the adapters are beside it.

``SshConnection`` (ssh.py) and ``LocalConnection`` (local.py) are the two adapters. They raise

    Unreachable, LoginRefused, HostKeyUnknown, HostKeyChanged   while connecting
    LinkLost           once the connection has gone
    SessionRefused     no further program can be started on this connection
    SocketRefused      a Unix socket can't be reached over this connection
    AgentUnusable      the agent can't be started or delivered
"""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import HostKeyChanged, HostKeyUnknown, LinkError, LoginRefused, MnixError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions

INTERACTIVE_WINDOW = 64 << 10
"""Bytes in flight on a stream: little, so that a flood can't delay what else the line carries."""
BULK_WINDOW = 8 << 20
"""Bytes in flight on a transfer, which has its connection for itself."""
UNREAD_STDERR = frozenset({"serve", "attach", "install", "sync", "clone"})
"""Commands whose stderr nobody reads: only its tail is kept, for error messages."""


class SessionRefused(LinkError):
    """The server lets no further program run on this connection (MaxSessions)."""


class SocketRefused(LinkError):
    """A Unix socket on the server can't be reached over this connection."""

    def __init__(self, title: str, detail: str = "", *, forbidden: bool = False) -> None:
        super().__init__(title, detail)
        self.forbidden = forbidden
        """Whether it is the server's rule, and not this one socket's absence."""


class Connection(ABC):
    """A live connection to one server; an async context manager that closes it."""

    server: Server
    options: LinkOptions
    lost: asyncio.Future[MnixError]
    """Done, with the reason, once the connection has gone."""
    asks: bool = False
    """Whether another connection would ask a person again: for a code, or to touch a key."""
    on_silence: Callable[[float], None] | None = None
    """Called about every second while the peer is silent, with the seconds that it has been, and
    with 0 when it speaks again."""

    @property
    def busy(self) -> bool:
        """Whether anything runs over the connection."""
        return True

    def about(self) -> dict[str, str]:
        """Return what is known of how it was reached, by the key of the check that found it."""
        return {}

    @abstractmethod
    def doubt(self) -> None:
        """Ask the peer for a sign of life: somebody misses an answer."""

    @abstractmethod
    def abort(self, reason: MnixError) -> None:
        """Give the connection up, without a word to the peer; ``lost`` gets the reason."""

    @abstractmethod
    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> CommandChannel:
        """Run the agent with ``args``; deliver it first where it is missing.

        With a preface, login noise is skipped, and the channel's ``hello`` holds its object.
        ``early`` is written before the agent has answered: it saves a round trip.
        """

    @abstractmethod
    async def unix_socket(self, path: str) -> Channel:
        """Connect to a Unix socket on the server."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection and all that runs over it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


@asynccontextmanager
async def connect(server: Server, options: LinkOptions) -> AsyncIterator[Connection]:
    """Connect to ``server``, by SSH or, for ``local``, not at all."""
    async with await open_connection(server, options) as connection:
        yield connection


async def open_connection(server: Server, options: LinkOptions) -> Connection:
    """Connect, and leave it to the caller to enter the connection, or to close it."""
    if server.is_local:
        from mnix_tui.link.local import LocalConnection

        return LocalConnection(server, options)
    if options.dialler and options.stage is None and not options.forward_agent:
        from mnix_tui.link.dialler import client

        try:
            if (found := await client.take(server, options)) is not None:
                return found
        except (HostKeyUnknown, HostKeyChanged):  # a person may see another kind of key
            if options.ask_host_key is None:
                raise
        except LoginRefused:
            if options.ask_secret is None:
                raise  # nobody can be asked here either
    # In a thread, because it takes 0.2 s the first time, and a screen may be waiting.
    opener = await asyncio.to_thread(_load_ssh)
    return await opener(server, options)


def _load_ssh() -> Callable[[Server, LinkOptions], Awaitable[Connection]]:
    from mnix_tui.link.libraries import found_quickly

    with found_quickly():
        from mnix_tui.link.ssh import open_connection

    return open_connection


def new_nonce() -> str:
    """Return the random text by which the agent's preface is told from login noise."""
    return os.urandom(8).hex()


def with_nonce(args: tuple[str, ...], nonce: str) -> tuple[str, ...]:
    """Return the agent's arguments with the nonce among the command's options."""
    at = 2 if args[:1] == ("attach",) else 1  # attach JOB --nonce N, exec --nonce N … -- ARGV
    return (*args[:at], "--nonce", nonce, *args[at:])
