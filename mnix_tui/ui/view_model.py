"""What is known, and how it is being looked at: gives the widgets what they show. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.states import ServerState
from mnix_tui.ui import (
    about,
    about_group,
    about_project,
    about_server,
    about_sync,
    behind,
    building,
    fleet_index,
    tabs,
)
from mnix_tui.ui.fleet_index import Index, project_key
from mnix_tui.ui.fleet_rows import Rows, Scene
from mnix_tui.ui.fleet_view import FleetView
from mnix_tui.ui.layouts import Layouts
from mnix_tui.ui.marks import STALE, Kind, Mark, Marks, strongest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.fleet import FleetSnapshot, ServerView
    from mnix_tui.sync.watch import WatchEvent
    from mnix_tui.ui.activity import Activity, Entry
    from mnix_tui.ui.arrangement import Arrangement

SHOWN_JOBS = 12
"""Jobs that the overview lists."""


@dataclass(frozen=True)
class ServerFacts:
    """What a server said when it was asked."""

    info: Mapping[str, Any]
    hello: Mapping[str, Any]
    latency: float | None = None


@dataclass(frozen=True)
class Shown:
    """All that the right side shows of one row of the fleet."""

    key: str
    about: about.About
    tabs: tuple[tabs.Tab, ...]
    jobs: tuple[Job, ...]
    activity: list[Entry]
    names: Mapping[str, str] = field(default_factory=dict)
    """What its shells are called."""
    ready: Mapping[str, behind.Ready] = field(default_factory=dict)
    """The generation that is ready for a shell, by its job."""


class ViewModel:
    """The latest snapshot, how it is looked at, and the numbers of shells."""

    def __init__(
        self,
        activity: Activity,
        home: str,
        layouts: Layouts | None = None,
        fleet: FleetView | None = None,
    ) -> None:
        self.index = Index()
        """The latest snapshot, to be asked."""
        self.fleet = fleet or FleetView()
        self.facts: dict[str, ServerFacts] = {}
        self.troubles: dict[str, str] = {}
        """Details of why a server refused or was refused, or what a ProxyCommand to it said."""
        self.layouts = layouts or Layouts()
        self.marks = Marks()
        self.titles: dict[str, str] = {}
        """What runs in the shells that are attached, by job."""
        self.watches: dict[str, WatchEvent] = {}
        """What the watches over projects' files told last, by row."""
        self._activity = activity
        self._home = home
        self._numbers = tabs.ShellNumbers()
        self._history: dict[str, tuple[Job, ...]] = {}
        self._generations: dict[str, tuple[Generation, ...]] = {}
        self._opened: dict[str, Job] = {}
        self._seen: dict[str, Job] = {}
        self._closed: set[str] = set()
        self._expected: set[str] = set()  # jobs that we started and no snapshot lists yet

    @property
    def snapshot(self) -> FleetSnapshot:
        """What is known now."""
        return self.index.snapshot

    @property
    def empty(self) -> bool:
        """Say whether there is nothing yet to look at: no project, and no server but this one."""
        return not self.snapshot.projects and len(self.snapshot.servers) <= 1

    def newly_refused(self, snapshot: FleetSnapshot) -> list[str]:
        """Return the servers that are refused in ``snapshot`` and were not before."""
        return self._newly(snapshot, ServerState.REFUSED)

    def newly_away(self, snapshot: FleetSnapshot) -> list[str]:
        """Return the servers that are out of reach in ``snapshot`` and were not before."""
        return self._newly(snapshot, ServerState.OFFLINE)

    def _newly(self, snapshot: FleetSnapshot, state: ServerState) -> list[str]:
        before = {view.server.name for view in self.snapshot.servers if view.status.state is state}
        return [
            view.server.name
            for view in snapshot.servers
            if view.status.state is state and view.server.name not in before
        ]

    def take(self, snapshot: FleetSnapshot) -> None:
        """Take over what is known now."""
        if snapshot is not self.index.snapshot:
            self.index = fleet_index.index(snapshot, self.index)
            self._expected -= self.index.job.keys()

    def rows(self, now: float) -> Rows:
        """Return the fleet tree's rows."""
        watches = self._watch_tones()
        marks = self._project_marks()
        self.fleet.failed = frozenset(
            key
            for key, mark in marks.items()
            if mark.kind is Kind.BUILD_FAILED and self.is_online(key.partition("/")[0])
        )
        scene = Scene(self.index, now, marks, watches, self.fleet.chosen)
        return Rows(self.fleet.places(self.index), scene)

    @property
    def unsynced(self) -> int:
        """How many watched projects are not synced, because something stands in the way."""
        views = self.index.projects
        tones = self._watch_tones().items()
        return sum(
            tone == "bad" and key in views and views[key].sync.watching for key, tone in tones
        )

    def _watch_tones(self) -> dict[str, str]:
        return {key: about_sync.watch_tone(event) for key, event in self.watches.items()}

    def all_marks(self) -> dict[str, Mark]:
        """Return what is to be seen of shells and rebuilds, by job."""
        return dict.fromkeys(self.ready(), STALE) | self.marks.all()

    def ready(self) -> dict[str, behind.Ready]:
        """Return the generation that is ready for a shell, by job, where there is one."""
        return {
            job.id: ready
            for job in self.snapshot.jobs
            if (view := self.index.project_of(job)) is not None
            and (ready := behind.ready(job, view.status)) is not None
        }

    def _project_marks(self) -> dict[str, Mark]:
        found: dict[str, list[Mark]] = {}
        for job_id, mark in self.all_marks().items():
            job = self.index.job.get(job_id) or self._seen.get(job_id)
            view = self.index.project_of(job) if job is not None else None
            if view is not None:
                found.setdefault(project_key(view), []).append(mark)
        return {key: strongest(marks) for key, marks in found.items()}

    def server(self, name: str) -> ServerView | None:
        """Return a server by its name."""
        return self.index.servers.get(name)

    def is_online(self, name: str) -> bool:
        """Say whether a server answers now."""
        view = self.server(name)
        return view is not None and view.status.state is ServerState.ONLINE

    def project(self, key: str) -> ProjectView | None:
        """Return the project of a row."""
        return self.index.projects.get(key)

    def project_of(self, job: Job) -> ProjectView | None:
        """Return the project that a job belongs to."""
        return self.index.project_of(job)

    def jobs(self, view: ProjectView) -> tuple[Job, ...]:
        """Return a project's jobs that are known, live ones first, then the newest."""
        mine = {job.id: job for job in self.index.jobs_of(view)}
        for job in self._history.get(project_key(view), ()):
            if not job.live:  # what runs is always in the snapshot
                mine.setdefault(job.id, job)
        return tuple(sorted(mine.values(), key=lambda job: (not job.live, -job.started, job.id)))

    def remember(self, key: str, jobs: list[Job]) -> None:
        """Take over a project's older jobs, as its server told when it was asked."""
        self._history[key] = tuple(jobs)

    def remember_generations(self, key: str, generations: list[Generation]) -> None:
        """Take over a project's generations, as its server told when it was asked."""
        self._generations[key] = tuple(generations)

    def generations(self, key: str) -> tuple[Generation, ...]:
        """Return a project's generations as they were last told, newest first."""
        return self._generations.get(key, ())

    def job(self, job_id: str) -> Job | None:
        """Return a job by its id, also one that the server doesn't list any more."""
        found = self.index.job.get(job_id)
        if found is not None:
            self._seen[job_id] = found
        return self._seen.get(job_id)

    def opened(self, key: str, job: Job) -> None:
        """Give a job a tab, beside those that the newest ones have anyway."""
        if job.id not in self.index.job:
            self._expected.add(job.id)
        self._seen[job.id] = job
        if job.kind != "session":
            self._opened[key] = job

    def closed(self, job_id: str) -> None:
        """Give a job no tab any more, also while its server still lists it as running."""
        self._closed.add(job_id)
        self.forget_pane(job_id)

    def forget_pane(self, job_id: str) -> None:
        """Forget what only a shell's pane told."""
        self.marks.drop(job_id)
        self.titles.pop(job_id, None)

    def shells(self, view: ProjectView, panes: frozenset[str]) -> list[Job]:
        """Return the sessions of a project that have a tab or could have one."""
        jobs = self.jobs(view)
        known = (*jobs, *self._still_open(view, jobs, panes))
        return [job for job in tabs.sessions(known, panes) if job.id not in self._closed]

    def names(self, key: str, shells: list[Job]) -> dict[str, str]:
        """Return what a project's shells are called."""
        return tabs.names(shells, self._numbers.of(key, [job.id for job in shells]))

    def arranged(self, key: str, panes: frozenset[str]) -> Arrangement:
        """Return a project's tabs as they are shown now."""
        view = self.project(key)
        shells = self.shells(view, panes) if view is not None else []
        return self.layouts.of(key).fitted([job.id for job in shells])

    def nothing_found(self) -> Shown:
        """Return what the right side shows where the filter keeps nothing."""
        return Shown("", about_group.nothing(self.fleet.look.filter), tabs.of_nothing(), (), [])

    def shown(self, key: str, panes: frozenset[str], now: float) -> Shown | None:
        """Return what the right side shows of a row; ``panes`` are the jobs that have one."""
        entries = self._activity.of(key)
        view = self.project(key)
        if key.startswith("#"):
            return self._group(key, entries, now)
        if view is None:
            server = self.server(key)
            return self._server(server, entries, now) if server else None
        server = self.server(view.project.server)
        if server is None:
            return None
        jobs = self.jobs(view)
        known = (*jobs, *self._still_open(view, jobs, panes))
        shells = self.shells(view, panes)
        names = self.names(key, shells)
        opened = self._opened.get(key)
        if opened is not None:
            opened = self.job(opened.id)
        arranged = self.layouts.of(key).fitted([job.id for job in shells])
        progress = {
            job: building.of(one).percent
            for (job, told), one in self.snapshot.builds.items()
            if told in ("", view.project.server)
        }
        seen = tabs.Seen(names, self.titles, self.all_marks(), progress)
        ready = self.ready()
        beside = about_project.Beside(
            names,
            self.generations(key),
            self.index.building(view),
            tuple(names[job.id] for job in shells if job.id in ready),
            self.watches.get(key),
            self.snapshot.usage.get(view.project.key),
        )
        return Shown(
            key,
            about_project.of_project(
                view, server, jobs[:SHOWN_JOBS], now=now, home=self._home, beside=beside
            ),
            tabs.of_project(known, arranged, seen, opened),
            known,
            entries,
            names,
            ready,
        )

    def _still_open(
        self, view: ProjectView, jobs: tuple[Job, ...], panes: frozenset[str]
    ) -> list[Job]:
        listed = {job.id for job in jobs}
        return [
            job
            for job in self._seen.values()
            if job.project_id == view.project.remote_id
            and job.server in ("", view.project.server)
            and job.id not in listed
            and (job.id in panes or job.id in self._expected)
        ]

    def _group(self, key: str, entries: list[Entry], now: float) -> Shown | None:
        place = next((one for one in self.fleet.places(self.index) if one.key == key), None)
        if place is None:
            return None
        described = about_group.of_group(self.index, place, now)
        return Shown(key, described, tabs.of_server(), (), entries)

    def _server(self, view: ServerView, entries: list[Entry], now: float) -> Shown:
        name = view.server.name
        facts = self.facts.get(name)
        described = about_server.of_server(
            view,
            self.index.views(name),
            now=now,
            info=facts.info if facts else None,
            hello=facts.hello if facts else None,
            latency=facts.latency if facts else None,
            trouble=self.troubles.get(name, ""),
            snapshot=self.snapshot,
        )
        return Shown(name, described, tabs.of_server(), (), entries)
