"""Carrying a folder to the agent's ``receive``: packed in a thread, a few pieces ahead."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from mnix_tui.errors import LinkLost, MnixError
from mnix_tui.link import wire
from mnix_tui.sync.model import PushReport, Scan
from mnix_tui.sync.pack import FileChanged, Packer
from mnix_tui.sync.scan import scan
from server_agent.protocol.lines import MAX_LINE, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Protocol

    from mnix_tui.link import CommandChannel

    class Sender(Protocol):
        """The part of a link that a transfer needs."""

        async def command(self, *args: str, bulk: bool = False) -> CommandChannel:
            """Run the agent."""


Result = TypeVar("Result")
TRIES = 3
"""How often a push begins again because files changed under it; the last time it takes them."""
_BATCH = 4
"""Frames that are packed at once: at most so many wait, beside those that travel."""


async def send(
    link: Sender,
    project_id: str,
    folder: Path,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> PushReport:
    """Send what the ignore rules leave of ``folder`` to a project's workspace.

    Raises ``SyncError`` for what can't be read, what the agent answers, and ``LinkLost``. Until
    everything has arrived and was verified, the server's workspace is as it was.
    """
    begin = time.monotonic()
    tell = progress or _nothing
    for last in (*[False] * (TRIES - 1), True):
        tell("listing files", 0, None)
        with ThreadPoolExecutor(1, thread_name_prefix="pack") as thread:
            found = await _in(thread, lambda: scan(folder))
            packer = Packer(os.fspath(folder), found.entries, strict=not last)
            try:
                answer = await _transfer(link, project_id, packer, found, thread, tell)
            except FileChanged:
                if last:
                    raise
                continue
        changing = tuple(f"{path} changed while it was sent" for path in packer.changed)
        return PushReport(
            files=packer.members,
            bytes=packer.length,
            changed=int(answer.get("changed") or 0),
            trashed=int(answer.get("trashed") or 0),
            seconds=time.monotonic() - begin,
            notes=(*found.notes, *changing),
        )
    raise AssertionError("the last try returns or raises")


async def _transfer(
    link: Sender,
    project_id: str,
    packer: Packer,
    found: Scan,
    thread: ThreadPoolExecutor,
    tell: Callable[[str, int, int | None], None],
) -> dict[str, Any]:
    """Send one archive and return the agent's answer."""
    frames = packer.frames()
    channel = await link.command("receive", "--project", project_id, bulk=True)
    try:
        ahead = asyncio.ensure_future(_in(thread, lambda: _batch(frames)))
        try:
            while batch := await ahead:
                ahead = asyncio.ensure_future(_in(thread, lambda: _batch(frames)))
                tell("sending files", packer.done, found.size)
                await channel.write(batch)
        except LinkLost as lost:
            # The agent may have ended early, with a reason that says more than a broken pipe.
            await asyncio.wait([ahead])
            raise (await _reason(channel)) or _cut_off(lost.title) from lost
        except BaseException:
            ahead.cancel()
            await asyncio.wait([ahead])
            raise
        await channel.write_eof()
        tell("applying files", packer.done, found.size)
        return await _answer(channel)
    finally:
        await channel.close()


async def _answer(channel: CommandChannel) -> dict[str, Any]:
    """Read the line that the agent ends with; raise the error that it may hold."""
    line = await _line(channel)
    if not line:
        raise _cut_off("the server gave no answer")
    found = decode(line[line.index(b"{") :] if b"{" in line else line)
    if "error" in found:
        raise wire.error(found["error"], "The upload was refused")
    return found


def _cut_off(why: str) -> LinkLost:
    promise = "nothing changes there until all of it has arrived"
    return LinkLost("The upload was cut off", f"{why}\n{promise}", "push again")


async def _reason(channel: CommandChannel) -> MnixError | None:
    """Return the error that the agent left before it stopped reading, if any."""
    try:
        async with asyncio.timeout(2):
            await _answer(channel)
    except LinkLost:
        return None
    except MnixError as error:
        return error
    except (TimeoutError, ValueError):
        return None
    return None


async def _line(channel: CommandChannel) -> bytes:
    data = b""
    while b"\n" not in data and len(data) < MAX_LINE:
        piece = await channel.read()
        if not piece:
            break
        data += piece
    return data.partition(b"\n")[0]


def _batch(frames: Iterator[bytes]) -> bytes:
    return b"".join(islice(frames, _BATCH))


async def _in(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


def _nothing(what: str, done: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
