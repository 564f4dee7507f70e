"""What a peer says, handed on in portions: one that floods must not keep the loop for itself.

asyncssh goes through all packets of one read at once: of the smallest, thousands, each with a copy
of what follows it. And it answers them: a peer that asks and takes no answer must not fill the memory.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PORTION = 8 << 10
"""Bytes that are handed on at once: some hundred of the smallest packets."""
TURN = 0.004
"""Seconds of a turn of the loop that one peer may take."""
MOST_UNSENT = 32 << 20
"""Bytes that wait for a peer to take them; with more, it is not listened to."""
BEHIND = 0.5
"""Seconds after which it is looked whether the peer took some."""


class Portions:
    """Hands on bytes, in order: at once where that is quick, else a little in each turn."""

    def __init__(
        self,
        receive: Callable[[bytes], None],
        transport: Callable[[], Any],
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Hand on to ``receive`` what comes from the ``transport``, which is none once it ended."""
        self._receive = receive
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._waiting = b""
        self._paused = False

    def take(self, data: bytes, datatype: int | None = None) -> None:
        """Take bytes that came."""
        self._waiting += data
        if not self._paused:
            self._go()

    def flush(self) -> None:
        """Hand on all that waits: nothing more comes."""
        waiting, self._waiting = self._waiting, b""
        if waiting and self._transport() is not None:
            self._receive(waiting)

    def _go(self) -> None:
        waiting, self._waiting = self._waiting, b""
        end = self._clock() + TURN
        for at in range(0, len(waiting), PORTION):
            if at and self._clock() >= end:
                self._waiting = waiting[at:]
                break
            if self._transport() is None:
                return
            self._receive(waiting[at : at + PORTION])
        if (transport := self._transport()) is None:
            return
        behind = transport.get_write_buffer_size() > MOST_UNSENT
        if self._waiting or behind:
            if not self._paused:
                self._paused = True
                transport.pause_reading()
            self._loop.call_later(BEHIND if behind else 0, self._go)
        elif self._paused:
            self._paused = False
            transport.resume_reading()
