"""Which tabs a project or server has. Pure, but for the numbers that shells keep while they live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import JobState

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job

OVERVIEW = "overview"
LOG = "log"


@dataclass(frozen=True)
class Tab:
    """One tab; a job's tab has the job's id."""

    id: str
    label: str
    kind: str
    """``overview``, ``shell``, ``job`` or ``log``."""
    tone: str = ""


class ShellNumbers:
    """Gives each shell the lowest number that is free, and leaves it that number."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}

    def of(self, subject: str, jobs: list[str]) -> dict[str, int]:
        """Return the numbers of a project's shells; what is not listed gives its number back."""
        kept = {
            job: number for job, number in self._numbers.get(subject, {}).items() if job in jobs
        }
        for job in jobs:
            if job not in kept:
                kept[job] = next(n for n in range(1, 10_000) if n not in kept.values())
        self._numbers[subject] = kept
        return kept


def sessions(jobs: tuple[Job, ...], open_here: frozenset[str]) -> list[Job]:
    """Return the sessions that get a tab: those that live, and ended ones still on screen."""
    chosen = [job for job in jobs if job.kind == "session" and (job.live or job.id in open_here)]
    return sorted(chosen, key=lambda job: (job.started, job.id))


def last_rebuild(jobs: tuple[Job, ...]) -> Job | None:
    """Return the newest rebuild."""
    rebuilds = [job for job in jobs if job.kind == "rebuild"]
    return max(rebuilds, key=lambda job: job.started, default=None)


def of_project(
    jobs: tuple[Job, ...], numbers: dict[str, int], shells: list[Job], opened: Job | None = None
) -> tuple[Tab, ...]:
    """Return a project's tabs: overview, its shells, its last rebuild, another job, the log."""
    tabs = [Tab(OVERVIEW, "Overview", "overview")]
    for job in shells:
        number = numbers.get(job.id, 0)
        tabs.append(Tab(job.id, f"Shell {number}", "shell", "" if job.live else "bad"))
    rebuild = last_rebuild(jobs)
    if rebuild is not None:
        tabs.append(_job_tab(rebuild))
    if opened is not None and (rebuild is None or opened.id != rebuild.id):
        tabs.append(_job_tab(opened))
    tabs.append(Tab(LOG, "Log", "log"))
    return tuple(tabs)


def of_server() -> tuple[Tab, ...]:
    """Return a server's tabs."""
    return (Tab(OVERVIEW, "Overview", "overview"), Tab(LOG, "Log", "log"))


def _job_tab(job: Job) -> Tab:
    label = "Rebuild" if job.kind == "rebuild" else "Command"
    if job.generation is not None:
        label = f"{label} {job.generation}"
    if job.live:
        return Tab(job.id, f"◐ {label}", "job", "busy")
    bad = job.state is JobState.LOST or job.exit_code != 0
    return Tab(job.id, f"✕ {label}" if bad else label, "job", "bad" if bad else "")
