"""A stream that ends again and again: how often it is opened, and how fast."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mnix_tui.link.wire import job as job_from_wire
from mnix_tui.sessions import Attachment, Exited, Live, Output
from mnix_tui.sessions.attachment import MAX_ROUNDS
from server_agent.protocol import frames
from server_agent.protocol.frames import Type
from tests.unit.sessions.model import JOB

ATTACHED = frames.json_frame(
    Type.ATTACHED, {"job": JOB, "offset": 0, "end": 0, "accepted": 0, "leader": None}
)


class Channel:
    """Says a few bytes, then ends."""

    def __init__(self, *says: bytes) -> None:
        self._says = list(says)

    async def readable(self) -> bool:
        return True

    async def read(self) -> bytes:
        return self._says.pop(0) if self._says else b""

    def send(self, data: bytes) -> None:
        pass

    def calm(self) -> None:
        pass

    async def close(self) -> None:
        pass


class Link:
    """A link that is always up; each stream over it says the same."""

    up = keeps = True

    def __init__(self, *says: bytes) -> None:
        self._says = says
        self.opened = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        yield

    def subscribe(self, handler: object) -> Any:
        return lambda: None

    async def open_stream(self, job: object) -> Channel:
        self.opened += 1
        return Channel(*self._says)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(round(seconds, 3))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


def attachment(link: Any) -> Attachment:
    return Attachment(link, job_from_wire(JOB), cols=80, rows=24)


async def test_who_only_says_that_we_are_attached_is_given_up(pauses: list[float]) -> None:
    link = Link(ATTACHED)
    async with attachment(link) as attached:
        async with asyncio.timeout(5):
            events = [event async for event in attached]
    assert isinstance(events[-1], Exited)
    assert link.opened == MAX_ROUNDS + 1
    assert pauses == [0.4, 0.8, 1.6, 3.2]


async def test_who_replays_and_then_refuses_is_asked_less_and_less_often(
    pauses: list[float],
) -> None:
    link = Link(ATTACHED, frames.frame(Type.LIVE))
    async with attachment(link) as attached:
        async with asyncio.timeout(5):
            async for _ in attached:
                if link.opened == 8:
                    break
    assert pauses == [0.4, 0.8, 1.6, 3.2, 3.2, 3.2]


async def test_output_is_progress(pauses: list[float]) -> None:
    link = Link(ATTACHED)
    lives = 0
    async with attachment(link) as attached:
        async with asyncio.timeout(5):
            async for event in attached:
                lives += isinstance(event, Live)
                if isinstance(event, Output) and event.offset == 30:
                    break
                at = 10 * link.opened
                said = frames.data_frame(Type.DATA, at, b"0123456789")
                link._says = (ATTACHED, said + frames.frame(Type.LIVE))
    assert lives
    assert pauses == []
