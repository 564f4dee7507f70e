"""Terminals that share the event loop: whose output waits, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from mnix_tui.terminal import Bell, Emulator, Event
from mnix_tui.ui.terminal.intake import PENDING_BYTES, Intake
from tests.helpers.settle import asettle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIB = 1 << 20
LOG = b"\x1b[32mphase\x1b[0m some text of a build log\r\n" * 400


class Terminal:
    """An intake of its own, and what came out of it."""

    def __init__(self, *, in_front: bool) -> None:
        self.in_front = in_front
        self.emulator = Emulator(80, 24)
        self.events: list[Event] = []
        self.taken = 0
        self.intake = Intake(
            self.emulator,
            lambda events, _replay: self.events.extend(events),
            lambda: None,
            lambda: self.in_front,
        )

    async def flood(self) -> None:
        while not self.intake.closed:
            await self.intake.feed(LOG, replay=False)
            self.taken += len(LOG)


@contextlib.asynccontextmanager
async def flooding(count: int) -> AsyncIterator[list[Terminal]]:
    """Give terminals behind the front one, which take floods."""
    behind = [Terminal(in_front=False) for _ in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for one in behind:
            tasks.create_task(one.flood())
        try:
            yield behind
        finally:
            for one in behind:
                one.intake.close()


async def test_the_front_terminal_is_served_at_once() -> None:
    front = Terminal(in_front=True)
    async with flooding(5):
        for number in range(50):
            await asyncio.sleep(0)
            await front.intake.feed(b"\x1b[H%d" % number, replay=False)
            assert front.emulator.text().startswith(str(number))


async def test_floods_behind_leave_the_loop_free_and_all_go_on() -> None:
    front = Terminal(in_front=True)
    async with flooding(5) as behind:
        await asettle(lambda: all(one.taken > MIB for one in behind), timeout=30)
        started, busy, turns = time.perf_counter(), 0.0, 0
        while (now := time.perf_counter()) < started + 0.6:
            await front.intake.feed(b"x", replay=False)
            await asyncio.sleep(0)
            took = time.perf_counter() - now
            busy += took if took > 0.001 else 0
            turns += 1
        # A fifth, and what a busy machine adds: without shares it would be nearly all.
        assert busy < 0.4
        assert turns > 100
        taken = [one.taken for one in behind]
        await asettle(lambda: all(one.taken > t for one, t in zip(behind, taken, strict=True)))


async def test_bell_behind_is_heard_while_others_flood() -> None:
    async with flooding(4):
        quiet = Terminal(in_front=False)
        await quiet.intake.feed(b"\x07", replay=False)
        await asettle(lambda: quiet.events == [Bell()], timeout=1)


async def test_feed_waits_for_its_own_terminal_only() -> None:
    behind = Terminal(in_front=False)
    waiting = asyncio.ensure_future(behind.intake.feed(b"x" * (4 * MIB), replay=False))
    front = Terminal(in_front=True)
    await asyncio.wait_for(front.intake.feed(b"y" * PENDING_BYTES, replay=False), 5)
    assert not waiting.done()
    behind.in_front = True  # it is looked at now
    await asyncio.wait_for(waiting, 20)
    await behind.intake.drained()


async def test_replay_of_eight_mebibytes_is_quick() -> None:
    front = Terminal(in_front=True)
    log = LOG * (8 * MIB // len(LOG))
    started = time.perf_counter()
    for at in range(0, len(log), 64 * 1024):
        await front.intake.feed(log[at : at + 64 * 1024], replay=True)
    await front.intake.drained()
    # 0.2 s on a quiet machine; what is proved here is that nothing waits for a timer.
    assert time.perf_counter() - started < 3
