"""How logs share the loop: in slices that stay short, one at a time, in two lanes."""

import asyncio
import time
from collections.abc import Callable

import pytest

from mnix_tui.fleet.turns import Slicer, Turns


class Clock:
    """Time that passes only while something is parsed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, per_byte: float) -> None:
        self.now = 0.0
        self.per_byte = per_byte
        self.longest = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def parse(self, data: bytes) -> int:
        self.now += len(data) * self.per_byte
        self.longest = max(self.longest, len(data) * self.per_byte)
        return len(data)


async def feed(slicer: Slicer[int], data: bytes, done: Callable[[int], None]) -> None:
    async for taken in slicer.feed(data):
        done(taken)


async def test_what_parses_slowly_is_fed_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, per_byte=1e-6)
    slicer = Slicer(Turns(), clock.parse, lambda: True)
    taken: list[int] = []
    await feed(slicer, bytes(64 << 10), taken.append)
    assert sum(taken) == 64 << 10
    assert clock.longest <= 0.005
    clock.per_byte, clock.longest = 1e-8, 0.0
    taken.clear()
    for _ in range(8):
        await feed(slicer, bytes(64 << 10), taken.append)
    assert max(taken) == 64 << 10  # and what parses quickly in large ones
    assert clock.longest <= 0.005


async def test_nothing_in_front_waits_for_the_background() -> None:
    shared = Turns()
    events: list[str] = []
    asleep, go = asyncio.Event(), asyncio.Event()

    async def background() -> None:
        async for _ in Slicer(shared, len, lambda: False).feed(bytes(10)):
            asleep.set()
            await go.wait()  # holds the lane of the background
        events.append("background")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(background())
        await asleep.wait()
        async for _ in Slicer(shared, len, lambda: True).feed(bytes(10)):
            events.append("front")
        go.set()
    assert events == ["front", "background"]


async def test_in_one_lane_one_works_at_a_time() -> None:
    shared = Turns()
    working: list[int] = []

    async def work(number: int) -> None:
        async for _ in Slicer(shared, len, lambda: False).feed(bytes(20_000)):
            working.append(number)
            await asyncio.sleep(0)
            assert working == [number]
            working.clear()

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(work(number))
