"""What all channels share: bounded buffers, flow control, the tail of an unread stderr.

An adapter is the callback side of some transport; it calls the ``_on_…`` methods here and
implements the ``_transport_…`` ones. So no channel needs a task of its own.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.link.audit import ended_by_us, result_of

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL = 8 << 10
"""Bytes of an unread stderr that are kept for error messages."""


class Inbox:
    """Bytes that came and were not read yet."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: MnixError | None = None
        self.size = 0
        self.ended = False
        self.tail_only = False
        """Keep only the last ``TAIL`` bytes, for a stream that nobody reads."""

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._chunks.append(data)
        self.size += len(data)
        while self.tail_only and self.size - len(self._chunks[0]) >= TAIL:
            self.size -= len(self._chunks.popleft())
        self._wake()

    def end(self, error: MnixError | None = None) -> None:
        """Say that nothing more comes; with an error, reading raises it after the last byte."""
        if not self.ended:
            self.ended, self._error = True, error
            self._wake()

    def unread(self, data: bytes) -> None:
        """Put bytes back, to be read first."""
        if data:
            self._chunks.appendleft(data)
            self.size += len(data)

    def take(self, limit: int) -> bytes:
        """Return what is there, at most ``limit`` bytes."""
        parts, room = [], limit
        while self._chunks and room > 0:
            chunk = self._chunks.popleft()
            if len(chunk) > room:
                self._chunks.appendleft(chunk[room:])
                chunk = chunk[:room]
            parts.append(chunk)
            room -= len(chunk)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self.size -= len(data)
        return data

    async def wait(self) -> None:
        """Wait until there is something to read, or the end."""
        while not self._chunks and not self.ended:
            if self._waiter is None:
                self._waiter = asyncio.get_running_loop().create_future()
            # Shielded: one reader's cancellation must not reach another who waits here too.
            await asyncio.shield(self._waiter)

    async def stir(self) -> bool:
        """Wait for something to read, the end, or a ``poke``; return whether reading won't wait."""
        if not self._chunks and not self.ended:
            if self._waiter is None:
                self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiter)
        return bool(self._chunks) or self.ended

    def poke(self) -> None:
        """Have ``stir`` return."""
        self._wake()

    def raise_error(self) -> None:
        """Raise the error that the stream ended with, if it did and all is read."""
        if self._error is not None and not self._chunks:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._waiter = None


class BaseChannel(ABC):
    """A stream of bytes; see ``mnix_tui.link.model.Channel``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inbox = Inbox()
        self._reading = True
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._over: LinkLost | None = None
        """Why nothing can be written any more."""

    @property
    def over(self) -> bool:
        """Whether the stream has ended, or was closed."""
        return self._over is not None and self._inbox.ended

    @abstractmethod
    def _transport_write(self, data: bytes) -> None: ...

    @abstractmethod
    def _transport_eof(self) -> None: ...

    @abstractmethod
    def _transport_reading(self, on: bool) -> None: ...

    @abstractmethod
    async def _transport_close(self) -> None: ...

    async def read(self, limit: int = 65536) -> bytes:
        """Return what came, at most ``limit`` bytes; ``b""`` at the end."""
        return await self._read_from(self._inbox, limit)

    async def readable(self) -> bool:
        """Wait until ``read`` would not wait, and return true; false after a ``poke``."""
        return await self._inbox.stir()

    def poke(self) -> None:
        """Have ``readable`` return now: something else happened that its caller has to see."""
        self._inbox.poke()

    def calm(self) -> None:  # noqa: B027 - most lines are shared with nobody
        """Take that what comes now is live: from here on it shall not delay others."""

    async def write(self, data: bytes) -> None:
        """Send ``data``; wait while the peer is slow."""
        self.send(data)
        if not self._writable.is_set():
            await self._writable.wait()
            self._check_writable()

    def send(self, data: bytes) -> None:
        """Send ``data`` without waiting."""
        self._check_writable()
        try:
            self._transport_write(data)
        except OSError as error:
            self._over = LinkLost("The stream has ended", str(error))
            raise self._over from error

    async def write_eof(self) -> None:
        """Say that nothing more will be written."""
        if self._over is None:
            try:
                self._transport_eof()
            except OSError as error:
                self._over = LinkLost("The stream has ended", str(error))

    async def close(self) -> None:
        """End the stream, now; a second call does nothing."""
        if not self._closing:
            self._closing = True
            self._over = self._over or LinkLost("The stream was closed")
            self._inbox.end()
            self._writable.set()
            await self._transport_close()

    def unread(self, data: bytes) -> None:
        """Put bytes back, to be read first."""
        self._inbox.unread(data)

    async def _read_from(self, inbox: Inbox, limit: int) -> bytes:
        await inbox.wait()
        data = inbox.take(limit)
        if not self._reading and not self._full() and not self._closing:
            self._reading = True
            self._transport_reading(True)
        if not data:
            inbox.raise_error()
        return data

    def _full(self) -> bool:
        return self._inbox.size >= self._limit

    def _check_writable(self) -> None:
        if self._over is not None:
            raise self._over

    def _on_data(self, inbox: Inbox, data: bytes) -> None:
        inbox.feed(data)
        if self._reading and self._full():
            self._reading = False
            self._transport_reading(False)

    def _on_writable(self, writable: bool) -> None:
        if writable:
            self._writable.set()
        else:
            self._writable.clear()

    def _on_end(self, error: MnixError | None) -> None:
        """The transport has gone; with an error, not by the peer's will."""
        if self._over is None:
            detail = error.detail if error is not None else ""
            title = error.title if error is not None else "The stream has ended"
            self._over = LinkLost(title, detail)
        self._inbox.end(error)
        self._writable.set()


class BaseCommand(BaseChannel):
    """A program's stdin, stdout and stderr; see ``mnix_tui.link.model.CommandChannel``."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.hello: dict[str, Any] = {}
        self._errors = Inbox()
        self._exit: int | None = None
        self._gone = asyncio.Event()
        self.on_result: Callable[[str], None] | None = None
        """Called once with what came of the program: ``ok``, ``exit 3``, or what went wrong."""

    async def read_stderr(self, limit: int = 65536) -> bytes:
        """Return what came on stderr; ``b""`` at the end."""
        return await self._read_from(self._errors, limit)

    async def wait(self) -> int:
        """Wait for the end and return the exit code; raise ``LinkLost`` when nobody knows it."""
        await self._gone.wait()
        if self._exit is None:
            raise self._over or LinkLost("The command's end is unknown")
        return self._exit

    async def close(self) -> None:
        """End the program, now; a second call does nothing."""
        self._conclude(ended_by_us())
        await super().close()

    def keep_stderr_tail(self) -> None:
        """Drop all of stderr but its tail: nobody reads it, and unread it would stop stdout."""
        self._errors.tail_only = True

    async def stderr_tail(self, seconds: float = 0.5) -> str:
        """Return the last lines of an ended program's stderr, for an error message."""
        try:
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        except TimeoutError:
            pass
        return self._errors.take(1 << 30)[-TAIL:].decode("utf-8", "replace").strip()

    def _full(self) -> bool:
        if not self._errors.tail_only and self._errors.size >= self._limit:
            return True
        return super()._full()

    def _on_end(self, error: MnixError | None) -> None:
        super()._on_end(error)
        self._errors.end()
        self._gone.set()
        self._conclude(result_of(self._over))

    def _conclude(self, result: str) -> None:
        """Tell what came of the program: its exit code where that is known."""
        told, self.on_result = self.on_result, None
        if told is not None and self._exit is not None:
            told("ok" if self._exit == 0 else f"exit {self._exit}")
        elif told is not None:
            told(result)
