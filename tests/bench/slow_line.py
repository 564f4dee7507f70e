"""A line between two ports of this machine that counts, delays and narrows what it carries."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fleet.sshd import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

Counter = Any  # a shared integer: its stubs don't know that it is one

_PIECE = 16 << 10
_QUEUE = 64
"""Pieces that are under way at most: 1 MiB, more than 100 Mbit/s hold in 50 ms."""


@dataclass
class Line:
    """A port that leads to another one, and the bytes that went each way."""

    port: int
    _there: Counter
    _back: Counter

    @property
    def bytes(self) -> tuple[int, int]:
        """Bytes to the server and back since the last ``reset``."""
        return int(self._there.value), int(self._back.value)

    def reset(self) -> None:
        """Count from here."""
        for counter in (self._there, self._back):
            with counter.get_lock():
                counter.value = 0


@contextmanager
def line(to_port: int, *, round_trip: float = 0.0, rate: float = 0.0) -> Iterator[Line]:
    """Carry connections to ``to_port``, in a process of its own.

    ``round_trip`` in seconds; ``rate`` in bytes a second each way, 0 for as fast as it goes.
    """
    context = multiprocessing.get_context("spawn")
    there, back = context.Value("q", 0), context.Value("q", 0)
    port = free_port()
    ready = context.Event()
    process = context.Process(
        target=_serve, args=(port, to_port, round_trip / 2, rate, there, back, ready), daemon=True
    )
    process.start()
    try:
        if not ready.wait(30):
            raise RuntimeError("the line did not come up")
        yield Line(port, there, back)
    finally:
        process.terminate()
        process.join()


def _serve(
    port: int, to_port: int, delay: float, rate: float, there: Counter, back: Counter, ready: Any
) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(
            _one_way(reader, other_writer, delay, rate, there),
            _one_way(other_reader, writer, delay, rate, back),
            return_exceptions=True,
        )

    async def main() -> None:
        async with await asyncio.start_server(carry, "127.0.0.1", port) as server:
            ready.set()
            await server.serve_forever()

    asyncio.run(main())


async def _one_way(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay: float,
    rate: float,
    counter: Counter,
) -> None:
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE)

    async def deliver() -> None:
        while True:
            due, data = await queue.get()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    async def take() -> None:
        free = 0.0
        while True:
            data = await reader.read(_PIECE)
            with counter.get_lock():
                counter.value += len(data)
            free = max(free, time.monotonic()) + (len(data) / rate if rate else 0.0)
            await queue.put((free + delay, data))
            if not data:
                return

    try:
        await asyncio.gather(take(), deliver())
    finally:
        writer.close()
