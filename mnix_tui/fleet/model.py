"""What the fleet shows, and what it needs of a store. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mnix_tui.domain.servers import Server, ServerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
    from mnix_tui.fleet.samples import Samples, UsageSamples
    from mnix_tui.link import Stats
    from mnix_tui.nixlog import Summary


@dataclass(frozen=True)
class ServerView:
    """A server with what is known of it."""

    server: Server
    status: ServerStatus = field(default_factory=ServerStatus)
    stats: Stats | None = None
    """How busy it is; ``None`` until it said so."""


@dataclass(frozen=True)
class FleetSnapshot:
    """All servers, projects and live jobs at one moment; never changed, only replaced."""

    servers: tuple[ServerView, ...] = ()
    projects: tuple[ProjectView, ...] = ()
    jobs: tuple[Job, ...] = ()
    builds: Mapping[tuple[str, str], Summary] = field(default_factory=dict)
    """Where each running rebuild stands, by its job's key."""
    samples: Mapping[str, Samples] = field(default_factory=dict)
    """How busy the servers were lately, by name."""
    usage: Mapping[tuple[str, str], UsageSamples] = field(default_factory=dict)
    """What containers used lately, by their project's key."""

    def of(self, server: str) -> tuple[ProjectView, ...]:
        """Return the projects of one server."""
        return tuple(view for view in self.projects if view.project.server == server)

    def jobs_of(self, project_id: str, server: str = "") -> tuple[Job, ...]:
        """Return the jobs of one project, by its id on its server; "": on any."""
        return tuple(
            job
            for job in self.jobs
            if job.project_id == project_id
            and (job.server == server or not (job.server and server))
        )


class FleetStore(Protocol):
    """The part of the store that the fleet uses."""

    async def servers(self) -> list[Server]:
        """Return all servers, ``local`` first."""

    async def server_statuses(self) -> Mapping[str, ServerStatus]:
        """Return what was last observed of each server."""

    async def projects(self, server: str | None = None) -> list[ProjectView]:
        """Return the projects, with what was last observed of each."""

    async def put_projects(self, projects: Iterable[Project]) -> None:
        """Save projects, or what is new of them; one that can't be saved is passed over."""

    async def put_observed(
        self, observed: Mapping[str, tuple[ServerStatus, Mapping[str, ProjectStatus]]]
    ) -> None:
        """Save what was observed of servers, and of their projects by their id or name."""

    async def put_seen(self, seen: Mapping[str, float]) -> None:
        """Save until when what was observed of servers is known to hold."""

    async def version(self) -> object:
        """Return what differs from the last time when anything was written since."""

    async def build_times(self, server: str) -> Mapping[str, float]:
        """Return how many seconds things took to build on a server, by their ``Node.expects``."""

    async def put_build_times(self, server: str, times: Mapping[str, float], job: str = "") -> None:
        """Remember how long things took in one rebuild."""
