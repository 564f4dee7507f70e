"""What is told of rebuilds that have ended: which ones, how, and in what words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnix_tui.domain.states import JobState
from mnix_tui.ui import words
from mnix_tui.ui.about import CANCELLED
from mnix_tui.ui.fleet_rows import project_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import FleetSnapshot

EACH = 3
"""Rebuilds that ended at once are told one by one up to so many, else together."""


@dataclass(frozen=True)
class Ended:
    """A rebuild that ran a moment ago."""

    view: ProjectView
    job: Job
    why: str = ""
    """Why it failed, in a few words."""

    @property
    def key(self) -> str:
        """The row of its project."""
        return project_key(self.view)

    @property
    def ok(self) -> bool:
        """Whether the environment is built."""
        return self.job.state is not JobState.LOST and self.job.exit_code == 0

    @property
    def cancelled(self) -> bool:
        """Whether somebody wanted its end."""
        return self.job.exit_code in CANCELLED

    @property
    def seconds(self) -> float:
        """How long it took, from its start."""
        return max((self.job.ended or self.job.started) - self.job.started, 0.0)

    @property
    def name(self) -> str:
        """Whose it is."""
        project = self.view.project
        return f"{words.plain(project.name)} @ {words.plain(project.server)}"

    @property
    def result(self) -> str:
        """How it ended."""
        what = "warm-up" if self.job.cause == "warm-up" else "rebuild"
        if self.ok:
            number = self.job.generation
            return f"generation {number} is in use" if number else f"the {what} is done"
        if self.cancelled:
            return f"the {what} was cancelled"
        lost = self.job.state is JobState.LOST
        return f"the {what} {'was lost' if lost else 'failed'}"

    @property
    def next_step(self) -> str:
        """Why, and what to do."""
        took = f"after {words.took(self.seconds)}"
        if self.ok:
            return took if not self.view.status.sessions else f"{took} · open shells can re-enter"
        number = self.view.status.generation
        stays = f"generation {number} stays in use" if number else ""
        return " · ".join(
            part for part in (self.why or took, stays, "v on its row shows the log") if part
        )


@dataclass(frozen=True)
class News:
    """Something to tell."""

    title: str
    body: str
    bad: bool = False


def ended(before: FleetSnapshot, after: FleetSnapshot) -> list[Ended]:
    """Return the rebuilds that ran in ``before`` and have ended in ``after``."""
    ran = {job.id for job in before.jobs if job.kind == "rebuild" and job.live}
    over = [job for job in after.jobs if job.id in ran and not job.live]
    if not over:
        return []
    views = {view.project.remote_id: view for view in after.projects}
    return [Ended(views[job.project_id], job) for job in over if job.project_id in views]


def started(before: FleetSnapshot, after: FleetSnapshot) -> set[str]:
    """Return the ids of the projects of which a rebuild began."""
    ran = {job.id for job in before.jobs if job.kind == "rebuild" and job.live}
    begun = (job for job in after.jobs if job.kind == "rebuild" and job.live and job.id not in ran)
    return {job.project_id for job in begun}


def told(each: Sequence[Ended]) -> list[News]:
    """Return what to say of rebuilds that ended at about the same time."""
    if len(each) <= EACH:
        return [
            News(f"{one.name}: {one.result}", one.next_step, not (one.ok or one.cancelled))
            for one in each
        ]
    good = [one for one in each if one.ok]
    bad = [one for one in each if not one.ok]
    parts = [f"{len(good)} done"] if good else []
    parts += [f"{len(bad)} not"] if bad else []
    listed = "; ".join(one.name for one in (bad or good)[:5])
    more = len(bad or good) - 5
    body = f"{'not done' if bad else 'done'}: {listed}" + (f" and {more} more" if more > 0 else "")
    return [News(f"{len(each)} rebuilds have ended: {', '.join(parts)}", body, bool(bad))]


def headline(news: Sequence[News]) -> News:
    """Return the one thing that the outer terminal is told."""
    if len(news) == 1:
        return news[0]
    title = f"{len(news)} rebuilds have ended"
    return News(title, "; ".join(one.title for one in news), any(one.bad for one in news))
