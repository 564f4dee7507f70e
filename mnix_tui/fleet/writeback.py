"""What was observed goes back into the store, so that ``mnix ls`` can answer from it.

Changes are written within a second, and the times of the last sights once a minute, of all servers
together: a fleet at rest costs next to nothing. A project that only the server knows is saved
after a while, because a client that has just made it is about to save it itself, with its folder.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import ServerStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mnix_tui.fleet.model import FleetStore

SETTLE = 1.0
"""Seconds between a change and its writing: several make one."""
REFRESH = 60.0
"""Seconds after which the times of unchanged observations are written."""
ADOPT = 5.0
"""Seconds after which a project that only its server knows is saved."""

Observation = tuple[ServerStatus, dict[str, ProjectStatus]]


@dataclass
class _Sight:
    status: ServerStatus
    views: Iterable[ProjectView]
    written: Observation | None = None
    """What the store has, without times."""
    seen: float | None = None
    """The time of the last sight that the store has."""
    changed: bool = True
    """Whether it may differ from what the store has in more than its time."""


class WriteBack:
    """Collects observations and writes them, a few at a time."""

    def __init__(self, store: FleetStore, learned: Callable[[], None]) -> None:
        self._store = store
        self._learned = learned
        self._sights: dict[str, _Sight] = {}
        self._unknown: dict[tuple[str, str], tuple[Project, float]] = {}
        self._wake = asyncio.Event()
        self._refreshed = time.monotonic()
        self._writing = asyncio.Lock()

    def observe(
        self, server: str, status: ServerStatus, views: Iterable[ProjectView], learn: list[Project]
    ) -> None:
        """Take what is known of a server now, and the projects that the store lacks."""
        sight = self._sights.get(server)
        if sight is None:
            self._sights[server] = _Sight(status, views)
        else:
            sight.status, sight.views, sight.changed = status, views, True
        now = time.monotonic()
        missing = {(server, project.remote_id): project for project in learn}
        for key in [key for key in self._unknown if key[0] == server and key not in missing]:
            del self._unknown[key]
        for key, project in missing.items():
            since = self._unknown[key][1] if key in self._unknown else now
            self._unknown[key] = (project, since)
        self._wake.set()

    def see(self, server: str, status: ServerStatus) -> None:
        """Take that a server is as it was observed, and was seen again."""
        sight = self._sights.get(server)
        if sight is not None:
            sight.status = status

    def drop(self, server: str) -> None:
        """Forget a server that was removed."""
        self._sights.pop(server, None)
        for key in [key for key in self._unknown if key[0] == server]:
            del self._unknown[key]

    async def run(self) -> None:
        """Write what changes, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(ADOPT if self._unknown else REFRESH):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await asyncio.sleep(SETTLE)
            await self._write(times=time.monotonic() - self._refreshed >= REFRESH)

    async def flush(self) -> None:
        """Write all that was observed."""
        await self._write(times=True)

    async def _write(self, *, times: bool) -> None:
        """Write what changed, and the ``times``; a failure costs the cache, not the fleet."""
        async with self._writing:  # who ends does so after what is under way, not amid it
            await self._attempt(self._adopt)
            await self._attempt(self._write_changed)
            if times:
                self._refreshed = time.monotonic()
                await self._attempt(self._write_times)

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Exception:  # noqa: S110 - servers say what is written: it may be anything
            pass  # what was not written is still marked: it is tried again with the next change

    async def _write_changed(self) -> None:
        looked: dict[str, tuple[_Sight, Observation]] = {}
        observed: dict[str, Observation] = {}
        for server, sight in self._sights.items():
            if sight.changed:
                sight.changed = False
                found = _observation(sight)
                if _timeless(found) != sight.written:
                    observed[server] = found
                    looked[server] = sight, found
        if not observed:
            return
        try:
            await self._store.put_observed(observed)
        except BaseException:
            for sight, _ in looked.values():
                sight.changed = True
            raise
        for sight, found in looked.values():
            sight.written, sight.seen = _timeless(found), found[0].seen

    async def _write_times(self) -> None:
        later = {
            server: (sight, sight.status.seen)
            for server, sight in self._sights.items()
            if sight.status.seen is not None and sight.status.seen != sight.seen
        }
        if later:
            await self._store.put_seen({server: seen for server, (_, seen) in later.items()})
            for sight, seen in later.values():
                sight.seen = seen

    async def _adopt(self) -> None:
        now = time.monotonic()
        due = {key: entry for key, entry in self._unknown.items() if now - entry[1] >= ADOPT}
        if not due:
            return
        await self._store.put_projects([project for project, _ in due.values()])
        for key, entry in due.items():
            if self._unknown.get(key) == entry:  # not another one, told of meanwhile
                del self._unknown[key]
        for server in {key[0] for key in due} & self._sights.keys():
            # The store passed over how they are while it did not know them.
            self._sights[server].written, self._sights[server].changed = None, True
        self._learned()


def _observation(sight: _Sight) -> Observation:
    views = sight.views
    return sight.status, {
        view.project.remote_id or view.project.name: view.status for view in views
    }


def _timeless(observation: Observation) -> Observation:
    status, statuses = observation
    return (
        replace(status, seen=None),
        {name: replace(one, seen=None) for name, one in statuses.items()},
    )
