"""Noticing that another generation is ready for a shell that is on this terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnix_tui.link import StateSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mnix_tui.domain.jobs import Job
    from mnix_tui.link import Link, LinkEvent


class Newer:
    """Tells each generation once, and none that the shell itself has told.

    The shell says it at its next prompt; until there is one, as in an editor, only we can.
    """

    def __init__(self, job: Job, tell: Callable[[str], None]) -> None:
        self._job = job
        self._tell = tell
        self._told: set[int] = set()
        self._tail = b""
        self._shown = b""
        """What the shell will say of what we told."""

    @contextmanager
    def watching(self, link: Link) -> Iterator[None]:
        """Listen to the link until the block ends."""
        end = link.subscribe(self.take)
        try:
            yield
        finally:
            end()

    def output(self, data: bytes) -> None:
        """Take what the session printed; once the shell says it, we need not."""
        self._tail = (self._tail + data)[-4096:]
        if self._shown and self._shown in self._tail:
            self._shown = b""
            self._tell("")

    def take(self, event: LinkEvent) -> None:
        """Take what the link tells."""
        if not isinstance(event, StateSnapshot):
            return
        mine = next((job for job in event.jobs if job.id == self._job.id), None)
        running = next(
            (info for info in event.projects if info.get("id") == self._job.project_id), {}
        )
        now = running.get("generation")
        if mine is None or not mine.generation or not isinstance(now, int) or now in self._told:
            return
        if now == mine.generation:
            return
        self._told.add(now)
        said = b"generation %d is ready" % now
        if said not in self._tail:
            self._shown = said
            if mine.replaced:
                self._tell(f"generation {now} is ready, in a new container: open another shell")
            else:
                self._tell(f"generation {now} is ready: mnix-reenter")
