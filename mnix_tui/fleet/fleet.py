"""All links together: one state of all servers, and one stream of its changes."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from itertools import chain
from typing import TYPE_CHECKING, Self

from mnix_tui.errors import NotFound, StoreError
from mnix_tui.fleet.local_inputs import LocalInputs
from mnix_tui.fleet.member import Member
from mnix_tui.fleet.model import FleetSnapshot, FleetStore
from mnix_tui.fleet.room import make_room
from mnix_tui.fleet.wanting import USED
from mnix_tui.fleet.watches import Watches
from mnix_tui.fleet.writeback import WriteBack
from mnix_tui.link import Link, LinkOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from types import TracebackType

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView
    from mnix_tui.domain.servers import Server
    from mnix_tui.fleet.builds import BuildWatch
    from mnix_tui.nixlog import Line

SHORTEST = 0.1
"""Seconds between two changes that subscribers are told of."""
PAUSE = 4.0
"""Times as long as it took to tell of a change, until the next: the screen has time in between."""
SAMPLES = 2.0
"""Seconds between two tellings of nothing but samples: each has a screen look at all servers."""
REREAD = 5.0
"""Seconds after which another process's changes to the store are seen, and links looked over."""


class Fleet:
    """An async context manager: keeps links to the servers of the store while it is entered."""

    def __init__(
        self, store: FleetStore, options: LinkOptions | None = None, *, connect: str = USED
    ) -> None:
        """``connect``: which servers to keep links to; see ``fleet.wanting``."""
        self._policy = connect
        self._store = store
        self._version: object = None
        self._reading = asyncio.Lock()
        self._options = options or LinkOptions()
        self._members: dict[str, Member] = {}
        self._fresh: set[Member] = set()
        """Those that are to be looked at again; true news among them are in ``_news``."""
        self._news: set[Member] = set()
        self._drifted = False
        self._subscribers: list[Callable[[FleetSnapshot], None]] = []
        self._snapshot = self._shown = FleetSnapshot()
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0
        self._pause = 0.0
        self._reread = asyncio.Event()
        self._writer = WriteBack(store, self._reread.set)
        self._watches = Watches(store, self._schedule)
        self._local = LocalInputs(self._projects, self._drift)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._version = await self._store.version()
        servers = await self._store.servers()
        statuses = await self._store.server_statuses()
        known = _by_server(await self._store.projects())
        make_room(len(servers))
        async with AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop)
            self._watches.begin(self._tasks)
            stack.callback(self._watches.stop)
            for server in servers:
                status = statuses.get(server.name)
                member = self._join(server, status.seen if status else None)
                member.hear(status)
                member.remember(server, known.get(server.name, ()))
                member.begin(self._policy)
            for work in (self._follow_store(), self._writer.run(), self._local.run()):
                stack.callback(self._tasks.create_task(work).cancel)
            self._snapshot = self._shown = self._build()
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
        """Return the link to a server, which it connects; raise ``NotFound`` for an unknown one."""
        member = self._members.get(server)
        if member is None:
            raise NotFound(f"There is no server {server!r}", "", "mnix server ls lists them")
        member.touch()
        return member.link

    async def add(self, server: Server) -> None:
        """Connect to a server that was added to the store."""
        await self.refresh()
        if server.name in self._members:
            self._members[server.name].touch()

    async def remove(self, name: str) -> None:
        """Disconnect from a server that was removed from the store."""
        async with self._reading:
            await self._part(name)
        await self.refresh()

    def retry(self, name: str) -> None:
        """Connect now, without waiting for the next attempt."""
        self.link(name).retry_now()

    def mended(self, name: str) -> None:
        """Take that a server can be used: try it now if it was out of reach."""
        if (member := self._members.get(name)) is not None:
            member.mended()

    def want(self, server: str, on: bool, who: str = "screen") -> None:
        """Say that somebody uses or watches a server, or no longer does.

        Each ``who`` counts once. It is connected now; unwanted, it stays for ``linger`` seconds.
        An unknown server is nobody's concern any more.
        """
        member = self._members.get(server)
        if member is not None and (who in member.wanted) is not on:
            (member.wanted.add if on else member.wanted.discard)(who)
            member.settle(self._policy)

    async def refresh(self) -> None:
        """Read the store again, after a change that was made to it."""
        async with self._reading:
            version = await self._store.version()
            servers = await self._store.servers()
            statuses = await self._store.server_statuses()
            known = _by_server(await self._store.projects())
            for name in self._members.keys() - {server.name for server in servers}:
                await self._part(name)
            for server in servers:
                await self._renew(server, known.get(server.name, ()))
                self._members[server.name].hear(statuses.get(server.name))
            self._members = {server.name: self._members[server.name] for server in servers}
            self._version = version
        self._schedule()

    def watch_build(self, project: Project, job: Job) -> BuildWatch:
        """Return the watch of a rebuild, running or past; all who look share one."""
        return self._watches.watch(self.link(project.server), project, job)

    def build_lines(self, project: Project, job: Job, node: str = "") -> AsyncIterator[list[Line]]:
        """Read a rebuild's log again: the lines of one node, or all of them."""
        return self._watches.lines(self.link(project.server), job, node)

    # -- how it is kept

    def _join(self, server: Server, seen: float | None) -> Member:
        member = Member(server, seen, self._options, self._took)
        self._members[server.name] = member
        self._fresh.add(member)
        member.task = self._tasks.create_task(member.run(), name=f"fleet {server.name}")
        return member

    async def _part(self, name: str) -> None:
        """Let go of a server that was removed."""
        member = self._members.pop(name, None)
        self._writer.drop(name)
        self._watches.drop(name)
        if member is not None:
            await member.stop()
            self._fresh.discard(member)
            self._news.discard(member)

    async def _renew(self, server: Server, known: tuple[ProjectView, ...]) -> None:
        """Take what the store says of a server: a new one, or one that may have changed."""
        member = self._members.get(server.name)
        if member is not None and member.server.endpoint != server.endpoint:
            wanted = member.wanted
            await self._part(server.name)
            member = self._join(server, None)
            member.wanted = wanted
        elif member is None:
            member = self._join(server, None)
        if member.remember(server, known):
            self._fresh.add(member)
            self._news.add(member)
        member.settle(self._policy)

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
                if await self._store.version() != self._version:
                    await self.refresh()
            except StoreError:
                pass  # what was read before stays; the next round tries again
            for member in self._members.values():
                member.settle(self._policy)

    def _projects(self) -> list[Project]:
        return [view.project for view in self._snapshot.projects]

    def _took(self, member: Member, news: bool) -> None:
        self._fresh.add(member)
        if news:
            self._news.add(member)
        self._schedule(SHORTEST if news else SAMPLES)

    def _drift(self) -> None:
        self._drifted = True
        self._schedule()

    def _schedule(self, after: float = SHORTEST) -> None:
        """Have everybody told ``after`` seconds since the last time, or sooner."""
        loop = asyncio.get_running_loop()
        due = max(loop.time(), self._told + max(after, self._pause))
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = loop.call_at(due, self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        began = time.thread_time()
        try:
            self._tell_all()
        finally:
            self._pause = PAUSE * (time.thread_time() - began)

    def _tell_all(self) -> None:
        self._snapshot = self._build()
        if self._snapshot != self._shown:
            self._shown = self._snapshot
            for callback in tuple(self._subscribers):
                callback(self._snapshot)

    def _build(self) -> FleetSnapshot:
        """Put together what is known; what did not change since the last time stays as it is."""
        every = self._members.values()
        for member in every if self._drifted else self._fresh:
            member.look(self._local.of, afresh=self._drifted)
        for member in self._fresh:
            self._pass_on(member)
        samples, usage = self._snapshot.samples, self._snapshot.usage
        if self._fresh:
            samples = {member.server.name: member.history.samples for member in every}
            usage = {
                (id_, member.server.name): used
                for member in every
                for id_, used in member.history.usage.items()
            }
        self._fresh.clear()
        self._news.clear()
        self._drifted = False
        return FleetSnapshot(
            servers=tuple(member.view for member in every),
            projects=tuple(chain.from_iterable(member.projects for member in every)),
            jobs=tuple(chain.from_iterable(member.jobs for member in every)),
            builds=self._watches.summaries(),
            samples=samples,
            usage=usage,
        )

    def _pass_on(self, member: Member) -> None:
        """Tell the store's writer, and the watches of rebuilds, what a server said."""
        name, status = member.server.name, member.link.status
        if member not in self._news:
            self._writer.see(name, status)
        elif member.said is not None:
            self._writer.observe(name, status, member.projects, member.learn)
            self._watches.follow(member.link, member.said.jobs, member.projects)


def _by_server(views: Iterable[ProjectView]) -> dict[str, tuple[ProjectView, ...]]:
    found: dict[str, list[ProjectView]] = {}
    for view in views:
        found.setdefault(view.project.server, []).append(view)
    return {name: tuple(each) for name, each in found.items()}
