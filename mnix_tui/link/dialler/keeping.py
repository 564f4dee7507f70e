"""Connections that wait for the next command: for hosts where the user's ControlPersist says so.

Without it each command gets a new connection, so that a server that was replaced, or a key that
changed, is noticed at once. Who wants ssh to keep connections open is spared the wait here as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from mnix_tui.domain.servers import parse_endpoint
from mnix_tui.errors import MnixError
from mnix_tui.link.sshconfig import config

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.ssh import SshConnection


class _Kept(NamedTuple):
    connection: SshConnection
    end: asyncio.TimerHandle


class Keeping:
    """The connections that wait, by what was requested."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        """Say whether any connection waits."""
        return bool(self._kept)

    async def take(self, key: str, server: Server) -> SshConnection | None:
        """Return the connection that waits, if the configuration is still the one it was."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return None
        kept.end.cancel()
        try:
            now = await asyncio.to_thread(config.load, parse_endpoint(server.endpoint))
        except MnixError:
            now = None  # dialling says why
        if (
            kept.connection.lost.done()
            or now is None
            or now.values != kept.connection.config.values
        ):
            await kept.connection.close()
            return None
        return kept.connection

    def leave(self, key: str, connection: SshConnection) -> None:
        """Have a connection wait, if the user wants that; else close it."""
        seconds = 0.0 if connection.lost.done() else connection.config.persists()
        if not seconds or key in self._kept:
            self._close(connection)
            return
        end = asyncio.get_running_loop().call_later(seconds, self._drop, key)
        self._kept[key] = _Kept(connection, end)
        # Whoever falls silent, or goes away, waits for nobody.
        connection.on_silence = lambda quiet: self._drop(key, connection) if quiet else None
        connection.lost.add_done_callback(lambda _: self._drop(key, connection))

    async def close(self) -> None:
        """Close all that wait."""
        for key in list(self._kept):
            self._drop(key)
        if self._closing:
            await asyncio.wait(self._closing)

    def _drop(self, key: str, connection: SshConnection | None = None) -> None:
        kept = self._kept.get(key)
        if kept is None or connection not in (None, kept.connection):
            return
        del self._kept[key]
        kept.end.cancel()
        self._close(kept.connection)

    def _close(self, connection: SshConnection) -> None:
        task = asyncio.get_running_loop().create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
