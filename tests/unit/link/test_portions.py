"""A peer that floods gets its part of each turn of the loop, and no more."""

import asyncio
import random

import pytest

from mnix_tui.link import portions
from mnix_tui.link.portions import PORTION, TURN, Portions
from tests.helpers import asettle


class Peer:
    """Takes its time over each portion, and is a transport that can be held."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.got: list[bytes] = []
        self.held: list[bool] = []
        self.unsent = 0
        self.open = True
        self.portions = Portions(self.receive, self.transport, lambda: self.now)

    def transport(self) -> "Peer | None":
        return self if self.open else None

    def receive(self, data: bytes) -> None:
        self.now += self.seconds
        self.got.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.held.append(True)

    def resume_reading(self) -> None:
        self.held.append(False)


async def test_what_is_quick_goes_on_at_once() -> None:
    peer = Peer(TURN / 1000)
    data = random.Random(1).randbytes(10 * PORTION + 7)
    peer.portions.take(data)
    assert b"".join(peer.got) == data
    assert peer.held == []


async def test_a_flood_leaves_the_loop_to_others() -> None:
    peer = Peer(TURN)
    data = random.Random(1).randbytes(10 * PORTION)
    peer.portions.take(data[:-5])
    assert [len(each) for each in peer.got] == [PORTION]
    peer.portions.take(data[-5:])
    assert len(peer.got) == 1
    assert peer.held == [True]
    await asettle(lambda: len(peer.held) == 2)
    assert [len(each) for each in peer.got] == [PORTION] * 10
    assert b"".join(peer.got) == data
    assert peer.held == [True, False]
    peer.portions.take(b"more")
    assert peer.got[-1] == b"more"


async def test_who_takes_no_answer_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "BEHIND", 0.001)
    peer = Peer(TURN / 1000)
    peer.unsent = portions.MOST_UNSENT + 1
    peer.portions.take(b"question")
    assert peer.held == [True]
    looked: list[bool] = []
    asyncio.get_running_loop().call_later(0.01, looked.append, True)
    await asettle(lambda: bool(looked))
    assert peer.held == [True]
    peer.unsent = 0
    await asettle(lambda: peer.held == [True, False])


async def test_nothing_is_lost_at_the_end() -> None:
    peer = Peer(TURN)
    data = random.Random(1).randbytes(10 * PORTION)
    peer.portions.take(data)
    peer.portions.flush()
    assert b"".join(peer.got) == data


async def test_nothing_goes_to_a_connection_that_has_ended() -> None:
    peer = Peer(TURN)
    peer.portions.take(bytes(3 * PORTION))
    peer.open = False
    peer.portions.take(b"more")
    turned: list[bool] = []
    asyncio.get_running_loop().call_soon(turned.append, True)
    await asettle(lambda: bool(turned))
    peer.portions.flush()
    assert len(peer.got) == 1
