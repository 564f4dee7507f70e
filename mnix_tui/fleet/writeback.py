"""What was observed goes back into the store, so that ``mnix ls`` can answer from it.

Changes are written within a second, and the time of the last sight once a minute: a fleet at
rest costs nothing. A project that only the server knows is saved after a while, because a
client that has just made it is about to save it itself, with its folder.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.domain.projects import Project, ProjectStatus, ProjectView
from mnix_tui.domain.servers import ServerStatus
from mnix_tui.errors import AlreadyExists, MnixError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mnix_tui.fleet.model import FleetStore

SETTLE = 1.0
"""Seconds between a change and its writing: several make one."""
REFRESH = 60.0
"""Seconds after which an unchanged observation is written with its new time."""
ADOPT = 5.0
"""Seconds after which a project that only its server knows is saved."""

Observation = tuple[ServerStatus, dict[str, ProjectStatus]]


class WriteBack:
    """Collects observations and writes them, a few at a time."""

    def __init__(self, store: FleetStore, learned: Callable[[], None]) -> None:
        self._store = store
        self._learned = learned
        self._seen: dict[str, Observation] = {}
        self._written: dict[str, tuple[Observation, float]] = {}
        self._unknown: dict[tuple[str, str], tuple[Project, float]] = {}
        self._wake = asyncio.Event()

    def observe(
        self, server: str, status: ServerStatus, views: Iterable[ProjectView], learn: list[Project]
    ) -> None:
        """Take what is known of a server now, and the projects that the store lacks."""
        statuses = {view.project.remote_id or view.project.name: view.status for view in views}
        self._seen[server] = (status, statuses)
        now = time.monotonic()
        missing = {(server, project.remote_id): project for project in learn}
        for key in [key for key in self._unknown if key[0] == server and key not in missing]:
            del self._unknown[key]
        for key, project in missing.items():
            since = self._unknown[key][1] if key in self._unknown else now
            self._unknown[key] = (project, since)
        if missing or self._due(server):
            self._wake.set()

    def drop(self, server: str) -> None:
        """Forget a server that was removed."""
        self._seen.pop(server, None)
        self._written.pop(server, None)
        for key in [key for key in self._unknown if key[0] == server]:
            del self._unknown[key]

    async def run(self) -> None:
        """Write what changes, until cancelled."""
        while True:
            wait = ADOPT if self._unknown else None
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await asyncio.sleep(SETTLE)
            await self.flush(due_only=True)

    async def flush(self, *, due_only: bool = False) -> None:
        """Write what was observed; the store's failure costs the cache, not the fleet."""
        try:
            await self._adopt()
            for server in list(self._seen):
                if self._due(server) or not due_only:
                    await self._write(server)
        except MnixError:
            self._wake.set()  # tried again with the next change

    async def _write(self, server: str) -> None:
        status, statuses = observation = self._seen[server]
        await self._store.put_server_status(server, status)
        await self._store.put_status(server, statuses)
        self._written[server] = (observation, time.monotonic())

    async def _adopt(self) -> None:
        now = time.monotonic()
        due = [key for key, (_, since) in self._unknown.items() if now - since >= ADOPT]
        for key in due:
            project, _ = self._unknown.pop(key)
            try:
                await self._store.put_project(project)
            except AlreadyExists:
                continue  # two names were exchanged: the next round finds one of them free
        if due:
            self._learned()

    def _due(self, server: str) -> bool:
        if server not in self._written:
            return True
        observation, when = self._written[server]
        if time.monotonic() - when >= REFRESH:
            return True
        return _timeless(observation) != _timeless(self._seen[server])


def _timeless(observation: Observation) -> Observation:
    status, statuses = observation
    return (
        replace(status, seen=None),
        {name: replace(one, seen=None) for name, one in statuses.items()},
    )
