"""The container that a job runs in, as its holder sees it: whether it is still there."""

from __future__ import annotations

import os
from typing import Optional

from server_agent.core import inner, paths
from server_agent.jobs import procs

_WAIT = 0.3  # seconds between the end of what ran inside and the end of the container
_KILLED = (125, 137, 143, 255)
"""Exit codes of a command whose container ended."""


class WatchedBox:
    """A running container, known by its first process."""

    def __init__(self, pid: int, start: str) -> None:
        self._pid = pid
        self._start = start
        self.handle: Optional[int] = None
        """Becomes readable when the container ends; ``None`` where the system can't tell."""
        try:
            self.handle = os.pidfd_open(pid)  # type: ignore[attr-defined,unused-ignore]
        except (AttributeError, OSError):
            pass

    def gone(self, code: int) -> bool:
        """Say whether the container is gone, now that what ran in it ended with ``code``."""
        if code not in _KILLED:
            return not self._alive()
        return procs.wait_until(lambda: not self._alive(), _WAIT)

    def _alive(self) -> bool:
        return procs.alive(self._pid, self._start)


def watched(project_id: str, argv: list[str]) -> Optional[WatchedBox]:
    """Return the container in which ``argv`` runs; ``None`` when it runs in none."""
    if not paths.is_id(project_id):
        return None
    lines = inner.read_box(paths.project(project_id))
    if lines[:1] != ["podman"] or lines[2] not in argv:
        return None
    return WatchedBox(int(lines[3]), lines[4])
