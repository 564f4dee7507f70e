"""Warm-ups: a new project's environment is built at once, and a rebuild waits for that."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.actions.link import ActionLink, Progress, quiet
from mnix_tui.config.project import load_project
from mnix_tui.errors import MnixError

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project

CAUSE = "warm-up"
"""The cause of a rebuild that nobody asked for."""
LOOK = 0.3
"""Seconds between two looks at a warm-up that is waited for."""


async def warm_up(link: ActionLink, project: Project, progress: Progress = quiet) -> Job | None:
    """Start to build a project's environment in the background; ``None`` where it shall not be.

    ``warm_up = false`` in its mnix.toml says so. A warm-up that can't start is no error of whoever
    asked for something else: it is only told (``progress``).
    """
    try:
        settings = await asyncio.to_thread(load_project, Path(project.folder))
        if not settings.warm_up:
            return None
        return await link.agent.rebuild(project.remote_id, cause=CAUSE)
    except MnixError as error:
        progress(f"not warmed up: {error}", 0, None)
        return None


async def running(link: ActionLink, project: Project) -> Job | None:
    """Return the warm-up that a project is in, if any."""
    jobs = await link.agent.jobs(project.remote_id, "rebuild")
    return next((job for job in jobs if job.live and job.cause == CAUSE), None)


async def wait(link: ActionLink, project: Project, progress: Progress = quiet) -> bool:
    """Wait until no warm-up of a project runs; return whether one did."""
    job = await running(link, project)
    if job is None:
        return False
    while job.live:
        seconds = max(0, int(time.time() - job.started)) if job.started else 0
        progress(f"waiting for the warm-up, which runs for {seconds} s", 0, None)
        await asyncio.sleep(LOOK)
        job = await link.agent.job(job.id)
    return True
