"""Doing something beside a block, and waiting for it or for a signal."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

Result = TypeVar("Result")


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, Result]) -> AsyncIterator[asyncio.Task[Result]]:
    """Do ``work`` beside the block; it is cancelled, and over, when the block ends."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(
    task: asyncio.Task[Any], other: asyncio.Task[None] | None = None
) -> signal.Signals | None:
    """Wait for the task's end; return the signal that came before, if one did.

    What goes wrong in the ``other`` one is raised as well.
    """
    loop = asyncio.get_running_loop()
    came: asyncio.Future[signal.Signals] = loop.create_future()

    def take(number: signal.Signals) -> None:
        if not came.done():
            came.set_result(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, take, number)
    try:
        waited: set[asyncio.Future[Any]] = {task, came}
        if other is not None and not other.done():
            waited.add(other)
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if other in done and not (task.done() or came.done()):
            other.result()
            done, _ = await asyncio.wait((task, came), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
    if task.done():
        await task
        return None
    return came.result()
