"""A whole fleet in memory, behind the same port: for the pictures, and to look at every state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.drift_report import DriftReport
from mnix_tui.domain.generations import Collected, Generation, GenerationDiff
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.states import JobState, ProjectState
from mnix_tui.errors import AlreadyExists, MnixError, NotFound
from mnix_tui.ui.workbench.memory_servers import MemoryServers
from mnix_tui.ui.workbench.memory_stream import MemoryStream
from mnix_tui.ui.workbench.memory_sync import MemoryFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from mnix_tui.domain.servers import ServerStatus
    from mnix_tui.fleet import BuildWatch, FleetSnapshot
    from mnix_tui.nixlog import Line
    from mnix_tui.ui.workbench.port import NewProject, Progress, RebuildOptions, SessionStream
    from mnix_tui.ui.workbench.replay import MemoryWatch

__all__ = ["MemoryStream", "MemoryWorkbench"]


@dataclass
class MemoryWorkbench(MemoryServers, MemoryFiles):
    """Does what it is asked at once, and remembers what it was asked (``calls``)."""

    infos: dict[str, dict[str, Any]] = field(default_factory=dict)
    hellos: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    history: dict[str, list[Generation]] = field(default_factory=dict)
    """The generations of projects, by ref; others have as many as their number says."""
    diffs: dict[tuple[str, int, int], GenerationDiff] = field(default_factory=dict)
    drifts: dict[str, DriftReport] = field(default_factory=dict)
    watches: dict[str, MemoryWatch] = field(default_factory=dict)
    """The rebuilds that were looked at: a running one's log goes on with ``feed``."""
    build_times: dict[str, float] = field(default_factory=dict)
    """How long things took to build before."""
    flakes: list[str] = field(default_factory=lambda: ["flake.nix"])
    failures: dict[str, MnixError] = field(default_factory=dict)
    """What a method with this name raises."""
    older: tuple[Job, ...] = ()
    """Jobs that have ended and that only ``jobs`` tells of."""
    troubles: dict[str, MnixError] = field(default_factory=dict)
    """Why servers are not connected."""
    settings: dict[str, str] = field(default_factory=dict)
    streams: dict[str, MemoryStream] = field(default_factory=dict)
    """The stream that was last given for each session."""
    calls: list[tuple[str, ...]] = field(default_factory=list)
    _callbacks: list[Callable[[FleetSnapshot], None]] = field(default_factory=list)

    # -- what the screens read

    def snapshot(self) -> FleetSnapshot:
        """Return the fleet."""
        return self.state

    def subscribe(self, callback: Callable[[FleetSnapshot], None]) -> Callable[[], None]:
        """Call back on every change."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def hello(self, server: str) -> Mapping[str, Any]:
        """Return the agent's hello."""
        return self.hellos.get(server, {})

    async def info(self, server: str) -> Mapping[str, Any]:
        """Return the server's info."""
        self._asked("info", server)
        return self.infos.get(server, {})

    async def latency(self, server: str) -> float:
        """Return a steady latency."""
        return 0.0123

    def setting(self, key: str) -> str:
        """Return what was kept."""
        return self.settings.get(key, "")

    def keep_setting(self, key: str, value: str) -> None:
        """Keep it."""
        self.settings[key] = value

    async def jobs(self, project: Project) -> list[Job]:
        """Return the project's jobs."""
        mine = [
            job for job in (*self.state.jobs, *self.older) if job.project_id == project.remote_id
        ]
        return sorted(mine, key=lambda job: -job.started)

    async def generations(self, project: Project) -> list[Generation]:
        """Return as many generations as the project's number says."""
        if project.ref in self.history:
            return self.history[project.ref]
        current = self._view(project).status.generation or 0
        return [
            Generation(
                number, self.now - 3600.0 * (current - number), "rebuild", "", number == current
            )
            for number in range(current, 0, -1)
        ]

    async def diff(self, project: Project, a: int, b: int) -> GenerationDiff:
        """Return what was set, or that nothing differs."""
        self._asked("diff", project.ref, str(a), str(b))
        return self.diffs.get((project.ref, a, b), GenerationDiff(a, b))

    async def drift(self, project: Project) -> DriftReport:
        """Return what was set, or that nothing differs."""
        self._asked("drift", project.ref)
        return self.drifts.get(project.ref, DriftReport())

    async def gc(self, project: Project) -> Collected:
        """Free a little."""
        self._asked("gc", project.ref)
        return Collected(41, 734_003_200)

    def watch_build(self, project: Project, job: Job) -> BuildWatch:
        """Give the rebuild as its log tells it; that of a running one can be fed on."""
        self._asked("watch_build", job.id)
        if job.id not in self.watches:
            from mnix_tui.ui.workbench.replay import MemoryWatch

            watch = self.watches[job.id] = MemoryWatch(project, job, lambda: self.now)
            watch.expected.update(self.build_times)
            watch.feed(self.logs.get(job.id, b""))
            if not job.live:
                watch.code = job.exit_code
                watch.finish()
        return self.watches[job.id]

    async def build_log(self, project: Project, job: Job, node: str) -> AsyncIterator[list[Line]]:
        """Give the lines of one node, or of everything."""
        from mnix_tui.nixlog import Build

        self._asked("build_log", job.id, node)
        build = Build(clock=lambda: self.now)
        lines = build.feed(self.logs.get(job.id, b"")) + build.end()
        yield [line for line in lines if node in ("", line.node)]

    async def log(self, project: Project, job: Job) -> AsyncIterator[bytes]:
        """Give the job's log."""
        self._asked("log", job.id)
        yield self.logs.get(job.id, b"")

    def attach(self, project: Project, job: Job, *, cols: int, rows: int) -> SessionStream:
        """Give a session that prints its log and echoes what is typed."""
        self.streams[job.id] = MemoryStream(job, self.logs.get(job.id, b""), cols, rows)
        return self.streams[job.id]

    def find_flakes(self, folder: Path) -> list[str]:
        """Return the flakes."""
        return self.flakes

    def trouble(self, server: str) -> MnixError | None:
        """Return what was set for the server."""
        return self.troubles.get(server)

    # -- what the screens ask for

    async def new_project(self, new: NewProject, progress: Progress) -> Project:
        """Make a project that was not built yet."""
        self._asked("new_project", new.name, new.server, *filter(None, (new.git, new.ref)))
        if any(one.project.ref == f"{new.name}@{new.server}" for one in self.state.projects):
            raise AlreadyExists(f"{new.server} has a project {new.name} already")
        project = Project(
            new.name, new.server, f"id-{new.name}", str(new.folder or ""), new.flake or "flake.nix"
        )
        status = ProjectStatus(
            ProjectState.CREATED, new.isolation or "container", pushed=self.now, seen=self.now
        )
        self.change(projects=(*self.state.projects, ProjectView(project, status)))
        return project

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> Job:
        """Start a build that goes on until somebody ends it."""
        self._asked("rebuild", project.ref)
        job = Job(
            f"build-{project.name}-{len(self.state.jobs)}",
            "rebuild",
            project.remote_id,
            JobState.RUNNING,
            started=self.now,
        )
        self.change(jobs=(*self.state.jobs, job))
        self.set_status(project, state=ProjectState.BUILDING)
        return job

    async def start(self, project: Project) -> None:
        """Start it."""
        self._asked("start", project.ref)
        self.set_status(project, state=ProjectState.RUNNING)

    async def stop(self, project: Project) -> None:
        """Stop it."""
        self._asked("stop", project.ref)
        self.set_status(project, state=ProjectState.STOPPED, sessions=0)

    async def rename(self, project: Project, name: str) -> None:
        """Rename it."""
        self._asked("rename", project.ref, name)
        self._replace(project, lambda view: replace(view, project=replace(view.project, name=name)))

    async def remove(self, project: Project) -> None:
        """Remove it."""
        self._asked("remove", project.ref)
        kept = tuple(view for view in self.state.projects if view.project != project)
        self.change(projects=kept)

    async def rollback(self, project: Project, generation: int | None) -> None:
        """Switch the generation."""
        self._asked("rollback", project.ref, str(generation))
        self.set_status(project, generation=generation)

    async def open_shell(self, project: Project, *, cols: int, rows: int) -> Job:
        """Open a session."""
        self._asked("open_shell", project.ref)
        job = Job(
            f"shell-{project.name}-{len(self.state.jobs)}",
            "session",
            project.remote_id,
            JobState.RUNNING,
            pty=True,
            started=self.now,
        )
        self.change(jobs=(*self.state.jobs, job))
        return job

    async def rename_session(self, project: Project, job: Job, name: str) -> Job:
        """Rename it, unless another one has the name."""
        self._asked("rename_session", job.id, name)
        mine = [one for one in self.state.jobs if one.project_id == job.project_id]
        if name and any(one.name == name and one.live and one.id != job.id for one in mine):
            raise AlreadyExists(f"There is a shell called {name} already")
        (found,) = (one for one in mine if one.id == job.id)
        renamed = replace(found, name=name)
        self.change(jobs=tuple(renamed if one is found else one for one in self.state.jobs))
        return renamed

    async def kill(self, project: Project, job: Job) -> Job:
        """End a job."""
        self._asked("kill", job.id)
        ended = replace(job, state=JobState.EXITED, ended=self.now, reason="killed by signal 15")
        self.change(jobs=tuple(ended if one == job else one for one in self.state.jobs))
        if (watch := self.watches.get(job.id)) is not None:
            watch.finish()
        return ended

    # -- how the picture is changed

    def change(self, **changes: Any) -> None:
        """Replace parts of the snapshot and tell everybody."""
        self.state = replace(self.state, **changes)
        for callback in list(self._callbacks):
            callback(self.state)

    def set_status(self, project: Project, **changes: Any) -> None:
        """Change what is known of a project."""
        self._replace(project, lambda view: replace(view, status=replace(view.status, **changes)))

    def set_server(self, name: str, status: ServerStatus) -> None:
        """Change what is known of a server."""
        self.change(
            servers=tuple(
                replace(view, status=status) if view.server.name == name else view
                for view in self.state.servers
            )
        )

    def _replace(self, project: Project, change: Callable[[ProjectView], ProjectView]) -> None:
        self._view(project)
        self.change(
            projects=tuple(
                change(view) if view.project == project else view for view in self.state.projects
            )
        )

    def _view(self, project: Project) -> ProjectView:
        found = [view for view in self.state.projects if view.project == project]
        if not found:
            raise NotFound(f"There is no project {project.ref}")
        return found[0]

    def _asked(self, name: str, *arguments: str) -> None:
        self.calls.append((name, *arguments))
        if name in self.failures:
            raise self.failures[name]
