"""What a person at a session's terminal has to know, as one line. No I/O."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from mnix_tui.domain.text import plain
from mnix_tui.sessions import (
    Attached,
    Clients,
    Leads,
    LinkDown,
    LinkUp,
    LinkWaiting,
    Silent,
    Speaks,
)

if TYPE_CHECKING:
    from mnix_tui.sessions import AttachEvent

SHOWN = 4.0
"""Seconds that a passing word is shown."""
_LEAST = 20
"""Columns that a reason has in any case."""


class Notices:
    """Follows an attachment's events, and says what the bottom line should say now."""

    def __init__(self, server: str, leader: str) -> None:
        self.changed = asyncio.Event()
        """Set when the line may have to be drawn again."""
        self._server = server
        self._leader = leader
        self._down: LinkDown | None = None
        self._waiting: LinkWaiting | None = None
        self._silent_at: float | None = None
        self._note = ""
        self._until = 0.0
        self._others: tuple[str, ...] | None = None
        self._size = (0, 0)

    @property
    def stuck(self) -> bool:
        """Whether what is typed goes nowhere at present."""
        return self._down is not None or self._silent_at is not None

    def take(self, event: AttachEvent, size: tuple[int, int]) -> None:
        """Take an event, and the size of this terminal."""
        match event:
            case Silent(seconds):
                self._silent_at = time.monotonic() - seconds
            case Speaks():
                self._silent_at = None
            case LinkDown():
                self._down, self._waiting, self._silent_at = event, None, None
            case LinkWaiting():
                self._waiting = event
            case LinkUp():
                self._down = self._waiting = None
                self.note("connected again")
            case Clients(others=others):
                self._came(tuple(each.name for each in others))
            case Attached(mine=mine, cols=cols, rows=rows) | Leads(mine, cols, rows):
                self._sized(mine, (cols, rows), size)
            case _:
                return
        self.changed.set()

    def note(self, text: str) -> None:
        """Say something in passing."""
        self._note, self._until = text, time.monotonic() + SHOWN
        self.changed.set()

    def help(self) -> None:
        """Say what the leader's keys do."""
        lead = self._leader
        self._note = ""
        self.note(f"{lead} then: d leave it running · r reconnect · {lead} send it · ? this")

    def also_help(self) -> None:
        """Add where the keys are told."""
        self._note += f"; {self._leader} ? says what does"

    def text(self, waiting: int, cols: int = 80) -> str:
        """Return the line; "" when there is nothing to say. ``waiting``: bytes typed ahead.

        Of a terminal's ``cols`` columns what can be done has its part, however long a reason is.
        """
        now = time.monotonic()
        if self._note and now < self._until:
            return self._note
        self._note = ""
        keys = f" · {_bytes(waiting)}" if waiting else ""
        if self._down is not None:
            rest = f" · {self._next()}{keys} · {self._leader} r now, d leave"
            return plain(self._trouble(self._down), max(_LEAST, cols - 3 - len(rest))) + rest
        if self._silent_at is not None:
            return f"no answer from {self._server} for {now - self._silent_at:.0f} s{keys}"
        return ""

    def plain(self, event: LinkDown | LinkUp) -> str:
        """Return the same for a log."""
        if isinstance(event, LinkUp):
            return "connected again"
        return f"connection lost ({event.reason}), reconnecting"

    def _trouble(self, down: LinkDown) -> str:
        waiting = self._waiting
        reason = (waiting.reason if waiting else "") or down.reason
        return f"{self._server}: {reason.removeprefix(f'{self._server}: ')}"

    def _next(self) -> str:
        if self._waiting is None:
            return "reconnecting"
        if self._waiting.next_try is None:
            return "waits for you"
        left = self._waiting.next_try - time.time()
        return f"next try in {left:.0f} s" if left >= 0.5 else "reconnecting"

    def _came(self, others: tuple[str, ...]) -> None:
        before, self._others = self._others, others
        new = list(others)
        for name in before or ():
            if name in new:
                new.remove(name)
        if new:
            self.note(f"{', '.join(new[:3])} {'is' if len(new) == 1 else 'are'} here too")

    def _sized(self, mine: bool, pty: tuple[int, int], own: tuple[int, int]) -> None:
        before, self._size = self._size, pty
        if not mine and pty not in (own, before):
            one = self._others or ()
            who = one[0] if len(one) == 1 else "another client"
            self.note(f"{who} leads: the size is {pty[0]}×{pty[1]} until you type")


def _bytes(count: int) -> str:
    return "1 key waits" if count == 1 else f"{count} keys wait"
