"""One server of the fleet: its link, what it said last, and how that is shown."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.fleet.merge import merge, with_drift
from mnix_tui.fleet.model import ServerView
from mnix_tui.fleet.samples import History
from mnix_tui.fleet.wanting import Need, keeps
from mnix_tui.link import Link, LinkEvent, LinkOptions, StateSnapshot, Stats, StatusChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import Project, ProjectView

AFRESH = 120.0
"""Seconds without a sight after which one that another process had is news: a dashboard that stays
connected notes one a minute."""
RESTAMP = 6.0
"""Seconds after which the projects of a server that is online are as many seconds newer: with every
second sample, long before they count as old."""

Views = tuple["ProjectView", ...]


class Member:
    """Runs one link, keeps the last of each kind of news, and puts it together once for all.

    ``changed`` is called with each piece of news; the second argument says whether it is more
    than a sample.
    """

    def __init__(
        self,
        server: Server,
        seen: float | None,
        options: LinkOptions,
        changed: Callable[[Member, bool], None],
    ) -> None:
        self.server = server
        self.link = Link(server, options)
        self.link.status = ServerStatus(seen=seen)
        self.said: StateSnapshot | None = None
        self.stats: Stats | None = None
        self.history = History()
        self.wanted: set[str] = set()
        """Who uses or watches it."""
        self.task: asyncio.Task[None] | None = None
        self.view = ServerView(server, self.link.status)
        """The server as the snapshot shows it."""
        self.projects: Views = ()
        """Its projects as the snapshot shows them."""
        self.learn: list[Project] = []
        """What the store should learn of them."""
        self._noted: ServerStatus | None = None
        """How the store said that the server is."""
        self._linger = options.linger
        self._changed = changed
        self._known: Views = ()
        self._merged: Views = ()
        self._stale = True
        self._live = False
        """Whether what it said was put together as what is true now."""
        self._stamp = 0.0

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that it spoke of last."""
        return self.said.jobs if self.said is not None else ()

    @property
    def seen(self) -> float:
        """When the server's state was last known to be what ``said`` holds.

        A server that is online tells every change, so its silence confirms what it said.
        """
        return self.link.status.seen or (self.said.seen if self.said else 0.0)

    @property
    def live(self) -> bool:
        """Whether what it said still holds: it answers, and tells every change."""
        status = self.link.status
        return status.state is ServerState.ONLINE and status.silent_since is None

    # -- whether it is connected

    def touch(self) -> None:
        """Take that somebody is about to use it: it is connected, and stays so for a while."""
        self.link.use()

    def settle(self, policy: str) -> None:
        """Connect, or disconnect what nobody has used for long, as the policy says."""
        if self._needed(policy):
            self.link.use()
        elif time.monotonic() - self.link.used >= self._linger:
            self.link.rest()

    def begin(self, policy: str) -> None:
        """Choose at the start whether to connect."""
        if not self._needed(policy):
            self.link.rest()

    def _needed(self, policy: str) -> bool:
        open_ = not self.link.resting
        alive = open_ and (self.link.in_use or any(job.live for job in self.jobs))
        said = self.said is not None and bool(self.said.projects)
        need = Need(
            wanted=bool(self.wanted) or alive,
            projects=said or bool(self._known),
            unknown=self.link.status.seen is None,
        )
        return keeps(self.server, policy, need)

    def hear(self, noted: ServerStatus | None) -> None:
        """Take how the store says that it is: what another process has just reached is tried again.

        What only a person could mend, somebody may have mended.
        """
        before, self._noted = self._noted, noted
        if noted is None or noted.state is not ServerState.ONLINE or noted.seen is None:
            return
        reached = before is None or before.state is not ServerState.ONLINE
        if reached or noted.seen - (before.seen or 0.0 if before else 0.0) > AFRESH:
            self.mended()

    def mended(self) -> None:
        """Try at once to reach it, if it was out of reach."""
        if self.link.status.state in (ServerState.OFFLINE, ServerState.REFUSED):
            self.link.retry_now()

    # -- what is shown

    def remember(self, server: Server, known: Views) -> bool:
        """Take what the store knows of it; return whether that is news."""
        if server == self.server and known == self._known:
            return False
        if self.said is not None and not self.live:
            self.said = _without(self.said, _ids(self._known) - _ids(known))
        self.server, self._known, self._stale = server, known, True
        return True

    def look(self, digests: Callable[[Project], Mapping[str, str]], *, afresh: bool) -> None:
        """Bring up to date what is shown; ``afresh``: ``digests`` tells something else now.

        What did not change stays the same object, so that others see quickly that it did not.
        """
        view = ServerView(self.server, self.link.status, self.stats)
        if view != self.view:
            self.view = view
        if self._stale or self._live is not self.live:
            self._live = self.live
            merged, self.learn = merge(
                self.server, self._known, self.said, self.seen, live=self._live
            )
            self._merged = tuple(merged)
        elif self.said is not None and self._aged():
            self._merged = tuple(self._restamped(one) for one in self._merged)
        elif not afresh:
            return
        self._stale, self._stamp = False, self.seen
        self.projects = tuple(with_drift(one, digests(one.project)) for one in self._merged)

    def _aged(self) -> bool:
        """Say whether the projects' times are to be renewed."""
        online = self.link.status.state is ServerState.ONLINE
        return self.seen - self._stamp >= RESTAMP if online else self.seen != self._stamp

    def _restamped(self, view: ProjectView) -> ProjectView:
        if view.status.seen != self._stamp:
            return view  # not of what it said, but remembered
        return replace(view, status=replace(view.status, seen=self.seen))

    # -- how it is kept

    async def run(self) -> None:
        """Keep the link until cancelled."""
        unsubscribe = self.link.subscribe(self._take)
        try:
            async with self.link:
                await asyncio.Event().wait()
        finally:
            unsubscribe()

    async def stop(self) -> None:
        """End ``run``."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])

    def _take(self, event: LinkEvent) -> None:
        if isinstance(event, StateSnapshot):
            self.said, self._stale = event, True
        elif isinstance(event, Stats):
            self.stats = event
            self.history.add(event)
        elif not isinstance(event, StatusChanged):
            return  # of the connection alone
        self._changed(self, not isinstance(event, Stats))


def _ids(views: Views) -> set[str]:
    return {view.project.remote_id for view in views if view.project.remote_id}


def _without(said: StateSnapshot, ids: set[str]) -> StateSnapshot:
    """Return what a server said without projects that the store has forgotten since."""
    if not ids:
        return said
    return replace(said, projects=tuple(one for one in said.projects if one.get("id") not in ids))
