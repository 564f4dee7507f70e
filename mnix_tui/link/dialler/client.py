"""A connection that the dialler made for this command, and what runs over it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.link.channels import BaseChannel, BaseCommand
from mnix_tui.link.connection import (
    BULK_WINDOW,
    INTERACTIVE_WINDOW,
    UNREAD_STDERR,
    Connection,
)
from mnix_tui.link.dialler import early, objects, place, words

if TYPE_CHECKING:
    from mnix_tui.domain.servers import Server
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions

_EARLY = 256 << 10
"""Bytes of what a program reads first that are sent with the request."""


async def take(server: Server, options: LinkOptions) -> DialledConnection | None:
    """Return a new connection that the dialler made; ``None`` where there is no dialler.

    Raises why the server can't be reached.
    """
    if not options.dialler or server.is_local:
        return None
    if (line := early.line(objects.dial_request(server, options))) is None:
        return None
    loop = asyncio.get_running_loop()
    connection = DialledConnection(server, options)
    await loop.create_unix_connection(lambda: connection.line, sock=line)
    answer = await connection.line.answer(4 * early.PATIENCE, 4 * options.connect_timeout)
    if answer is None:  # it ended, it hangs, or it is of an older mnix
        return None
    connection.token = str(answer["line"])
    return connection


_left: set[str] = set()
"""Where this process left a dialler: once is enough, however many servers it connects to."""


def leave_one(options: LinkOptions) -> None:
    """Leave a dialler behind for the next commands, unless there is one."""
    if not options.dialler:
        return
    # Nothing that was open here may live on there: a lock, the end of somebody's pipe.
    code = "import os; os.closerange(3, 1 << 20)\n"
    code += "from mnix_tui.link.dialler.service import main; main()"
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    try:
        path = str(place.socket_path())
        if path in _left:
            return
        _left.add(path)
        argv = [sys.executable, "-P", "-c", code, path, str(options.dialler)]
        os.posix_spawn(sys.executable, argv, os.environ, file_actions=nowhere)  # it outlives us
    except OSError:
        pass  # the next command takes as long as this one did: no reason to complain


class DialledConnection(Connection):
    """One SSH connection, held by the dialler for as long as this object is not closed."""

    def __init__(self, server: Server, options: LinkOptions) -> None:
        self.server = server
        self.options = options
        self.lost: asyncio.Future[MnixError] = asyncio.get_running_loop().create_future()
        self.line = _Line(self)
        self.token = ""
        self._opening = 0
        self._channels: set[BaseChannel] = set()

    async def agent(
        self, *args: str, preface: bool = True, bulk: bool = False, early: bytes = b""
    ) -> CommandChannel:
        """Run the agent on the server, delivering it when it is not there."""
        channel = _Command(BULK_WINDOW if bulk else INTERACTIVE_WINDOW)
        if args[:1] and args[0] in UNREAD_STDERR:
            channel.keep_stderr_tail()
        words_of_it = {"args": args, "preface": preface, "bulk": bulk}
        first, rest = early[:_EARLY], early[_EARLY:]
        asked = {"do": "agent", **words_of_it, "early": base64.b64encode(first).decode()}
        answer = await self._open(channel, asked)
        channel.hello = answer["hello"]
        if rest:
            await channel.write(rest)
        return channel

    async def unix_socket(self, path: str) -> Channel:
        """Connect to a Unix socket on the server."""
        channel = _Channel(INTERACTIVE_WINDOW)
        await self._open(channel, {"do": "socket", "path": path})
        return channel

    @property
    def busy(self) -> bool:
        """Whether anything runs over the connection."""
        return bool(self._opening or any(not channel.over for channel in self._channels))

    def doubt(self) -> None:
        """Ask the peer for a sign of life."""
        self.line.say(words.frame(words.DOUBT))

    def abort(self, reason: MnixError) -> None:
        """Give the connection up."""
        if not self.lost.done():
            self.lost.set_result(reason)
        self.line.end()

    async def close(self) -> None:
        """Close the connection and all that runs over it."""
        self.abort(LinkLost("The link was closed"))
        await asyncio.gather(*(channel.close() for channel in self._channels))
        self._channels.clear()

    async def _open(self, channel: _Channel, request: dict[str, Any]) -> dict[str, Any]:
        if self.lost.done():
            raise self.lost.result()
        loop = asyncio.get_running_loop()
        self._opening += 1
        try:
            async with asyncio.timeout(6 * self.options.connect_timeout):
                await loop.create_unix_connection(lambda: channel, str(place.socket_path()))
                channel.begin({**request, "line": self.token})
                answer = await channel.answer()
            if answer is None:
                raise self._gone("the dialler went away")
        except (OSError, TimeoutError) as error:
            await channel.close()
            raise self._gone(str(error) or "no answer") from error
        except LinkLost as error:
            self.abort(error)  # nothing can be opened any more: the link connects anew
            raise
        except BaseException:
            await channel.close()
            raise
        finally:
            self._opening -= 1
        self._channels = {each for each in self._channels if not each.over} | {channel}
        return answer

    def _gone(self, why: str) -> LinkLost:
        error = LinkLost(f"{self.server.name}: connection lost", why)
        self.abort(error)
        return error


class _FirstLine:
    """Waits for the line that answers a request."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._start = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take bytes; return those behind the line."""
        if self._answer.done():
            return data
        self._start += data
        first, end, rest = bytes(self._start).partition(b"\n")
        if not end:
            return b""
        self._answer.set_result(first)
        return rest

    def end(self) -> None:
        """Take the end."""
        if not self._answer.done():
            self._answer.set_result(b"")

    async def wait(self) -> dict[str, Any] | None:
        """Return the answer, ``None`` when there is none; raise the error that it is."""
        first = await self._answer
        if not first:
            return None
        answer: dict[str, Any] = json.loads(first)
        if "error" in answer:
            raise objects.to_error(answer["error"])
        return answer


class _Line(asyncio.Protocol):
    """The socket that stands for the connection itself."""

    def __init__(self, connection: DialledConnection) -> None:
        self._connection = connection
        self._begun, self._first = _FirstLine(), _FirstLine()
        self._frames = words.Frames()
        self._transport: Any = None

    async def answer(self, patience: float, timeout: float) -> dict[str, Any] | None:
        """Return the answer; ``None`` if the dialler ended, or says nothing at once."""
        try:
            async with asyncio.timeout(patience):
                if await self._begun.wait() is None:
                    return None
            async with asyncio.timeout(timeout):
                return await self._first.wait()
        except TimeoutError:
            self.end()
            return None
        except BaseException:
            self.end()
            raise

    def say(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for kind, payload in self._frames.feed(self._first.feed(self._begun.feed(data))):
            if kind == words.SILENCE and self._connection.on_silence is not None:
                self._connection.on_silence(json.loads(payload))
            elif kind == words.RECORD and self._connection.options.audit is not None:
                self._connection.options.audit(objects.to_record(payload))
            elif kind == words.LOST:
                self._lose(objects.to_error(json.loads(payload)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._begun.end()
        self._first.end()
        name = self._connection.server.name
        self._lose(LinkLost(f"{name}: connection lost", "the dialler went away"))

    def _lose(self, error: MnixError) -> None:
        if not self._connection.lost.done():
            self._connection.lost.set_result(error)


class _Channel(BaseChannel, asyncio.Protocol):
    """A stream of bytes in frames over a socket to the dialler."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._first = _FirstLine()
        self._frames = words.Frames()
        self._transport: Any = None
        self._lost: MnixError | None = None

    def begin(self, request: dict[str, Any]) -> None:
        """Say what is wanted."""
        self._transport.write(words.line(request))

    async def answer(self) -> dict[str, Any] | None:
        """Return the dialler's answer."""
        return await self._first.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for kind, payload in self._frames.feed(self._first.feed(data)):
            self._on_frame(kind, payload)

    def _on_frame(self, kind: int, payload: bytes) -> None:
        if kind == words.DATA:
            self._on_data(self._inbox, payload)
        elif kind == words.END:
            self._inbox.end()
        elif kind == words.LOST:
            self._on_end(objects.to_error(json.loads(payload)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._first.end()
        if not self._inbox.ended:
            self._on_end(LinkLost("The connection was lost", "the dialler went away"))
        self._on_end(None)

    def pause_writing(self) -> None:
        self._on_writable(False)

    def resume_writing(self) -> None:
        self._on_writable(True)

    def _transport_write(self, data: bytes) -> None:
        for at in range(0, len(data), words.LONGEST_FRAME):
            self._transport.write(words.frame(words.DATA, data[at : at + words.LONGEST_FRAME]))

    def _transport_eof(self) -> None:
        self._transport.write(words.frame(words.END))

    def _transport_reading(self, on: bool) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading() if on else self._transport.pause_reading()

    async def _transport_close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Command(_Channel, BaseCommand):
    """A program on the server."""

    def _on_frame(self, kind: int, payload: bytes) -> None:
        if kind == words.STDERR:
            self._on_data(self._errors, payload)
        elif kind == words.EXIT:
            self._exit = int(json.loads(payload))
            self._on_end(None)
        else:
            super()._on_frame(kind, payload)
