"""The rebuilds of a project whose logs are kept: which there are, and which one is meant."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnix_tui.actions.rebuilding import require_id
from mnix_tui.cli import output
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.link import Link

HEAD = ("GEN", "JOB", "STARTED", "CAUSE", "TOOK", "LOG", "RESULT")


@dataclass(frozen=True)
class Rebuild:
    """One rebuild."""

    job: Job
    made: bool
    """It made its generation; else it found it unchanged, or failed."""


async def kept(link: Link, project: Project) -> list[Rebuild]:
    """Return a project's rebuilds, the newest first."""
    jobs = await link.agent.jobs(require_id(project), "rebuild")
    first: dict[int, str] = {}
    for job in jobs:  # the oldest one that ended with a generation made it
        if job.generation and not job.live:
            first[job.generation] = job.id
    return [Rebuild(job, first.get(job.generation or 0) == job.id) for job in jobs]


def pick(
    project: Project, rebuilds: Sequence[Rebuild], wanted: str | None, naming: str = ""
) -> Job:
    """Return the job of the rebuild that is meant; raise ``NotFound``."""
    if wanted is None and rebuilds:
        return rebuilds[0].job
    for each in rebuilds:
        if each.job.id == wanted:
            return each.job
    for each in rebuilds:
        if each.made and str(each.job.generation) == wanted:
            return each.job
    if wanted is None:
        title = f"There is no rebuild yet of {project.name}"
        raise NotFound(title, hint=f"mnix rebuild-switch{naming} makes the first")
    title = f"There is no rebuild {wanted!r} of {project.name} whose log is kept"
    raise NotFound(title, hint=f"mnix logs{naming} --list lists them")


def row(rebuild: Rebuild) -> tuple[str, ...]:
    """Return a rebuild as the table shows it."""
    job = rebuild.job
    return (
        str(job.generation) if rebuild.made else "-",
        job.id,
        f"{_date(job.started)} ({output.age(job.started)})",
        job.cause or "rebuild",
        output.seconds(took) if (took := _took(job)) is not None else "",
        output.size(job.log_size),
        result(rebuild),
    )


def result(rebuild: Rebuild) -> str:
    """Say in a few words how a rebuild ended."""
    job = rebuild.job
    if job.live:
        return "running"
    if rebuild.made:
        return f"made generation {job.generation}"
    if job.exit_code == 0:
        return f"nothing changed: generation {job.generation}" if job.generation else "worked"
    if job.reason:
        return job.reason if job.reason.startswith("cancelled") else f"failed: {job.reason}"
    return "failed" if job.exit_code is None else f"failed ({job.exit_code})"


def as_json(rebuild: Rebuild) -> dict[str, Any]:
    """Return a rebuild as JSON has it."""
    job = rebuild.job
    return {
        "job": job.id,
        "generation": job.generation if rebuild.made else None,
        "running": job.live,
        "ok": None if job.live else job.exit_code == 0,
        "changed": rebuild.made,
        "cause": job.cause or "rebuild",
        "started": job.started,
        "ended": job.ended,
        "duration": _took(job),
        "exit_code": job.exit_code,
        "reason": job.reason,
        "log_bytes": job.log_size,
    }


def _took(job: Job) -> float | None:
    if not job.started:
        return None
    ended = time.time() if job.live else job.ended
    return None if ended is None else max(0.0, ended - job.started)


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))
