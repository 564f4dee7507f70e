"""All links together: one state of all servers, and one stream of its changes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import NotFound, StoreError
from mnix_tui.fleet.local_inputs import LocalInputs
from mnix_tui.fleet.member import Member
from mnix_tui.fleet.merge import merge, with_drift
from mnix_tui.fleet.model import FleetSnapshot, FleetStore
from mnix_tui.fleet.watches import Watches
from mnix_tui.fleet.writeback import WriteBack
from mnix_tui.link import Link, LinkOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet.builds import BuildWatch
    from mnix_tui.nixlog import Line

SHORTEST = 0.1
"""Seconds between two changes that subscribers are told of."""
REREAD = 5.0
"""Seconds after which another process's changes to the store are seen."""
USED, ALL = "used", "all"
"""Which servers a fleet keeps links to."""


class Fleet:
    """An async context manager: keeps a link to every server of the store while it is entered."""

    def __init__(
        self, store: FleetStore, options: LinkOptions | None = None, *, connect: str = USED
    ) -> None:
        """``connect``: ``USED`` keeps links to servers in use, ``ALL`` to all of them."""
        self._connect = connect
        self._store = store
        self._options = options or LinkOptions()
        self._members: dict[str, Member] = {}
        self._stored: list[ProjectView] = []
        self._subscribers: list[Callable[[FleetSnapshot], None]] = []
        self._snapshot = FleetSnapshot()
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0
        self._reread = asyncio.Event()
        self._writer = WriteBack(store, self._reread.set)
        self._watches = Watches(store, self._schedule)
        self._local = LocalInputs(self._projects, self._schedule)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        servers = await self._store.servers()
        statuses = await self._store.server_statuses()
        self._stored = await self._store.projects()
        async with AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop)
            self._watches.begin(self._tasks)
            stack.callback(self._watches.stop)
            for server in servers:
                status = statuses.get(server.name)
                self._join(server, status.seen if status else None)
            for work in (self._follow_store(), self._writer.run(), self._local.run()):
                stack.callback(self._tasks.create_task(work).cancel)
            self._snapshot = self._build()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._writer.flush()
        await self._stack.aclose()

    def snapshot(self) -> FleetSnapshot:
        """Return how everything is now."""
        if self._timer is not None:
            self._snapshot = self._build()
        return self._snapshot

    def subscribe(self, callback: Callable[[FleetSnapshot], None]) -> Callable[[], None]:
        """Call back with each change, ten times a second at most; the result ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def link(self, server: str) -> Link:
        """Return the link to a server; raise ``NotFound`` for an unknown one."""
        member = self._members.get(server)
        if member is None:
            raise NotFound(f"There is no server {server!r}", "", "mnix server ls lists them")
        return member.link

    async def add(self, server: Server) -> None:
        """Connect to a server that was added to the store."""
        if server.name not in self._members:
            self._join(server, None)
        await self.refresh()

    async def remove(self, name: str) -> None:
        """Disconnect from a server that was removed from the store."""
        member = self._members.pop(name, None)
        self._writer.drop(name)
        self._watches.drop(name)
        if member is not None:
            await member.stop()
        await self.refresh()

    def retry(self, name: str) -> None:
        """Connect now, without waiting for the next attempt."""
        self.link(name).retry_now()

    def want(self, server: str, on: bool, who: str = "screen") -> None:
        """Say that somebody uses or watches a server, or no longer does.

        Each ``who`` counts once. It is connected now; unwanted, it stays for ``linger`` seconds.
        An unknown server is nobody's concern any more.
        """
        member = self._members.get(server)
        if member is not None:
            (member.wanted.add if on else member.wanted.discard)(who)

    async def refresh(self) -> None:
        """Read the store again, after a change that was made to it."""
        servers = await self._store.servers()
        self._stored = await self._store.projects()
        names = {server.name for server in servers}
        for server in servers:
            if server.name not in self._members:
                self._join(server, None)
        for name in [name for name in self._members if name not in names]:
            member = self._members.pop(name)
            self._writer.drop(name)
            self._watches.drop(name)
            await member.stop()
        self._schedule()

    def watch_build(self, project: Project, job: Job) -> BuildWatch:
        """Return the watch of a rebuild, running or past; all who look share one."""
        return self._watches.watch(self.link(project.server), project, job)

    def build_lines(self, project: Project, job: Job, node: str = "") -> AsyncIterator[list[Line]]:
        """Read a rebuild's log again: the lines of one node, or all of them."""
        return self._watches.lines(self.link(project.server), job, node)

    # -- how it is kept

    def _join(self, server: Server, seen: float | None) -> None:
        member = Member(server, seen, self._options, self._took)
        self._members[server.name] = member
        member.task = self._tasks.create_task(member.run(), name=f"fleet {server.name}")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for member in self._members.values():
            if member.task is not None:
                member.task.cancel()

    async def _follow_store(self) -> None:
        while True:
            try:
                async with asyncio.timeout(REREAD):
                    await self._reread.wait()
            except TimeoutError:
                pass
            self._reread.clear()
            try:
                await self.refresh()
            except StoreError:
                continue  # what was read before stays; the next round tries again

    def _projects(self) -> list[Project]:
        return [view.project for view in self._snapshot.projects]

    def _took(self, member: Member) -> None:
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told + SHORTEST), self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        before, self._snapshot = self._snapshot, self._build()
        if self._snapshot != before:
            for callback in tuple(self._subscribers):
                callback(self._snapshot)

    def _build(self) -> FleetSnapshot:
        projects: list[ProjectView] = []
        for member in self._members.values():
            views, learn = merge(member.server, self._stored, member.said, member.seen)
            projects += views
            if member.said is not None:
                self._writer.observe(member.server.name, member.link.status, views, learn)
                self._watches.follow(member.link, member.said.jobs, views)
        return FleetSnapshot(
            servers=tuple(member.view for member in self._members.values()),
            projects=tuple(with_drift(view, self._local.of(view.project)) for view in projects),
            jobs=tuple(
                job for member in self._members.values() if member.said for job in member.said.jobs
            ),
            builds=self._watches.summaries(),
        )
