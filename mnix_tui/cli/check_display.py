"""Showing a server's checks while they are made: drawn over and over, or line by line."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from itertools import takewhile
from typing import IO, TYPE_CHECKING

from mnix_tui.cli import check_lines, own_terminal
from mnix_tui.cli.bottom import Bottom
from mnix_tui.domain.checks import CheckState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnix_tui.domain.checks import Check

TICK = 0.2
_STAGES = ("python", "podman")
"""The checks with which the way there, and then the start of the agent, have come to their end."""


class Lines:
    """Prints each check when nothing more can come of it: what a pipe gets."""

    def __init__(self, out: IO[str], *, colour: bool = False) -> None:
        self._out, self._colour = out, colour
        self._told: set[str] = set()

    def __call__(self, checks: tuple[Check, ...]) -> None:
        """Take news of the checks."""
        for check in _settled(checks):
            if check.key not in self._told:
                self._told.add(check.key)
                self._print([check_lines.line(check, colour=self._colour)])
                self._print(check_lines.advice(check))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Print them until the block ends."""
        yield

    async def run(self) -> None:
        """Do nothing: lines are printed as they come."""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question until the block ends."""
        yield

    def _print(self, lines: list[str]) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def _settled(checks: tuple[Check, ...]) -> Iterator[Check]:
    """Return the checks that are over for good.

    Until the next stage began, what went well can still turn out to have failed: a way that opens
    and leads nowhere, an agent that starts and gives no answer.
    """
    begun = [
        at
        for at, check in enumerate(checks)
        if check.key in _STAGES and check.state is not CheckState.WAITING
    ]
    if len(begun) < len(_STAGES) and not all(check.over for check in checks):
        checks = checks[: max(begun, default=0)]
    # Its turn first: nobody shall read of the disk before the login.
    return takewhile(lambda check: check.over, checks)


class Drawn:
    """Draws all checks over and over in the same place: what a person on a terminal gets."""

    def __init__(self, out: IO[str], *, colour: bool = False) -> None:
        self._out, self._colour = out, colour
        self._checks: tuple[Check, ...] = ()
        self._began: dict[str, float] = {}
        self._bottom = Bottom()
        self._paused = False
        self._terminal = own_terminal.OwnTerminal(resized=self._draw, leave=self._wipe)

    def __call__(self, checks: tuple[Check, ...]) -> None:
        """Take news of the checks, and draw them."""
        now = time.monotonic()
        for check in checks:
            if check.state is CheckState.RUNNING:
                self._began.setdefault(check.key, now)
        self._checks = checks
        self._draw()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the terminal until the block ends, and leave the whole report on it, uncut."""
        with self._terminal.held():
            try:
                yield
            finally:
                self._wipe()
                lines = check_lines.report(self._checks, colour=self._colour)
                self._write("".join(f"{line}\n" for line in lines))

    async def run(self) -> None:
        """Let the seconds of what runs pass."""
        while True:
            await asyncio.sleep(TICK)
            self._draw()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question; what was drawn goes, and comes back below it."""
        self._paused, since = True, time.monotonic()
        try:
            with self._terminal.released():
                yield
        finally:
            self._paused, took = False, time.monotonic() - since
            self._began = {key: began + took for key, began in self._began.items()}
            self._draw()

    def _draw(self) -> None:
        if self._paused or not self._checks or not own_terminal.in_front():
            return
        now, size = time.monotonic(), own_terminal.size()
        lines = [
            check_lines.line(
                check,
                colour=self._colour,
                cols=size[0] - 1,
                running=now - self._began.get(check.key, now),
            )
            for check in self._checks
        ]
        self._write(self._bottom.frame(lines, size))

    def _wipe(self) -> None:
        self._write(self._bottom.clear())

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
