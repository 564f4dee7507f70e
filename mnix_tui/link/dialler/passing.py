"""Passing bytes between a command and what was opened for it, in frames, as fast as both read."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from mnix_tui.errors import MnixError
from mnix_tui.link.connection import BULK_WINDOW
from mnix_tui.link.dialler import objects, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from mnix_tui.link.model import Channel, CommandChannel


async def pass_command(
    opening: Awaitable[CommandChannel], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Have a command use a program on the server."""
    channel = await _opened(opening, writer)
    if channel is None:
        return
    try:
        writer.write(words.line({"hello": channel.hello}))
        await _until_one(_inward(channel, reader), _command_output(channel, writer))
    finally:
        await channel.close()


async def pass_stream(
    opening: Awaitable[Channel], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Have a command use a Unix socket on the server."""
    channel = await _opened(opening, writer)
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
