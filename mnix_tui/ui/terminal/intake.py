"""Output on its way into the emulator: in slices, so that a flood never holds up a key.

All terminals of an app share one ``Turns``. The one in front, which has the keyboard, interprets
what arrives at once, up to a slice in each turn of the event loop. All others together get a small
part of the time. The buffers are bounded by making ``feed`` wait, which in the end makes the
server wait, for that one shell: nothing is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal import Emulator, Event

SLICE_SECONDS = 0.001
"""The longest stretch of interpreting in front. A key passes about five turns of the loop."""
REPLAY_SLICE_SECONDS = 0.004
BACK_SECONDS, BACK_PAUSE = 0.002, 0.012
"""All terminals behind the front one get that much time, then none for that long."""
BACK_RATIO = 5
IDLE_PAUSE = 0.002
IDLE_AFTER = 0.25
"""Once nothing happened in front for this long, those behind wait less."""
CHUNK_BYTES = 16 * 1024
PENDING_BYTES = 128 * 1024
YIELD_SECONDS = 0.001
TIDY_SECONDS, TIDY_PAUSE = 0.001, 0.02
"""While nothing else happens, histories are compressed for so long, with such pauses."""


class Intake:
    """Feeds one emulator; hands its events on, with whether they belong to a replay."""

    def __init__(
        self,
        emulator: Emulator,
        on_events: Callable[[list[Event], bool], None],
        on_fed: Callable[[], None],
        in_front: Callable[[], bool] = lambda: True,
    ) -> None:
        self._emulator = emulator
        self._on_events = on_events
        self._on_fed = on_fed
        self.in_front = in_front
        self._pending: deque[tuple[memoryview, bool]] = deque()
        self._size = 0
        self._queued = False
        self._yielded = 0.0
        self._room = asyncio.Event()
        self.closed = False

    async def feed(self, data: bytes, *, replay: bool) -> None:
        """Take output; waits while more than PENDING_BYTES are waiting to be interpreted."""
        if not data or self.closed:
            return
        self._pending.append((memoryview(data), replay))
        self._size += len(data)
        if not self._queued:
            turns = turns_of(asyncio.get_running_loop())
            in_front = self.in_front()
            if in_front:
                self.work(REPLAY_SLICE_SECONDS if replay else SLICE_SECONDS)
                turns.front_at = time.monotonic()
            if self._pending:
                self._queued = True
                turns.add(self, in_front)
            turns.tidy_later(self)
        if self._size > PENDING_BYTES:
            await self._until(PENDING_BYTES)
        elif time.perf_counter() - self._yielded > YIELD_SECONDS:
            # A source that always has more would otherwise never let the loop turn.
            await asyncio.sleep(0)
        else:
            return
        self._yielded = time.perf_counter()

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
        self._room.set()
        turns_of(asyncio.get_running_loop()).drop(self)

    def work(self, seconds: float) -> bool:
        """Interpret for about so long; return whether more waits."""
        deadline = time.perf_counter() + seconds
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
        if not self.closed:
            self._on_fed()
        self._queued = self._queued and bool(self._pending)
        return self._queued

    def tidy(self, seconds: float) -> bool:
        """Compress history for about so long; return whether all of it is done."""
        return self.closed or self._emulator.tidy(seconds)

    @property
    def replays(self) -> bool:
        """Whether what comes next is history."""
        return bool(self._pending) and self._pending[0][1]


class Turns:
    """Shares the running event loop's time among the terminals whose output waits.

    Holds neither the loop nor a handle of it: the loop is what keeps this alive.
    """

    def __init__(self) -> None:
        self._front: deque[Intake] = deque()
        self._back: deque[Intake] = deque()
        self._front_called = self._back_called = self._tidy_called = False
        self._untidy: deque[Intake] = deque()
        self.front_at = 0.0
        """When something was last interpreted in front."""

    def add(self, intake: Intake, in_front: bool) -> None:
        """Give an intake its turns until nothing of it waits any more."""
        if in_front:
            self._front.append(intake)
            self._call_front()
        else:
            self._back.append(intake)
            if not self._back_called:
                self._back_called = True
                asyncio.get_running_loop().call_soon(self._turn_back)

    def _call_front(self) -> None:
        if not self._front_called and self._front:
            self._front_called = True
            asyncio.get_running_loop().call_soon(self._turn_front)

    def _turn_front(self) -> None:
        self._front_called = False
        self.front_at = time.monotonic()
        intake = self._front.popleft()
        if intake.work(REPLAY_SLICE_SECONDS if intake.replays else SLICE_SECONDS):
            if intake.in_front():
                self._front.append(intake)
            else:
                self.add(intake, False)
        self._call_front()

    def _turn_back(self) -> None:
        self._back_called = False
        started = time.perf_counter()
        deadline = started + BACK_SECONDS
        # One turn for each at most, and the next time those first that had none.
        for _ in range(len(self._back)):
            intake = self._back.popleft()
            in_front = intake.in_front()
            if in_front or intake.work(SLICE_SECONDS):
                self.add_again(intake, in_front)
            if time.perf_counter() > deadline:
                break
        if self._back:
            idle = time.monotonic() - self.front_at > IDLE_AFTER
            # However long it took: a busy machine, or a history that had to be compressed.
            took = time.perf_counter() - started
            pause = max(IDLE_PAUSE, took) if idle else max(BACK_PAUSE, took * BACK_RATIO)
            self._back_called = True
            asyncio.get_running_loop().call_later(pause, self._turn_back)

    def add_again(self, intake: Intake, in_front: bool) -> None:
        """Keep an intake that is not done, wherever it now belongs."""
        if in_front:
            self._front.append(intake)
            self._call_front()
        else:
            self._back.append(intake)

    def tidy_later(self, intake: Intake) -> None:
        """Compress what an intake made, once nothing else is to do."""
        if intake not in self._untidy:
            self._untidy.append(intake)
        if not self._tidy_called:
            self._tidy_called = True
            asyncio.get_running_loop().call_later(IDLE_AFTER, self._tidy)

    def drop(self, intake: Intake) -> None:
        """Keep nothing of an intake that was closed; turns that it still has do nothing."""
        if intake in self._untidy:
            self._untidy.remove(intake)

    def _tidy(self) -> None:
        self._tidy_called = False
        busy = self._front or self._back or time.monotonic() - self.front_at < IDLE_AFTER
        if not busy and self._untidy and self._untidy[0].tidy(TIDY_SECONDS):
            self._untidy.popleft()
        if self._untidy:
            pause = IDLE_AFTER if busy else TIDY_PAUSE
            self._tidy_called = True
            asyncio.get_running_loop().call_later(pause, self._tidy)


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return what all terminals on this loop share."""
    if loop not in _turns:
        _turns[loop] = Turns()
    return _turns[loop]
