"""Who may connect when: the living are never kept waiting by the dead."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from mnix_tui.link import gate
from mnix_tui.link.gate import Gate, Held, Passage, Turnstile
from tests.helpers.settle import asettle

KNOWN = 22


def nothing() -> None:
    pass


async def test_a_turnstile_lets_a_few_in_and_the_next_in_their_order() -> None:
    told: list[int] = []
    turnstile = Turnstile(2)
    tickets = [turnstile.enter(lambda n=n: told.append(n), 60) for n in range(5)]  # type: ignore[misc]
    assert told == [0, 1]
    tickets[2].leave()  # gave up while it waited
    tickets[0].leave()
    tickets[0].leave()
    assert told == [0, 1, 3]
    tickets[1].leave()
    assert told == [0, 1, 3, 4]


async def test_a_place_is_handed_on_after_a_while() -> None:
    turnstile = Turnstile(1)
    slow = turnstile.enter(nothing, 0.01)
    await turnstile.entered(60)
    assert slow.over


async def test_who_is_cancelled_while_waiting_leaves_no_hole() -> None:
    turnstile = Turnstile(1)
    first = turnstile.enter(nothing, 60)
    waiting = asyncio.ensure_future(turnstile.entered(60))
    await asettle(lambda: len(turnstile._queue) == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    first.leave()
    async with asyncio.timeout(1):
        await turnstile.entered(60)


async def test_at_most_sixteen_log_in_and_four_of_one_host() -> None:
    made = Gate()
    inside: set[int] = set()
    passages: list[Passage] = []
    async with AsyncExitStack() as stack:
        for number in range(5 * gate.AT_ONCE_PER_HOST):
            passage = await stack.enter_async_context(
                made.passage(f"host{number // gate.AT_ONCE_PER_HOST}", KNOWN)
            )
            passages.append(passage)
            passage.spoke(lambda n=number: inside.add(n))  # type: ignore[misc]
        assert inside == set(range(gate.AT_ONCE))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stack.enter_async_context(made.passage("HOST0", KNOWN))
        passages[0].rest()
        assert inside == set(range(gate.AT_ONCE + 1))
        async with asyncio.timeout(1), made.passage("host0", KNOWN):
            pass


async def test_a_hundred_silent_hosts_keep_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "UNHEARD", 0.02)
    made = Gate()
    async with AsyncExitStack() as stack, asyncio.timeout(5):
        for number in range(2 * gate.REACHING):
            await stack.enter_async_context(made.passage(f"dead{number}", KNOWN))
        came: list[str] = []
        living = await stack.enter_async_context(made.passage("living", KNOWN))
        living.spoke(lambda: came.append("living"))
        assert came == ["living"]


async def test_who_asks_a_person_gives_its_places_back() -> None:
    made = Gate()
    async with AsyncExitStack() as stack, asyncio.timeout(2):
        for _ in range(gate.AT_ONCE_PER_HOST):
            (await stack.enter_async_context(made.passage("host", KNOWN))).rest()
        await stack.enter_async_context(made.passage("host", KNOWN))


async def test_what_comes_before_its_turn_is_held_in_order_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "AT_ONCE", 1)
    made = Gate()
    async with made.passage("first", 1) as first, made.passage("second", 1) as second:
        first.spoke(nothing)
        got: list[bytes] = []
        held = Held(second, got.append)
        for part in (b"SSH-", b"2.0-", b"x\r\n"):
            held.take(part)
        assert got == []
        first.rest()
        assert got == [b"SSH-", b"2.0-", b"x\r\n"]
        held.take(b"more")
        assert got[-1] == b"more"
        third = Passage(made, ("third", 1))
        flood: list[bytes] = []
        flooded = Held(third, flood.append)
        for _ in range(9):
            flooded.take(b"x" * (gate.MAX_HELD // 8))
        assert flooded.open
        assert sum(map(len, flood)) == 9 * gate.MAX_HELD // 8
