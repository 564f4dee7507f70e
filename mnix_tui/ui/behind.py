"""Shells that run in another generation than new ones get. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectStatus


@dataclass(frozen=True)
class Ready:
    """A generation that a shell could enter."""

    generation: int
    replaced: bool = False
    """The shell's container is another one's predecessor: only a new shell can enter it."""


def ready(job: Job, status: ProjectStatus) -> Ready | None:
    """Return what is ready for a shell; ``None`` when it is where new shells are."""
    if job.kind != "session" or not job.live or not status.generation:
        return None
    if job.replaced:
        return Ready(status.generation, replaced=True)
    if job.generation is None or job.generation == status.generation:
        return None  # nobody said in which one it runs, or it is that one
    return Ready(status.generation)
