"""Sharing the event loop among all the logs that are parsed: none holds it long, nor all together."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Result = TypeVar("Result")

AIM = 0.002
"""Seconds that one slice shall take; what is slower than expected may take a few times that."""
_FIRST, _LEAST, _MOST = 4096, 256, 64 << 10
_SHARES = (3.0, 1.0)
"""How long is rested after a slice, as a multiple of what it took: in the background, in front."""


class Turns:
    """Whose turn it is: one slice runs at a time, and the loop breathes after each.

    There are two lanes: what a person looks at waits for nothing in the background.
    """

    def __init__(self) -> None:
        self.lanes = (asyncio.Lock(), asyncio.Lock())


class Slicer(Generic[Result]):
    """Hands bytes to ``take`` in pieces that are as large as they are quickly taken."""

    def __init__(
        self, turns: Turns, take: Callable[[bytes], Result], front: Callable[[], bool]
    ) -> None:
        """``front`` says whether somebody looks at what comes of it."""
        self._turns = turns
        self._take = take
        self._front = front
        self._size = _FIRST

    async def feed(self, data: bytes) -> AsyncIterator[Result]:
        """Hand over all of ``data``, and yield what each piece gave."""
        at = 0
        while at < len(data):
            lane = 1 if self._front() else 0
            async with self._turns.lanes[lane]:
                piece = data[at : at + self._size]
                at += len(piece)
                began = time.perf_counter()
                yield self._take(piece)
                took = time.perf_counter() - began
                self._learn(len(piece), took)
                await asyncio.sleep(took * _SHARES[lane])

    def _learn(self, fed: int, took: float) -> None:
        """Choose how much comes next, from how long the last piece took (its receiver included)."""
        if fed < self._size and took < AIM:
            return  # a short piece tells little
        wanted = fed * AIM / max(took, 1e-6)
        self._size = int(min(max(min(wanted, self._size * 2), _LEAST), _MOST))
