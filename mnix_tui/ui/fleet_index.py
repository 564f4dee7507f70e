"""A snapshot of the fleet, so that each question about it is one look-up. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import FleetSnapshot
from mnix_tui.ui import building

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import ServerView
    from mnix_tui.ui.building import Building

_DIGITS = re.compile(r"(\d+)")


def server_key(name: str) -> str:
    """Return the key of a server's row."""
    return name


def project_key(view: ProjectView) -> str:
    """Return the key of a project's row."""
    project = view.project
    return f"{project.server}/{project.remote_id or project.name}"


def group_key(tag: str) -> str:
    """Return the key of a group's row: no server can be called like that."""
    return f"#{tag}"


@lru_cache(maxsize=8192)
def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return what a name is sorted by: ``web-9`` comes before ``web-10``."""
    parts = _DIGITS.split(name.lower())
    return tuple((int(part[:18]), "") if at % 2 else (0, part) for at, part in enumerate(parts))


@dataclass(frozen=True)
class Index:
    """What one snapshot holds, by every name that it is asked for."""

    snapshot: FleetSnapshot = field(default_factory=FleetSnapshot)
    servers: Mapping[str, ServerView] = field(default_factory=dict)
    """By name."""
    projects: Mapping[str, ProjectView] = field(default_factory=dict)
    """By the key of their row."""
    by_id: Mapping[tuple[str, str], ProjectView] = field(default_factory=dict)
    """By the project's id on its server, and that server's name, or "" for any."""
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of each server's projects, by their name."""
    jobs: Mapping[tuple[str, str], tuple[Job, ...]] = field(default_factory=dict)
    """By the id of the project on its server, and that server's name, or "" where nobody said."""
    job: Mapping[str, Job] = field(default_factory=dict)
    """By id; where several servers tell of one, as clones do, of one that can be reached."""
    builds: Mapping[tuple[str, str], Building] = field(default_factory=dict)
    """The rebuilds that run, by what ``jobs`` are."""

    def views(self, server: str) -> tuple[ProjectView, ...]:
        """Return a server's projects by name."""
        return tuple(self.projects[key] for key in self.of.get(server, ()))

    def project_of(self, job: Job) -> ProjectView | None:
        """Return the project that a job belongs to, on the server that told of the job."""
        return self.by_id.get((job.project_id, job.server))

    def jobs_of(self, view: ProjectView) -> tuple[Job, ...]:
        """Return the jobs of a project that its own server told of."""
        id_, server = view.project.key
        return (*self.jobs.get((id_, server), ()), *self.jobs.get((id_, ""), ())) if id_ else ()

    def building(self, view: ProjectView) -> Building | None:
        """Return the rebuild of a project that runs, if one does."""
        id_, server = view.project.key
        return self.builds.get((id_, server)) or self.builds.get((id_, ""))


def index(snapshot: FleetSnapshot, before: Index | None = None) -> Index:
    """Index ``snapshot``; what is the same as ``before`` is taken over."""
    old = before or Index()
    same = snapshot.servers is old.snapshot.servers and before is not None
    if same and snapshot.projects is old.snapshot.projects:
        projects, of, by_id = old.projects, old.of, old.by_id
    else:
        projects, of, by_id = _projects(snapshot)
    if same and snapshot.jobs is old.snapshot.jobs:
        jobs, job = old.jobs, old.job
    else:
        jobs, job = _jobs(snapshot)
    return Index(
        snapshot,
        {view.server.name: view for view in snapshot.servers},
        projects,
        by_id,
        of,
        jobs,
        job,
        building.running(snapshot),
    )


def _projects(
    snapshot: FleetSnapshot,
) -> tuple[dict[str, ProjectView], dict[str, tuple[str, ...]], dict[tuple[str, str], ProjectView]]:
    projects: dict[str, ProjectView] = {}
    by_id: dict[tuple[str, str], ProjectView] = {}
    online = _online(snapshot)
    of: dict[str, list[tuple[tuple[tuple[int, str], ...], str]]] = {}
    for view in snapshot.projects:
        key = project_key(view)
        projects[key] = view
        id_, server = view.project.key
        if id_:
            by_id[id_, server] = view
            if (id_, "") not in by_id or server in online:
                by_id[id_, ""] = view
        of.setdefault(view.project.server, []).append((natural(view.project.name), key))
    return (
        projects,
        {name: tuple(key for _, key in sorted(mine)) for name, mine in of.items()},
        by_id,
    )


def _jobs(
    snapshot: FleetSnapshot,
) -> tuple[dict[tuple[str, str], tuple[Job, ...]], dict[str, Job]]:
    jobs: dict[tuple[str, str], list[Job]] = {}
    each: dict[str, Job] = {}
    online = _online(snapshot)
    for job in snapshot.jobs:
        jobs.setdefault((job.project_id, job.server), []).append(job)
        other = each.get(job.id)
        if other is None or (job.server in online, job.live) > (other.server in online, other.live):
            each[job.id] = job
    return {project: tuple(mine) for project, mine in jobs.items()}, each


def _online(snapshot: FleetSnapshot) -> set[str]:
    return {
        view.server.name for view in snapshot.servers if view.status.state is ServerState.ONLINE
    }
