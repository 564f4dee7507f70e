"""The dialler itself: accepts commands of its user, dials for each, passes bytes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import json
import logging
import os
import secrets
import socket
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import LinkLost, LoginRefused, MnixError
from mnix_tui.link.connection import BULK_WINDOW
from mnix_tui.link.dialler import objects, place, words
from mnix_tui.link.dialler.keeping import Keeping
from mnix_tui.link.libraries import found_quickly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from mnix_tui.domain.servers import Server
    from mnix_tui.link.connection import Connection
    from mnix_tui.link.model import Channel, CommandChannel, LinkOptions
    from mnix_tui.link.ssh import SshConnection

FIRST_WORD = 5.0
"""Seconds in which a command says what it wants."""
PERSONS = 60.0
"""Seconds for which a server that wanted a person is left to the commands."""
LOOK = 5.0
"""Seconds between two looks at whether the dialler is still needed."""


@dataclass
class Line:
    """A connection, and the agent that was started over it before anybody asked."""

    connection: Connection
    first: tuple[str, ...] = ()
    starting: asyncio.Future[CommandChannel] | None = None

    def begin(self) -> None:
        """Start the agent that is about to be wanted."""
        if self.first:
            self.starting = asyncio.ensure_future(self.connection.agent(*self.first, bulk=True))

    async def agent(self, request: dict[str, Any]) -> CommandChannel:
        """Return the agent that a command asks for, which may be running already."""
        args = tuple(str(each) for each in request["args"])
        early = base64.b64decode(request["early"])
        if self.starting is not None and args == self.first and request["preface"]:
            starting, self.starting = self.starting, None
            channel = await starting
            if early:
                await channel.write(early)
            return channel
        preface, bulk = bool(request["preface"]), bool(request["bulk"])
        return await self.connection.agent(*args, preface=preface, bulk=bulk, early=early)

    async def end(self) -> None:
        """End what nobody asked for."""
        if self.starting is not None:
            self.starting.cancel()
            with contextlib.suppress(MnixError, asyncio.CancelledError):
                await (await self.starting).close()


class Dialler:
    """Serves until nobody has asked for ``patience`` seconds, or its code is not the newest."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._print = place.code_print()
        self._lines: dict[str, Line] = {}
        self._kept = Keeping()
        self._persons: dict[str, float] = {}
        """Endpoints where only a person could log in, and when: trying would be a failure more."""
        self._clients: set[asyncio.Task[Any]] = set()
        self._idle_since = 0.0
        self._over = asyncio.Event()

    async def serve(self, listener: socket.socket) -> None:
        """Accept commands until it is over."""
        path = listener.getsockname()
        mine = os.stat(path).st_ino  # noqa: PTH116 - a plain number is wanted
        server = await asyncio.start_unix_server(
            self._accept, sock=listener, limit=words.LONGEST_LINE
        )
        loop = asyncio.get_running_loop()
        self._idle_since = loop.time()
        async with server:
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK, self._patience)):
                        await self._over.wait()
                needed = self._clients or self._kept
                idle = not needed and loop.time() - self._idle_since >= self._patience
                if idle or not _is_at(path, mine):
                    break
                with contextlib.suppress(OSError):
                    os.utime(f"{path}.lock")  # what clears /tmp takes what looks forgotten
            server.close()
            if _is_at(path, mine):
                os.unlink(path)  # noqa: PTH108
            if self._clients:
                await asyncio.wait(self._clients)
            await self._kept.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, TimeoutError):
                if _is_ours(writer):
                    async with asyncio.timeout(FIRST_WORD):
                        request = json.loads(await reader.readline())
                    await self._answer(request, reader, writer)
        finally:
            self._clients.discard(task)
            self._idle_since = asyncio.get_running_loop().time()
            writer.close()

    async def _answer(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request["do"] == "dial":
            refused = self._persons.get(request["server"][1], -PERSONS)
            if asyncio.get_running_loop().time() - refused < PERSONS:
                return
            if place.code_print() != self._print:
                self._over.set()  # mnix was updated: the command dials by itself, and leaves a new one
                return
            await self._dial(request, reader, writer)
        elif (line := self._lines.get(request["line"])) is None:
            lost = objects.from_error(LinkLost("The connection was lost"))
            writer.write(words.line({"error": lost}))
        elif request["do"] == "agent":
            await _run(line, request, reader, writer)
        elif request["do"] == "socket":
            await _stream(line.connection, request, reader, writer)

    async def _dial(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(words.line({}))  # a sign of life
        server, options = objects.dialled(request)
        options = replace(options, audit=lambda ran: writer.write(objects.record(ran)))
        key = json.dumps([request["server"], request["options"]])
        heard = asyncio.ensure_future(reader.read(4096))  # nothing, or the end, while it dials
        try:
            connection = await self._kept.take(key, server)
            if connection is None:
                connection = await _dialled(server, options, heard)
        except MnixError as error:
            heard.cancel()
            if isinstance(error, LoginRefused):
                self._persons[server.endpoint] = asyncio.get_running_loop().time()
            writer.write(words.line({"error": objects.from_error(error)}))
            return
        if connection is None:
            return
        connection.options = options
        token = secrets.token_hex(16)  # no other dialler ever gave it
        first = tuple(str(each) for each in request.get("first", ()))
        line = self._lines[token] = Line(connection, first)
        connection.on_silence = lambda seconds: writer.write(
            words.frame(words.SILENCE, json.dumps(seconds).encode())
        )
        try:
            line.begin()
            writer.write(words.line({"line": token}))
            await _until_over(connection, heard, reader, writer)
        finally:
            del self._lines[token]
            await line.end()
            self._kept.leave(key, connection)


async def _dialled(
    server: Server, options: LinkOptions, heard: asyncio.Future[bytes]
) -> SshConnection | None:
    """Connect, unless the command goes away first; raise why that can't be."""
    from mnix_tui.link.ssh import open_connection

    dialling = asyncio.ensure_future(open_connection(server, options))
    over: set[asyncio.Future[Any]] = {dialling, heard}
    await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
    if not dialling.done():
        dialling.cancel()
    try:
        return await dialling
    except asyncio.CancelledError:
        return None


async def _until_over(
    connection: Connection,
    heard: asyncio.Future[bytes],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Keep a connection as long as its command does."""
    while True:
        over: set[asyncio.Future[Any]] = {heard, connection.lost}
        await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        if connection.lost.done():
            heard.cancel()
            lost = json.dumps(objects.from_error(connection.lost.result())).encode()
            writer.write(words.frame(words.LOST, lost))
            await writer.drain()
            return
        if not heard.result():
            return
        connection.doubt()  # the only thing that a command says here
        heard = asyncio.ensure_future(reader.read(4096))


async def _run(
    line: Line,
    request: dict[str, Any],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Run the agent for a command."""
    channel = await _opened(line.agent(request), writer)
    if channel is None:
        return
    try:
        writer.write(words.line({"hello": channel.hello}))
        await _until_one(_inward(channel, reader), _command_output(channel, writer))
    finally:
        await channel.close()


async def _stream(
    line: Connection,
    request: dict[str, Any],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Connect a command to a Unix socket on the server."""
    channel = await _opened(line.unix_socket(str(request["path"])), writer)
    if channel is None:
        return
    try:
        writer.write(words.line({}))
        await _until_one(_inward(channel, reader), _outward(channel.read, words.DATA, writer))
    finally:
        await channel.close()


async def _until_one(*work: Coroutine[Any, Any, None]) -> None:
    """Do several things until one of them is done; end the others."""
    tasks = {asyncio.ensure_future(each) for each in work}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _opened(opening: Awaitable[Any], writer: asyncio.StreamWriter) -> Any:
    try:
        return await opening
    except MnixError as error:
        writer.write(words.line({"error": objects.from_error(error)}))
        return None


async def _inward(channel: Channel, reader: asyncio.StreamReader) -> None:
    """Pass on what the command says, until it goes away."""
    frames = words.Frames()
    while data := await reader.read(BULK_WINDOW):
        for kind, payload in frames.feed(data):
            with contextlib.suppress(MnixError):  # its end is told by the other direction
                if kind == words.DATA:
                    await channel.write(payload)
                elif kind == words.END:
                    await channel.write_eof()


async def _command_output(channel: CommandChannel, writer: asyncio.StreamWriter) -> None:
    await asyncio.gather(
        _outward(channel.read, words.DATA, writer),
        _outward(channel.read_stderr, words.STDERR, writer),
    )
    try:
        code = await channel.wait()
    except MnixError as error:
        writer.write(words.frame(words.LOST, json.dumps(objects.from_error(error)).encode()))
    else:
        writer.write(words.frame(words.EXIT, json.dumps(code).encode()))
    await writer.drain()


async def _outward(
    read: Callable[[], Awaitable[bytes]], kind: int, writer: asyncio.StreamWriter
) -> None:
    try:
        while data := await read():
            writer.write(words.frame(kind, data))
            await writer.drain()
    except MnixError as error:
        writer.write(words.frame(words.LOST, json.dumps(objects.from_error(error)).encode()))
    else:
        if kind == words.DATA:
            writer.write(words.frame(words.END))
    with contextlib.suppress(OSError):
        await writer.drain()


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Say whether the other end runs as our user; the folder lets in no other, but see anyway."""
    line: socket.socket = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(uid == os.getuid())


def _is_at(path: str, inode: int) -> bool:
    try:
        return os.stat(path).st_ino == inode  # noqa: PTH116
    except OSError:
        return False


def main() -> None:
    """Become the dialler at the socket ``argv[1]``, unless there is one; ``argv[2]``: its patience
    in seconds."""
    with contextlib.suppress(OSError):
        os.setsid()  # a Ctrl-C in the terminal that the command was run in is not for us
    os.chdir("/")
    logging.getLogger().addHandler(logging.NullHandler())
    path = Path(sys.argv[1])
    lock = f"{path}.lock"
    guard = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # another one is there, or about to be
    if not _is_at(lock, os.fstat(guard).st_ino):
        return  # it was cleared away just now
    with found_quickly():
        import mnix_tui.link.ssh  # noqa: F401 - this is what it is for
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener.bind(str(path))
    path.chmod(0o600)
    with contextlib.suppress(KeyboardInterrupt, OSError), _removed(lock):
        asyncio.run(Dialler(float(sys.argv[2])).serve(listener))


@contextlib.contextmanager
def _removed(lock: str) -> Iterator[None]:
    """Remove the lock in the end: whoever waits for it sees that it is not the one that counts."""
    try:
        yield
    finally:
        os.unlink(lock)  # noqa: PTH108
