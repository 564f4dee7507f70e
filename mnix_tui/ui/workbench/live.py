"""The workbench over the real store and the real servers."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.servers import ServerStatus
from mnix_tui.errors import LinkLost, MnixError, StoreError
from mnix_tui.fleet import Fleet, FleetSnapshot, ServerView
from mnix_tui.link import Link, LinkOptions
from mnix_tui.ui.workbench.live_servers import LiveServers
from mnix_tui.ui.workbench.live_sync import LiveFiles
from mnix_tui.ui.workbench.port import RebuildOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from mnix_tui.config import ClientConfig
    from mnix_tui.domain.drift_report import DriftReport
    from mnix_tui.domain.generations import Collected, Generation, GenerationDiff
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project
    from mnix_tui.fleet import BuildWatch
    from mnix_tui.nixlog import Line
    from mnix_tui.store import Store
    from mnix_tui.store.audit import AuditLog
    from mnix_tui.ui.workbench.port import NewProject, Progress, SessionStream

SETTINGS_REST = 0.5
"""Seconds that settings may change on before they are written."""


class LiveWorkbench(LiveServers, LiveFiles):
    """Shows what the store knows from the start; connects when it is kept (``keep``)."""

    def __init__(self, config: ClientConfig) -> None:
        LiveServers.__init__(self)
        LiveFiles.__init__(self)
        self._config = config
        self._callbacks: list[Callable[[FleetSnapshot], None]] = []
        self._store: Store | None = None
        self._fleet: Fleet | None = None
        self._known = FleetSnapshot()
        self._audit: AuditLog | None = None
        self._settings: dict[str, str] = {}
        self._unkept: dict[str, str] = {}
        self._to_keep = asyncio.Event()

    def read(self) -> None:
        """Read what the store knows, at once; raise ``StoreError`` when it can't be read."""
        from mnix_tui.store import listing

        found = listing.read(self._config.database_path)
        self._settings = dict(found.settings)
        # Only when they last answered is known for now: how they are is not, before they are asked.
        self._known = FleetSnapshot(
            tuple(
                ServerView(server, ServerStatus(seen=status.seen))
                for server, status in found.servers
            ),
            found.projects,
        )

    async def keep(self) -> None:
        """Open the store, connect to every server, and stay so until cancelled."""
        from mnix_tui.store import Store
        from mnix_tui.store.audit import AuditLog
        from mnix_tui.ui.workbench.watching import WatchKeeper

        path = self._config.database_path
        async with AsyncExitStack() as stack:
            stack.callback(self._closed)
            self._store = await stack.enter_async_context(Store.open(path))
            self._audit = AuditLog(path)
            stack.push_async_callback(asyncio.to_thread, self._audit.close)
            stack.push_async_callback(self._keep_settings)
            fleet = await stack.enter_async_context(
                Fleet(self._store, self._options(), connect=self._config.connect)
            )
            stack.callback(fleet.subscribe(self._changed))
            self._fleet = fleet
            self._changed(fleet.snapshot())
            watches = WatchKeeper(self._store, fleet, self._watch_told)
            await stack.enter_async_context(watches)
            # First of all, before watches and links close, which may take longer than we are given.
            stack.push_async_callback(self._keep_settings)
            while True:
                await self._to_keep.wait()
                self._to_keep.clear()
                await asyncio.sleep(SETTINGS_REST)
                await self._keep_settings()

    def _options(self) -> LinkOptions:
        """Return how to connect, to every server."""
        config = self._config
        return LinkOptions(
            ask_host_key=self._ask,
            ask_secret=self._ask_for_secret,
            may_ask=self._may_ask,
            audit=self._audit,
            accept_host_keys=config.accept_host_keys,
            connect_timeout=config.connect_timeout,
            keepalive_interval=config.keepalive_interval,
            remote_binary=config.remote_binary,
            deliver_otherwise=True,
        )

    async def _keep_settings(self) -> None:
        assert self._store is not None
        while self._unkept:
            key, value = self._unkept.popitem()
            try:
                await self._store.put_setting(key, value)
            except StoreError:
                pass  # it counts while this dashboard runs; the next change tries again
            except BaseException:
                self._unkept.setdefault(key, value)  # cut short: it is written on the way out
                raise

    def _closed(self) -> None:
        self._store = self._fleet = None

    def _changed(self, snapshot: FleetSnapshot) -> None:
        self._known = snapshot
        for callback in list(self._callbacks):
            callback(snapshot)

    # -- what the screens read

    def snapshot(self) -> FleetSnapshot:
        """Return what is known now."""
        return self._known

    def subscribe(self, callback: Callable[[FleetSnapshot], None]) -> Callable[[], None]:
        """Call back on every change."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def hello(self, server: str) -> Mapping[str, Any]:
        """Return what the server's agent said of itself."""
        return self._link(server).hello or {}

    async def info(self, server: str) -> Mapping[str, Any]:
        """Ask a server for its engine, nix, disk and memory."""
        return await self._link(server).agent.info()

    async def latency(self, server: str) -> float:
        """Return how long one small question takes."""
        began = time.perf_counter()
        await self._link(server).agent.jobs(kind="none")
        return time.perf_counter() - began

    def setting(self, key: str) -> str:
        """Return what was kept under ``key``."""
        return self._settings.get(key, "")

    def keep_setting(self, key: str, value: str) -> None:
        """Keep a small text under ``key``."""
        if self._settings.get(key, "") != value:
            self._settings[key] = self._unkept[key] = value
            self._to_keep.set()

    async def generations(self, project: Project) -> list[Generation]:
        """Return the project's generations, newest first."""
        return await self._link_of(project).agent.generations(project.remote_id)

    async def diff(self, project: Project, a: int, b: int) -> GenerationDiff:
        """Compare the packages of two generations."""
        return await self._link_of(project).agent.diff(project.remote_id, a, b)

    async def drift(self, project: Project) -> DriftReport:
        """Compare the flake here, on the server and in the generation that runs."""
        from mnix_tui import actions

        return await actions.drift(self._opened()[0], self._link_of(project), project)

    async def gc(self, project: Project) -> Collected:
        """Collect what nothing needs in the store that a project uses."""
        return await self._link_of(project).agent.gc(project.remote_id)

    async def jobs(self, project: Project) -> list[Job]:
        """Return all the project's jobs that the server still has, newest first."""
        return await self._link_of(project).agent.jobs(project.remote_id)

    async def log(self, project: Project, job: Job) -> AsyncIterator[bytes]:
        """Give a job's log, and what follows."""
        from mnix_tui.sessions import log_chunks

        async for chunk in log_chunks(self._link_of(project), job):
            yield chunk

    def watch_build(self, project: Project, job: Job) -> BuildWatch:
        """Return a rebuild's tree and last lines."""
        return self._opened()[1].watch_build(project, job)

    def build_log(self, project: Project, job: Job, node: str) -> AsyncIterator[list[Line]]:
        """Read all lines of one node, or of everything."""
        return self._opened()[1].build_lines(project, job, node)

    def attach(self, project: Project, job: Job, *, cols: int, rows: int) -> SessionStream:
        """Return a session's stream."""
        from mnix_tui.sessions import Attachment

        return Attachment(self._link_of(project), job, cols=cols, rows=rows)

    def find_flakes(self, folder: Path) -> list[str]:
        """Return the flakes below a folder."""
        from mnix_tui import actions

        return actions.find_flakes(folder)

    def trouble(self, server: str) -> MnixError | None:
        """Return why a server is not connected."""
        try:
            assert self._link(server).agent is not None  # the property raises the reason
        except MnixError as error:
            return error
        return None

    # -- what the screens ask for

    def _forget_settings(self, server: str) -> None:
        """Forget what the store forgot with a server, also what was to be written yet."""
        whole, inside = (f"clipboard:{server}", f"layout:{server}"), f"layout:{server}/"
        for kept in (self._settings, self._unkept):
            for key in [key for key in kept if key in whole or key.startswith(inside)]:
                del kept[key]

    async def new_project(self, new: NewProject, progress: Progress) -> Project:
        """Make a project and push its files."""
        from mnix_tui import actions

        store, fleet = self._opened()
        link = await self._connected(new.server)
        if new.git:
            project = await self._clone(new, link, progress)
            await fleet.refresh()
            return project
        project = await actions.new_project(
            store,
            link,
            name=new.name,
            folder=new.folder,
            flake=new.flake,
            isolation=new.isolation,
            copy=new.copy,
            progress=progress,
            warm_up=self._config.warm_up if new.warm_up is None else new.warm_up,
        )
        await fleet.refresh()
        return project

    async def rebuild(
        self, project: Project, progress: Progress, options: RebuildOptions | None = None
    ) -> Job:
        """Push the files and start the build."""
        from mnix_tui import actions

        store, fleet = self._opened()
        link = await self._connected(project.server)
        chosen = options or RebuildOptions()
        job = await actions.rebuild(
            store,
            link,
            project,
            dev_shell=chosen.dev_shell,
            override_inputs=chosen.override_inputs,
            impure=chosen.impure,
            progress=progress,
        )
        fleet.watch_build(project, job)  # from its first line on, not from the next report on
        return job

    async def start(self, project: Project) -> None:
        """Start a stopped project."""
        await self._do("start", project)

    async def stop(self, project: Project) -> None:
        """Stop a project."""
        await self._do("stop", project)

    async def rename(self, project: Project, name: str) -> None:
        """Give a project another name."""
        await self._do("rename", project, name)

    async def remove(self, project: Project) -> None:
        """Remove a project from its server, and forget it."""
        await self._do("remove", project)

    async def rollback(self, project: Project, generation: int | None) -> None:
        """Switch to an earlier generation."""
        await self._do("rollback", project, generation)

    async def open_shell(self, project: Project, *, cols: int, rows: int) -> Job:
        """Open a shell."""
        from mnix_tui import actions

        link = await self._up(project)
        return await actions.open_session(link, project, cols=cols, rows=rows)

    async def rename_session(self, project: Project, job: Job, name: str) -> Job:
        """Give a session another name."""
        renamed = await self._link_of(project).agent.rename_session(job.id, name)
        await self._opened()[1].refresh()
        return renamed

    async def kill(self, project: Project, job: Job) -> Job:
        """End a job."""
        return await self._link_of(project).agent.kill(job.id)

    # -- parts

    async def _do(self, verb: str, project: Project, *arguments: object) -> None:
        from mnix_tui import actions

        store, fleet = self._opened()
        link = await self._connected(project.server)
        await getattr(actions, verb)(store, link, project, *arguments)
        await fleet.refresh()

    def _opened(self) -> tuple[Store, Fleet]:
        if self._store is None or self._fleet is None:
            raise LinkLost("Not ready yet", "the store is still being opened", "try again")
        return self._store, self._fleet

    def _link(self, server: str) -> Link:
        return self._opened()[1].link(server)

    async def _up(self, project: Project) -> Link:
        self._link_of(project)  # raises what no connection would mend
        return await self._connected(project.server)

    def _link_of(self, project: Project) -> Link:
        if not project.remote_id:
            raise MnixError(
                f"{project.name} was never built with this mnix",
                "an older one made it",
                "r takes its files over and builds it",
            )
        return self._link(project.server)
