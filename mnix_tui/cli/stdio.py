"""A command on the server with this process's own stdin, stdout and stderr."""

from __future__ import annotations

import asyncio
import os
import select
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from mnix_tui.cli.connect import link_options
from mnix_tui.errors import LinkLost, UsageError
from mnix_tui.link import connect
from mnix_tui.link.audit import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mnix_tui.cli.context import Context
    from mnix_tui.cli.target import Target
    from mnix_tui.link import CommandChannel

_ATOMIC = 4096
"""Bytes that a pipe takes at once when it is ready at all (PIPE_BUF), without blocking us."""
_PIECE = 65536


async def execute(context: Context, chosen: Target, command: list[str], bare: bool) -> int:
    """Run ``command`` and return its exit code. Cancelling ends it on the server."""
    if not chosen.project.remote_id:
        raise UsageError(
            f"{chosen.project.name} was made by an older mnix",
            hint=f"mnix rebuild-switch --project {chosen.project.ref!r}",
        )
    args = ["exec", "--project", chosen.project.remote_id, *(["--bare"] if bare else [])]
    options = link_options(context)
    record = Recorder(chosen.server.name, options.audit)
    async with AsyncExitStack() as stack:
        with record.connecting(chosen.server):
            connection = await stack.enter_async_context(connect(chosen.server, options))
        argv = [*args, "--", *command]
        channel = await record.running(argv, connection.agent(*argv))
        try:
            return await _relay(channel)
        finally:
            await channel.close()


async def _relay(channel: CommandChannel) -> int:
    stdin = asyncio.ensure_future(_send(channel))
    out = asyncio.ensure_future(_copy(channel.read, 1))
    errors = asyncio.ensure_future(_copy(channel.read_stderr, 2))
    try:
        await asyncio.gather(out, errors)
        return await channel.wait()
    finally:
        for task in (stdin, out, errors):
            task.cancel()
        await asyncio.gather(stdin, out, errors, return_exceptions=True)


async def _send(channel: CommandChannel) -> None:
    """Pass our stdin on, at the pace that the server takes it."""
    try:
        async for data in read_fd(0):
            await channel.write(data)
        await channel.write_eof()
    except LinkLost:
        pass  # the command reads no more, or the link is gone: its reader will say


async def read_fd(fd: int) -> AsyncIterator[bytes]:
    """Yield what can be read from a file descriptor until its end, without blocking the loop."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(fd, ready.set)
    except (OSError, ValueError):  # a plain file, /dev/null, or closed: never makes us wait
        while data := _read(fd):
            yield data
            await asyncio.sleep(0)
        return
    try:
        while True:
            await ready.wait()
            ready.clear()
            if not (data := _read(fd)):
                return
            # Level-triggered: stop listening while the data is passed on, or the loop spins.
            loop.remove_reader(fd)
            yield data
            loop.add_reader(fd, ready.set)
    finally:
        loop.remove_reader(fd)


async def write_fd(fd: int, data: bytes) -> None:
    """Write all of ``data``; a slow reader makes us wait, and not the whole loop."""
    view = memoryview(data)
    while view:
        while not select.select([], [fd], [], 0)[1]:
            await _writable(fd)
        view = view[os.write(fd, view[:_ATOMIC]) :]


async def _writable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(fd)


async def _copy(read: Callable[[], Awaitable[bytes]], fd: int) -> None:
    while data := await read():
        await write_fd(fd, data)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _PIECE)
    except BlockingIOError:
        return b""
    except OSError:  # closed, or a terminal that hung up
        return b""
