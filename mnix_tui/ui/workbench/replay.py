"""A rebuild's log that is at hand, behind the same class as one that is read from a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.fleet import BuildWatch
from mnix_tui.fleet.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.errors import MnixError


class MemoryWatch(BuildWatch):
    """Is fed by whoever holds it: ``feed`` bytes, then ``finish``; subscribers are told at once."""

    def __init__(
        self, project: Project, job: Job, clock: Callable[[], float] | None = None
    ) -> None:
        super().__init__(None, project, job, Turns(), clock=clock)

    def feed(self, data: bytes) -> None:
        """Take bytes of the log."""
        self._add(self.build.feed(data))
        self._tell()

    def finish(self, error: MnixError | None = None) -> None:
        """Let the log end, with why it could not be read on if it could not."""
        self.error = error
        self._add(self.build.end())
        self.done = True
        self._tell()

    def lose(self, reason: str) -> None:
        """Let the connection be lost, or be there again ("")."""
        self.down = reason
        self._tell()

    async def run(self) -> None:
        """Do nothing: there is no server to read from."""

    def _changed(self) -> None:
        """Do nothing: whoever feeds tells."""

    def _tell(self) -> None:
        for callback in tuple(self._subscribers):
            callback()
