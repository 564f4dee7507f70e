"""Channels over asyncssh: a program on the server, and a stream to a Unix socket there."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh

from mnix_tui.errors import LinkLost
from mnix_tui.link.channels import BaseChannel, BaseCommand
from mnix_tui.link.connection import INTERACTIVE_WINDOW
from mnix_tui.link.window import Window

_SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9}
_SIGNALS |= {"SEGV": 11, "PIPE": 13, "ALRM": 14, "TERM": 15, "USR1": 10, "USR2": 12}


class _Transport(BaseChannel):
    """The part that both kinds share: asyncssh's callbacks, and its channel as the transport."""

    _chan: Any = None
    _window: Window | None = None

    def connection_made(self, chan: Any) -> None:
        self._chan = chan
        self._loop = asyncio.get_running_loop()
        if self._limit <= INTERACTIVE_WINDOW:
            self._window = Window(self._loop.time())

    def _flows(self, count: int) -> None:
        """Let the window follow the line's speed; asyncssh has no public way to change it."""
        if self._window is not None:
            self._chan._init_recv_window = self._window.take(count, self._loop.time())

    def calm(self) -> None:
        """Take that nobody waits for the past any more."""
        if self._window is not None:
            self._chan._init_recv_window = self._window.calm()

    def eof_received(self) -> bool:
        self._inbox.end()
        return True  # the other direction stays open

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._on_end(None)
        else:
            self._on_end(LinkLost("The connection was lost", str(exc)))

    def pause_writing(self) -> None:
        self._on_writable(False)

    def resume_writing(self) -> None:
        self._on_writable(True)

    def _transport_write(self, data: bytes) -> None:
        self._chan.write(data)

    def _transport_eof(self) -> None:
        self._chan.write_eof()

    def _transport_reading(self, on: bool) -> None:
        self._chan.resume_reading() if on else self._chan.pause_reading()

    async def _transport_close(self) -> None:
        # Not close(): that would wait for a peer which does not read.
        self._chan.abort()


class SshCommand(_Transport, BaseCommand, asyncssh.SSHClientSession[bytes]):
    """A program on the server."""

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Take bytes of stdout or stderr."""
        self._flows(len(data))
        self._on_data(self._inbox if datatype is None else self._errors, data)

    def eof_received(self) -> bool:
        """Take the end of both outputs."""
        self._errors.end()
        return super().eof_received()

    def exit_status_received(self, status: int) -> None:
        """Take the exit code."""
        self._exit = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Take the signal that ended the program."""
        self._exit = 128 + _SIGNALS.get(signal, 0)


class SshSocket(_Transport, asyncssh.SSHUNIXSession[bytes]):
    """A stream to a Unix socket on the server."""

    def __init__(self) -> None:
        super().__init__(INTERACTIVE_WINDOW)

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Take bytes."""
        self._flows(len(data))
        self._on_data(self._inbox, data)
