"""Output on its way into the emulator: in slices, so that a flood never holds up a key.

What arrives is interpreted at once while that takes less than ``SLICE_SECONDS``; the rest waits
for the event loop's next turns. The buffer is bounded by making ``feed`` wait, which in the end
makes the server wait: nothing is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal import Emulator, Event

SLICE_SECONDS = 0.002
"""The longest stretch of interpreting. A key passes about five turns of the loop, so 4 ms here
would already mean 20 ms there."""
CHUNK_BYTES = 8 * 1024
PENDING_BYTES = 128 * 1024


class Intake:
    """Feeds one emulator; hands its events on, with whether they belong to a replay."""

    def __init__(
        self,
        emulator: Emulator,
        on_events: Callable[[list[Event], bool], None],
        on_fed: Callable[[], None],
    ) -> None:
        self._emulator = emulator
        self._on_events = on_events
        self._on_fed = on_fed
        self._pending: deque[tuple[memoryview, bool]] = deque()
        self._size = 0
        self._turn: asyncio.Handle | None = None
        self._room = asyncio.Event()
        self.closed = False

    async def feed(self, data: bytes, *, replay: bool) -> None:
        """Take output; waits while more than PENDING_BYTES are waiting to be interpreted."""
        if not data or self.closed:
            return
        self._pending.append((memoryview(data), replay))
        self._size += len(data)
        if self._turn is None:
            self._work()
        # A source that always has more would otherwise never let the loop turn.
        await asyncio.sleep(0)
        await self._until(PENDING_BYTES)

    async def drained(self) -> None:
        """Wait until all output that was fed is interpreted."""
        await self._until(0)

    async def _until(self, size: int) -> None:
        while self._size > size and not self.closed:
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """Drop what waits, and let every waiting feed return."""
        self.closed = True
        self._pending.clear()
        self._size = 0
        if self._turn is not None:
            self._turn.cancel()
        self._room.set()

    def _work(self) -> None:
        self._turn = None
        deadline = time.perf_counter() + SLICE_SECONDS
        while self._pending:
            data, replay = self._pending.popleft()
            if len(data) > CHUNK_BYTES:
                self._pending.appendleft((data[CHUNK_BYTES:], replay))
                data = data[:CHUNK_BYTES]
            events = self._emulator.feed(bytes(data))
            self._size -= len(data)
            if events:
                self._on_events(events, replay)
            if time.perf_counter() > deadline:
                break
        self._room.set()
        self._on_fed()
        if self._pending and not self.closed:
            self._turn = asyncio.get_running_loop().call_soon(self._work)
