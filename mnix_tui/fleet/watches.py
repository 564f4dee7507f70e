"""Which rebuilds are watched: all that run, and the last few that somebody looked at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mnix_tui.errors import LinkLost, MnixError, NotFound
from mnix_tui.fleet.builds import BuildWatch, read_lines
from mnix_tui.fleet.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.fleet.model import FleetStore
    from mnix_tui.link import Link
    from mnix_tui.nixlog import Line, Summary

KEPT = 4
"""Rebuilds that have ended and are kept in memory, beside those that somebody looks at."""
OFTEN = 0.5
"""Seconds between two summaries of the rebuilds that run."""

Key = tuple[str, str]
"""A server's name and a job's id."""


class Watches:
    """Keeps one ``BuildWatch`` for each rebuild that runs or is looked at."""

    def __init__(self, store: FleetStore, changed: Callable[[], None]) -> None:
        self._store = store
        self._changed = changed
        self._turns = Turns()
        self._watches: dict[Key, BuildWatch] = {}
        """The oldest first; those that have ended among them."""
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._seen: set[Key] = set()
        """Rebuilds that run and are watched, or were: what can't be read is not tried for ever."""
        self._summaries: dict[Key, tuple[int, Summary]] = {}
        """The last of each, and the version of the build that it tells of."""
        self._group: asyncio.TaskGroup | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        """Whether it is time for new summaries."""

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Run the watches in ``group`` from now on."""
        self._group = group

    def stop(self) -> None:
        """End all that runs."""
        for task in self._tasks.values():
            task.cancel()
        for watch in self._watches.values():
            watch.stop()
        if self._timer is not None:
            self._timer.cancel()
        self._group = None

    def drop(self, server: str) -> None:
        """Forget a server that was removed."""
        for key in [key for key in self._watches if key[0] == server]:
            self._watches.pop(key).give_up(NotFound(f"{server} was removed"))
            self._summaries.pop(key, None)
            if task := self._tasks.pop(key, None):
                task.cancel()
        self._seen = {key for key in self._seen if key[0] != server}

    def follow(self, link: Link, jobs: Iterable[Job], views: Iterable[ProjectView]) -> None:
        """Watch the rebuilds that run among a server's jobs."""
        server = link.server.name
        running = {job.id: job for job in jobs if job.kind == "rebuild" and job.live}
        self._seen = {key for key in self._seen if key[0] != server or key[1] in running}
        new = [job for job in running.values() if (server, job.id) not in self._seen]
        if not new:
            return
        projects = {view.project.remote_id: view.project for view in views}
        for job in new:
            if project := projects.get(job.project_id):
                self._seen.add((server, job.id))
                self.watch(link, project, job)

    def watch(self, link: Link, project: Project, job: Job) -> BuildWatch:
        """Return the watch of a rebuild: the one that is there, or a new one."""
        key = (link.server.name, job.id)
        watch = self._watches.pop(key, None)
        if watch is None or (watch.error is not None and key not in self._tasks):
            if self._group is None:
                raise LinkLost("Nothing is watched any more", "mnix is about to end")
            watch = BuildWatch(link, project, job, self._turns)
            task = self._group.create_task(self._run(key, watch), name=f"watch {job.id}")
            self._tasks[key] = task
        self._watches[key] = watch  # the newest of all
        self._forget()
        return watch

    def lines(self, link: Link, job: Job, node: str) -> AsyncIterator[list[Line]]:
        """Read the lines of one node, or all (""), from the server."""
        return read_lines(link, job, node, self._turns)

    def summaries(self) -> dict[tuple[str, str], Summary]:
        """Return where each running rebuild stands, by its job's key."""
        for key in self._seen & self._watches.keys():
            watch, told = self._watches[key], self._summaries.get(key)
            version = watch.build.version
            if told is None or (told[0] != version and (self._due or watch.done)):
                self._summaries[key] = (version, watch.build.summary())
        self._due = False
        for key in self._summaries.keys() - self._seen:
            del self._summaries[key]
        return {(job, server): told for (server, job), (_, told) in self._summaries.items()}

    # -- how it is done

    async def _run(self, key: Key, watch: BuildWatch) -> None:
        server = key[0]
        unsubscribe = watch.subscribe(self._soon, looks=False)
        try:
            if watch.job.live:
                await self._recall(server, watch)
            await watch.run()
            if watch.job.live and watch.error is None:
                await self._remember(server, watch)
        finally:
            unsubscribe()
            self._tasks.pop(key, None)
            self._forget()
            self._changed()

    def _soon(self) -> None:
        """Tell of progress, of all rebuilds together: each telling costs a look at the fleet."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(OFTEN, self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._due = True
        self._changed()

    async def _recall(self, server: str, watch: BuildWatch) -> None:
        try:
            watch.expected.update(await self._store.build_times(server))
        except MnixError:
            pass  # no estimate then

    async def _remember(self, server: str, watch: BuildWatch) -> None:
        from mnix_tui.nixlog import durations

        try:
            await self._store.put_build_times(server, durations(watch.build), watch.job.id)
        except MnixError:
            pass  # the next rebuild will be estimated by what was known before

    def _forget(self) -> None:
        ended = [
            key
            for key, watch in self._watches.items()
            if key not in self._tasks and not watch.looked_at
        ]
        for key in ended[:-KEPT]:
            del self._watches[key]
