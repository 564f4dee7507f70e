"""One rebuild, watched: its log read once, parsed in small slices, shared by all who look."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING

from mnix_tui.errors import MnixError
from mnix_tui.fleet.turns import Slicer, Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link
    from mnix_tui.nixlog import Build, Line
    from mnix_tui.sessions import AttachEvent

MAX_LINES = 50_000
"""Lines that are kept of a log that somebody looks at."""
FEW_LINES = 2_000
"""Lines that are kept while nobody has looked yet."""
MAX_CHARS = 12 << 20
"""Characters that the kept lines may have together."""
TELL = 0.1
"""Seconds between two calls of a subscriber."""


class BuildWatch:
    """A rebuild as it goes on, or as it went: the tree, and the last lines.

    ``Fleet.watch_build`` makes it. A lost connection is waited for, and nothing is read twice.
    """

    def __init__(
        self,
        link: Link | None,
        project: Project,
        job: Job,
        turns: Turns,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        from mnix_tui.nixlog import Build

        self.project = project
        self.job = job
        self.expected: dict[str, float] = {}
        """Seconds that things took before; to be filled before ``run``."""
        self.build: Build = Build(expected=self.expected, clock=clock or time.time)
        """All of the rebuild as far as it was read; see ``build.version``."""
        self.lines: deque[Line] = deque()
        """The last lines, oldest first."""
        self.first = 0
        """The number of the first line in ``lines``, counted from 0: how many were dropped."""
        self.done = False
        """Whether the log was read to its end, or will never be (``error``)."""
        self.error: MnixError | None = None
        """Why the log could not be read to its end."""
        self.down = ""
        """Why nothing comes at the moment, while the connection is lost; "" while it is there."""
        self.code: int | None = None
        """The job's exit code, once it has ended and somebody knows."""
        self.reason = ""
        """Why the job ended, where that is not its exit code."""
        self._link = link
        self._turns = turns
        self._chars = 0
        self._most = FEW_LINES
        self._subscribers: list[Callable[[], None]] = []
        self._looking = 0
        self._urgent: ExitStack | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0

    @property
    def live(self) -> bool:
        """Whether the rebuild still runs, as far as is known."""
        return self.job.live and not self.done

    @property
    def looked_at(self) -> bool:
        """Whether somebody has it on a screen."""
        return self._looking > 0

    def subscribe(self, callback: Callable[[], None], *, looks: bool = True) -> Callable[[], None]:
        """Call back after changes, ten times a second at most; the result ends that.

        For who ``looks``, more lines are kept, the log is read faster, and a lost link is made
        again sooner.
        """
        if looks:
            self._most = MAX_LINES
            self._look(1)
        self._subscribers.append(callback)

        def end() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)
                self._look(-int(looks))

        return end

    def _look(self, more: int) -> None:
        """Count who looks; while somebody does, a lost link is made again sooner."""
        self._looking += more
        if self._looking and not self.done and self._link is not None and self._urgent is None:
            self._urgent = ExitStack()
            self._urgent.enter_context(self._link.watched())
        elif self._urgent is not None and (self.done or not self._looking):
            self._urgent.close()
            self._urgent = None

    async def run(self) -> None:
        """Read the log to its end; whatever goes wrong is in ``error``."""
        try:
            try:
                await self._read()
            finally:
                self._add(self.build.end())
        except MnixError as error:
            self.error = error
        except Exception as error:  # a log may hold anything, and must not end the whole fleet
            self.error = MnixError("The log can't be shown", f"{type(error).__name__}: {error}")
        self.done, self.down = True, ""
        self._look(0)
        self._changed()

    async def _read(self) -> None:
        from mnix_tui.sessions import Attachment

        assert self._link is not None
        slicer = Slicer(self._turns, self.build.feed, lambda: self.looked_at)
        async with Attachment(
            self._link, self.job, cols=0, rows=0, fresh=False, urgent=False
        ) as stream:
            async for event in stream:
                data = self._take(event)
                async for lines in slicer.feed(data):
                    self._add(lines)

    def give_up(self, error: MnixError) -> None:
        """Tell that nothing will come any more, and why."""
        if not self.done:
            self.error, self.done, self.down = error, True, ""
            self._tell()
        self.stop()

    def stop(self) -> None:
        """Call nobody back any more."""
        self._subscribers.clear()
        self._look(-self._looking)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self, event: AttachEvent) -> bytes:
        """Note what happened; return the bytes of the log that came with it."""
        from mnix_tui.sessions import Exited, Gap, LinkDown, LinkUp, Output

        if isinstance(event, Output):
            return event.data
        if isinstance(event, Gap):
            return f"\nmnix: {event.end - event.start} bytes are no longer kept\n".encode()
        if isinstance(event, LinkDown):
            self.down = event.reason
        elif isinstance(event, LinkUp):
            self.down = ""
        elif isinstance(event, Exited):
            self.code, self.reason = event.code, event.reason
        self._changed()
        return b""

    def _add(self, new: Iterable[Line]) -> None:
        lines = self.lines
        for line in new:
            lines.append(line)
            self._chars += len(line.text)
        while len(lines) > self._most or (self._chars > MAX_CHARS and len(lines) > 1):
            self._chars -= len(lines.popleft().text)
            self.first += 1
        self._changed()

    def _changed(self) -> None:
        if self._timer is None and self._subscribers:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told + TELL), self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        for callback in tuple(self._subscribers):
            callback()


async def read_lines(link: Link, job: Job, node: str, turns: Turns) -> AsyncIterator[list[Line]]:
    """Yield all lines of one node of a rebuild, or all lines (""), from the log's beginning.

    While the job runs it goes on with what follows. Lines come as they are read, several at once.
    """
    from mnix_tui.nixlog import Build
    from mnix_tui.sessions import log_chunks

    build = Build(tail=1)
    slicer = Slicer(turns, build.feed, lambda: True)
    async for data in log_chunks(link, job):
        async for lines in slicer.feed(data):
            if mine := _of(lines, node):
                yield mine
    if mine := _of(build.end(), node):
        yield mine


def _of(lines: list[Line], node: str) -> list[Line]:
    return [line for line in lines if line.node == node] if node else lines
